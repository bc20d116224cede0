using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Tracking.Runtime;

/// <summary>Where calls go: an activation, or several behind one id.</summary>
internal interface ICallTarget
{
    /// <summary>Takes the call, unless the target has ended; then the sender looks again.</summary>
    bool TryReceive(Call call);
}

/// <summary>
/// One grain object in memory, the queue of calls for it, and the task scheduler on which everything it awaits continues: one step at a time, whatever the
/// thread. A call starts when the rules of interleaving allow; until it has ended, others wait.
/// </summary>
internal class Activation : TaskScheduler, IGrainContext, ICallTarget, ITurns
{
    internal static readonly DeactivationReason AskedTo = new(DeactivationReasonCode.ApplicationRequested, "The grain asked to be deactivated.");

    [ThreadStatic] private static Activation? _current;

    /// <summary>The activation whose turn runs on this thread.</summary>
    internal static new Activation? Current => _current;

    private enum State : byte { Created, Activating, Valid, Deactivating, Dead }

    // Guarded by lock (this): the queue of steps (a Task, or a marker), the waiting calls, and the counts of running ones.
    private StepQueue _steps;
    private bool _scheduled, _pumping;
    private State _state;
    private volatile bool _abandoned;
    private CallQueue _ordinary, _interleaving;
    private int _running, _runningOrdinary, _runningReadOnly, _waitingReadOnly;
    private uint _arrivals;
    private DeactivationReason _reason;

    private readonly GrainClass? _class;
    private IServiceScope? _scope;
    private List<GrainTimer>? _timers;
    private TaskCompletionSource? _deactivated;
    private long _lastUsed;
    private long _keepUntil = long.MinValue;

    private static readonly object Pump = new();
    private static readonly object Birth = new();
    private static readonly object Death = new();

    internal Activation(EmbeddedSilo silo, GrainId id, GrainClass? grainClass)
    {
        Silo = silo;
        GrainId = id;
        _class = grainClass;
        _lastUsed = silo.Clock.GetTimestamp();
        if (grainClass is null) _state = State.Valid;   // an observer: there is nothing to activate
    }

    internal EmbeddedSilo Silo { get; }
    public GrainId GrainId { get; }
    public virtual object? GrainInstance { get; private set; }
    public GrainReference GrainReference => new(Silo, GrainId);
    public IServiceProvider ActivationServices => _scope?.ServiceProvider ?? Silo.Services;
    public string Name => GrainId.ToString();
    internal virtual WorkerGroup? Group => null;

    public Task Deactivated
    {
        get
        {
            lock (this)
            {
                if (_state == State.Dead) return Task.CompletedTask;
                return (_deactivated ??= new(Silo.AnswerOptions)).Task;
            }
        }
    }

    internal int Waiting => _ordinary.Count + _interleaving.Count;
    internal bool Idle => _running == 0 && Waiting == 0 && _state is State.Valid;
    internal bool IsDead => _state == State.Dead;

    internal static Activation Of(IGrainBase grain) => grain.GrainContext as Activation
        ?? throw new InvalidOperationException($"{grain.GetType()} was made outside the runtime, so it has no place to run.");

    public bool Equals(IGrainContext? other) => ReferenceEquals(this, other);

    // ------------------------------------------------------------------ calls

    public bool TryReceive(Call call)
    {
        lock (this)
        {
            if (_state == State.Dead) return call.Internal;   // a tick that came too late is nobody's
            if (!call.Internal && Waiting >= Silo.Options.MaxWaitingCalls)
            {
                call.TryFail(new LimitExceededException($"{Waiting} calls wait for grain {GrainId} already; {call.Name} was not run."));
                Silo.Forget(call);
                return true;
            }

            call.Order = ++_arrivals;
            if (call.AlwaysInterleave || _class is { Reentrant: true }) _interleaving.Add(call);
            else
            {
                _ordinary.Add(call);
                if (call.ReadOnly) _waitingReadOnly++;
            }

            if (_state == State.Created)
            {
                _state = State.Activating;
                Enqueue(Birth);
            }
            else if (_state == State.Valid) WakePump();
        }
        return true;
    }

    /// <summary>The next call that may start now; null when none may.</summary>
    private Call? NextCall()
    {
        if (_state != State.Valid) return null;
        var ordinary = _runningOrdinary == 0 ? _ordinary.First
            : _waitingReadOnly > 0 && _runningReadOnly == _runningOrdinary ? _ordinary.FirstReadOnly()
            : null;
        var interleaving = _interleaving.First;
        if (ordinary is null) return interleaving;
        return interleaving is not null && (int)(interleaving.Order - ordinary.Order) < 0 ? interleaving : ordinary;
    }

    private void WakePump()
    {
        if (_pumping || NextCall() is null) return;
        _pumping = true;
        Enqueue(Pump);
    }

    private void StartOne()
    {
        Call? call;
        lock (this)
        {
            _pumping = false;
            call = NextCall();
            if (call is null) return;
            if (_interleaving.First == call) _interleaving.Remove(call);
            else
            {
                _ordinary.Remove(call);
                if (call.ReadOnly) _waitingReadOnly--;
            }

            if (call.Expired)   // timed out while it waited: its caller was told that it may not have run
            {
                WakePump();
                return;
            }

            _running++;
            if (IsOrdinary(call))
            {
                _runningOrdinary++;
                if (call.ReadOnly) _runningReadOnly++;
            }
            WakePump();
        }

        Silo.CountStarted();
        var turn = new Task(static state => { var (call, on) = ((Call, Activation))state!; call.Begin(on); }, (call, this));
        turn.RunSynchronously(this);
    }

    private bool IsOrdinary(Call call) => !call.AlwaysInterleave && _class is not { Reentrant: true };

    /// <summary>A call has ended. Answers true when its caller must not hear of it: the observer is gone, or the reply is lost on purpose.</summary>
    internal bool Completed(Call call, Exception? failure, bool vanished = false)
    {
        call.Cancellation?.Ended();
        lock (this)
        {
            _running--;
            if (IsOrdinary(call))
            {
                _runningOrdinary--;
                if (call.ReadOnly) _runningReadOnly--;
            }
            if (call.KeepsAlive) _lastUsed = Silo.Clock.GetTimestamp();

            if (_state == State.Deactivating && _running == 0) Enqueue(Death);
            else if (_state == State.Valid) WakePump();
        }

        if (failure is InconsistentStateException { IsSourceActivation: true } inconsistent)
        {
            inconsistent.IsSourceActivation = false;   // a caller that lets it escape as well is not to blame
            Deactivate(new DeactivationReason(DeactivationReasonCode.ApplicationError, inconsistent, "Its state was written by somebody else."));
        }
        if (call.OneWay)
        {
            if (failure is not null) Silo.LogLostFailure(call, failure);
            return false;
        }
        if (vanished || Silo.Options.Faults?.DropReply(new CallInfo(call.Sender?.GrainId, GrainId, call.Name)) == true) return true;
        Silo.Forget(call);
        return false;
    }

    // ------------------------------------------------------------------ steps

    /// <summary>Runs an action as a step of this activation, in no call's name.</summary>
    internal void Post(Action<object?> action, object? state) =>
        Task.Factory.StartNew(action, state, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);

    protected override void QueueTask(Task task)
    {
        lock (this) Enqueue(task);
    }

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && _current == this && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (this) return [.. _steps.Tasks];
    }

    private void Enqueue(object step)
    {
        if (_abandoned) return;
        _steps.Enqueue(step);
        if (_scheduled) return;
        _scheduled = true;
        Silo.Scheduler.Schedule(this);
    }

    public bool RunOne()
    {
        object? step;
        lock (this)
        {
            if (_abandoned) _steps.Clear();
            if (!_steps.TryDequeue(out step))
            {
                _scheduled = false;
                return false;
            }
        }

        var outer = _current;
        _current = this;
        try
        {
            if (step is Task task) TryExecuteTask(task);
            else if (step == Pump) StartOne();
            else if (step == Birth) RunApart(static activation => activation.ActivateAsync());
            else RunApart(static activation => activation.FinishAsync());
        }
        finally
        {
            _current = outer;
        }

        lock (this)
        {
            if (!_steps.IsEmpty && !_abandoned) return true;
            _scheduled = false;
            return false;
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        for (var steps = 0; steps < 64; steps++)
        {
            if (!RunOne()) return;
        }
        Silo.Scheduler.Schedule(this);
    }

    private void RunApart(Func<Activation, Task> start)
    {
        var turn = new Task(static state => { var (start, on) = ((Func<Activation, Task>, Activation))state!; _ = start(on); }, (start, this));
        turn.RunSynchronously(this);
    }

    /// <summary>The process died as far as this activation goes: nothing of it runs any more, not even what it is waiting for.</summary>
    internal void Abandon()
    {
        _abandoned = true;
        List<GrainTimer> timers;
        lock (this)
        {
            _steps.Clear();
            _ordinary = _interleaving = default;
            _state = State.Dead;
            timers = [.. _timers ?? []];
            _timers = null;
        }
        foreach (var timer in timers) timer.Stop();
        _deactivated?.TrySetResult();
    }

    // ------------------------------------------------------------------ life

    private async Task ActivateAsync()
    {
        try
        {
            // Most grains have nothing to do before their first call, and then there is nothing to limit.
            using var limit = _class!.Activates ? new CancellationTokenSource(Silo.Options.ActivationTimeout, Silo.Clock) : null;
            _scope = Silo.Services.CreateScope();
            var made = _class.Make(_scope.ServiceProvider, this);
            GrainInstance = made.Grain;
            foreach (var state in made.States) await state.ReadStateAsync();
            if (limit is not null && made.Grain is IGrainBase grain)
            {
                var activated = grain.OnActivateAsync(limit.Token);
                if (!activated.IsCompleted) activated = activated.WaitAsync(limit.Token);
                await activated;
            }
        }
        catch (Exception failure)
        {
            Silo.LogActivationFailed(GrainId, failure);
            FailBirth(failure);
            return;
        }

        lock (this)
        {
            if (_state != State.Activating && _state != State.Deactivating) return;
            _lastUsed = Silo.Clock.GetTimestamp();
            if (_state == State.Deactivating) Enqueue(Death);   // asked to go while it was coming
            else
            {
                _state = State.Valid;
                WakePump();
            }
        }
    }

    private void FailBirth(Exception failure)
    {
        List<Call> waiting;
        lock (this)
        {
            _state = State.Dead;
            waiting = TakeWaiting();
        }
        Silo.Remove(this);
        StopTimers();
        _scope?.Dispose();
        foreach (var call in waiting)
        {
            Silo.Forget(call);
            call.TryFail(failure);
        }
        _deactivated?.TrySetResult();
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (this)
        {
            if (_state is State.Deactivating or State.Dead) return;
            _reason = deactivationReason;
            if (_state == State.Created)
            {
                // Nothing was ever asked of it: it has nothing to finish, but it takes the same way out.
                _state = State.Deactivating;
                Enqueue(Death);
                return;
            }
            var busy = _state == State.Activating || _running > 0;
            _state = State.Deactivating;
            if (!busy) Enqueue(Death);
        }
    }

    private async Task FinishAsync()
    {
        StopTimers();
        using var limit = new CancellationTokenSource(Silo.Options.DeactivationTimeout, Silo.Clock);
        try
        {
            if (GrainInstance is IGrainBase grain) await grain.OnDeactivateAsync(_reason, limit.Token).WaitAsync(limit.Token);
        }
        catch (Exception failure)
        {
            Silo.LogDeactivationFailed(GrainId, failure);
        }

        try
        {
            if (GrainInstance is IAsyncDisposable asyncDisposable) await asyncDisposable.DisposeAsync();
            else if (GrainInstance is IDisposable disposable) disposable.Dispose();
            if (_scope is IAsyncDisposable scope) await scope.DisposeAsync();
            else _scope?.Dispose();
        }
        catch (Exception failure)
        {
            Silo.LogDeactivationFailed(GrainId, failure);
        }

        List<Call> waiting;
        lock (this)
        {
            _state = State.Dead;
            waiting = TakeWaiting();
        }
        Silo.Remove(this);
        _deactivated?.TrySetResult();
        foreach (var call in waiting) Silo.Route(call);
    }

    private List<Call> TakeWaiting()
    {
        var calls = _ordinary.TakeAll();
        calls.AddRange(_interleaving.TakeAll());
        calls.RemoveAll(call => call.Internal || call.Expired);
        calls.Sort(static (a, b) => ((int)(a.Order - b.Order)).CompareTo(0));
        _waitingReadOnly = 0;
        return calls;
    }

    internal void DelayDeactivation(TimeSpan time)
    {
        var now = Silo.Clock.GetTimestamp();
        Volatile.Write(ref _keepUntil,
            time == TimeSpan.MaxValue || time == Timeout.InfiniteTimeSpan ? long.MaxValue
            : time <= TimeSpan.Zero ? long.MinValue
            : now + Silo.TimestampsIn(time));
    }

    /// <summary>Starts the deactivation if nothing used the activation for <paramref name="age"/> (in timestamps).</summary>
    internal bool CollectIfIdle(long now, long age)
    {
        lock (this)
        {
            if (_class is null || !Idle || now - _lastUsed < age || Volatile.Read(ref _keepUntil) > now) return false;
        }
        Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, "Nobody called it for a while."));
        return true;
    }

    // ------------------------------------------------------------------ timers

    internal IGrainTimer AddTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        if (_current != this) throw new InvalidOperationException($"A timer of grain {GrainId} can only be made in one of its own turns.");
        var timer = new GrainTimer(this, callback, options);
        lock (this) (_timers ??= []).Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    internal void Forget(GrainTimer timer)
    {
        lock (this) _timers?.Remove(timer);
    }

    private void StopTimers()
    {
        List<GrainTimer>? timers;
        lock (this)
        {
            timers = _timers;
            _timers = null;
        }
        foreach (var timer in timers ?? []) timer.Stop();
    }
}

/// <summary>Calls in order of arrival, linked through the calls themselves so that an idle activation carries no queue.</summary>
internal struct CallQueue
{
    private Call? _last;

    internal Call? First { get; private set; }
    internal int Count { get; private set; }

    internal void Add(Call call)
    {
        call.Next = null;
        if (_last is null) First = call; else _last.Next = call;
        _last = call;
        Count++;
    }

    internal readonly Call? FirstReadOnly()
    {
        for (var call = First; call is not null; call = call.Next)
        {
            if (call.ReadOnly) return call;
        }
        return null;
    }

    internal void Remove(Call call)
    {
        Call? before = null;
        for (var at = First; at is not null; before = at, at = at.Next)
        {
            if (at != call) continue;
            if (before is null) First = at.Next; else before.Next = at.Next;
            if (_last == at) _last = before;
            at.Next = null;
            Count--;
            return;
        }
    }

    internal List<Call> TakeAll()
    {
        var calls = new List<Call>(Count);
        for (var call = First; call is not null;)
        {
            var next = call.Next;
            call.Next = null;
            calls.Add(call);
            call = next;
        }
        First = _last = null;
        Count = 0;
        return calls;
    }
}

/// <summary>The steps of an activation, first in, first out. Holds one without allocating; gives its array back when it has run empty.</summary>
internal struct StepQueue
{
    private object? _single;
    private object?[]? _ring;
    private int _head, _count;

    internal readonly bool IsEmpty => _count == 0;

    internal readonly IEnumerable<Task> Tasks
    {
        get
        {
            var tasks = new List<Task>();
            if (_ring is null) { if (_single is Task one) tasks.Add(one); }
            else
            {
                for (var i = 0; i < _count; i++) if (_ring[(_head + i) & (_ring.Length - 1)] is Task task) tasks.Add(task);
            }
            return tasks;
        }
    }

    internal void Enqueue(object step)
    {
        if (_ring is null)
        {
            if (_count == 0)
            {
                _single = step;
                _count = 1;
                return;
            }
            _ring = new object?[8];
            _ring[0] = _single;
            _single = null;
            _head = 0;
        }
        else if (_count == _ring.Length)
        {
            var larger = new object?[_ring.Length * 2];
            for (var i = 0; i < _count; i++) larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
            _ring = larger;
            _head = 0;
        }
        _ring[(_head + _count++) & (_ring.Length - 1)] = step;
    }

    internal bool TryDequeue(out object? step)
    {
        if (_count == 0)
        {
            step = null;
            return false;
        }
        if (_ring is null)
        {
            step = _single;
            _single = null;
            _count = 0;
            return true;
        }
        step = _ring[_head];
        _ring[_head] = null;
        _head = (_head + 1) & (_ring.Length - 1);
        if (--_count == 0)
        {
            _head = 0;
            if (_ring.Length > 8) _ring = null;
        }
        return true;
    }

    internal void Clear() => this = default;
}
