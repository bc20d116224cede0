using Tracking.Domain.Recovery;

namespace Tracking.Contracts.Orders;

/// <summary>
/// One customer: what they want to hear, how well we have treated them, what they were offered. Key: <c>{retailer}/{customer}</c>, for an anonymous buyer
/// <c>{retailer}/~{order}</c>.
/// </summary>
[Alias("tracking.customer-grain")]
public interface ICustomerGrain : IGrainWithStringKey
{
    /// <summary>
    /// Writes an offer into the goodwill ledger, before anyone is told of it. Null when it stands there (also when it did before); otherwise why not.
    /// The answer to an id never changes.
    /// </summary>
    [Alias("enter")] Task<string?> Enter(LedgerEntry entry);

    /// <summary>How it ended: <c>accepted</c>, <c>declined</c>, <c>expired</c>. Repeating it does nothing.</summary>
    [Alias("close")] Task Close(string offer, string outcome, RemedyKind? remedy, long cost);

    /// <summary>What a shop knows of the customer: how good, which language, how to reach, what was bought. Contact points are sealed.</summary>
    [Alias("know")] Task Know(CustomerCard card);

    [Alias("prefer")] Task Prefer(ImmutableArray<string> channels, bool offers);

    [Alias("ledger")] Task<CustomerLedger> Ledger();

    /// <summary>The orders they placed, as far as they were told since orders are remembered.</summary>
    [Alias("orders")] Task<ImmutableArray<string>> Orders();

    /// <summary>Notes that what is personal was destroyed, at the end of it.</summary>
    [Alias("erased")] Task Erased();
}

/// <param name="SpacingDays">No second offer within so many days; 0: no such rule.</param>
[GenerateSerializer, Immutable, Alias("tracking.ledger-entry")]
public sealed record LedgerEntry(
    [property: Id(0)] string Offer, [property: Id(1)] string Order, [property: Id(2)] CauseKey Cause, [property: Id(3)] DateTimeOffset At, [property: Id(4)] long Cost,
    [property: Id(5)] string Currency, [property: Id(6)] int SpacingDays);

/// <param name="Order">The order that told it.</param>
/// <param name="Categories">What that order was for, by the shop's names.</param>
[GenerateSerializer, Immutable, Alias("tracking.customer-card")]
public sealed record CustomerCard(
    [property: Id(0)] string? Tier, [property: Id(1)] string? Language, [property: Id(2)] string? Name, [property: Id(3)] string? Email, [property: Id(4)] string? Phone,
    [property: Id(5)] string? Order = null, [property: Id(6)] ImmutableArray<string> Categories = default)
{
    public override string ToString() => "someone";
}

[GenerateSerializer, Immutable, Alias("tracking.customer-ledger")]
public sealed record CustomerLedger(
    [property: Id(0)] string? Tier, [property: Id(1)] string? Language, [property: Id(2)] bool WantsOffers, [property: Id(3)] ImmutableArray<string> Channels,
    [property: Id(4)] ImmutableArray<LedgerLine> Lines);

/// <param name="Outcome"><c>open</c>, <c>accepted</c>, <c>declined</c>, <c>expired</c>.</param>
[GenerateSerializer, Immutable, Alias("tracking.ledger-line")]
public sealed record LedgerLine([property: Id(0)] LedgerEntry Entry, [property: Id(1)] string Outcome, [property: Id(2)] RemedyKind? Remedy, [property: Id(3)] long Spent);

/// <summary>
/// One purse: a day's or a campaign's budget. Key: <c>{retailer}/{currency}/{purse}</c>. Gives out portions to its shares and takes back what they do not need; the
/// only place that knows the whole, asked rarely.
/// </summary>
[Alias("tracking.budget-grain")]
public interface IBudgetGrain : IGrainWithStringKey
{
    /// <summary>Gives a share at least <paramref name="wanted"/>, or nothing. The same share and number are answered the same. <paramref name="limit"/>: what the purse holds by the policy of this moment.</summary>
    [Alias("draw")] Task<BudgetDraw> Draw(int share, int number, long wanted, long limit);

    /// <summary>A share gives back. The same share and number count once.</summary>
    [Alias("return")] Task Return(int share, int number, long amount);
}

/// <param name="Left">What the purse still has after this.</param>
[GenerateSerializer, Immutable, Alias("tracking.budget-draw")]
public readonly record struct BudgetDraw([property: Id(0)] long Given, [property: Id(1)] long Left);

/// <summary>
/// A share of a purse, in escrow: whatever it gives was drawn before, so shares on any number of nodes together never give more than the purse holds. Key:
/// <c>{retailer}/{currency}/{purse}/{share}</c>.
/// </summary>
[Alias("tracking.budget-share-grain")]
public interface IBudgetShareGrain : IGrainWithStringKey
{
    /// <summary>Reserves for an offer. True when it stands (also when it did before, or was spent); false when the purse has not enough, or it was given back.</summary>
    [Alias("reserve")] Task<bool> Reserve(string offer, long amount, long limit);

    /// <summary>Turns a reservation into spending; what is left of it comes back. Repeating it does nothing.</summary>
    [Alias("spend")] Task Spend(string offer, long amount);

    /// <summary>Gives a reservation back. Repeating it does nothing; what was spent stays spent.</summary>
    [Alias("release")] Task Release(string offer);

    [Alias("standing")] Task<BudgetStanding> Standing();
}

[GenerateSerializer, Immutable, Alias("tracking.budget-standing")]
public readonly record struct BudgetStanding([property: Id(0)] long Drawn, [property: Id(1)] long Reserved, [property: Id(2)] long Spent, [property: Id(3)] int Offers);

/// <summary>
/// A shop's own codes: which of them is whose, so that each goes to one offer only. Key: the retailer. The codes themselves are read from its files on every node; here stands what was done with them.
/// </summary>
[Alias("tracking.code-book-grain")]
public interface ICodeBookGrain : IGrainWithStringKey
{
    /// <summary>Sets a code aside for one remedy of an offer; the same offer and remedy are always answered the same code. Null: the pool is used up, or the offer is closed.</summary>
    /// <param name="forGood">True: a null is stored as well, and is the answer for good.</param>
    [Alias("reserve")] Task<string?> Reserve(string pool, string offer, RemedyKind remedy, bool forGood);

    /// <summary>The offer has ended: the code of the remedy that was taken is given away, whatever else was set aside for it goes back. Repeating it does nothing.</summary>
    [Alias("close")] Task Close(string offer, RemedyKind? taken);

    [Alias("standing")] Task<CodeStanding> Standing(string pool);
}

/// <param name="Left">Codes of the pool's file, as this node has read it, that nobody has.</param>
[GenerateSerializer, Immutable, Alias("tracking.code-standing")]
public readonly record struct CodeStanding([property: Id(0)] int Given, [property: Id(1)] int SetAside, [property: Id(2)] int Left);
