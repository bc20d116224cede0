using System.Globalization;
using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>The reason of a decision in one sentence.</summary>
public static class WhyDecided
{
    public static string Of(OfferStanding offer) => offer.State == OfferState.Withheld && offer.Decision.IsOffer
        ? $"{What(offer.Decision)}, but {Not(offer.Why, offer.Detail, offer.Decision)}."
        : Of(offer.Decision);

    public static string Of(RecoveryDecision decision) => decision.IsOffer
        ? $"{What(decision)}; rule {decision.Rule} of policy version {decision.PolicyVersion} offers {string.Join(" or ", decision.Remedies.Select(r => r.Kind.Name()))}, reserving {new Money(decision.Reserve, decision.Currency)}."
        : $"{What(decision)}, but {Not(decision.Withheld, decision.Detail, decision)}.";

    /// <summary>What went wrong, by what was known then.</summary>
    public static string What(RecoveryDecision decision)
    {
        var f = decision.Facts;
        var of = f.Open > 1 ? $" ({f.Shipments} of {f.Open} parcels)" : "";
        var text = decision.Cause.Cause switch
        {
            Cause.Lost => "The carrier reported a parcel lost",
            Cause.Damaged => "The carrier reported damage",
            Cause.Returned => "A parcel went back to the sender",
            Cause.LineCancelled => $"Line {f.Line} was cancelled by the shop",
            Cause.BackOrdered => $"Line {f.Line} is back-ordered",
            Cause.PromiseMissed => $"The promised day {Day(f.PromisedBy)} ended without delivery",
            Cause.PredictedPromiseMiss => $"With {Percent(f.Probability)} the promised day {Day(f.PromisedBy)} will be missed ({Day(f.ExpectedOn)} is expected, by snapshot {f.Snapshot})",
            Cause.AddressTrouble => "The address does not work",
            Cause.Contradiction => "It was scanned as delivered and moved again",
            Cause.AttemptFailed => $"Delivery attempt {decision.Cause.Occurrence} failed",
            Cause.Customs => "Customs stopped it",
            Cause.Held => "It is held until someone acts",
            Cause.CarrierDelay => "The carrier reported a delay",
            Cause.PredictedCarrierMiss => $"With {Percent(f.Probability)} the carrier's day {Day(f.CarrierBy)} will be missed ({Day(f.ExpectedOn)} is expected, by snapshot {f.Snapshot})",
            _ => $"Nothing was heard for longer than is probable (since {f.Since.UtcDateTime.ToString("u", CultureInfo.InvariantCulture)})",
        };
        return f.Reason > Reason.Unknown ? $"{text}{of}, reason {f.Reason.Name()}" : text + of;
    }

    private static string Not(Withheld why, string? detail, RecoveryDecision decision) => why switch
    {
        Withheld.NoRule => $"policy version {decision.PolicyVersion} has no rule for it{More(detail)}",
        Withheld.NotQualified => $"it does not qualify{More(detail)}",
        Withheld.CoolDown => $"the order was offered something a short time ago{More(detail)}",
        Withheld.Spacing => $"the customer was offered something a short time ago{More(detail)}",
        Withheld.Budget => $"the budget has not enough left{More(detail)}",
        Withheld.TooLate => $"it was too long ago to say sorry{More(detail)}",
        Withheld.TellOnly => $"rule {decision.Rule} says to tell only",
        Withheld.Holiday => $"offers rest{More(detail)}",
        Withheld.NotWanted => "the customer wants no offers",
        Withheld.Codes => $"the shop's codes are used up{More(detail)}",
        _ => "nothing was offered",
    };

    private static string More(string? detail) => detail is null ? "" : $": {detail}";

    private static string Percent(double probability) => probability.ToString("P0", CultureInfo.InvariantCulture);

    private static string Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "that nobody knows";
}
