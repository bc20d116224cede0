using System.Globalization;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Shipments;

/// <summary>Reads shipments from the journal on whichever node is asked. A past instant is the same fold over the prefix recorded by then.</summary>
public sealed class ShipmentReader(IEventJournal journal, IHeadStore heads, ShipmentViews views, LinkTokens links, EddBook edd, TimeProvider clock) : IShipmentReader
{
    public Task<ShipmentView?> ReadAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default)
        => ReadAsync(key, at, use, full: false, cancel);

    public Task<ShipmentView?> ReadFullAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default)
        => ReadAsync(key, at, use, full: true, cancel);

    private async Task<ShipmentView?> ReadAsync(ShipmentKey key, DateTimeOffset? at, string? use, bool full, CancellationToken cancel)
    {
        var replay = new ShipmentReplay(Shipment.Unseen(key));
        var scans = new Dictionary<DedupKey, RecordedScan>();
        await foreach (var row in journal.ReadAsync(ShipmentStream.Of(key), cancel))
        {
            if (at is { } until && row.RecordedAt > until) break;
            var append = ShipmentJson.Read(row.Open.Span, full ? row.Personal.Span : default);
            replay.Add(append);
            foreach (var recorded in append.Scans) scans[recorded.Scan.Key] = recorded;
        }
        if (replay.Version == 0) return null;

        var now = at ?? clock.GetUtcNow();
        var shipment = replay.End().AsOf(now);
        var standing = shipment.Current!;
        if (use is not null)
        {
            standing = shipment.Standings.FirstOrDefault(s => LinkTokens.UseId(key, Math.Max(shipment.OrdinalOf(s), 0)) == use);
            if (standing is null) return null;
        }
        // What was expected next in the past was not stored; only what is expected now can be said.
        var expectedBy = at is null ? ShipmentClock.Expectation(shipment, edd.Current, now)?.ExpectedBy : null;
        return views.Draw(shipment, standing, found => scans.TryGetValue(found, out var scan) ? scan : null, expectedBy, full);
    }

    public async Task<ShipmentHistory?> HistoryAsync(ShipmentKey key, CancellationToken cancel = default)
    {
        var entries = ImmutableArray.CreateBuilder<HistoryEntry>();
        await foreach (var row in journal.ReadAsync(ShipmentStream.Of(key), cancel))
        {
            var append = ShipmentJson.Read(row.Open.Span, row.Personal.Span);
            entries.Add(new HistoryEntry(row.Version, row.RecordedAt, append.Scans, [.. append.Events.Select(e => new HistoryDecision(Type(e), Why.Of(e), e))], row.Erased));
        }
        return entries.Count == 0 ? null : new ShipmentHistory(key, entries.ToImmutable());
    }

    public async Task<LinkTarget?> OpenLinkAsync(string token, CancellationToken cancel = default)
    {
        if (LinkTokens.HashOf(token) is not { } hash || await heads.FindLinkAsync(hash, cancel) is not { } row) return null;
        if (ShipmentStream.KeyOf(row.Stream) is not { } key) return null;
        var at = row.Audience.LastIndexOf(':');
        if (at < 0 || !int.TryParse(row.Audience.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var ordinal)) return null;
        var audience = row.Audience[..at];
        return new LinkTarget(key, LinkTokens.UseId(key, ordinal), audience, row.Generation);
    }

    public string LinkToken(ShipmentKey key, string useId, string audience, int generation) => links.Token(key, useId, audience, generation);

    private static string Type(ShipmentEvent happened) => happened switch
    {
        UseOpened => "use", MilestoneReached => "milestone", EstimateIssued => "estimate", WindowShown => "window", WentSilent => "silent", LinkIssued => "link",
        _ => "other",
    };
}
