using System.Diagnostics;
using System.Text.Json.Serialization;
using Tracking.Domain.Recovery;

namespace Tracking.Domain.Customers;

/// <summary>A fact about a customer that was stored. Contact points are not here: they are sealed beside it (<see cref="Contact"/>).</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(CardChanged), "card")]
[JsonDerivedType(typeof(PreferencesSet), "preferences")]
[JsonDerivedType(typeof(OfferEntered), "entered")]
[JsonDerivedType(typeof(OfferRefused), "refused")]
[JsonDerivedType(typeof(OfferClosed), "closed")]
public abstract record CustomerEvent;

/// <param name="Contact">True when the sealed half holds a new contact.</param>
public sealed record CardChanged(string? Tier, string? Language, bool Contact) : CustomerEvent;

public sealed record PreferencesSet(ImmutableArray<string> Channels, bool Offers) : CustomerEvent;

/// <summary>An offer stands in the ledger. Written before anyone is told of it.</summary>
public sealed record OfferEntered(string Offer, string Order, CauseKey Cause, DateTimeOffset At, long Cost, string Currency, int SpacingDays) : CustomerEvent;

public sealed record OfferRefused(string Offer, string Order, string Why) : CustomerEvent;

public sealed record OfferClosed(string Offer, string Outcome, RemedyKind? Remedy, long Spent) : CustomerEvent;

/// <summary>How to reach somebody. Personal.</summary>
public sealed record Contact(string? Name, string? Email, string? Phone)
{
    public static readonly Contact None = new(null, null, null);

    public override string ToString() => "someone";
}

/// <summary>One offer in the ledger. <see cref="Outcome"/>: <c>open</c>, <c>accepted</c>, <c>declined</c>, <c>expired</c>.</summary>
public sealed record GoodwillLine(OfferEntered Entered, string Outcome, RemedyKind? Remedy, long Spent);

/// <summary>What we know of a customer, and the ledger of what was done to put things right with them.</summary>
public sealed record Customer
{
    public const string Open = "open";
    public static readonly Customer Unknown = new();

    public string? Tier { get; init; }
    public string? Language { get; init; }
    /// <summary>False: no offers, only notices.</summary>
    public bool WantsOffers { get; init; } = true;
    public ImmutableArray<string> Channels { get; init; } = [];
    public ImmutableDictionary<string, GoodwillLine> Lines { get; init; } = ImmutableDictionary.Create<string, GoodwillLine>(StringComparer.Ordinal);
    public ImmutableDictionary<string, string> Refused { get; init; } = ImmutableDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>True when the ledger has answered for this offer; <paramref name="refused"/> is why not, or null.</summary>
    public bool Answer(string offer, out string? refused)
    {
        if (Refused.TryGetValue(offer, out refused)) return true;
        return Lines.ContainsKey(offer);
    }

    /// <summary>Why an offer for that order, decided at that moment, does not get into the ledger; null when it does.</summary>
    public string? Refuses(string order, DateTimeOffset at, int spacingDays)
    {
        if (!WantsOffers) return "the customer wants none";
        if (spacingDays == 0) return null;
        foreach (var line in Lines.Values)
            if (line.Entered.Order != order && (at - line.Entered.At).Duration() < TimeSpan.FromDays(spacingDays))
                return $"offer {line.Entered.Offer} for order {line.Entered.Order}, less than {spacingDays} days apart";
        return null;
    }

    public Customer Apply(CustomerEvent happened) => happened switch
    {
        CardChanged card => this with { Tier = card.Tier, Language = card.Language },
        PreferencesSet set => this with { Channels = set.Channels, WantsOffers = set.Offers },
        OfferEntered entered => this with { Lines = Lines.SetItem(entered.Offer, new GoodwillLine(entered, Open, null, 0)) },
        OfferRefused refused => this with { Refused = Refused.SetItem(refused.Offer, refused.Why) },
        OfferClosed closed => Lines.TryGetValue(closed.Offer, out var line)
            ? this with { Lines = Lines.SetItem(closed.Offer, line with { Outcome = closed.Outcome, Remedy = closed.Remedy, Spent = closed.Spent }) } : this,
        _ => throw new UnreachableException($"No rule for {happened.GetType().Name}."),
    };
}
