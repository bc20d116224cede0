using System.Text.Json;
using Tracking.Contracts.Orders;
using Tracking.Domain.Customers;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Grains.Orders;
using Tracking.Journal;

namespace Tracking.Grains.Customers;

/// <inheritdoc cref="ICustomerGrain"/>
[GrainType("customer")]
public sealed class CustomerGrain(IEventJournal journal, TimeProvider clock) : Grain, ICustomerGrain
{
    private JournalledState<Customer, CustomerEvent>? _state;

    private JournalledState<Customer, CustomerEvent> State
        => _state ??= new(journal, "c/" + this.GetPrimaryKeyString(), Customer.Unknown, static (customer, happened, _) => customer.Apply(happened), clock);

    public async Task<string?> Enter(LedgerEntry entry)
    {
        var customer = await State.GetAsync();
        if (customer.Answer(entry.Offer, out var refused)) return refused;
        var why = customer.Refuses(entry.Order, entry.At, entry.SpacingDays);
        await State.AppendAsync(why is null
            ? new OfferEntered(entry.Offer, entry.Order, entry.Cause, entry.At, entry.Cost, entry.Currency, entry.SpacingDays)
            : new OfferRefused(entry.Offer, entry.Order, why));
        return why;
    }

    public async Task Close(string offer, string outcome, RemedyKind? remedy, long cost)
    {
        var customer = await State.GetAsync();
        if (!customer.Lines.ContainsKey(offer)) customer = await State.GetAsync(fresh: true);
        if (customer.Lines.TryGetValue(offer, out var line) && line.Outcome == Customer.Open) await State.AppendAsync(new OfferClosed(offer, outcome, remedy, cost));
    }

    public async Task Know(CustomerCard card)
    {
        var customer = await State.GetAsync();
        var contact = new Contact(card.Name, card.Email, card.Phone);
        var known = await ContactAsync();
        var open = customer.Tier != (card.Tier ?? customer.Tier) || customer.Language != (card.Language ?? customer.Language);
        var personal = contact != Contact.None && contact != known;
        var events = ImmutableArray.CreateBuilder<CustomerEvent>(3);
        if (open || personal) events.Add(new CardChanged(card.Tier ?? customer.Tier, card.Language ?? customer.Language, personal));
        if (card.Order is { } order && Customer.PurchaseOf(order, card.Categories.IsDefault ? [] : card.Categories) is { } purchase && customer.IsNews(purchase)) events.Add(purchase);
        if (card.Order is { } told && !customer.Orders.Contains(told)) events.Add(new OrderTold(told));
        if (events.Count == 0) return;
        await State.AppendAsync(personal ? JsonSerializer.SerializeToUtf8Bytes(contact, OrderJson.Options) : default, marked: false, events.ToImmutable());
    }

    public async Task Prefer(ImmutableArray<string> channels, bool offers)
    {
        var customer = await State.GetAsync();
        if (customer.WantsOffers == offers && customer.Channels.SequenceEqual(channels)) return;
        await State.AppendAsync(new PreferencesSet(channels, offers));
    }

    public async Task<CustomerLedger> Ledger()
    {
        var customer = await State.GetAsync();
        return new CustomerLedger(customer.Tier, customer.Language, customer.WantsOffers, customer.Channels,
            [.. customer.Lines.Values.OrderBy(l => l.Entered.At).ThenBy(l => l.Entered.Offer, StringComparer.Ordinal).Select(l => new LedgerLine(
                new LedgerEntry(l.Entered.Offer, l.Entered.Order, l.Entered.Cause, l.Entered.At, l.Entered.Cost, l.Entered.Currency, l.Entered.SpacingDays), l.Outcome, l.Remedy, l.Spent))]);
    }

    public async Task<ImmutableArray<string>> Orders() => [.. (await State.GetAsync(fresh: true)).Orders.Order(StringComparer.Ordinal)];

    public async Task Erased()
    {
        await State.GetAsync(fresh: true);
        await State.AppendAsync(new Erased());
    }

    private Task<Contact?> ContactAsync() => CustomerContacts.ReadAsync(journal, "c/" + this.GetPrimaryKeyString());
}

/// <summary>How to reach a customer: personal, sealed beside the customer's events, gone with the stream's key.</summary>
public static class CustomerContacts
{
    /// <summary>What a stored row of a customer says about wanting offers.</summary>
    public static IEnumerable<bool> WishesIn(JournalRow row)
        => JournalledState<Customer, CustomerEvent>.EventsIn(row).OfType<PreferencesSet>().Select(static set => set.Offers);

    /// <summary>The newest contact; null when none was told or it was erased.</summary>
    public static async Task<Contact?> ReadAsync(IEventJournal journal, string stream)
    {
        Contact? contact = null;
        await foreach (var row in journal.ReadAsync(stream))
            if (!row.Personal.IsEmpty) contact = JsonSerializer.Deserialize<Contact>(row.Personal.Span, OrderJson.Options);
        return contact;
    }
}
