using System.Diagnostics;
using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>
/// One call on its way: the arguments (in a generated class), who waits for the answer, and its place in the queues. A call is answered once; an answer that
/// comes after the timeout is dropped, because the caller has already been told that the outcome is unknown.
/// </summary>
internal abstract class Call
{
    // The queue of the activation that will run it.
    internal Call? Next;
    internal uint Order;

    // The list of calls that wait for an answer (PendingCalls).
    internal Call? Earlier, Later;
    internal PendingCalls.Lane? Lane;
    internal long Deadline;

    internal GrainId Target;
    internal Activation? Sender;
    internal volatile Activation? RunsOn;
    internal CallCancellation? Cancellation;
    /// <summary>Its caller has had its timeout; what has not started by then never does.</summary>
    internal volatile bool Expired;
    private Dictionary<string, object>? _context;
    private Activity? _activity;

    internal abstract string Name { get; }
    internal virtual bool AlwaysInterleave => false;
    internal virtual bool ReadOnly => false;
    internal virtual bool OneWay => false;
    /// <summary>Whether it counts as use of the activation; a timer's tick does not.</summary>
    internal virtual bool KeepsAlive => true;
    /// <summary>A call of the activation to itself, which nobody else can run.</summary>
    internal virtual bool Internal => false;
    internal virtual TimeSpan? Timeout => null;

    /// <summary>Makes the task that the caller will wait for.</summary>
    internal virtual void Expect(TaskCreationOptions how) { }

    internal abstract bool TryFail(Exception failure);

    /// <summary>Runs the grain's method up to its first wait.</summary>
    protected abstract void Invoke(object target, Activation on);

    /// <summary>Puts the reference in the place of a grain that passes itself.</summary>
    public virtual void ReferToGrains() { }

    /// <summary>Passes every argument through the codec.</summary>
    public virtual void CopyArguments(ArgumentCodec codec) { }

    /// <summary>The call's cancellation token, if its method takes one.</summary>
    public virtual CancellationToken Token { get => default; set { } }

    internal void CaptureCaller()
    {
        Sender = Activation.Current;
        _context = RequestContext.Current;
        _activity = Activity.Current;
    }

    /// <summary>Runs in a task of its own of the activation, so that what it sets in the execution context stays with it.</summary>
    internal void Begin(Activation on)
    {
        RunsOn = on;
        if (_context is not null) RequestContext.Current = _context;
        if (_activity is not null) Activity.Current = _activity;
        var target = on.GrainInstance;
        if (target is null)   // an observer that is gone: like a message nobody receives
        {
            on.Completed(this, null, vanished: true);
            return;
        }
        Cancellation?.Started();
        Invoke(target, on);
    }

    public override string ToString() => $"{Name} of {Target}";
}

/// <summary>A call made through an interface method.</summary>
internal abstract class MethodCall(MethodShape shape) : Call
{
    internal override string Name => shape.Name;
    internal override bool AlwaysInterleave => shape.AlwaysInterleave;
    internal override bool ReadOnly => shape.ReadOnly;
    internal override bool OneWay => shape.OneWay;
    internal override TimeSpan? Timeout => shape.Timeout;
}

/// <summary>Calls that answer nothing but that they have ended.</summary>
internal abstract class PlainCall(MethodShape shape) : MethodCall(shape)
{
    private TaskCompletionSource? _answer;

    internal override void Expect(TaskCreationOptions how) => _answer = new(how);

    internal Task Answer => _answer?.Task ?? Task.CompletedTask;
    internal override bool TryFail(Exception failure) => _answer is not null && _answer.TrySetException(failure);

    protected void Ended(Task? task, Activation on)
    {
        if (task is null)
        {
            Failed(new InvalidOperationException($"{Name} answered null instead of a task."));
            return;
        }
        if (!task.IsCompleted)
        {
            task.ContinueWith(static (done, state) => ((PlainCall)state!).Reply(done), this, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.DenyChildAttach, on);
            return;
        }
        Reply(task);
    }

    private void Reply(Task task)
    {
        var failure = task.IsCompletedSuccessfully ? null : Failures.Of(task);
        if (RunsOn!.Completed(this, failure)) return;
        if (failure is null) _answer?.TrySetResult();
        else TryFail(failure);
    }

    protected void Failed(Exception failure)
    {
        if (!RunsOn!.Completed(this, failure)) TryFail(failure);
    }
}

/// <summary>Calls that answer a value.</summary>
internal abstract class ResultCall<T>(MethodShape shape) : MethodCall(shape)
{
    private TaskCompletionSource<T>? _answer;

    internal override void Expect(TaskCreationOptions how) => _answer = new(how);

    internal Task<T> Answer => _answer?.Task ?? NoAnswer;
    internal override bool TryFail(Exception failure) => _answer is not null && _answer.TrySetException(failure);

    private static readonly Task<T> NoAnswer = Task.FromResult(default(T)!);

    protected void Ended(Task<T>? task, Activation on)
    {
        if (task is null)
        {
            Failed(new InvalidOperationException($"{Name} answered null instead of a task."));
            return;
        }
        if (!task.IsCompleted)
        {
            task.ContinueWith(static (done, state) => ((ResultCall<T>)state!).Reply(done), this, CancellationToken.None,
                TaskContinuationOptions.ExecuteSynchronously | TaskContinuationOptions.DenyChildAttach, on);
            return;
        }
        Reply(task);
    }

    private void Reply(Task<T> task)
    {
        if (task.IsCompletedSuccessfully) Reply(task.Result);
        else Failed(Failures.Of(task));
    }

    protected void Reply(T result)
    {
        if (RunsOn!.Silo.Codec is { } codec)
        {
            try { result = codec.Copy(result); }
            catch (Exception refused) { Failed(refused); return; }
        }
        if (!RunsOn.Completed(this, null)) _answer?.TrySetResult(result);
    }

    protected void Failed(Exception failure)
    {
        if (!RunsOn!.Completed(this, failure)) TryFail(failure);
    }
}

internal abstract class TaskCall(MethodShape shape) : PlainCall(shape)
{
    public abstract Task InvokeOn(object target);

    protected override void Invoke(object target, Activation on)
    {
        Task task;
        try { task = InvokeOn(target); }
        catch (Exception failure) { Failed(failure); return; }
        Ended(task, on);
    }
}

internal abstract class TaskCall<T>(MethodShape shape) : ResultCall<T>(shape)
{
    public abstract Task<T> InvokeOn(object target);

    protected override void Invoke(object target, Activation on)
    {
        Task<T> task;
        try { task = InvokeOn(target); }
        catch (Exception failure) { Failed(failure); return; }
        Ended(task, on);
    }
}

internal abstract class ValueTaskCall(MethodShape shape) : PlainCall(shape)
{
    public abstract ValueTask InvokeOn(object target);

    protected override void Invoke(object target, Activation on)
    {
        ValueTask task;
        try { task = InvokeOn(target); }
        catch (Exception failure) { Failed(failure); return; }
        Ended(task.AsTask(), on);
    }
}

internal abstract class ValueTaskCall<T>(MethodShape shape) : ResultCall<T>(shape)
{
    public abstract ValueTask<T> InvokeOn(object target);

    protected override void Invoke(object target, Activation on)
    {
        ValueTask<T> task;
        try { task = InvokeOn(target); }
        catch (Exception failure) { Failed(failure); return; }
        if (task.IsCompletedSuccessfully) Reply(task.Result);
        else Ended(task.AsTask(), on);
    }
}

/// <summary>Calls of a method without any answer; only observers have them.</summary>
internal abstract class VoidCall(MethodShape shape) : PlainCall(shape)
{
    public abstract void InvokeOn(object target);

    protected override void Invoke(object target, Activation on)
    {
        try { InvokeOn(target); }
        catch (Exception failure) { Failed(failure); return; }
        Ended(Task.CompletedTask, on);
    }
}

/// <summary>Something the runtime itself asks an activation to do in its turn, such as a tick of a timer.</summary>
internal abstract class RuntimeCall : Call
{
    internal override bool OneWay => true;
    internal override bool Internal => true;
    internal override bool KeepsAlive => false;
    internal override bool TryFail(Exception failure) => false;
}

internal static class Failures
{
    /// <summary>The first exception of a failed task; a cancelled one's is its <see cref="OperationCanceledException"/>.</summary>
    internal static Exception Of(Task task)
    {
        if (task.Exception is { } failed) return failed.InnerExceptions[0];
        try { task.GetAwaiter().GetResult(); }
        catch (Exception cancelled) { return cancelled; }
        throw new UnreachableException("A task that neither succeeded nor failed has ended.");
    }
}
