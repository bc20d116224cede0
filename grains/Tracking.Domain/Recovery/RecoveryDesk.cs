using Tracking.Domain.Orders;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>
/// Decides what is offered for the disruptions of a moment. Pure: order, policy and moment are all it sees; what purse and ledger say comes afterwards, under the
/// same id. Declined is decided too, and stored with its reason.
/// </summary>
public static class RecoveryDesk
{
    /// <param name="now">When we look; only to tell whether it is too late to say sorry.</param>
    public static ImmutableArray<RecoveryDecision> Decide(Order order, RecoveryPolicy policy, DueMoment moment, DateTimeOffset now)
    {
        var decisions = ImmutableArray.CreateBuilder<RecoveryDecision>(moment.Causes.Length);
        var offered = LastOffer(order);
        foreach (var cause in moment.Causes)
        {
            var decided = Decide(order, policy, cause, moment.At, now, offered) ;
            if (decided.Withheld != Withheld.TooLate && Tells(order, cause.Key, decisions)) decided = decided with { Tell = true };
            if (decided.IsOffer) offered = (decided.Offer, moment.At);
            decisions.Add(decided);
        }
        return decisions.MoveToImmutable();
    }

    private static RecoveryDecision Decide(
        Order order, RecoveryPolicy policy, Detected cause, DateTimeOffset at, DateTimeOffset now, (string Offer, DateTimeOffset At)? offered)
    {
        var day = policy.DayOf(at);
        var (campaign, holiday) = (policy.CampaignOn(day), policy.HolidayOn(day));
        var basis = new RecoveryDecision
        {
            Offer = OfferId.Of(order.Key, cause.Key), Cause = cause.Key, At = at, PolicyVersion = policy.Version, Currency = policy.Currency, Facts = cause.Facts, SpacingDays = policy.SpacingDays,
        };
        RecoveryRule? rule = null;
        string? unfit = null;
        foreach (var candidate in campaign is null ? policy.Rules : campaign.Rules.AddRange(policy.Rules))
        {
            if (!candidate.Causes.Contains(cause.Key.Cause)) continue;
            if (Unfit(order, policy, candidate, cause, at, holiday) is { } why) { unfit ??= $"rule {candidate.Id} {why}"; continue; }
            rule = candidate;
            break;
        }
        if (rule is null) return basis with { Withheld = unfit is null ? Withheld.NoRule : Withheld.NotQualified, Detail = unfit };
        basis = basis with { Rule = rule.Id };
        if (now - at > policy.MaxAge) return basis with { Withheld = Withheld.TooLate, Detail = $"it fell due {(int)(now - at).TotalHours} h before it could be decided" };
        if (rule.Remedies.IsEmpty) return basis with { Withheld = Withheld.TellOnly };
        if (holiday is { Rest: true }) return basis with { Withheld = Withheld.Holiday, Detail = $"{holiday.From:yyyy-MM-dd} to {holiday.To:yyyy-MM-dd}" };
        if (offered is { } last && at - last.At < policy.CoolDown) return basis with { Withheld = Withheld.CoolDown, Detail = $"offer {last.Offer}" };

        var remedies = Remedies(order, rule, cause);
        if (remedies.IsEmpty) return basis with { Withheld = Withheld.NotQualified, Detail = $"no remedy of rule {rule.Id} is possible for this order" };
        var reserve = remedies.Max(r => r.Cost);
        var purses = ImmutableArray.CreateBuilder<Purse>(2);
        if (reserve > 0)
        {
            purses.Add(new Purse($"day-{day:yyyy-MM-dd}", policy.BudgetPerDay));
            if (campaign is not null) purses.Add(new Purse($"campaign-{campaign.Id}", campaign.Budget));
        }
        var expires = at.AddDays(holiday?.ExpiresDays ?? rule.ExpiresDays);
        return basis with
        {
            Remedies = remedies, CodePrefix = policy.CodePrefix, Reserve = reserve, Purses = purses.ToImmutable(), ExpiresAt = expires,
            RemindAt = rule.RemindDays is { } days && at.AddDays(days) is var remind && remind < expires ? remind : null,
            EndsWhenRestored = rule.EndsWhenRestored && cause.Key.Cause.IsDelay(),
        };
    }

    // Null when the rule is for this order; otherwise what it lacks.
    private static string? Unfit(Order order, RecoveryPolicy policy, RecoveryRule rule, Detected cause, DateTimeOffset at, HolidayRule? holiday)
    {
        var (who, facts, content) = (rule.Who, cause.Facts, order.Content);
        if (rule.When == PromiseSide.Before && facts.PromisedBy is { } by && policy.DayOf(at) > by) return "speaks only before the promised day";
        if (rule.When == PromiseSide.After && (facts.PromisedBy is not { } day || policy.DayOf(at) <= day)) return "speaks only after the promised day";
        if (rule.AllShipments && facts.Shipments < facts.Open) return $"asks for all parcels, and {facts.Shipments} of {facts.Open} are hit";
        var slip = rule.MinSlipDays + (holiday?.ExtraSlipDays ?? 0);
        if (slip > 0 && cause.Key.Cause is Cause.PredictedPromiseMiss or Cause.PredictedCarrierMiss && facts.SlipDays < slip) return $"asks for {slip} days of slip, and it is {facts.SlipDays}";
        if (!who.Parties.IsEmpty && !who.Parties.Contains(facts.Party)) return $"is not for what {facts.Party.ToString().ToLowerInvariant()} answers for";
        if (content is null) return who.WithoutOrder && who.Tiers.IsEmpty && who.MinValue is null && who.Gift is not true && who.Occasion is not true && who.Countries.IsEmpty ? null : "asks for an order";
        if (content.Customer is null && !who.Anonymous) return "is not for anonymous buyers";
        if (!who.Tiers.IsEmpty && (content.Tier is null || !who.Tiers.Contains(content.Tier))) return $"is for {string.Join(" or ", who.Tiers)}";
        if ((who.MinValue is not null || who.MaxValue is not null) && content.Value.Currency != policy.Currency) return $"counts values in {policy.Currency}, and the order is in {content.Value.Currency}";
        if (who.MinValue is { } least && content.Value.Minor < least) return $"is for orders of at least {new Money(least, policy.Currency)}";
        if (who.MaxValue is { } most && content.Value.Minor > most) return $"is for orders of at most {new Money(most, policy.Currency)}";
        if (who.Gift is { } gift && content.Gift != gift) return gift ? "is for gifts" : "is not for gifts";
        if (who.Occasion is { } occasion && (content.Occasion is not null) != occasion) return occasion ? "is for orders with an occasion" : "is not for orders with an occasion";
        if (!who.Countries.IsEmpty && (content.Country is null || !who.Countries.Contains(content.Country))) return $"is for {string.Join(", ", who.Countries)}";
        return null;
    }

    // What the shop itself named for a cancelled line fills in the rain check and the alternative; without it those two cannot be offered.
    private static ImmutableArray<Remedy> Remedies(Order order, RecoveryRule rule, Detected cause)
    {
        var line = order.Unavailable.FirstOrDefault(l => l.Told.Line == cause.Facts.Line && l.Told.Occurrence == cause.Key.Occurrence)?.Told;
        var remedies = ImmutableArray.CreateBuilder<Remedy>(rule.Remedies.Length);
        foreach (var remedy in rule.Remedies)
        {
            var possible = remedy.Kind switch
            {
                RemedyKind.RainCheck => line?.RainCheck is { } price ? new Remedy(remedy.Kind, remedy.Cost, Item: order.Content?.Lines.FirstOrDefault(l => l.Id == line.Line)?.Name ?? line.Line, Price: price) : null,
                RemedyKind.Alternative => (line?.Alternative ?? remedy.Item) is { } item ? new Remedy(remedy.Kind, remedy.Cost, Item: item) : null,
                RemedyKind.RefundShipping => order.Content is not { } content || content.ShippingPaid is not 0 ? new Remedy(remedy.Kind, remedy.Cost) : null,
                _ => new Remedy(remedy.Kind, remedy.Cost, remedy.Percent, remedy.Item),
            };
            if (possible is not null) remedies.Add(possible with { Pool = remedy.Pool, WithholdWhenEmpty = remedy.WithholdWhenEmpty });
        }
        return remedies.ToImmutable();
    }

    private static (string, DateTimeOffset)? LastOffer(Order order)
    {
        for (var i = order.Offers.Length - 1; i >= 0; i--)
            if (order.Offers[i].State is not OfferState.Withheld)
                return (order.Offers[i].Id, order.Offers[i].Decision.At);
        return null;
    }

    // Lateness is told once per promise, whichever kind of it comes first; everything else once per cause.
    private static bool Tells(Order order, CauseKey cause, IEnumerable<RecoveryDecision> moment)
    {
        if (moment.Any(d => d.Tell)) return false;   // the gravest one speaks for the moment
        if (!cause.Cause.IsDelay()) return true;
        var since = order.Promise?.Since ?? DateTimeOffset.MinValue;
        return !order.AdoptedTold.Any(t => t.Cause.IsDelay()) && !order.Offers.Any(o => o.Decision.Tell && o.Decision.Cause.Cause.IsDelay() && o.Decision.At >= since);
    }
}
