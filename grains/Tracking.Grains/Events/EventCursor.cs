using System.Buffers.Text;
using Tracking.Journal;

namespace Tracking.Grains.Events;

/// <summary>
/// Where a reader is: a position for each partition, and the recorded time of the newest row read, which takes their place where a database began a new life. Written small: a partition's position is
/// the difference from the one before it.
/// </summary>
internal sealed class EventCursor
{
    private const byte Format = 1;
    private const int MaxLength = 16_000;

    public JournalPosition[] Positions { get; } = new JournalPosition[Journal.Partitions.Count];
    public long NewestTicks { get; set; }

    public string Write()
    {
        var bytes = new List<byte>(1_024) { Format };
        Number(NewestTicks);
        var before = JournalPosition.Start;
        foreach (var position in Positions)
        {
            Number(position.Epoch - before.Epoch);
            Number(position.Transaction - before.Transaction);
            Number(position.Row - before.Row);
            before = position;
        }
        return Base64Url.EncodeToString(bytes.ToArray());

        // Small numbers of either sign are short.
        void Number(long number)
        {
            var rest = (ulong)(number << 1 ^ number >> 63);
            for (; rest >= 0x80; rest >>= 7) bytes.Add((byte)(rest | 0x80));
            bytes.Add((byte)rest);
        }
    }

    public static EventCursor? Read(string? text)
    {
        if (text is null) return new EventCursor();
        if (text.Length is 0 or > MaxLength || !Base64Url.IsValid(text)) return null;
        var bytes = Base64Url.DecodeFromChars(text);
        var at = 1;
        if (bytes.Length == 0 || bytes[0] != Format || !Number(out var newest)) return null;
        var cursor = new EventCursor { NewestTicks = newest };
        var before = JournalPosition.Start;
        for (var partition = 0; partition < cursor.Positions.Length; partition++)
        {
            if (!Number(out var epoch) || !Number(out var transaction) || !Number(out var row)) return null;
            before = cursor.Positions[partition] = new JournalPosition(before.Epoch + epoch, before.Transaction + transaction, before.Row + row);
            if (before.Transaction < 0 || before.Row < 0) return null;
        }
        return at == bytes.Length && newest >= 0 && newest <= DateTimeOffset.MaxValue.UtcTicks ? cursor : null;

        bool Number(out long number)
        {
            var (value, shift) = (0ul, 0);
            number = 0;
            while (true)
            {
                if (at >= bytes.Length || shift > 63) return false;
                var next = bytes[at++];
                value |= (ulong)(next & 0x7F) << shift;
                shift += 7;
                if (next < 0x80) break;
            }
            number = (long)(value >> 1) ^ -(long)(value & 1);
            return true;
        }
    }
}
