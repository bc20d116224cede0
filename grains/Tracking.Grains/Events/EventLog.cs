using Tracking.Contracts.Ports;
using Tracking.Journal;

namespace Tracking.Grains.Events;

/// <summary>Reads marked rows of every partition after the reader's own cursor, commit-safe as the reactions do, and says what they mean for a retailer. Nothing is stored for a reader.</summary>
public sealed class EventLog(IEventJournal journal, EventWriter writer) : IEventLog
{
    /// <summary>Rows looked at for one page, of all retailers together; beyond them the page ends and says that there is more.</summary>
    private const int MostRows = 4_000;
    private const int AtOnce = 16, PageSize = 200;
    /// <summary>How far a reader goes back where positions mean nothing any more.</summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromHours(1);

    public async Task<EventPage?> ReadAsync(string retailer, string? after, int limit, CancellationToken cancel = default)
    {
        if (EventCursor.Read(after) is not { } cursor) return null;
        var events = new List<RetailerEvent>();
        var (rows, more) = (0, false);
        for (var from = 0; from < Journal.Partitions.Count && !more; from += AtOnce)
        {
            var reading = Enumerable.Range(from, Math.Min(AtOnce, Journal.Partitions.Count - from)).Select(p => PageAsync(p, cursor, cancel)).ToList();
            var pages = await Task.WhenAll(reading);
            for (var i = 0; i < pages.Length; i++)
            {
                if (events.Count >= limit || rows >= MostRows) { more = true; break; }   // the rest of these pages is read again
                var (page, skipUpTo) = pages[i];
                while (true)
                {
                    var position = cursor.Positions[from + i];
                    foreach (var row in page.Rows)
                    {
                        if (events.Count >= limit) { more = true; break; }
                        rows++;
                        position = row.Position;
                        if (row.RecordedAt.UtcTicks <= skipUpTo) continue;
                        cursor.NewestTicks = Math.Max(cursor.NewestTicks, row.RecordedAt.UtcTicks);
                        if (StreamName.Retailer(row.Stream) == retailer) await writer.WriteAsync(row, events, cancel);
                    }
                    cursor.Positions[from + i] = more ? position : page.Position;
                    if (more || page.Rows.Count < PageSize) break;
                    if (rows >= MostRows) { more = true; break; }
                    page = await journal.ReadMarkedAsync(from + i, cursor.Positions[from + i], PageSize, cancel);
                }
                if (more) break;
            }
        }
        return new EventPage(events, cursor.Write(), more);
    }

    private async Task<(PartitionPage Page, long SkipUpTo)> PageAsync(int partition, EventCursor cursor, CancellationToken cancel)
    {
        try { return (await journal.ReadMarkedAsync(partition, cursor.Positions[partition], PageSize, cancel), 0); }
        catch (InvalidOperationException) when (cursor.Positions[partition] != JournalPosition.Start)
        {
            // Restored or moved: from the start, without what is older than an hour before the newest row read. An event that comes twice has its old id.
            return (await journal.ReadMarkedAsync(partition, JournalPosition.Start, PageSize, cancel), Math.Max(0, cursor.NewestTicks - Overlap.Ticks));
        }
    }
}
