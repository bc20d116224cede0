using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Claims;

/// <summary>
/// The one place that says what was claimed about a parcel, what its shopper was told about signing, and how a recovery went down. Key: the shipment's,
/// <c>{retailer}/{carrier}/{number}</c>. Every method may be repeated: what was decided is not decided again.
/// </summary>
[Alias("tracking.case-grain")]
public interface ICaseGrain : IGrainWithStringKey
{
    /// <summary>Files a claim and, where no person is needed, settles it. When it returns a claim, that is committed and flushed.</summary>
    [Alias("file")] Task<CaseAnswer> File(ClaimFiling filing);

    /// <summary>A person's decision.</summary>
    [Alias("decide")] Task<CaseAnswer> Decide(ClaimVerdict verdict);

    /// <summary>What is expected about signing.</summary>
    [Alias("expect")] Task<CaseAnswer> Expect(SignatureNotice notice);

    /// <summary>The shopper's answer to it: <c>home</c>, <c>hold</c> or <c>pickup</c>.</summary>
    [Alias("answer")] Task<CaseAnswer> Answer(string answer);

    /// <summary>The page was opened after delivery. Nobody waits for it.</summary>
    [Alias("seen")] Task Seen(string useId, DateTimeOffset at);

    /// <summary>Something was put right for this parcel elsewhere (an offer of its order). Its id is asked about once.</summary>
    [Alias("recovered")] Task<CaseAnswer> Recovered(RecoveryNote note);

    /// <summary>The survey's answer, 1 to 5.</summary>
    [Alias("rate")] Task<CaseAnswer> Rate(int score);

    /// <summary>The customer bought again after a recovery.</summary>
    [Alias("bought-again")] Task<CaseAnswer> BoughtAgain(string recoveryId);

    /// <summary>Somebody was erased: what is in memory is thrown away and read again.</summary>
    [Alias("forget")] Task Forget();

    /// <summary>The parcel moved, or something has come due: look at it.</summary>
    [Alias("wake")] Task Wake();
}

/// <summary>How many claims one customer made. Key: <c>{retailer}/{digest}</c>.</summary>
[Alias("tracking.claimant-grain")]
public interface IClaimantGrain : IGrainWithStringKey
{
    /// <summary>Remembers a claim and answers how many others were made in the 365 days before it. The same claim again: the same answer. -1: could not be stored, try again.</summary>
    [Alias("remember")] Task<int> Remember(string claimId, DateTimeOffset at, ShipmentKey parcel);

    /// <summary>The claims remembered, oldest first.</summary>
    [Alias("made")] Task<ImmutableArray<ClaimMade>> Made();
}

[GenerateSerializer, Immutable, Alias("tracking.claim-made")]
public readonly record struct ClaimMade([property: Id(0)] string Id, [property: Id(1)] DateTimeOffset At, [property: Id(2)] ShipmentKey Parcel);

/// <param name="Case">The case as it is after the call; null when it could not be read.</param>
/// <param name="Refusal">Why nothing was done; null otherwise.</param>
/// <param name="ClaimId">The claim meant.</param>
/// <param name="Created">True when the call itself made the claim.</param>
/// <param name="NotStored">True: not known to be stored, ask again.</param>
[GenerateSerializer, Immutable, Alias("tracking.case-answer")]
public sealed record CaseAnswer(
    [property: Id(0)] CaseView? Case, [property: Id(1)] CaseRefusal? Refusal = null, [property: Id(2)] string? ClaimId = null, [property: Id(3)] bool Created = false, [property: Id(4)] bool NotStored = false)
{
    public Claim? Claim => ClaimId is null ? null : Case?.Claims.FirstOrDefault(c => c.Id == ClaimId);
}

/// <summary>A case without anything personal.</summary>
[GenerateSerializer, Immutable, Alias("tracking.case-view")]
public sealed record CaseView
{
    [Id(0)] public required ShipmentKey Key { get; init; }
    [Id(1)] public int Version { get; init; }
    [Id(2)] public DateTimeOffset RecordedAt { get; init; }
    [Id(3)] public SignatureExpectation? Signature { get; init; }
    [Id(4)] public ImmutableArray<Claim> Claims { get; init; } = [];
    [Id(5)] public ImmutableArray<Recovery> Recoveries { get; init; } = [];
    /// <summary>Times the page was opened after delivery, as far as they were kept.</summary>
    [Id(6)] public int Views { get; init; }

    /// <summary>The recovery the shopper may answer about; null when none was asked about, or all were answered.</summary>
    public Recovery? Asked => Recoveries.FirstOrDefault(r => r.AskedAt is not null && r.Score is null);

    public static CaseView Of(ParcelCase parcel) => new()
    {
        Key = parcel.Key, Version = parcel.Version, RecordedAt = parcel.RecordedAt, Signature = parcel.Signature, Claims = parcel.Claims, Recoveries = parcel.Recoveries, Views = parcel.Views.Length,
    };
}

[GenerateSerializer, Immutable, Alias("tracking.claim-verdict")]
public sealed record ClaimVerdict(
    [property: Id(0)] string ClaimId, [property: Id(1)] bool Grant, [property: Id(2)] ClaimRemedy Remedy, [property: Id(3)] Money? Amount, [property: Id(4)] string By, [property: Id(5)] string Why,
    [property: Id(6)] string? Note);

/// <param name="Asked">True or false: the retailer says so for this parcel; null: its rule decides.</param>
/// <param name="Tell">False when the retailer tells the shopper itself.</param>
[GenerateSerializer, Immutable, Alias("tracking.signature-notice")]
public sealed record SignatureNotice(
    [property: Id(0)] bool? Asked, [property: Id(1)] Money? Value, [property: Id(2)] ImmutableArray<string> Items, [property: Id(3)] string? Language, [property: Id(4)] string? Name,
    [property: Id(5)] string? Email, [property: Id(6)] bool Tell)
{
    public override string ToString() => "a signature notice";
}

[GenerateSerializer, Immutable, Alias("tracking.recovery-note")]
public sealed record RecoveryNote(
    [property: Id(0)] string Id, [property: Id(1)] string Cause, [property: Id(2)] string Remedy, [property: Id(3)] Money? Cost, [property: Id(4)] bool Accepted, [property: Id(5)] string? Language = null,
    [property: Id(6)] string? Name = null, [property: Id(7)] string? Email = null)
{
    public override string ToString() => $"recovery {Id}";
}
