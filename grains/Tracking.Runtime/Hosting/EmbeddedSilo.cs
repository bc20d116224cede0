using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>
/// All grains of one process: finds the activation of a call or makes one, waits for answers, and ends activations nobody uses. There is no network here and
/// never will be; more than one machine means Orleans.
/// </summary>
public sealed partial class EmbeddedSilo : IClusterClient, IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<GrainId, ICallTarget> _directory = new();
    private readonly ConcurrentDictionary<(Type, string?), GrainType> _typesByInterface = new();
    private readonly GrainClasses _classes;
    private readonly PendingCalls _pending;
    private readonly ILogger<EmbeddedSilo> _log;
    private readonly ITimer _collector;
    private long _oneWayCalls, _started;
    private int _activations;
    private long _observerNumber;
    private volatile bool _stopping, _dead;

    public EmbeddedSilo(EmbeddedActorsOptions options, IServiceProvider services, TimeProvider clock, IReminderTable reminders, ILogger<EmbeddedSilo> log)
    {
        Options = options;
        ServiceProvider = services;
        Clock = clock;
        _log = log;
        Codec = options.CheckArguments ? new ArgumentCodec() : null;
        _classes = new GrainClasses(options.GrainAssemblies);
        var oneThread = options.Scheduler.RunsOnOneThread;
        AnswerOptions = oneThread ? TaskCreationOptions.None : TaskCreationOptions.RunContinuationsAsynchronously;
        _pending = new PendingCalls(clock, options.ResponseTimeout, oneThread ? 1 : Math.Min(Environment.ProcessorCount, 8));
        Reminders = new ReminderClock(this, reminders);
        _collector = clock.CreateTimer(static silo => ((EmbeddedSilo)silo!).CollectIdle(), this, options.CollectionQuantum, options.CollectionQuantum);
    }

    public IServiceProvider ServiceProvider { get; }

    internal EmbeddedActorsOptions Options { get; }
    internal IServiceProvider Services => ServiceProvider;
    internal TimeProvider Clock { get; }

    /// <summary>
    /// A caller outside the grains must not run on inside the turn that answered it. Only where one thread runs everything it may, because handing it to the
    /// pool (which is what a <see cref="Task.WhenAll(Task[])"/> over answers would do) is what no seed can repeat.
    /// </summary>
    internal TaskCreationOptions AnswerOptions { get; }

    internal ITurnScheduler Scheduler => Options.Scheduler;
    internal ArgumentCodec? Codec { get; }
    internal ReminderClock Reminders { get; }

    // ------------------------------------------------------------------ references

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        return (TGrainInterface)(object)Proxies.Make(typeof(TGrainInterface), this, new GrainId(TypeOf(typeof(TGrainInterface), grainClassNamePrefix), IdSpan.Create(primaryKey)));
    }

    public TGrainInterface GetGrain<TGrainInterface>(long primaryKey, string? grainClassNamePrefix = null) where TGrainInterface : IGrainWithIntegerKey =>
        (TGrainInterface)(object)Proxies.Make(typeof(TGrainInterface), this,
            new GrainId(TypeOf(typeof(TGrainInterface), grainClassNamePrefix), IdSpan.Create(primaryKey.ToString("X", CultureInfo.InvariantCulture))));

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId) where TGrainInterface : IAddressable =>
        (TGrainInterface)(object)Proxies.Make(typeof(TGrainInterface), this, grainId);

    public TGrainObserverInterface CreateObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        ArgumentNullException.ThrowIfNull(obj);
        if (obj is GrainReference) throw new ArgumentException("The object is a reference already.", nameof(obj));
        if (obj is IGrainBase) throw new ArgumentException("The object is a grain; pass AsReference() of it instead.", nameof(obj));
        var id = GrainId.Create(Observer.Type, Interlocked.Increment(ref _observerNumber).ToString(CultureInfo.InvariantCulture));
        _directory[id] = new Observer(this, id, obj);
        return (TGrainObserverInterface)(object)Proxies.Make(typeof(TGrainObserverInterface), this, id);
    }

    public void DeleteObjectReference<TGrainObserverInterface>(IGrainObserver obj) where TGrainObserverInterface : IGrainObserver
    {
        if (obj is not GrainReference reference) throw new ArgumentException("Only a reference made by CreateObjectReference can be deleted.", nameof(obj));
        _directory.TryRemove(reference.GrainId, out _);
    }

    private GrainType TypeOf(Type interfaceType, string? classNamePrefix) =>
        _typesByInterface.TryGetValue((interfaceType, classNamePrefix), out var known) ? known
            : _typesByInterface[(interfaceType, classNamePrefix)] = _classes.ImplementationOf(interfaceType, classNamePrefix).GrainType;

    // ------------------------------------------------------------------ calls

    internal void Send(GrainId target, Call call)
    {
        var token = call.Token;
        token.ThrowIfCancellationRequested();
        call.Target = target;
        call.CaptureCaller();
        if (!call.OneWay) call.Expect(AnswerOptions);
        if (_dead || call.Sender is { Silo._dead: true })
        {
            call.TryFail(new SiloUnavailableException($"The silo is gone; {call} was not sent."));
            return;
        }
        try
        {
            call.ReferToGrains();
            if (Codec is { } codec) call.CopyArguments(codec);
        }
        catch (Exception refused)
        {
            if (call.OneWay) throw;
            call.TryFail(refused);
            return;
        }

        if (call.OneWay) Interlocked.Increment(ref _oneWayCalls);
        else
        {
            _pending.Add(call);
            CallCancellation.Follow(call, token);
        }
        Route(call);
    }

    internal void Route(Call call)
    {
        try
        {
            while (true)
            {
                if (!_directory.TryGetValue(call.Target, out var target) && (target = Activate(call.Target)) is null) return;
                if (target.TryReceive(call)) return;
                _directory.TryRemove(KeyValuePair.Create(call.Target, target));
            }
        }
        catch (Exception refused)
        {
            Forget(call);
            if (!call.TryFail(refused)) LogLostFailure(call, refused);
        }
    }

    private ICallTarget? Activate(GrainId id)
    {
        if (id.Type == Observer.Type) return null;   // deleted: like a message nobody receives
        if (_stopping) throw new SiloUnavailableException($"The silo is stopping; grain {id} is not activated any more.");
        var grainClass = _classes.Find(id.Type) ?? throw new ArgumentException($"There is no grain class named \"{id.Type}\" here.");
        ICallTarget made = grainClass.MaxWorkers is { } most ? new WorkerGroup(this, id, grainClass, most) : new Activation(this, id, grainClass);
        var kept = _directory.GetOrAdd(id, made);
        if (kept == made && made is Activation) CountActivation(1);
        return kept;
    }

    internal int DirectorySize => _directory.Count;

    internal void Forget(Call call) => call.Lane?.Remove(call);

    internal void CountStarted() => Interlocked.Increment(ref _started);

    internal void CountActivation(int by) => Interlocked.Add(ref _activations, by);

    internal void Remove(Activation activation)
    {
        CountActivation(-1);
        if (activation.Group is { } group) group.Remove(activation);
        else if (_directory.TryGetValue(activation.GrainId, out var target))
        {
            if (target is Twins twins) twins.Remove(activation);
            else if (target == activation) _directory.TryRemove(KeyValuePair.Create(activation.GrainId, target));
        }
    }

    internal long TimestampsIn(TimeSpan time) => (long)(time.TotalSeconds * Clock.TimestampFrequency);

    // ------------------------------------------------------------------ life

    public Task StartAsync(CancellationToken cancellationToken) => Reminders.StartAsync(cancellationToken);

    /// <summary>Deactivates every grain and waits for them, no longer than <see cref="EmbeddedActorsOptions.StopTimeout"/>; then answers no call any more.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_dead) return;
        _stopping = true;
        _collector.Dispose();
        await Reminders.StopAsync(cancellationToken);

        var ending = AllActivations().ConvertAll(activation =>
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The silo stops."));
            return activation.Deactivated;
        });
        try
        {
            await Task.WhenAll(ending).WaitAsync(Options.StopTimeout, Clock, cancellationToken);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            LogAbandoned(_log, ending.Count(task => !task.IsCompleted), Options.StopTimeout);
        }
        Kill();
    }

    /// <summary>
    /// Ends the silo the way a killed process ends: nothing runs on, nothing is told to the grains, stored state stays as it is. Callers from outside get
    /// <see cref="SiloUnavailableException"/>: whether their calls ran is unknown.
    /// </summary>
    public void Kill()
    {
        _stopping = _dead = true;
        _collector.Dispose();
        Reminders.Abandon();
        foreach (var activation in AllActivations()) activation.Abandon();
        foreach (var (_, target) in _directory)
        {
            if (target is Observer observer) observer.Abandon();
        }
        _pending.FailAll(call => new SiloUnavailableException($"The silo ended while {call} was on its way."));
        _pending.Dispose();
        _directory.Clear();
        Volatile.Write(ref _activations, 0);
    }

    public void Dispose()
    {
        if (!_dead) Kill();
    }

    /// <summary>Makes a second activation of a grain beside the one that lives, as a cluster may for a moment; <see cref="SiloFaults.ChooseActivation"/> says who gets a call.</summary>
    public void ActivateAgain(GrainId grain)
    {
        var grainClass = _classes.Find(grain.Type) ?? throw new ArgumentException($"There is no grain class named \"{grain.Type}\" here.");
        if (grainClass.MaxWorkers is not null) throw new ArgumentException($"Grain {grain} is a stateless worker; it has several activations anyway.");
        var second = new Activation(this, grain, grainClass);
        CountActivation(1);
        _directory.AddOrUpdate(grain, second, (_, first) =>
        {
            if (first is Twins twins)
            {
                twins.Add(second);
                return twins;
            }
            return new Twins(Options.Faults, grain, (Activation)first, second);
        });
    }

    private void CollectIdle()
    {
        var now = Clock.GetTimestamp();
        var age = TimestampsIn(Options.CollectionAge);
        // Under a seed the order in which they leave must be the same in every process; the directory's is that of a hash seed.
        IEnumerable<KeyValuePair<GrainId, ICallTarget>> all = Scheduler.RunsOnOneThread ? [.. _directory.OrderBy(static pair => pair.Key.ToString(), StringComparer.Ordinal)] : _directory;
        foreach (var (id, target) in all)
        {
            switch (target)
            {
                case Observer { GrainInstance: null }: _directory.TryRemove(KeyValuePair.Create(id, target)); break;
                case Activation activation: activation.CollectIfIdle(now, age); break;
                case WorkerGroup group when group.TryClose(): _directory.TryRemove(KeyValuePair.Create(id, target)); break;
                case WorkerGroup group: group.Workers.ForEach(worker => worker.CollectIfIdle(now, age)); break;
                case Twins twins: twins.All.ForEach(twin => twin.CollectIfIdle(now, age)); break;
            }
        }
    }

    /// <summary>Deactivates every grain that nothing uses at this moment, whatever its age.</summary>
    /// <returns>How many deactivations began.</returns>
    public int CollectNow() => AllActivations().Count(activation => activation.CollectIfIdle(Clock.GetTimestamp(), 0));

    private List<Activation> AllActivations()
    {
        var all = new List<Activation>();
        foreach (var (_, target) in _directory)
        {
            switch (target)
            {
                case Observer: break;
                case Activation activation: all.Add(activation); break;
                case WorkerGroup group: all.AddRange(group.Workers); break;
                case Twins twins: all.AddRange(twins.All); break;
            }
        }
        // The directory's order is the hash seed's; a simulation must not see it.
        all.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return all;
    }

    /// <summary>What the silo is doing. Counting the queues looks at every activation, so it is for a scrape, not for a loop.</summary>
    public SiloStatistics GetStatistics()
    {
        int waiting = 0, longest = 0;
        foreach (var activation in AllActivations())
        {
            waiting += activation.Waiting;
            longest = Math.Max(longest, activation.Waiting);
        }
        return new SiloStatistics(Volatile.Read(ref _activations), _pending.Total + Volatile.Read(ref _oneWayCalls), Volatile.Read(ref _started), _pending.Count, waiting, longest);
    }

    internal void LogLostFailure(Call call, Exception failure) => LogLostFailure(_log, call.ToString(), failure);
    internal void LogActivationFailed(GrainId grain, Exception failure) => LogActivationFailed(_log, grain, failure);
    internal void LogDeactivationFailed(GrainId grain, Exception failure) => LogDeactivationFailed(_log, grain, failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Call} failed, and nobody waits for its answer.")]
    private static partial void LogLostFailure(ILogger log, string call, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Grain {Grain} could not be activated; the next call tries again.")]
    private static partial void LogActivationFailed(ILogger log, GrainId grain, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Grain {Grain} failed while it was deactivated; it is gone all the same.")]
    private static partial void LogDeactivationFailed(ILogger log, GrainId grain, Exception failure);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} grains had not finished after {Time}; they were abandoned.")]
    private static partial void LogAbandoned(ILogger log, int count, TimeSpan time);
}

/// <summary>
/// A silo at one moment: activations in memory; calls ever sent and started; answers awaited now; calls that wait for their turn now, in all and at the
/// busiest activation.
/// </summary>
public sealed record SiloStatistics(int Activations, long CallsSent, long CallsStarted, int AnswersAwaited, int CallsWaiting, int LongestQueue);
