using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Tracking.Carriers;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Web.Retailers;

namespace Tracking.Web.Scans;

/// <summary>What became of one scan of a message, or of one part of it that could not be read.</summary>
/// <param name="Pointer">Where it stands in the message.</param>
/// <param name="QuarantineId">For a part that could not be read.</param>
public readonly record struct FeedAnswer(Incoming Entry, string Pointer, string? QuarantineId)
{
    public ScanOutcome Outcome => Entry.Outcome;
}

/// <summary>
/// Records what can be read of a message and quarantines what cannot: the one way in for webhooks, answers of polled carriers and dropped files.
/// </summary>
public sealed class FeedIntake(ScanIntake scans, IQuarantine quarantine, FeedFormats formats, IOptions<IngestOptions> options)
{
    /// <summary>Scans that are stored together. A single part with more is stored whole.</summary>
    public const int BatchSize = 500;

    public int MaxBytes => options.Value.MaxFeedBytes;

    public IEnumerable<string> Formats => formats.Names;

    public FeedDecoder? Find(string format) => formats.Find(format);

    /// <summary>Records the parts of a message batch by batch, in its own order.</summary>
    public async IAsyncEnumerable<IReadOnlyList<FeedAnswer>> TakeAsync(
        Retailer retailer, string format, IEnumerable<DecodedItem> message, FeedContext context, string? feedId, [EnumeratorCancellation] CancellationToken cancel)
    {
        var parts = new List<DecodedItem>();
        var count = 0;
        foreach (var item in message)
        {
            parts.Add(item);
            if ((count += Math.Max(1, item.Scans.Length)) < BatchSize) continue;
            yield return await RecordAsync(retailer, format, parts, context, feedId, cancel);
            parts.Clear();
            count = 0;
        }
        if (parts.Count > 0) yield return await RecordAsync(retailer, format, parts, context, feedId, cancel);
    }

    /// <summary>
    /// Records parts of one message at once. An answer for every scan and for every part that could not be read, in order; none for a part that says nothing. Repeating it is harmless: what is
    /// stored already is a duplicate.
    /// </summary>
    public async Task<IReadOnlyList<FeedAnswer>> RecordAsync(
        Retailer retailer, string format, IReadOnlyList<DecodedItem> parts, FeedContext context, string? feedId, CancellationToken cancel)
    {
        var count = parts.Sum(p => p.Problem is null ? p.Scans.Length : 1);
        var batch = new Incoming[count];
        var places = new (string Pointer, string? QuarantineId)[count];
        List<QuarantinedItem> unreadable = [];
        var at = 0;
        foreach (var item in parts)
        {
            if (item.Problem is { } problem)
            {
                var id = QuarantineId(retailer.Id, feedId ?? format, item.Original.Span);
                unreadable.Add(new QuarantinedItem(id, retailer.Id, format, feedId, context.ReceivedAt, problem.Code, problem.Detail, item.Pointer, item.Original));
                batch[at] = new Incoming { Outcome = ScanOutcome.Quarantined, ProblemCode = problem.Code, ProblemDetail = problem.Detail };
                places[at++] = (item.Pointer, id);
                continue;
            }
            if (item.Scans.IsEmpty) continue;
            var original = new Original(Convert.ToHexStringLower(SHA256.HashData(item.Original.Span).AsSpan(0, 16)), format, [.. item.Original.Span]);
            foreach (var scan in item.Scans)
            {
                var pointer = scan.Evidence?.Pointer ?? item.Pointer;
                batch[at] = new Incoming { Scan = scan with { Evidence = new Evidence(original.PayloadId, item.InOriginal(pointer)) }, Original = original };
                places[at++] = (pointer, null);
            }
        }

        if (unreadable.Count > 0)
        {
            // Acked only after the bytes are committed; if they cannot be, their outcome says so.
            try { await quarantine.AddAsync(unreadable, cancel); }
            catch (Exception refused) when (refused is not OperationCanceledException)
            {
                for (var i = 0; i < count; i++)
                    if (batch[i].Outcome == ScanOutcome.Quarantined)
                        batch[i] = batch[i] with { Outcome = ScanOutcome.Failed, ProblemCode = "not-stored", ProblemDetail = "The item is not known to be stored. Send it again." };
            }
        }
        await scans.RecordAsync(retailer, batch, count);
        var answers = new FeedAnswer[count];
        for (var i = 0; i < count; i++) answers[i] = new FeedAnswer(batch[i], places[i].Pointer, places[i].QuarantineId);
        return answers;
    }

    /// <summary>
    /// Records a quarantined item that can be read now. It stays open while one of its scans is not known to be stored: replaying it again stores the rest and repeats nothing.
    /// </summary>
    public async Task<IReadOnlyList<FeedAnswer>> ReplayAsync(Retailer retailer, QuarantinedItem item, FeedDecoder decoder, FeedContext context, DateTimeOffset now, CancellationToken cancel)
    {
        var answers = new List<FeedAnswer>();
        await foreach (var part in TakeAsync(retailer, decoder.Format, decoder.Decode(item.Body, context), context, item.Feed, cancel)) answers.AddRange(part);
        if (answers.TrueForAll(a => a.Outcome is ScanOutcome.Accepted or ScanOutcome.Duplicate)) await quarantine.MarkReplayedAsync(retailer.Id, item.Id, now, cancel);
        return answers;
    }

    /// <summary>The same garbage sent twice is one item: retailer, feed and bytes.</summary>
    public static string QuarantineId(string retailer, string feed, ReadOnlySpan<byte> bytes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes($"{retailer}|{feed}|"));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }
}
