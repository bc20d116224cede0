using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Claims;

/// <summary>What weighing came to. Never a refusal: whoever is not paid at once meets a person.</summary>
public sealed record Weighed(ClaimPath Path, int Score, ImmutableArray<WeighedFact> Evidence, ImmutableArray<string> Reasons, Money? Amount);

/// <summary>
/// Weighs a claim in the open. Each fact has a fixed weight and a sentence; the sum and a few hard limits choose the path. There is no hidden score, and nothing in it
/// that a claimant could not be told.
/// </summary>
public static class ClaimWeighing
{
    /// <summary>From this sum on the evidence is good enough to pay the whole value.</summary>
    public const int Clear = 3;

    /// <param name="earlierClaims">Claims of the same customer in the year before; null when nobody knows who claims.</param>
    /// <param name="viewsAfterDelivery">Times the page was opened after the delivery scan and before the claim.</param>
    /// <param name="currency">The retailer's, in which the policy's amounts are.</param>
    public static Weighed Weigh(ClaimFiling filing, ParcelFacts facts, SignatureExpectation? signature, int? earlierClaims, int viewsAfterDelivery, ClaimPolicy policy, string currency)
    {
        var evidence = ImmutableArray.CreateBuilder<WeighedFact>();
        void Add(string code, int weight, string says) => evidence.Add(new WeighedFact(code, weight, says));

        switch (filing.Kind)
        {
            case ClaimKind.DeliveredNotReceived: WeighNotReceived(facts, signature, viewsAfterDelivery, Add); break;
            case ClaimKind.Lost:
                if (facts.LossReported) Add("carrier-lost", 5, "The carrier itself reports the parcel lost or destroyed.");
                else Add("silence", 3, $"Nothing was scanned since {Day(facts.LastScanAt)}.");
                break;
            case ClaimKind.Damaged:
                if (facts.DamageReported) Add("carrier-damage", 4, "The carrier itself reported damage.");
                Photos(filing, Add);
                break;
            case ClaimKind.WrongItem: Photos(filing, Add); break;
            case ClaimKind.MissingItem:
                if (facts.Partial) Add("partial", 3, "The carrier delivered only part of the shipment.");
                else Add("complete", -1, "The carrier reports no missing piece.");
                break;
        }

        foreach (var remedy in facts.Compensated) Add("compensated", -5, $"The buyer accepted '{remedy}' for this order already.");
        if (earlierClaims is not { } earlier) Add("claimant-unknown", -1, "Nobody knows which customer claims.");
        else if (earlier == 0) Add("first-claim", 1, "This customer claimed nothing in the year before.");
        else Add("earlier-claims", earlier == 1 ? -1 : -3, $"This customer made {earlier} claim{(earlier == 1 ? "" : "s")} in the year before.");
        if (filing.Value is { } value && value.Amount <= policy.AutomaticUpTo / 5) Add("small", 1, $"The value is small: {value}.");

        var score = evidence.Sum(e => e.Weight);
        var reasons = ImmutableArray.CreateBuilder<string>();
        var amount = filing.Value;
        var path = ClaimPath.Person;
        if (filing.Value is null) reasons.Add("The value is not known, so a person decides.");
        else if (filing.Value.Value.Currency != currency) reasons.Add($"The value is in {filing.Value.Value.Currency} and the limits are in {currency}, so a person decides.");
        else if (policy.AutomaticPerDay == 0) reasons.Add("This retailer lets a person decide every claim.");
        else if (filing.Value.Value.Amount > policy.AutomaticUpTo) reasons.Add($"The value of {filing.Value} is above {Money(policy.AutomaticUpTo, currency)}, so a person decides.");
        else if (earlierClaims >= policy.ClaimsPerYear) reasons.Add($"The customer made {earlierClaims} claims in a year, and from {policy.ClaimsPerYear} on a person decides.");
        else if (!facts.Compensated.IsEmpty) reasons.Add("Something was accepted already that puts the same thing right, so a person decides.");
        else if (score < 0) reasons.Add($"The evidence speaks more against the claim than for it ({score}), so a person decides.");
        else if (score >= Clear)
        {
            path = ClaimPath.Automatic;
            reasons.Add($"The evidence is clear ({score} of {Clear} needed) and the value of {filing.Value} is within {Money(policy.AutomaticUpTo, currency)}.");
        }
        else if (filing.Wish == ClaimRemedy.Reship && filing.Value.Value.Amount > policy.AutomaticLimit)
            reasons.Add($"A replacement costs more than the {Money(policy.AutomaticLimit, currency)} that thin evidence ({score}) is granted at once, so a person decides.");
        else if (policy.AutomaticLimit == 0) reasons.Add($"The evidence is thin ({score} of {Clear} needed) and nothing is granted on thin evidence, so a person decides.");
        else
        {
            path = ClaimPath.AutomaticWithLimit;
            if (filing.Value.Value.Amount > policy.AutomaticLimit) amount = ToMoney(policy.AutomaticLimit, currency);
            reasons.Add($"The evidence is thin ({score} of {Clear} needed), so {amount} of {filing.Value} is granted at once.");
        }
        return new Weighed(path, score, evidence.ToImmutable(), reasons.ToImmutable(), path == ClaimPath.Person ? null : amount);
    }

    public static Money ToMoney(decimal amount, string currency)
    {
        var scale = (decimal)Math.Pow(10, Currencies.Digits(currency) ?? 2);
        return new Money((long)Math.Floor(amount * scale), currency);
    }

    private static void WeighNotReceived(ParcelFacts facts, SignatureExpectation? signature, int views, Action<string, int, string> add)
    {
        add("delivered", 0, $"The carrier reports the delivery of {Day(facts.DeliveredAt)}.");
        if (facts.Signed) add("signed", -4, "The carrier recorded a signature.");
        else if (signature is { Required: true }) add("signature-owed", 3, "A signature was required and the carrier recorded none.");
        if (facts.LeftElsewhere) add("left-elsewhere", 2, "The carrier left it with somebody else or outside.");
        if (facts.Photos > 0) add("photo", -1, facts.Photos == 1 ? "There is a photo of the delivery." : $"There are {facts.Photos} photos of the delivery.");
        if (facts.Position) add("position", -1, "The position of the delivery was recorded.");
        if (!facts.Signed && facts.Photos == 0 && !facts.Position && !facts.LeftElsewhere) add("no-proof", 2, "There is no proof of delivery beyond the scan.");
        if (facts.MovedAfterDelivery) add("moved-after", 3, "The carrier scanned the parcel after it had reported the delivery.");
        if (signature?.AnsweredAt is { } at) add("signature-acknowledged", 0, $"The shopper answered the signature notice on {Day(at)}: {signature.Answer}.");
        else if (signature is { Required: true, ToldAt: { } told }) add("signature-told", 0, $"The shopper was told on {Day(told)} that a signature is needed.");
        if (views > 0) add("page-opened", 1, views == 1 ? "The page was opened once after the delivery scan, as by somebody who looks for a parcel." : $"The page was opened {views} times after the delivery scan, as by somebody who looks for a parcel.");
    }

    private static void Photos(ClaimFiling filing, Action<string, int, string> add)
    {
        if (filing.Photos.Length > 0) add("photo-sent", 2, filing.Photos.Length == 1 ? "The claimant sent a photo." : $"The claimant sent {filing.Photos.Length} photos.");
        else add("no-photo", -2, "The claimant sent no photo.");
    }

    private static string Money(decimal amount, string currency) => ToMoney(amount, currency).ToString();

    private static string Day(DateTimeOffset? at) => at is { } day ? FormattableString.Invariant($"{day.UtcDateTime:yyyy-MM-dd}") : "an unknown day";
}
