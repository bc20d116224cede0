using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>
/// What is known of the person a parcel goes to, for pages. Personal: asked only to compare what a visitor answers, to send a one-time code, or when the
/// visitor has proven enough to see it.
/// </summary>
public interface IRecipients
{
    /// <summary>The recipient of a use of a number; null when nothing is known.</summary>
    ValueTask<RecipientFacts?> FindAsync(ShipmentKey key, string useId, CancellationToken cancel = default);

    /// <summary>An order by the number its buyer was told; null when there is none.</summary>
    ValueTask<GuestOrder?> FindOrderAsync(string retailer, string number, CancellationToken cancel = default);

    /// <summary>Categories that the customer of an order bought from this shop in other orders, newest first; empty where nothing is known.</summary>
    ValueTask<ImmutableArray<string>> BoughtBeforeAsync(OrderKey order, CancellationToken cancel = default) => new([]);
}

/// <summary>One person, one parcel. Whatever was not told is null.</summary>
public sealed record RecipientFacts
{
    public string? Name { get; init; }
    public string? Email { get; init; }
    /// <summary>Of a gift: the buyer's, which opens the page as well but is sent nothing.</summary>
    public string? BuyerEmail { get; init; }
    public string? Phone { get; init; }
    /// <summary>Lines of the address as it would stand on the parcel, without name, postcode and country.</summary>
    public ImmutableArray<string> Address { get; init; } = [];
    public string? PostalCode { get; init; }
    public string? City { get; init; }
    public string? Country { get; init; }
    /// <summary>The shop's number of the order this parcel belongs to.</summary>
    public string? Order { get; init; }
    public ImmutableArray<ParcelItem> Items { get; init; } = [];
    /// <summary>The reader is given this: what it cost is nobody's business here.</summary>
    public bool IsGift { get; init; }
    public bool SignatureNeeded { get; init; }
    /// <summary>A day that matters to the recipient, such as a birthday.</summary>
    public DateOnly? Occasion { get; init; }
    public string? Language { get; init; }

    /// <summary>Without the person, so that a log line never holds one.</summary>
    public override string ToString() => "someone";
}

/// <summary>What is in a parcel, as the shop calls it.</summary>
/// <param name="Category">The shop's name for the kind of thing it is.</param>
public sealed record ParcelItem(string Name, int Quantity, string? Category = null);

/// <param name="Door">The parcel whose door counts wrong answers for the order: its first.</param>
/// <param name="Link">Path of the page that the right answer opens; null for the order's own.</param>
public sealed record GuestOrder(string Order, ShipmentKey Door, RecipientFacts Recipient, string? Link = null)
{
    public override string ToString() => "an order";
}
