using Tracking.Carriers.Polling;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Silo.Polling;

/// <summary>
/// Finds a retailer's live shipments in the stored heads: all of them once, newest first, and from then on what changed since the last look. A bounded number of rows a look, so that a
/// retailer with millions of shipments is found page by page and holds nobody up.
/// </summary>
internal sealed class LiveShipments(IHeadStore heads, string retailer)
{
    private const int Page = 1000, PagesALook = 10;
    // Heads follow their journal rows after a moment, so a look begins a little before the last one ended.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(30);
    private static readonly byte[] Live = [.. Enum.GetValues<Milestone>().Where(m => !m.IsTerminal()).Select(m => (byte)m)];

    private DateTimeOffset _known = DateTimeOffset.MinValue;   // everything up to here was seen
    private DateTimeOffset _top, _before;                      // the look under way: from where, and how far down it came
    private bool _looking;

    /// <summary>True once everything that was there at the beginning has been seen.</summary>
    public bool Complete { get; private set; }

    /// <summary>The next live shipments that may be asked for. Call it again and again; an answer may hold a shipment that was told before.</summary>
    public async Task<IReadOnlyList<PollTarget>> LookAsync(DateTimeOffset now, CancellationToken cancel)
    {
        var found = new List<PollTarget>();
        var oldest = now - PollSchedule.ForgottenAfter;
        if (!_looking) (_looking, _top, _before) = (true, now, now.AddMinutes(10));
        for (var page = 0; page < PagesALook; page++)
        {
            var rows = await heads.ListAsync(new HeadQuery(retailer, ShipmentStream.Kind, Live, 0, _before, Page), cancel);
            foreach (var head in rows)
                if (head.RecordedAt > oldest && ShipmentStream.KeyOf(head.Stream) is { } key && CarrierApi.AccountOf(key.Carrier) is not null)
                    found.Add(new PollTarget(key, (Milestone)head.Status, head.RecordedAt, head.RecordedAt));
            var last = rows.Count > 0 ? rows[^1].RecordedAt : DateTimeOffset.MinValue;
            if (rows.Count < Page || last <= _known || last <= oldest)
            {
                _looking = false;
                _known = _top - Overlap;
                Complete = true;
                break;
            }
            // Rows of one instant may lie on both sides of the page's end: the next page begins with that instant again, unless it fills a page of its own.
            _before = last < rows[0].RecordedAt ? last.AddTicks(TimeSpan.TicksPerMicrosecond) : last;
        }
        return found;
    }
}
