using Orleans.Runtime;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>Keeps the operators' notices: the journal's stream folded, the newest word on each id.</summary>
[GrainType("area-notices")]
public sealed class AreaNoticeGrain(IEventJournal journal, TimeProvider clock) : Grain, IAreaNoticeGrain
{
    /// <summary>Notices that are neither over nor taken back.</summary>
    private const int MostStanding = 500;

    private Dictionary<string, AreaNotice>? _notices;
    private int _version;
    private DateTimeOffset _recordedAt;

    public async Task<AreaNoticeReceipt> Post(AreaNotice notice)
    {
        var notices = await LoadAsync();
        if (notices.TryGetValue(notice.Id, out var known))
            return known.SaysTheSameAs(notice) && known.RetractedAt is null ? new(AreaNoticeOutcome.Unchanged, known) : new(AreaNoticeOutcome.Conflict, known);
        var now = Next();
        if (notices.Values.Count(n => n.RetractedAt is null && n.To >= now) >= MostStanding) return new(AreaNoticeOutcome.TooMany, null);
        return await StoreAsync(notice with { PublishedAt = now, RetractedAt = null }, AreaNoticeOutcome.Posted);
    }

    public async Task<AreaNoticeReceipt> Retract(string id)
    {
        var notices = await LoadAsync();
        if (!notices.TryGetValue(id, out var known)) return new(AreaNoticeOutcome.Unknown, null);
        return known.RetractedAt is not null ? new(AreaNoticeOutcome.Unchanged, known) : await StoreAsync(known with { RetractedAt = Next() }, AreaNoticeOutcome.Retracted);
    }

    public async Task<ImmutableArray<AreaNotice>> List() => [.. (await LoadAsync()).Values.OrderByDescending(n => n.PublishedAt).ThenBy(n => n.Id, StringComparer.Ordinal)];

    private async Task<AreaNoticeReceipt> StoreAsync(AreaNotice notice, AreaNoticeOutcome outcome)
    {
        var now = notice.RetractedAt ?? notice.PublishedAt;
        try { await journal.AppendAsync(new JournalAppend(AreaNoticeCodec.Stream, _version + 1, now, AreaNoticeCodec.Write(notice), Marked: true)); }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException)
        {
            _notices = null;   // read again before anything is believed
            return new(AreaNoticeOutcome.NotStored, null, refused.Message);
        }
        (_version, _recordedAt) = (_version + 1, now);
        _notices![notice.Id] = notice;
        return new(outcome, notice);
    }

    private async Task<Dictionary<string, AreaNotice>> LoadAsync()
    {
        if (_notices is { } known) return known;
        var notices = new Dictionary<string, AreaNotice>(StringComparer.Ordinal);
        _version = 0;
        await foreach (var row in journal.ReadAsync(AreaNoticeCodec.Stream))
        {
            var notice = AreaNoticeCodec.Read(row.Open.Span);
            notices[notice.Id] = notice;
            (_version, _recordedAt) = (row.Version, row.RecordedAt);
        }
        return _notices = notices;
    }

    private DateTimeOffset Next() => RecordedTime.Next(clock.GetUtcNow(), _recordedAt);
}
