using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Claims;

/// <summary>
/// A retailer's rules for claims (<c>Retailers:{id}:Claims</c>). Amounts are in the main unit of the retailer's currency. Windows are whole days: a claim is taken from the
/// first day (inclusive) to the end of the last. Their defaults are the ones published by parcel-protection programmes: delivered but missing day 5 to 15, lost day 7
/// (20 across a border) to 30 after the last scan, damaged 15 days.
/// </summary>
public sealed class ClaimPolicy
{
    /// <summary>First day after delivery. Default 5: most parcels "delivered" to nowhere turn up with a neighbour or a day later.</summary>
    public int NotReceivedFromDay { get; set; } = 5;
    /// <summary>Last day after delivery. Default 15.</summary>
    public int NotReceivedUntilDay { get; set; } = 15;
    /// <summary>First day after the last scan, within one country. Default 7.</summary>
    public int LostFromDay { get; set; } = 7;
    /// <summary>First day after the last scan, across a border. Default 20.</summary>
    public int LostFromDayAbroad { get; set; } = 20;
    /// <summary>Last day after the last scan. Default 30.</summary>
    public int LostUntilDay { get; set; } = 30;
    /// <summary>Last day after delivery. Default 15.</summary>
    public int DamagedUntilDay { get; set; } = 15;
    /// <summary>Last day after delivery for missing and wrong items. Default 15, as damage: it too is seen when unpacking.</summary>
    public int ItemUntilDay { get; set; } = 15;
    /// <summary>Above this value a person decides, whatever the evidence. Default 100.</summary>
    public decimal AutomaticUpTo { get; set; } = 100;
    /// <summary>Most that is granted without a person while the evidence is thin. Default 30.</summary>
    public decimal AutomaticLimit { get; set; } = 30;
    /// <summary>Most that is granted in one day without a person; what comes after waits for one. Default 1,000; 0 means that a person decides everything.</summary>
    public decimal AutomaticPerDay { get; set; } = 1_000;
    /// <summary>Earlier claims of one customer in a year from which on a person decides. Default 2.</summary>
    public int ClaimsPerYear { get; set; } = 2;
    /// <summary>True refuses damaged and wrong-item claims without a photo. Default false: without one a person looks.</summary>
    public bool PhotoRequired { get; set; }
    /// <summary>Days after a recovery until the customer is asked how satisfied they are. Default 3.</summary>
    public int SurveyAfterDays { get; set; } = 3;

    /// <summary>Everything wrong with it, a sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        foreach (var (name, days) in new[]
        {
            (nameof(NotReceivedFromDay), NotReceivedFromDay), (nameof(NotReceivedUntilDay), NotReceivedUntilDay), (nameof(LostFromDay), LostFromDay), (nameof(LostFromDayAbroad), LostFromDayAbroad),
            (nameof(LostUntilDay), LostUntilDay), (nameof(DamagedUntilDay), DamagedUntilDay), (nameof(ItemUntilDay), ItemUntilDay), (nameof(SurveyAfterDays), SurveyAfterDays),
        })
            if (days is < 0 or > 365) yield return $"{name} is {days}; it must be 0 to 365 days.";
        if (NotReceivedFromDay > NotReceivedUntilDay) yield return $"NotReceivedFromDay ({NotReceivedFromDay}) is after NotReceivedUntilDay ({NotReceivedUntilDay}), so no such claim could ever be made.";
        if (Math.Max(LostFromDay, LostFromDayAbroad) > LostUntilDay) yield return $"LostFromDay or LostFromDayAbroad is after LostUntilDay ({LostUntilDay}), so no such claim could ever be made.";
        foreach (var (name, amount) in new[] { (nameof(AutomaticUpTo), AutomaticUpTo), (nameof(AutomaticLimit), AutomaticLimit), (nameof(AutomaticPerDay), AutomaticPerDay) })
            if (amount is < 0 or > 1_000_000_000) yield return FormattableString.Invariant($"{name} is {amount}; it must be 0 to 1,000,000,000.");
        if (AutomaticLimit > AutomaticUpTo) yield return FormattableString.Invariant($"AutomaticLimit ({AutomaticLimit}) is above AutomaticUpTo ({AutomaticUpTo}); thin evidence would be paid better than good evidence.");
        if (ClaimsPerYear is < 0 or > 1_000) yield return $"ClaimsPerYear is {ClaimsPerYear}; it must be 0 to 1,000.";
    }

    /// <summary>Names these rules: stored with every decision as its input.</summary>
    public string Digest()
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{NotReceivedFromDay}|{NotReceivedUntilDay}|{LostFromDay}|{LostFromDayAbroad}|{LostUntilDay}|{DamagedUntilDay}|{ItemUntilDay}|{AutomaticUpTo}|{AutomaticLimit}|{AutomaticPerDay}|{ClaimsPerYear}|{PhotoRequired}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 6));
    }

    /// <summary>When a claim of a kind may be made. Null when the parcel's state does not allow that kind at all.</summary>
    public ClaimWindow? Window(ClaimKind kind, ParcelFacts facts)
    {
        if (kind == ClaimKind.Lost)
        {
            if (facts.DeliveredAt is not null || facts.LastScanAt is not { } last) return null;
            var from = facts.LossReported ? 0 : facts.Abroad ? LostFromDayAbroad : LostFromDay;   // no need to wait for a parcel that the carrier itself gave up
            return new ClaimWindow(last.AddDays(from), last.AddDays(LostUntilDay + 1));
        }
        if (kind == ClaimKind.Damaged && facts.DeliveredAt is null && facts.DamageReported && facts.LastScanAt is { } reported) return new ClaimWindow(reported, reported.AddDays(DamagedUntilDay + 1));
        if (facts.DeliveredAt is not { } delivered) return null;
        return kind switch
        {
            ClaimKind.DeliveredNotReceived => new ClaimWindow(delivered.AddDays(NotReceivedFromDay), delivered.AddDays(NotReceivedUntilDay + 1)),
            ClaimKind.Damaged => new ClaimWindow(delivered, delivered.AddDays(DamagedUntilDay + 1)),
            _ => new ClaimWindow(delivered, delivered.AddDays(ItemUntilDay + 1)),
        };
    }
}

/// <summary>From when (inclusive) to when (exclusive) a claim is taken.</summary>
public readonly record struct ClaimWindow(DateTimeOffset From, DateTimeOffset Until);

/// <summary>What the engine knows of a parcel when somebody claims, out of its scans. Open facts only: that somebody signed, never who.</summary>
public sealed record ParcelFacts
{
    public required string UseId { get; init; }
    /// <summary>The newest stored append that was read.</summary>
    public int ShipmentVersion { get; init; }
    public Milestone Status { get; init; }
    public DateTimeOffset? DeliveredAt { get; init; }
    public DateTimeOffset? LastScanAt { get; init; }
    public int Scans { get; init; }
    public bool Abroad { get; init; }
    public bool Signed { get; init; }
    public int Photos { get; init; }
    public bool Position { get; init; }
    /// <summary>Left with a neighbour, at a safe place: where the carrier says it is, and not in the consignee's hands.</summary>
    public bool LeftElsewhere { get; init; }
    public bool MovedAfterDelivery { get; init; }
    public bool LossReported { get; init; }
    public bool DamageReported { get; init; }
    public bool Partial { get; init; }
    public int Attempts { get; init; }
    /// <summary>Remedies the buyer accepted already that put the same thing right.</summary>
    public ImmutableArray<string> Compensated { get; init; } = [];
    /// <summary>The days it is expected, in the destination's zone.</summary>
    public DateOnly? From { get; init; }
    public DateOnly? To { get; init; }
    public string? Zone { get; init; }
}
