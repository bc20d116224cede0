using Tracking.Contracts.Live;
using Tracking.Domain.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>
/// What a shipment keeps in memory only while somebody looks: which nodes, and the scans that a page shows. Scans are read once from what is stored; those
/// that are appended while that is being read are remembered beside it, so nothing falls between the two.
/// </summary>
public sealed class WatchedShipment(IEventJournal journal, string stream)
{
    private readonly List<(IWatchNode Node, DateTimeOffset Until)> _nodes = [];
    private readonly Dictionary<DedupKey, (RecordedScan Scan, int Version)> _scans = [];
    private Task? _reading;

    /// <summary>True when every scan of every version that is believed is here; a view drawn before would have holes.</summary>
    public bool IsWhole => _reading is { IsCompletedSuccessfully: true };

    /// <summary>Reads what is stored, once for all who wait. Throws what the journal throws; the next one tries again.</summary>
    public Task ReadAsync()
    {
        if (_reading is null or { IsFaulted: true } or { IsCanceled: true }) _reading = ReadRowsAsync();
        return _reading;
    }

    /// <summary>Something was perhaps stored that nobody told us: what is stored must be read again.</summary>
    public void Doubt() => _reading = null;

    private async Task ReadRowsAsync()
    {
        await foreach (var row in journal.ReadAsync(stream))
            Remember(ShipmentJson.Read(row.Open.Span), row.Version);
    }

    public void Remember(ShipmentAppend append, int version)
    {
        foreach (var recorded in append.Scans)
            if (!_scans.TryGetValue(recorded.Scan.Key, out var known) || known.Version <= version)
                _scans[recorded.Scan.Key] = (recorded, version);
    }

    public RecordedScan? Find(DedupKey key) => _scans.TryGetValue(key, out var scan) ? scan.Scan : null;

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
