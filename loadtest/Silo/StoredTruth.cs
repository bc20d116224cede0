using System.Diagnostics;
using System.Text.Json;

namespace Tracking.LoadTest.Silo;

/// <summary>One stored scan, as far as a verifier needs it. Spans are valid during the call only.</summary>
public readonly ref struct StoredScan
{
    public ReadOnlySpan<byte> Retailer { get; init; }
    public ReadOnlySpan<byte> Carrier { get; init; }
    public ReadOnlySpan<byte> TrackingNumber { get; init; }
    public ReadOnlySpan<byte> EventId { get; init; }
    public ReadOnlySpan<byte> DedupKey { get; init; }
    /// <summary><c>scan</c>, or what else a message said beside it: <c>snapshot</c>, <c>estimate</c>, <c>information</c> … Empty counts as <c>scan</c>.</summary>
    public ReadOnlySpan<byte> Kind { get; init; }
    /// <summary>For an offer that was made: its order and cause. Everything else but the retailer is empty then.</summary>
    public ReadOnlySpan<byte> Order { get; init; }
    public ReadOnlySpan<byte> Cause { get; init; }
}

public delegate void OnStoredScan(in StoredScan scan);

/// <summary>
/// Reads everything back through <c>silo -- export</c>: JSON lines, one stored scan each. Lines without a tracking number (orders, decisions) are
/// counted and passed over.
/// </summary>
public static class StoredTruth
{
    /// <summary>Returns how many lines there were. Throws <see cref="SetUpException"/> when the export fails or a line is not JSON.</summary>
    public static async Task<long> ReadAsync(string dll, IReadOnlyDictionary<string, string> settings, string folder, OnStoredScan found, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(dll);
        start.ArgumentList.Add("export");
        start.ArgumentList.Add("--offers");
        start.Environment.Remove("MSBuildSDKsPath");
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        foreach (var (name, value) in settings) start.Environment[name] = value;
        using var export = Process.Start(start) ?? throw new SetUpException("dotnet could not be started for the export.");
        var errors = export.StandardError.ReadToEndAsync(cancel);
        try
        {
            var lines = await ReadLinesAsync(export.StandardOutput.BaseStream, found, cancel);
            await export.WaitForExitAsync(cancel);
            if (export.ExitCode != 0) throw new SetUpException($"silo export ended with code {export.ExitCode}: {(await errors).Trim()}");
            return lines;
        }
        finally
        {
            if (!export.HasExited) export.Kill();
        }
    }

    /// <summary>The same from any stream.</summary>
    public static async Task<long> ReadLinesAsync(Stream stream, OnStoredScan found, CancellationToken cancel)
    {
        var buffer = new byte[1 << 20];
        var (kept, lines) = (0, 0L);
        while (true)
        {
            if (kept == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
            var read = await stream.ReadAsync(buffer.AsMemory(kept), cancel).ConfigureAwait(false);
            var end = kept + read;
            var from = 0;
            while (buffer.AsSpan(from, end - from).IndexOf((byte)'\n') is >= 0 and var length)
            {
                if (length > 1) { ReadLine(buffer.AsSpan(from, length), found); lines++; }
                from += length + 1;
            }
            if (read == 0)
            {
                if (end - from > 1) { ReadLine(buffer.AsSpan(from, end - from), found); lines++; }
                return lines;
            }
            buffer.AsSpan(from, end - from).CopyTo(buffer);
            kept = end - from;
        }
    }

    // The top level, and the kind inside "scan"; values we need are ids without escapes.
    private static void ReadLine(ReadOnlySpan<byte> line, OnStoredScan found)
    {
        ReadOnlySpan<byte> retailer = default, carrier = default, number = default, eventId = default, dedupKey = default, kind = default, order = default, cause = default;
        try
        {
            var json = new Utf8JsonReader(line);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException("not an object");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var name = json.ValueSpan;
                json.Read();
                if (json.TokenType == JsonTokenType.StartObject && name.SequenceEqual("scan"u8)) { kind = line[KindIn(ref json)]; continue; }
                if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray) { json.Skip(); continue; }
                if (json.TokenType != JsonTokenType.String) continue;
                if (name.SequenceEqual("retailer"u8)) retailer = json.ValueSpan;
                else if (name.SequenceEqual("carrier"u8)) carrier = json.ValueSpan;
                else if (name.SequenceEqual("trackingNumber"u8)) number = json.ValueSpan;
                else if (name.SequenceEqual("eventId"u8)) eventId = json.ValueSpan;
                else if (name.SequenceEqual("dedupKey"u8)) dedupKey = json.ValueSpan;
                else if (name.SequenceEqual("order"u8)) order = json.ValueSpan;
                else if (name.SequenceEqual("cause"u8)) cause = json.ValueSpan;
            }
        }
        catch (JsonException e)
        {
            throw new SetUpException($"A line of the export is not JSON ({e.Message}): {System.Text.Encoding.UTF8.GetString(line[..Math.Min(line.Length, 120)])}");
        }
        if (!order.IsEmpty && !cause.IsEmpty) found(new StoredScan { Retailer = retailer, Order = order, Cause = cause });
        if (!number.IsEmpty)
            found(new StoredScan { Retailer = retailer, Carrier = carrier, TrackingNumber = number, EventId = eventId, DedupKey = dedupKey, Kind = kind });
    }

    // Where the kind lies in the line; answered as a range so that it may outlive the reader.
    private static Range KindIn(ref Utf8JsonReader json)
    {
        var kind = 0..0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var isKind = json.ValueTextEquals("kind"u8);
            json.Read();
            if (isKind && json.TokenType == JsonTokenType.String) kind = ((int)json.TokenStartIndex + 1)..((int)json.TokenStartIndex + 1 + json.ValueSpan.Length);
            json.Skip();
        }
        return kind;
    }
}
