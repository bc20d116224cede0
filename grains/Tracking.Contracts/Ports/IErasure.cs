using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>Forgets people: destroys the keys that seal what is personal, and empties what they were sent. Ids, amounts, scans and decisions stay. Repeating it does nothing more.</summary>
public interface IErasure
{
    /// <summary>A customer with all orders that were told of them. Null: nobody of that id was ever told of.</summary>
    Task<ErasureReceipt?> CustomerAsync(string retailer, string customer, CancellationToken cancel = default);

    /// <summary>The people of one order: what an anonymous buyer can be found by. Null for an unknown order.</summary>
    Task<ErasureReceipt?> OrderAsync(OrderKey order, CancellationToken cancel = default);
}

/// <param name="Orders">Orders whose people are gone.</param>
/// <param name="Shipments">Parcels whose names, streets and texts are gone.</param>
/// <param name="Streams">Keys destroyed.</param>
/// <param name="Letters">Letters emptied.</param>
public sealed record ErasureReceipt(int Orders, int Shipments, int Streams, int Letters, DateTimeOffset At);
