using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Runtime;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Promotions;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Promotions;

[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(PromotionOwed), "owed")]
[JsonDerivedType(typeof(PromotionTold), "told")]
[JsonDerivedType(typeof(PromotionGivenUp), "given-up")]
[JsonDerivedType(typeof(PromotionOwedAgain), "owed-again")]
internal abstract record PromotionEvent;

internal sealed record PromotionOwed(string Id, string Type, string Body) : PromotionEvent;

internal sealed record PromotionTold(string Id) : PromotionEvent;

internal sealed record PromotionGivenUp(string Id, string Why) : PromotionEvent;

internal sealed record PromotionOwedAgain(string Id) : PromotionEvent;

/// <summary>How messages to promotion systems are named in the journal: <c>m/{retailer}/{order}</c>.</summary>
public static class PromotionStream
{
    public const char Kind = 'm';
    /// <summary>Status of heads, for lists.</summary>
    public const byte Quiet = 0, Waiting = 1, GivenUp = 2;

    public static string Of(string grainKey) => "m/" + grainKey;

    public static OrderKey KeyOf(string stream) => OrderKey.Parse(stream[2..]);
}

/// <summary>One message and what became of it.</summary>
internal sealed record Promotion(PromotionOwed Message, PromotionState State, DateTimeOffset OwedAt, string? Problem);

internal sealed record PromotionOutbox(ImmutableArray<Promotion> All)
{
    public static readonly PromotionOutbox Empty = new([]);

    public Promotion? Next => All.FirstOrDefault(static p => p.State == PromotionState.Owed);

    public Promotion? Find(string id) => All.FirstOrDefault(p => p.Message.Id == id);

    public PromotionOutbox Apply(PromotionEvent happened, DateTimeOffset at) => happened switch
    {
        PromotionOwed owed => new(All.Add(new Promotion(owed, PromotionState.Owed, at, null))),
        PromotionTold(var id) => With(id, p => p with { State = PromotionState.Told, Problem = null }),
        PromotionGivenUp(var id, var why) => With(id, p => p with { State = PromotionState.GivenUp, Problem = why }),
        PromotionOwedAgain(var id) => With(id, p => p with { State = PromotionState.Owed, OwedAt = at, Problem = null }),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private PromotionOutbox With(string id, Func<Promotion, Promotion> how) => new([.. All.Select(p => p.Message.Id == id ? how(p) : p)]);
}

/// <inheritdoc cref="IPromotionGrain"/>
[GrainType("promotion")]
public sealed partial class PromotionGrain(
    IEventJournal journal, IHeadStore heads, IPromotionChannel channel, IOptions<RecoveryOptions> options, TrackingMetrics metrics, TimeProvider clock, ILogger<PromotionGrain> log) : Grain, IPromotionGrain
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _writing = new(1);   // a try ends in the middle of other calls, and a stream takes one append at a time
    private JournalledState<PromotionOutbox, PromotionEvent>? _state;
    private IGrainTimer? _timer;
    private bool _sending;
    private DateTimeOffset _nextTry;
    private string? _problem;   // of the last try

    private string Key => this.GetPrimaryKeyString();

    private string Retailer => OrderKey.Parse(Key).Retailer;

    private JournalledState<PromotionOutbox, PromotionEvent> State => _state ??= new(journal, PromotionStream.Of(Key), PromotionOutbox.Empty, static (o, e, at) => o.Apply(e, at), clock);

    public async Task Owe(PromotionMessage message)
    {
        var outbox = await WriteAsync(o => o.Find(message.Id) is null ? new PromotionOwed(message.Id, message.Type, message.Body) : null);
        if (outbox.Find(message.Id) is { State: PromotionState.Owed }) Begin(outbox);
    }

    public async Task Wake() => Begin(await State.GetAsync());

    public async Task<int> Again()
    {
        var ids = (await State.GetAsync()).All.Where(static p => p.State == PromotionState.GivenUp).Select(static p => p.Message.Id).ToList();
        PromotionOutbox? outbox = null;
        foreach (var id in ids) outbox = await WriteAsync(o => o.Find(id) is { State: PromotionState.GivenUp } ? new PromotionOwedAgain(id) : null);
        _nextTry = default;
        if (outbox is not null) Begin(outbox);
        return ids.Count;
    }

    public async Task<ImmutableArray<PromotionView>> List()
        => [.. (await State.GetAsync()).All.Select(p => new PromotionView(p.Message.Id, p.Message.Type, p.State, p.OwedAt, p.State == PromotionState.Owed ? _nextTry : null, p.Problem ?? (p.State == PromotionState.Owed ? _problem : null)))];

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _writing.Dispose();
        return Task.CompletedTask;
    }

    // Whoever told us of something must not wait for the shop's server.
    private void Begin(PromotionOutbox outbox)
    {
        Offer(outbox);
        if (_sending || outbox.Next is null || _nextTry > clock.GetUtcNow()) return;
        _sending = true;
        _timer ??= this.RegisterGrainTimer(SendAsync, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private async Task SendAsync(CancellationToken cancel)
    {
        try
        {
            while (!cancel.IsCancellationRequested && (await State.GetAsync()).Next is { } next)
            {
                var now = clock.GetUtcNow();
                var age = now - next.OwedAt;
                var answer = await channel.SendAsync(Retailer, next.Message.Id, System.Text.Encoding.UTF8.GetBytes(next.Message.Body), cancel);
                metrics.PromotionAge.Record(Math.Max(0, age.TotalSeconds));
                if (answer.Taken)
                {
                    (_problem, _nextTry) = (null, default);
                    metrics.Promotions.Add(1, new KeyValuePair<string, object?>("outcome", "sent"));
                    await WriteAsync(o => o.Find(next.Message.Id) is { State: PromotionState.Owed } ? new PromotionTold(next.Message.Id) : null);
                    continue;
                }
                var why = answer.Problem ?? "not taken";
                if (answer.Gone || age >= TimeSpan.FromHours(options.Value.PromotionGiveUpHours))
                {
                    metrics.Promotions.Add(1, new KeyValuePair<string, object?>("outcome", "given-up"));
                    LogGivenUp(log, next.Message.Id, Retailer, why);
                    await WriteAsync(o => o.Find(next.Message.Id) is { State: PromotionState.Owed } ? new PromotionGivenUp(next.Message.Id, why) : null);
                    continue;
                }
                // The pause is as long as it has waited already, so it doubles with every try, also over a restart.
                var pause = age < FirstPause ? FirstPause : age;
                var longest = TimeSpan.FromSeconds(options.Value.PromotionLongestPauseSeconds);
                if (pause > longest) pause = longest;
                if (answer.RetryAfter > pause) pause = answer.RetryAfter.Value < TimeSpan.FromHours(1) ? answer.RetryAfter.Value : TimeSpan.FromHours(1);
                (_problem, _nextTry) = (why, now + pause);
                metrics.Promotions.Add(1, new KeyValuePair<string, object?>("outcome", "failed"));
                LogFailed(log, next.Message.Id, Retailer, why);
                break;
            }
        }
        catch (Exception refused) when (refused is TimeoutException or ObjectDisposedException)
        {
            // What was told may not be stored; then it is told again, with the same id.
            _nextTry = clock.GetUtcNow() + FirstPause;
            LogLater(log, Key, refused.Message);
        }
        finally { _sending = false; }
        Offer(await State.GetAsync());
    }

    private async Task<PromotionOutbox> WriteAsync(Func<PromotionOutbox, PromotionEvent?> decide)
    {
        await _writing.WaitAsync();
        try
        {
            var outbox = await State.GetAsync();
            return decide(outbox) is { } happened ? await State.AppendAsync(happened) : outbox;
        }
        finally { _writing.Release(); }
    }

    private void Offer(PromotionOutbox outbox)
    {
        if (State.Version == 0) return;
        var waits = outbox.Next is not null;
        var status = outbox.All.Any(static p => p.State == PromotionState.GivenUp) ? PromotionStream.GivenUp : waits ? PromotionStream.Waiting : PromotionStream.Quiet;
        DateTimeOffset? due = waits ? _nextTry > clock.GetUtcNow() ? _nextTry : clock.GetUtcNow() + FirstPause : null;
        heads.Offer(new StreamHead(PromotionStream.Of(Key), State.Version, State.RecordedAt, status, 0, due, ReadOnlyMemory<byte>.Empty, ReadOnlyMemory<byte>.Empty));
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Promotion message {Id} of {Retailer} was not taken and is tried again: {Problem}")]
    private static partial void LogFailed(ILogger log, string id, string retailer, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Promotion message {Id} of {Retailer} was given up; GET /v1/promotions lists it: {Problem}")]
    private static partial void LogGivenUp(ILogger log, string id, string retailer, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "Messages of {Order} are looked at again: {Problem}")]
    private static partial void LogLater(ILogger log, string order, string problem);
}

/// <summary>Messages that are due are sent by their grain.</summary>
public sealed class PromotionWaker(IGrainFactory grains) : IStreamWaker
{
    public char Kind => PromotionStream.Kind;

    public Task WakeAsync(string stream) => grains.GetGrain<IPromotionGrain>(PromotionStream.KeyOf(stream).ToString()).Wake();
}

/// <inheritdoc cref="IPromotionReader"/>
public sealed class PromotionReader(IHeadStore heads, IGrainFactory grains) : IPromotionReader
{
    public async Task<IReadOnlyList<UndeliveredPromotions>> UndeliveredAsync(string retailer, int limit, CancellationToken cancel = default)
    {
        var found = new List<UndeliveredPromotions>();
        foreach (var head in await heads.ListAsync(new HeadQuery(retailer, PromotionStream.Kind, [PromotionStream.Waiting, PromotionStream.GivenUp], 0, null, limit), cancel))
        {
            var order = PromotionStream.KeyOf(head.Stream);
            var messages = (await grains.GetGrain<IPromotionGrain>(order.ToString()).List()).RemoveAll(static m => m.State == PromotionState.Told);
            if (!messages.IsEmpty) found.Add(new UndeliveredPromotions(order, messages));
        }
        return found;
    }
}
