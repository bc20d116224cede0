using System.Buffers;
using System.Text.Json;

namespace Tracking.Domain.Shipments;

/// <summary>
/// A writer and its buffer per thread. What is stored is written here and copied out at its exact length: a writer and a growing buffer for each row
/// were seven bytes allocated for every byte stored. Writing never waits and never nests, so one per thread is enough.
/// </summary>
internal sealed class JsonScratch
{
    private const int Kept = 256 * 1024;

    [ThreadStatic] private static JsonScratch? _mine;

    private ArrayBufferWriter<byte> _bytes = new(8 * 1024);
    private readonly Utf8JsonWriter _json;

    private JsonScratch() => _json = new Utf8JsonWriter(_bytes, new JsonWriterOptions { SkipValidation = true });

    /// <summary>For what stands before the JSON.</summary>
    public ArrayBufferWriter<byte> Bytes => _bytes;
    public Utf8JsonWriter Json => _json;

    /// <summary>This thread's, emptied.</summary>
    public static JsonScratch Begin()
    {
        var mine = _mine ??= new JsonScratch();
        if (mine._bytes.Capacity > Kept) mine._bytes = new(8 * 1024);   // one enormous message must not stay for ever
        else mine._bytes.ResetWrittenCount();
        mine._json.Reset(mine._bytes);
        return mine;
    }

    /// <summary>What was written, in an array of its own.</summary>
    public byte[] ToArray()
    {
        _json.Flush();
        return _bytes.WrittenSpan.ToArray();
    }
}
