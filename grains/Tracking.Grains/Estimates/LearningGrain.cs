using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>
/// Reads every partition's marked rows on a fixed grid of moments, learns from finished waits, and publishes. What was learned and how far was read are one row,
/// changed by compare-and-set; a snapshot is given out only after the row it came from is stored, so its id never means two things. Whatever goes
/// wrong in between, the state is read again and the rows after it are taken again.
/// </summary>
[GrainType("learning")]
public sealed partial class LearningGrain(
    IEventJournal journal, IDeliverySharing sharing, IOptions<LearningOptions> options, LearningMetrics metrics, TimeProvider clock, ILogger<LearningGrain> log) : Grain, ILearningGrain
{
    public const string Reader = "learning";
    private const int PageSize = 500, ReadsAtOnce = 16;
    /// <summary>What one look may spend on databases that do not answer.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    /// <summary>How long a turn learns before it rests. It took a second at a stretch before, on a core that scans wait for.</summary>
    private static readonly TimeSpan Bite = TimeSpan.FromMilliseconds(15);

    private IGrainTimer? _timer;
    private LearningState? _state;
    // What was read and is being learned, bite by bite, and how far; `_asOf` is the moment up to which it is complete unless there is `_more`.
    private List<(int Partition, JournalRow Row)> _rows = [];
    private int _taken;
    private bool _more;
    private DateTimeOffset _asOf;
    private ReaderCursor? _cursor;
    private LearnedModel? _newest;
    private string? _trouble;
    private DateTimeOffset _notBefore;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (options.Value.Enabled)
            _timer = this.RegisterGrainTimer(RoundAsync, new GrainTimerCreationOptions(UntilNext(), Timeout.InfiniteTimeSpan) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public async Task<LearnedModel> Newest(long knownSnapshot)
    {
        if (_state is null) await LoadAsync(CancellationToken.None);
        // A node may know more than a learner that had to begin anew: ids never go back.
        if (_newest is null && _state is { } state) state.Desk.Learner.GoOnAfter(knownSnapshot);
        var status = Status();
        if (_newest is not { } newest || newest.SnapshotId <= knownSnapshot) return new LearnedModel(_newest?.SnapshotId ?? 0, [], [], status);
        return newest with { Status = status };
    }

    private TimeSpan UntilNext()
    {
        var now = clock.GetUtcNow();
        return LearningDesk.NextOnGrid(now, options.Value.Grid) - now;
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        var more = false;
        var began = clock.GetTimestamp();
        try
        {
            if (_state is null) await LoadAsync(cancel);
            if (_state is not null) more = await LearnAsync(_state, cancel);
        }
        catch (Exception refused) when (refused is JournalUnavailableException or JournalOutcomeUnknownException or TimeoutException)
        {
            // Some rows may have been taken and the position not stored: forget all, read again.
            Forget();
            LogLater(log, refused.Message);
        }
        // A backlog is worked off at a fifth of one core: scans and pages come first, and what is learned an hour later is learned all the same.
        var pause = TimeSpan.FromTicks(Math.Max(clock.GetElapsedTime(began).Ticks * 4, TimeSpan.TicksPerMillisecond));
        _timer!.Change(more ? pause : UntilNext(), Timeout.InfiniteTimeSpan);
    }

    private async Task LoadAsync(CancellationToken cancel)
    {
        var cursor = await journal.LoadCursorAsync(Reader, 0, cancel);
        LearningState state;
        try { state = cursor.State.IsEmpty ? LearningState.Fresh() : LearningState.Read(cursor.State); }
        catch (InvalidDataException damaged)
        {
            // The journal is the truth; what was learned from it can be learned again. Nodes keep the snapshot they have meanwhile.
            _trouble = $"{damaged.Message} Everything is being learned again from the journal.";
            metrics.SnapshotsRefused.Add(1);
            LogAnew(log, _trouble);
            state = LearningState.Fresh();
        }
        (_cursor, _state) = (cursor, state);
        if (state.Desk.Learner.Published > 0) _newest = Model(state, state.Desk.Learner.Frozen());
    }

    private void Forget()
    {
        _state = null;
        (_rows, _taken) = ([], 0);
    }

    // True when there is more to learn, or to read, after a rest.
    private async Task<bool> LearnAsync(LearningState state, CancellationToken cancel)
    {
        if (_taken == _rows.Count)
        {
            _asOf = clock.GetUtcNow();
            if (state.Desk.Learner.Share(sharing.Sharing) && state.Desk.Learner.Published > 0) state.Desk.Touch();
            (_rows, _more) = await GatherAsync(state, cancel);
            _taken = 0;
        }
        await TakeAsync(state, cancel);
        if (_taken < _rows.Count || _more) return true;   // publish only what is complete up to a moment

        _rows = [];
        _taken = 0;
        var moment = new DateTimeOffset(_asOf.UtcTicks / options.Value.Grid.Ticks * options.Value.Grid.Ticks, TimeSpan.Zero);
        if (!state.Desk.IsDue(moment, options.Value.Grid)) moment = _asOf;   // rows of the last instants: they are in already
        if (_asOf >= _notBefore && state.Desk.IsDue(moment, options.Value.Grid)) await PublishAsync(state, moment, cancel);
        return false;
    }

    private async Task<(List<(int Partition, JournalRow Row)> Rows, bool More)> GatherAsync(LearningState state, CancellationToken cancel)
    {
        var rows = new List<(int Partition, JournalRow Row)>();
        var (more, began) = (false, clock.GetTimestamp());
        for (var p = 0; p < Journal.Partitions.Count && !more; p++)
        {
            while (true)
            {
                if (rows.Count >= options.Value.RowsAtOnce) { more = true; break; }
                if (await PageAsync(state, p, cancel) is not { } page)
                {
                    if (clock.GetElapsedTime(began) > LongestWait) throw new JournalUnavailableException("The journal's databases are away.");
                    break;
                }
                foreach (var row in page.Rows)
                {
                    if (row.RecordedAt.UtcTicks <= state.SkipsUpTo[p]) continue;
                    rows.Add((p, row));
                    state.SeenTicks[p] = Math.Max(state.SeenTicks[p], row.RecordedAt.UtcTicks);
                }
                state.Positions[p] = page.Position;
                if (page.Rows.Count < PageSize) break;
            }
        }
        // One order whatever partition a row was in: by when it was known.
        rows.Sort(static (a, b) => a.Row.RecordedAt != b.Row.RecordedAt ? a.Row.RecordedAt.CompareTo(b.Row.RecordedAt)
            : string.CompareOrdinal(a.Row.Stream, b.Row.Stream) is var order and not 0 ? order : a.Row.Version.CompareTo(b.Row.Version));
        return (rows, more);
    }

    // A partition whose database is away waits and holds back no other. One that lives elsewhere now, or whose database began a new life, is read again from its start, without the rows taken already.
    private async Task<PartitionPage?> PageAsync(LearningState state, int partition, CancellationToken cancel)
    {
        try { return await journal.ReadMarkedAsync(partition, state.Positions[partition], PageSize, cancel); }
        catch (Exception refused) when (refused is InvalidOperationException or JournalUnavailableException)
        {
            if (state.Positions[partition] == JournalPosition.Start) return Away(refused);
            try
            {
                var page = await journal.ReadMarkedAsync(partition, JournalPosition.Start, PageSize, cancel);
                state.StartAgain(partition);
                return page;
            }
            catch (JournalUnavailableException still) { return Away(still); }
        }

        PartitionPage? Away(Exception why)
        {
            LogAway(log, partition, why.Message);
            return null;
        }
    }

    private async Task TakeAsync(LearningState state, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        while (_taken < _rows.Count && clock.GetElapsedTime(began) < Bite)
        {
            // The streams are read side by side, their rows taken in order.
            var until = Math.Min(_taken + ReadsAtOnce, _rows.Count);
            var reading = new List<Task<Finding?>>(ReadsAtOnce);
            for (var i = _taken; i < until; i++) reading.Add(FindAsync(_rows[i].Row, cancel));
            foreach (var finding in await Task.WhenAll(reading))
            {
                if (finding is not { } found) continue;
                if (found.Shipment is { } shipment) state.Desk.Take(shipment, found.Appends);
                if (found.Steps is { } steps)
                    foreach (var step in steps) state.Desk.Take(step);
                if (found.Notice is { } notice)
                {
                    state.Desk.Learner.Advance(found.At);
                    if (notice.RetractedAt is null) state.Desk.Learner.Post(notice.ToRoute()); else state.Desk.Learner.Retract(notice.Id);
                    state.Desk.Touch();
                }
            }
            metrics.Rows.Add(until - _taken);
            _taken = until;
        }
    }

    private sealed record Finding(Shipment? Shipment, IReadOnlyList<ShipmentAppend> Appends, IReadOnlyList<HistoryStep>? Steps, AreaNotice? Notice, DateTimeOffset At);

    private async Task<Finding?> FindAsync(JournalRow row, CancellationToken cancel)
    {
        try
        {
            switch (StreamName.Kind(row.Stream))
            {
                case HistoryCodec.Kind: return new Finding(null, [], HistoryCodec.Read(StreamName.Retailer(row.Stream), row.Open.Span), null, row.RecordedAt);
                case AreaNoticeCodec.Kind when row.Stream == AreaNoticeCodec.Stream: return new Finding(null, [], null, AreaNoticeCodec.Read(row.Open.Span), row.RecordedAt);
                case ShipmentStream.Kind when ShipmentStream.KeyOf(row.Stream) is { } key:
                    var newest = ShipmentJson.Read(row.Open.Span);
                    if (!LearningDesk.Asks(newest)) return null;
                    var shipment = Shipment.Unseen(key);
                    if (row.Version == 1) return new Finding(shipment.Apply(newest), [newest], null, null, row.RecordedAt);
                    // The whole journey as it was known then: what came later in the stream is left unread.
                    var appends = new List<ShipmentAppend>(row.Version);
                    var replay = new ShipmentReplay(shipment);
                    await foreach (var earlier in journal.ReadAsync(row.Stream, cancel))
                    {
                        if (earlier.Version > row.Version) break;
                        var append = ShipmentJson.Read(earlier.Open.Span);
                        appends.Add(append);
                        replay.Add(append);
                    }
                    return replay.Version == row.Version ? new Finding(replay.End(), appends, null, null, row.RecordedAt) : null;   // archived meanwhile
                default: return null;
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException or InvalidDataException or KeyNotFoundException or InvalidOperationException)
        {
            metrics.Unreadable.Add(1);
            LogUnreadable(log, row.Stream, row.Version, unreadable.Message);
            return null;
        }
    }

    private async Task PublishAsync(LearningState state, DateTimeOffset moment, CancellationToken cancel)
    {
        var began = clock.GetTimestamp();
        var snapshot = state.Desk.Publish(moment);
        var cursor = _cursor! with { Position = state.Positions[0], RecordedAt = state.NewestRow, State = state.Write() };
        if (!await journal.SaveCursorAsync(cursor, cancel))
        {
            // Another activation stored first. What it learned is what is true now.
            Forget();
            LogOvertaken(log, snapshot.Id);
            return;
        }
        _cursor = cursor with { Revision = cursor.Revision + 1 };
        _trouble = null;
        _newest = Model(state, snapshot);
        metrics.SnapshotsPublished.Add(1);
        metrics.SnapshotBytes.Record(_newest.Snapshot.Length);
        var took = clock.GetElapsedTime(began);
        metrics.PublishSeconds.Record(took.TotalSeconds);
        _notBefore = clock.GetUtcNow() + took * 20;   // of millions of lanes a snapshot is dear: then it is made less often, and costs a twentieth of the time
        foreach (var cell in state.Desk.Book.Cells)
            if (cell.Drifts && cell.Lane.Length > 0) LogDrift(log, cell.Carrier, cell.Lane, cell.Stage, cell.RecentCover80.Kept, (long)cell.RecentCount);
    }

    private LearnedModel Model(LearningState state, EddSnapshot snapshot)
        => new(snapshot.Id, Bytes(SnapshotCodec.Write(snapshot)), Bytes(state.Desk.Book.Write()), Status());

    private static ImmutableArray<byte> Bytes(byte[] bytes) => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(bytes);

    private LearningStatus Status() => _state?.Desk.Learner is { } learner
        ? new LearningStatus(learner.Learned, learner.Refused, learner.Open, learner.PastDeadline, learner.PublishedAt, _trouble)
        : LearningStatus.None with { Trouble = _trouble };

    [LoggerMessage(Level = LogLevel.Warning, Message = "Learning could not read or store and will go on from what is stored: {Problem}")]
    private static partial void LogLater(ILogger log, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Partition {Partition} cannot be read now and is learned from later: {Problem}")]
    private static partial void LogAway(ILogger log, int partition, string problem);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Trouble}")]
    private static partial void LogAnew(ILogger log, string trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Stream} version {Version} cannot be learned from: {Problem}")]
    private static partial void LogUnreadable(ILogger log, string stream, int version, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Another activation stored what it learned before snapshot {Snapshot}; going on from there.")]
    private static partial void LogOvertaken(ILogger log, long snapshot);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The 80 % bands of {Carrier} on {Lane} ({Stage}) kept {Kept:P1} of the last {Count}.")]
    private static partial void LogDrift(ILogger log, string carrier, string lane, JourneyStage stage, double kept, long count);
}
