using Orleans.Concurrency;
using Tracking.Contracts.Live;
using Tracking.Domain.Shipments;

namespace Tracking.Contracts.Shipments;

/// <summary>The one place in the cluster that may say where a parcel is. Key: <c>{retailer}/{carrier}/{number}</c>.</summary>
[Alias("tracking.shipment-grain")]
public interface IShipmentGrain : IGrainWithStringKey
{
    /// <summary>
    /// Records scans of this shipment. When it returns, accepted ones are committed and flushed. Idempotent: a scan already known is a duplicate.
    /// A <see cref="ScanOutcome.Failed"/> outcome means "not known to be stored, send again".
    /// </summary>
    [Alias("record")] Task<ScanReceipt> RecordScans(ScanBatch batch);

    /// <summary>
    /// Registers a node that has the shipment's page open, for the length of the lease, and answers the view if it is newer than what the node has.
    /// Called again before the lease ends; a missed push is thereby repaired within one renewal.
    /// </summary>
    [Alias("watch"), AlwaysInterleave] Task<ShipmentView?> Watch(IWatchNode node, TimeSpan lease, int knownVersion);

    /// <summary>
    /// Withdraws the links of a generation; from then on only links of the next one open. Repeating it does nothing, so that a link handed out after the first
    /// withdrawal stays good.
    /// </summary>
    [Alias("withdraw-links")] Task<LinkWithdrawal> WithdrawLinks(int generation);

    /// <summary>Something the shipment wanted to be woken for has come due. Repeating it does nothing.</summary>
    [Alias("wake")] Task Wake();
}

/// <summary>Scans of one shipment out of one message.</summary>
/// <param name="Originals">The parts of the message they were read from; stored sealed in the same append.</param>
[GenerateSerializer, Immutable, Alias("tracking.scan-batch")]
public sealed record ScanBatch(
    [property: Id(0)] ImmutableArray<Scan> Scans,
    [property: Id(1)] DateTimeOffset ReceivedAt,
    [property: Id(2)] ImmutableArray<Original> Originals);

/// <summary>A sender's own bytes, as they came.</summary>
[GenerateSerializer, Immutable, Alias("tracking.original")]
public sealed record Original(
    [property: Id(0)] string PayloadId,
    [property: Id(1)] string Format,
    [property: Id(2)] ImmutableArray<byte> Bytes);

/// <summary>What became of each scan, in the order given, and the shipment's version after it.</summary>
[GenerateSerializer, Immutable, Alias("tracking.scan-receipt")]
public readonly record struct ScanReceipt(
    [property: Id(0)] ImmutableArray<ScanOutcome> Outcomes,
    [property: Id(1)] int Version,
    [property: Id(2)] string? Problem);

/// <param name="Known">False: there is no such shipment.</param>
/// <param name="Generation">Of the links that open now.</param>
/// <param name="Problem">Why it is not known to be withdrawn; null when it is.</param>
[GenerateSerializer, Immutable, Alias("tracking.link-withdrawal")]
public readonly record struct LinkWithdrawal(
    [property: Id(0)] bool Known,
    [property: Id(1)] int Generation,
    [property: Id(2)] string? Problem);
