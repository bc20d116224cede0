using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>
/// How a shop puts things right: which disruptions, for whom, with what, and for how much. Read from a file that people write (<see cref="PolicyReader"/>);
/// its version is stored with every decision and is never part of an offer's identity.
/// </summary>
public sealed record RecoveryPolicy
{
    /// <summary>Rises with every publication.</summary>
    public required int Version { get; init; }
    /// <summary>ISO 4217; every amount of the policy is in its minor units.</summary>
    public required string Currency { get; init; }
    /// <summary>IANA zone of the shop's day, for daily budgets, campaigns and holidays.</summary>
    public required string Zone { get; init; }
    /// <summary>Disruptions that showed before are left alone. The first version's start stays when later versions are published.</summary>
    public DateTimeOffset Since { get; init; }
    /// <summary>From when a disruption shows to when it is decided: time for the scan that disproves it.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromMinutes(10);
    /// <summary>Later than this it is too late to say sorry (the silo was down for days, the history was loaded).</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(3);
    public Thresholds Thresholds { get; init; } = new();
    /// <summary>An order that was offered something is offered nothing else for so long.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromDays(3);
    /// <summary>A customer that was offered something is offered nothing for another order for so many days.</summary>
    public int SpacingDays { get; init; } = 30;
    /// <summary>At most so much is reserved for the offers of one day of the shop.</summary>
    public required long BudgetPerDay { get; init; }
    public ImmutableArray<RecoveryRule> Rules { get; init; } = [];
    /// <summary>Never two at a time.</summary>
    public ImmutableArray<Campaign> Campaigns { get; init; } = [];
    public ImmutableArray<HolidayRule> Holidays { get; init; } = [];
    /// <summary>First letters of codes.</summary>
    public string CodePrefix { get; init; } = "SORRY";

    /// <summary>True when shipments that nobody told an order for are looked after as well.</summary>
    public bool MindsStandIns => Rules.Concat(Campaigns.SelectMany(static c => c.Rules)).Any(static r => r.Who.WithoutOrder && !r.Remedies.IsEmpty);

    /// <summary>Every pool of codes that a remedy draws from.</summary>
    public IEnumerable<string> Pools => Rules.Concat(Campaigns.SelectMany(static c => c.Rules)).SelectMany(static r => r.Remedies).Select(static r => r.Pool).OfType<string>().Distinct(StringComparer.Ordinal);

    /// <summary>The shop's calendar day of an instant.</summary>
    public DateOnly DayOf(DateTimeOffset instant) => DateOnly.FromDateTime(new DateTime(Estimates.ZoneOffsets.Of(Zone, null).ToLocal(instant.UtcTicks)));

    public Campaign? CampaignOn(DateOnly day)
    {
        foreach (var campaign in Campaigns)
            if (campaign.From <= day && day <= campaign.To)
                return campaign;
        return null;
    }

    public HolidayRule? HolidayOn(DateOnly day)
    {
        foreach (var holiday in Holidays)
            if (holiday.From <= day && day <= holiday.To)
                return holiday;
        return null;
    }
}

/// <summary>When, relative to the promised days, a rule speaks.</summary>
public enum PromiseSide : byte { Any = 0, Before = 1, After = 2 }

public sealed record RecoveryRule
{
    public required string Id { get; init; }
    public ImmutableArray<Cause> Causes { get; init; } = [];
    public PromiseSide When { get; init; }
    /// <summary>True: only when every open shipment of the order is hit.</summary>
    public bool AllShipments { get; init; }
    /// <summary>Least slip in days, for predictions.</summary>
    public int MinSlipDays { get; init; }
    public Qualification Who { get; init; } = new();
    /// <summary>To choose from; empty: tell only.</summary>
    public ImmutableArray<RemedyRule> Remedies { get; init; } = [];
    public int ExpiresDays { get; init; } = 14;
    /// <summary>Days after the offer; null: nobody is reminded.</summary>
    public int? RemindDays { get; init; }
    /// <summary>An unaccepted offer ends when the promise is kept after all.</summary>
    public bool EndsWhenRestored { get; init; }
}

/// <summary>Which orders a rule is for. What is not said does not matter.</summary>
public sealed record Qualification
{
    public ImmutableArray<string> Tiers { get; init; } = [];
    /// <summary>Order value, minor units, both included.</summary>
    public long? MinValue { get; init; }
    public long? MaxValue { get; init; }
    public bool Anonymous { get; init; } = true;
    /// <summary>Shipments that nobody told an order for.</summary>
    public bool WithoutOrder { get; init; } = true;
    public bool? Gift { get; init; }
    /// <summary>Only (or only not) orders for an occasion.</summary>
    public bool? Occasion { get; init; }
    public ImmutableArray<string> Countries { get; init; } = [];
    public ImmutableArray<Party> Parties { get; init; } = [];
}

/// <param name="Cost">Minor units; what the budget reserves.</param>
/// <param name="Pool">Where its codes come from: a file of the shop's own; null: codes are generated.</param>
/// <param name="WithholdWhenEmpty">What happens when that pool has no code left. True: no offer is made; false: a code is generated instead.</param>
public sealed record RemedyRule(RemedyKind Kind, long Cost, int? Percent = null, string? Item = null, string? Pool = null, bool WithholdWhenEmpty = false);

/// <summary>A stretch of days with a purse of its own, beside the day's. Its rules come before the others.</summary>
public sealed record Campaign(string Id, DateOnly From, DateOnly To, long Budget, ImmutableArray<RecoveryRule> Rules);

/// <summary>Days with other rules: everybody is late before Christmas, and knows it.</summary>
/// <param name="Rest">No offers at all; people are told.</param>
/// <param name="ExtraSlipDays">Added to every rule's least slip.</param>
/// <param name="ExpiresDays">Instead of the rule's.</param>
public sealed record HolidayRule(DateOnly From, DateOnly To, bool Rest, int ExtraSlipDays, int? ExpiresDays);
