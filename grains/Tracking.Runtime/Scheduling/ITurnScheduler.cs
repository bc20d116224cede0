namespace Tracking.Runtime;

/// <summary>An activation that has something to run.</summary>
public interface ITurns : IThreadPoolWorkItem
{
    /// <summary>Which grain; for traces.</summary>
    string Name { get; }

    /// <summary>
    /// Runs one step: what lies between two awaits of one turn. Answers whether there is more; when not, the activation asks to be scheduled again by itself.
    /// Never called on two threads at once.
    /// </summary>
    bool RunOne();
}

/// <summary>
/// Decides when activations run. Together with <see cref="TimeProvider"/> it owns everything that happens in a silo: calls, continuations, timers, reminders
/// and timeouts all become steps of some activation.
/// </summary>
public interface ITurnScheduler
{
    /// <summary>Whether everything runs on one thread, so that nothing of the silo may be handed to another.</summary>
    bool RunsOnOneThread => false;

    /// <summary>Takes note of an activation that has become runnable. Must not run it on the caller's stack.</summary>
    void Schedule(ITurns turns);
}

/// <summary>The ordinary scheduler: the thread pool, a few steps at a time so that a busy grain does not keep a thread for itself.</summary>
public sealed class ThreadPoolTurnScheduler : ITurnScheduler
{
    public static ThreadPoolTurnScheduler Instance { get; } = new();

    public void Schedule(ITurns turns) => ThreadPool.UnsafeQueueUserWorkItem(turns, preferLocal: true);
}
