using Tracking.Domain.Estimates;

namespace Tracking.Contracts.Estimates;

/// <summary>The dated notices that operators posted (storm, strike, peak). One in the cluster (key 0); every change is journalled and reaches the learner from there.</summary>
[Alias("tracking.area-notice-grain")]
public interface IAreaNoticeGrain : IGrainWithIntegerKey
{
    /// <summary>Posts a notice. The same id with the same content changes nothing; with other content it is a conflict.</summary>
    [Alias("post")] Task<AreaNoticeReceipt> Post(AreaNotice notice);

    /// <summary>Takes a notice back from now on. One that is unknown or taken back already changes nothing.</summary>
    [Alias("retract")] Task<AreaNoticeReceipt> Retract(string id);

    /// <summary>All notices, newest first, those taken back included.</summary>
    [Alias("list")] Task<ImmutableArray<AreaNotice>> List();
}

/// <summary>A storm, a strike, a peak: where, for whom, from when to when, and how slow.</summary>
/// <param name="Id">The operator's own name for it: 1 to 100 letters, digits, dots, hyphens and underscores.</param>
/// <param name="Carrier">Carrier slug; null for every carrier.</param>
/// <param name="Country">Destination country, ISO 3166-1 alpha-2.</param>
/// <param name="Region">State or province code; null for the whole country.</param>
/// <param name="Pace">Announced speed against usual, 0.3 to 1.6; half the deliveries is 0.5.</param>
/// <param name="Text">What the operator wrote about it, for operators; shoppers read our own words.</param>
/// <param name="PublishedAt">When it became known; estimates before that do not use it.</param>
/// <param name="RetractedAt">When it was taken back; null while it stands.</param>
[GenerateSerializer, Immutable, Alias("tracking.area-notice")]
public sealed record AreaNotice(
    [property: Id(0)] string Id,
    [property: Id(1)] NoticeKind Kind,
    [property: Id(2)] string? Carrier,
    [property: Id(3)] string Country,
    [property: Id(4)] string? Region,
    [property: Id(5)] DateTimeOffset From,
    [property: Id(6)] DateTimeOffset To,
    [property: Id(7)] double Pace,
    [property: Id(8)] string? Text,
    [property: Id(9)] DateTimeOffset PublishedAt,
    [property: Id(10)] DateTimeOffset? RetractedAt = null)
{
    /// <summary>Equal in all that the operator said.</summary>
    public bool SaysTheSameAs(AreaNotice other) => this with { PublishedAt = default, RetractedAt = null } == other with { PublishedAt = default, RetractedAt = null };

    /// <summary>What the estimates are told.</summary>
    public RouteNotice ToRoute() => new(Carrier, Country, Region, From, To, PublishedAt, Pace, Kind, Id);
}

[GenerateSerializer, Alias("tracking.area-notice-outcome")]
public enum AreaNoticeOutcome : byte { Posted = 0, Unchanged = 1, Conflict = 2, Retracted = 3, Unknown = 4, TooMany = 5, NotStored = 6 }

[GenerateSerializer, Immutable, Alias("tracking.area-notice-receipt")]
public sealed record AreaNoticeReceipt([property: Id(0)] AreaNoticeOutcome Outcome, [property: Id(1)] AreaNotice? Notice, [property: Id(2)] string? Problem = null);
