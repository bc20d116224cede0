using System.ComponentModel.DataAnnotations;

namespace Tracking.Web.Scans;

/// <summary>How much work the doors take in at once. Section <c>Ingest</c>.</summary>
public sealed class IngestOptions
{
    /// <summary>Scans being stored at once on this node, at most. Beyond it, or beyond what <see cref="AimMilliseconds"/> allows, a request is answered 429 before its body is read. Default 50,000: at 60,000 scans a second less than a second of work.</summary>
    [Range(100, 10_000_000)] public int MaxScansInFlight { get; set; } = 50_000;
    /// <summary>
    /// How long storing a batch may take, in milliseconds, before fewer scans are let in at once. Default 250: what is accepted under overload is answered about that quickly. 4,000 scans are always
    /// let in.
    /// </summary>
    [Range(10, 60_000)] public int AimMilliseconds { get; set; } = 250;
    /// <summary>Scans of one NDJSON request that are stored together. Default 500: larger batches gained nothing and answered later.</summary>
    [Range(1, 10_000)] public int NdjsonBatch { get; set; } = 500;
    /// <summary>Batches of one NDJSON request being stored while the next is read. Default 4: enough to hide a commit behind parsing.</summary>
    [Range(1, 64)] public int NdjsonBatchesAhead { get; set; } = 4;
    /// <summary>Items in one JSON array. Default 1,000; more is 413 and nothing is stored.</summary>
    [Range(1, 100_000)] public int MaxArrayItems { get; set; } = 1_000;
    /// <summary>Bytes of one JSON body. Default 1 MB; NDJSON has no such limit, its lines have (64 kB).</summary>
    [Range(1_024, 100_000_000)] public int MaxJsonBytes { get; set; } = 1_000_000;
    /// <summary>Bytes of one message at <c>/v1/feeds</c>. Default 32 MB.</summary>
    [Range(1_024, 1_000_000_000)] public int MaxFeedBytes { get; set; } = 32 * 1024 * 1024;
}
