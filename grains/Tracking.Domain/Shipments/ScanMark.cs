using System.Runtime.InteropServices;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>
/// What the fold needs of a scan, in 64 bytes: identity, time as told, meaning, and the journal version that holds the rest.
/// Texts, places and proofs stay in the journal. Snapshots store marks as they lie here, so fields are only ever appended
/// (and <see cref="ShipmentSnapshot.Format"/> raised).
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct ScanMark : IComparable<ScanMark>
{
    public const short NoName = -1;

    public DedupKey Key { get; init; }
    /// <summary>Local clock reading in ticks; <see cref="NoTime"/> when no time was told.</summary>
    public long LocalTicks { get; init; }
    /// <summary>When the sender wrote it, UTC ticks; 0 when not told. Decides which of two wordings of one event speaks.</summary>
    public long PublishedTicks { get; init; }
    /// <summary>Digest of what a reworded repeat may change: status, sub-status, modifiers, reason.</summary>
    public uint ContentHash { get; init; }
    /// <summary>Digest of raw type and code, and of the sender's event id: what retractions point at.</summary>
    public uint CodeHash { get; init; }
    public uint EventIdHash { get; init; }
    /// <summary>The journal version that holds this scan's speaking wording.</summary>
    public int Version { get; init; }
    /// <summary>Offset from UTC in minutes; <see cref="NoOffset"/> when unknown.</summary>
    public short OffsetMinutes { get; init; }
    public Modifiers Modifiers { get; init; }
    /// <summary>Indexes into <see cref="Shipment.Names"/>; <see cref="NoName"/> for none.</summary>
    public short Piece { get; init; }
    public short Use { get; init; }
    public short SubStatus { get; init; }
    public Milestone Status { get; init; }
    public ScanKind Kind { get; init; }
    public Reason Reason { get; init; }
    public byte Time { get; init; }

    public const long NoTime = long.MinValue;
    public const short NoOffset = short.MinValue;

    public Precision Precision => (Precision)(Time & 0x0F);
    public ZoneSource ZoneSource => (ZoneSource)(Time >> 4);

    public OccurredTime Occurred
    {
        get
        {
            if (LocalTicks == NoTime) return OccurredTime.Untold;
            var local = new DateTime(LocalTicks);
            TimeSpan? offset = OffsetMinutes == NoOffset ? null : TimeSpan.FromMinutes(OffsetMinutes);
            DateTimeOffset? utc = offset is { } o && Precision != Precision.Day && ZoneSource is not (ZoneSource.Unknown or ZoneSource.Claimed)
                ? new DateTimeOffset(LocalTicks - o.Ticks, TimeSpan.Zero) : null;
            return new OccurredTime(local, offset, utc, Precision, ZoneSource);
        }
    }

    public int CompareTo(ScanMark other) => Key.CompareTo(other.Key);
    public static bool operator <(ScanMark left, ScanMark right) => left.CompareTo(right) < 0;
    public static bool operator >(ScanMark left, ScanMark right) => left.CompareTo(right) > 0;
    public static bool operator <=(ScanMark left, ScanMark right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ScanMark left, ScanMark right) => left.CompareTo(right) >= 0;

    /// <summary>Which of two wordings of one event speaks: the later published; where that ties, the greater digest. Never the later to arrive.</summary>
    public bool SpeaksOver(in ScanMark other)
        => (PublishedTicks, ContentHash).CompareTo((other.PublishedTicks, other.ContentHash)) > 0;

    /// <summary>Makes the mark of a scan. Piece, use and sub-status are indexes of <see cref="Shipment.Names"/>.</summary>
    public static ScanMark Of(Scan scan, DedupKey key, int version, short piece, short use, short subStatus)
    {
        var occurred = scan.Occurred;
        // A whole day's flag follows from its precision; nobody has to remember to set it.
        var modifiers = scan.Modifiers | (occurred.IsTold && occurred.Precision == Precision.Day ? Modifiers.DateOnly : 0);
        return new ScanMark
        {
            Key = key,
            LocalTicks = occurred.Local?.Ticks ?? NoTime,
            // Whoever knows local time and UTC knows the offset, written or not.
            OffsetMinutes = (occurred.Offset ?? (occurred.Local - occurred.Utc?.UtcDateTime)) is { } offset ? (short)offset.TotalMinutes : NoOffset,
            Time = (byte)((byte)occurred.Precision | ((byte)occurred.ZoneSource << 4)),
            PublishedTicks = scan.PublishedAt?.UtcTicks ?? 0,
            ContentHash = Digest(scan.SubStatus, ((uint)(scan.Status ?? Milestone.Unknown) << 24) | ((uint)modifiers << 8) | (uint)scan.Reason),
            CodeHash = CodeDigest(scan.Raw?.Type, scan.Raw?.Code),
            EventIdHash = scan.EventId is null ? 0 : Digest(scan.EventId, 1) | 1,
            Version = version,
            Modifiers = modifiers,
            Piece = piece,
            Use = use,
            SubStatus = subStatus,
            Status = scan.Status ?? Milestone.Unknown,
            Kind = scan.Kind,
            Reason = scan.Reason,
        };
    }

    internal static uint CodeDigest(string? type, string? code) => type is null && code is null ? 0 : Digest(code, Digest(type, 7)) | 1;

    // FNV-1a: stable across processes and releases, because snapshots keep it.
    internal static uint Digest(string? text, uint seed)
    {
        var hash = 2166136261u ^ seed;
        if (text is not null)
            foreach (var c in text)
                hash = (hash ^ c) * 16777619u;
        return hash;
    }
}

/// <summary>A retraction's target, as the fold matches it.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public readonly record struct RetractionMark
{
    public DedupKey Retraction { get; init; }
    public long LocalTicks { get; init; }
    public uint CodeHash { get; init; }
    public uint EventIdHash { get; init; }
    public Milestone Status { get; init; }

    /// <summary>
    /// The target is named by event id if the retraction tells one; else by every column it tells (codes, local time, status), of which there must be one.
    /// A retraction takes back only what did not happen after it was itself written, as far as both times are known exactly.
    /// </summary>
    public bool Matches(in ScanMark scan)
    {
        if (scan.Kind == ScanKind.Retraction) return false;
        if (EventIdHash != 0) return scan.EventIdHash == EventIdHash;
        if (CodeHash == 0 && LocalTicks == ScanMark.NoTime && Status == Milestone.Unknown) return false;
        return (CodeHash == 0 || scan.CodeHash == CodeHash)
            && (LocalTicks == ScanMark.NoTime || scan.LocalTicks == LocalTicks)
            && (Status == Milestone.Unknown || scan.Status == Status);
    }

    public static RetractionMark Of(Scan scan, DedupKey key)
    {
        var target = scan.Retracts;
        return new RetractionMark
        {
            Retraction = key,
            LocalTicks = target?.Local?.Ticks ?? ScanMark.NoTime,
            CodeHash = ScanMark.CodeDigest(target?.Type, target?.Code),
            EventIdHash = target == NothingNamed ? EventBefore : target?.EventId is null ? 0 : ScanMark.Digest(target.EventId, 1) | 1,
            Status = target?.Status ?? Milestone.Unknown,
        };
    }

    private static readonly RetractionTarget NothingNamed = new();
    // Digests are odd, so no event's id is this.
    private const uint EventBefore = 2;

    /// <summary>
    /// True for a target that names nothing (DHL Paket's STORN: "the event before this one was deleted"). Which event that is, only the whole set can tell. A retraction
    /// without any target takes back nothing.
    /// </summary>
    public bool TakesBackTheEventBefore => EventIdHash == EventBefore;
}
