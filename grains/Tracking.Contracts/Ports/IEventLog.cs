using System.Text.Json;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>
/// What happened to a retailer's parcels, orders, offers and claims, to be read from any place on, as often as wanted: it is made from the journal, so nothing in it can be lost or change.
/// </summary>
public interface IEventLog
{
    /// <summary>Events after a cursor, those of one parcel or order in their order. Null: the cursor cannot be read.</summary>
    /// <param name="after">What an earlier page gave; null: from the beginning.</param>
    /// <param name="limit">A page ends with the stored append that reaches it.</param>
    Task<EventPage?> ReadAsync(string retailer, string? after, int limit, CancellationToken cancel = default);
}

/// <param name="Next">Where to go on, now or in a year. It moves on even if no event came.</param>
/// <param name="More">True when there was more to look at than one page looks at: ask again at once.</param>
public sealed record EventPage(IReadOnlyList<RetailerEvent> Events, string Next, bool More);

/// <param name="Id">Made of what caused it, the same in every reading; webhooks about it carry it too.</param>
/// <param name="Type"><c>shipment.status</c>, <c>offer.made</c> …</param>
/// <param name="At">When it was stored.</param>
/// <param name="Data">Without anything personal.</param>
public sealed record RetailerEvent(string Id, string Type, DateTimeOffset At, string? Order, ShipmentKey? Shipment, JsonElement Data);
