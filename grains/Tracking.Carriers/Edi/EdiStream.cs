using System.Runtime.CompilerServices;

namespace Tracking.Carriers.Edi;

/// <summary>Feeds a reader of sets or messages from a stream of any length, in flat memory: only the open set is held.</summary>
internal static class EdiStream
{
    private const int Start = 64 * 1024;

    public delegate DecodedItem? Next(ReadOnlyMemory<byte> buffer, ref int at, bool final);
    public delegate DecodedItem GiveUp(ReadOnlyMemory<byte> buffer, ref int at, string code, string detail);

    /// <param name="limit">The longest single set or message, in bytes.</param>
    public static async IAsyncEnumerable<DecodedItem> ReadAsync(
        Stream stream, int limit, Next next, Func<int, int> keep, Action<int> moved, GiveUp giveUp, [EnumeratorCancellation] CancellationToken cancel)
    {
        var buffer = new byte[Start];
        int length = 0, at = 0;
        var final = false;
        while (true)
        {
            while (next(buffer.AsMemory(0, length), ref at, final) is { } item) yield return item;
            if (final) yield break;

            var from = keep(at);
            var held = length - from;
            if (held > limit)
            {
                yield return giveUp(buffer.AsMemory(0, length), ref at, "message.too-long", $"One set is longer than {limit:N0} bytes.");
                from = length;
                held = 0;
            }
            // Items keep slices of the buffer as their originals, so a buffer that gave any away is left behind and never written again.
            var larger = new byte[Math.Max(Start, held * 2)];
            buffer.AsSpan(from, held).CopyTo(larger);
            buffer = larger;
            moved(from);
            at -= from;
            length = held;
            int read;
            while (length < buffer.Length)
            {
                if ((read = await stream.ReadAsync(buffer.AsMemory(length), cancel)) == 0) { final = true; break; }
                length += read;
                if (length >= buffer.Length / 2) break;
            }
        }
    }
}
