using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>What a shipment keeps in memory only while somebody looks: which nodes, and the scans that a page shows.</summary>
public sealed class WatchedShipment
{
    private readonly List<(IWatchNode Node, DateTimeOffset Until)> _nodes = [];
    private readonly Dictionary<DedupKey, RecordedScan> _scans = [];

    /// <summary>Reads the scans of a shipment once, from what is stored.</summary>
    public static async Task<WatchedShipment> StartAsync(IEventJournal journal, Shipment shipment)
    {
        var watched = new WatchedShipment();
        await foreach (var row in journal.ReadAsync(ShipmentStream.Of(shipment.Key)))
            watched.Remember(ShipmentJson.Read(row.Open.Span));
        return watched;
    }

    public void Remember(ShipmentAppend append)
    {
        foreach (var recorded in append.Scans) _scans[recorded.Scan.Key] = recorded;
    }

    public RecordedScan? Find(DedupKey key) => _scans.TryGetValue(key, out var scan) ? scan : null;

    /// <summary>A node answers for all its pages of this shipment, so there are as many entries as nodes, not as watchers.</summary>
    public void Renew(IWatchNode node, DateTimeOffset until)
    {
        for (var i = 0; i < _nodes.Count; i++)
            if (_nodes[i].Node.Equals(node)) { _nodes[i] = (node, until); return; }
        _nodes.Add((node, until));
    }

    /// <summary>Nodes whose lease still runs.</summary>
    public IReadOnlyList<IWatchNode> Nodes(DateTimeOffset now)
    {
        _nodes.RemoveAll(n => n.Until <= now);
        return [.. _nodes.Select(n => n.Node)];
    }
}
