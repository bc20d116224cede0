using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>What a shopper may choose. Names are the policy's and the notices' (<c>remedy.{name}</c>).</summary>
[GenerateSerializer, Alias("tracking.remedy-kind")]
public enum RemedyKind : byte
{
    Apology = 0,
    /// <summary>A discount on the next order.</summary>
    Discount = 1,
    FreeShipping = 2,
    /// <summary>Part of this order's price back.</summary>
    Retroactive = 3,
    RefundShipping = 4,
    Upgrade = 5,
    Reship = 6,
    StorePickup = 7,
    /// <summary>The price of a cancelled item, kept until it is there again.</summary>
    RainCheck = 8,
    Alternative = 9,
    WaitAndSee = 10,
}

public static class Remedies
{
    private static readonly string[] Names =
        ["apology", "discount", "free-shipping", "retroactive", "refund-shipping", "upgrade", "reship", "store-pickup", "rain-check", "alternative", "wait-and-see"];

    public static string Name(this RemedyKind kind) => Names[(int)kind];

    /// <summary>As it is stored and shown: <c>not-qualified</c>.</summary>
    public static string Name(this Withheld why) => System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(why.ToString());

    public static bool TryParse(string? name, out RemedyKind kind)
    {
        var at = Array.IndexOf(Names, name);
        kind = at < 0 ? RemedyKind.Apology : (RemedyKind)at;
        return at >= 0;
    }

    public static IReadOnlyList<string> AllNames => Names;

    /// <summary>Whoever takes it needs a code for the shop's till.</summary>
    public static bool HasCode(this RemedyKind kind) => kind is RemedyKind.Discount or RemedyKind.FreeShipping or RemedyKind.RainCheck or RemedyKind.Alternative;
}

/// <summary>One thing to choose.</summary>
/// <param name="Cost">What it costs the shop, in minor units of the policy's currency. This is what the budget reserves.</param>
/// <param name="Percent">For discounts: percent off; null where the cost itself is the amount.</param>
/// <param name="Item">For cancelled items: the item kept at its price, or the other one.</param>
/// <param name="Pool">The shop's pool its code is drawn from; null: its code is generated.</param>
/// <param name="WithholdWhenEmpty">True: without a code of that pool there is no offer.</param>
[GenerateSerializer, Immutable, Alias("tracking.remedy")]
public sealed record Remedy(
    [property: Id(0)] RemedyKind Kind,
    [property: Id(1)] long Cost,
    [property: Id(2)] int? Percent = null,
    [property: Id(3)] string? Item = null,
    [property: Id(4)] long? Price = null,
    [property: Id(5)] string? Pool = null,
    [property: Id(6)] bool WithholdWhenEmpty = false);

/// <summary>Why there is no offer. Names are stored.</summary>
[GenerateSerializer, Alias("tracking.withheld")]
public enum Withheld : byte
{
    /// <summary>There is one.</summary>
    Not = 0,
    /// <summary>No rule of the policy speaks of this cause, or none at this time.</summary>
    NoRule = 1,
    /// <summary>A rule speaks of it, for other orders or buyers.</summary>
    NotQualified = 2,
    /// <summary>The order got an offer a short time ago, or for a graver cause at the same moment.</summary>
    CoolDown = 3,
    /// <summary>The customer got an offer a short time ago.</summary>
    Spacing = 4,
    /// <summary>The day's or the campaign's budget has not enough left.</summary>
    Budget = 5,
    /// <summary>It is too long ago to say sorry now.</summary>
    TooLate = 6,
    /// <summary>The rule says: tell only.</summary>
    TellOnly = 7,
    /// <summary>Offers rest on this day.</summary>
    Holiday = 8,
    /// <summary>The shop's own codes are used up, and its policy wants no others.</summary>
    Codes = 9,
    /// <summary>The customer wants no offers.</summary>
    NotWanted = 10,
}

/// <summary>A purse that an offer is paid from.</summary>
/// <param name="Id"><c>day-2026-11-22</c> or <c>campaign-winter</c>.</param>
/// <param name="Limit">What it holds, in minor units, by the policy that decided.</param>
[GenerateSerializer, Immutable, Alias("tracking.purse")]
public readonly record struct Purse([property: Id(0)] string Id, [property: Id(1)] long Limit);

/// <summary>
/// What was decided about one disruption of one order, with everything it was decided from. Stored before anyone is told, never taken again: a replay reads
/// it, a newer policy finds it settled.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.recovery-decision")]
public sealed record RecoveryDecision
{
    [Id(0)] public required string Offer { get; init; }
    [Id(1)] public required CauseKey Cause { get; init; }
    /// <summary>The moment it fell due. Only what had reached us by then was looked at, however much later a crash let us look.</summary>
    [Id(2)] public required DateTimeOffset At { get; init; }
    [Id(3)] public int PolicyVersion { get; init; }
    [Id(4)] public string? Rule { get; init; }
    [Id(5)] public Withheld Withheld { get; init; }
    [Id(6)] public ImmutableArray<Remedy> Remedies { get; init; } = [];
    [Id(7)] public string Currency { get; init; } = "";
    /// <summary>Reserved at once: the dearest remedy.</summary>
    [Id(8)] public long Reserve { get; init; }
    [Id(9)] public ImmutableArray<Purse> Purses { get; init; } = [];
    [Id(10)] public DateTimeOffset? ExpiresAt { get; init; }
    [Id(11)] public DateTimeOffset? RemindAt { get; init; }
    /// <summary>An unaccepted offer ends when the promise is kept after all.</summary>
    [Id(12)] public bool EndsWhenRestored { get; init; }
    /// <summary>Days within which the customer gets no second offer; 0: no such rule.</summary>
    [Id(13)] public int SpacingDays { get; init; }
    /// <summary>True: the buyer hears of this cause by this decision. False: they heard of it, or of a graver one, already.</summary>
    [Id(14)] public bool Tell { get; init; }
    [Id(15)] public required DisruptionFacts Facts { get; init; }
    /// <summary>The rule or limit that answered no, in a few words; null for an offer.</summary>
    [Id(16)] public string? Detail { get; init; }

    /// <summary>First letters of its codes.</summary>
    [Id(17)] public string? CodePrefix { get; init; }

    [System.Text.Json.Serialization.JsonIgnore]
    public bool IsOffer => Withheld == Withheld.Not;
}

/// <summary>What was known of a disruption when it was decided.</summary>
[GenerateSerializer, Immutable, Alias("tracking.disruption-facts")]
public sealed record DisruptionFacts
{
    [Id(0)] public Party Party { get; init; }
    [Id(1)] public Reason Reason { get; init; }
    /// <summary>Since when it could be known.</summary>
    [Id(2)] public DateTimeOffset Since { get; init; }
    /// <summary>Shipments hit, of all that have not arrived.</summary>
    [Id(3)] public int Shipments { get; init; }
    [Id(4)] public int Open { get; init; }
    /// <summary>The last promised day, and the carrier's.</summary>
    [Id(5)] public DateOnly? PromisedBy { get; init; }
    [Id(6)] public DateOnly? CarrierBy { get; init; }
    /// <summary>The day we believe in, as likely before as after.</summary>
    [Id(7)] public DateOnly? ExpectedOn { get; init; }
    /// <summary>Whole days from the promised (else the carrier's) to the expected day.</summary>
    [Id(8)] public int SlipDays { get; init; }
    /// <summary>How sure, 0 to 1, for predictions.</summary>
    [Id(9)] public double Probability { get; init; }
    /// <summary>Estimate snapshot that said so.</summary>
    [Id(10)] public long Snapshot { get; init; }
    /// <summary>Shipment that speaks for it, as carrier/number.</summary>
    [Id(11)] public string? Speaking { get; init; }
    [Id(12)] public string? Line { get; init; }
}
