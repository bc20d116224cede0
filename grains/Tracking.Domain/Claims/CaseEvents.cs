using System.Text.Json.Serialization;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Claims;

/// <summary>
/// A fact of a parcel's case, decided and stored. Open facts only. The names in <c>e</c> are stored for good: new ones are added, none is reused, fields are only added.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(SignatureExpected), "signature-expected")]
[JsonDerivedType(typeof(SignatureAnswered), "signature-answered")]
[JsonDerivedType(typeof(AttemptMissed), "attempt-missed")]
[JsonDerivedType(typeof(PageSeen), "page-seen")]
[JsonDerivedType(typeof(ClaimOpened), "claim-opened")]
[JsonDerivedType(typeof(ClaimWeighed), "claim-weighed")]
[JsonDerivedType(typeof(ClaimDecided), "claim-decided")]
[JsonDerivedType(typeof(NoticeOwed), "notice-owed")]
[JsonDerivedType(typeof(RecoveryRecorded), "recovery-recorded")]
[JsonDerivedType(typeof(SatisfactionAsked), "satisfaction-asked")]
[JsonDerivedType(typeof(SatisfactionAnswered), "satisfaction-answered")]
[JsonDerivedType(typeof(BoughtAgain), "bought-again")]
public abstract record CaseEvent;

/// <summary>Whether a signature is expected, by which rule, said in which language.</summary>
public sealed record SignatureExpected(bool Required, string Rule, string Why, string? Language) : CaseEvent;

/// <summary>The shopper says how the parcel shall be handed over: <c>home</c>, <c>hold</c> or <c>pickup</c>.</summary>
public sealed record SignatureAnswered(string Answer) : CaseEvent;

/// <summary>The carrier found nobody, for the <paramref name="Count"/>th time.</summary>
public sealed record AttemptMissed(string UseId, int Count, bool Expected) : CaseEvent;

/// <summary>Somebody opened the page after the delivery scan. At most one an hour, and <see cref="ParcelCase.MaxViews"/> in all.</summary>
public sealed record PageSeen(string UseId, DateTimeOffset At) : CaseEvent;

public sealed record ClaimOpened(
    string Id, string UseId, ClaimKind Kind, string? Line, string? Order, ClaimRemedy Wish, Money? Value, string? Claimant, string? Reference, string FiledBy, string? Language = null) : CaseEvent;

/// <param name="ShipmentVersion">The newest append of the shipment that was read: what was known.</param>
/// <param name="Policy">Digest of the rules it was weighed by.</param>
public sealed record ClaimWeighed(
    string Id, ClaimPath Path, int Score, ImmutableArray<WeighedFact> Evidence, ImmutableArray<string> Reasons, Money? Amount, int ShipmentVersion, string Policy) : CaseEvent;

/// <summary>The end of a claim. Stored before anybody is told, once; whoever pays does it under the claim's id.</summary>
public sealed record ClaimDecided(string Id, bool Granted, ClaimRemedy Remedy, Money? Amount, string By, string Why) : CaseEvent;

/// <summary>The shopper is to be told. The notice's id is made of kind and cause, so it goes out once.</summary>
public sealed record NoticeOwed(string Kind, string Cause, DateOnly? From = null, DateOnly? To = null, Money? Amount = null) : CaseEvent;

/// <summary>Something was put right: by a claim, or by an offer of the order's. The input of survey and report.</summary>
/// <param name="Id">The claim's or the offer's.</param>
/// <param name="Cause">What went wrong: a claim's kind or a disruption's name.</param>
/// <param name="Accepted">False for an offer that was declined or ran out.</param>
public sealed record RecoveryRecorded(string Id, string Cause, string Remedy, Money? Cost, bool Accepted, string? Language = null) : CaseEvent;

public sealed record SatisfactionAsked(string RecoveryId) : CaseEvent;

/// <param name="Score">1 (very dissatisfied) to 5.</param>
public sealed record SatisfactionAnswered(string RecoveryId, int Score) : CaseEvent;

/// <summary>The customer ordered again within the time that the report counts.</summary>
public sealed record BoughtAgain(string RecoveryId) : CaseEvent;

/// <summary>What is personal in one append, sealed beside the open part.</summary>
public sealed record CasePersonal
{
    public string? Name { get; init; }
    public string? Email { get; init; }
    public string? ClaimId { get; init; }
    public string? Text { get; init; }
    public ImmutableArray<string> Photos { get; init; } = [];
    /// <summary>What a person wrote when deciding.</summary>
    public string? Note { get; init; }

    [JsonIgnore] public bool IsEmpty => Name is null && Email is null && Text is null && Note is null && Photos.IsDefaultOrEmpty;
}

/// <summary>One append of a case.</summary>
public sealed record CaseAppend(DateTimeOffset RecordedAt, ImmutableArray<CaseEvent> Events, CasePersonal? Personal = null)
{
    /// <summary>True when somebody besides the case must hear of it.</summary>
    [JsonIgnore] public bool HasReaction => Events.Any(e => e is NoticeOwed or ClaimDecided or ClaimOpened);
}
