namespace Tracking.Runtime;

/// <summary>
/// Runs everything on the thread that asks it to, one step at a time, and picks the next activation by seed: the same seed and the same happenings give the
/// same interleaving. Time belongs to whoever owns the virtual clock: run until nothing is runnable, move the clock to its next timer, run again.
/// </summary>
/// <remarks>
/// Everything must start on that thread: calls from outside the grains run as tasks of <see cref="Outside"/>. Work that comes from another thread is taken
/// but counted in <see cref="FromOtherThreads"/>, because no seed can repeat it.
/// </remarks>
public sealed class DeterministicScheduler : ITurnScheduler
{
    private readonly Lock _gate = new();
    private readonly List<ITurns> _runnable = [];
    private readonly OutsideTasks _outside;
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private ulong _state;

    public DeterministicScheduler(ulong seed)
    {
        Seed = seed;
        _state = seed;
        _outside = new OutsideTasks(this);
    }

    public ulong Seed { get; }

    /// <summary>Steps run so far.</summary>
    public long Steps { get; private set; }

    /// <summary>How often something became runnable on a thread other than the one that made this scheduler. Anything but zero cannot be repeated.</summary>
    public int FromOtherThreads { get; private set; }

    /// <summary>Called before each step with the name of the activation it belongs to; for traces.</summary>
    public Action<string>? BeforeStep { get; set; }

    /// <summary>Where whoever calls the grains from outside runs, so that its turns are drawn like theirs.</summary>
    public TaskScheduler Outside => _outside;

    bool ITurnScheduler.RunsOnOneThread => true;

    void ITurnScheduler.Schedule(ITurns turns)
    {
        lock (_gate)
        {
            if (Environment.CurrentManagedThreadId != _thread) FromOtherThreads++;
            _runnable.Add(turns);
        }
    }

    /// <summary>Runs one step of an activation drawn by seed. False when nothing is runnable.</summary>
    public bool RunOne()
    {
        ITurns turns;
        lock (_gate)
        {
            if (_runnable.Count == 0) return false;
            var index = (int)(Draw() % (ulong)_runnable.Count);
            turns = _runnable[index];
            _runnable.RemoveAt(index);
        }

        Steps++;
        BeforeStep?.Invoke(turns.Name);
        var more = CleanContext.Run(turns);
        if (more)
        {
            lock (_gate) _runnable.Add(turns);
        }
        return true;
    }

    /// <summary>Runs until nothing is runnable.</summary>
    /// <exception cref="InvalidOperationException">That many steps were not enough: something runs in a circle.</exception>
    public void RunUntilIdle(long mostSteps = 10_000_000)
    {
        for (long steps = 0; RunOne(); steps++)
        {
            if (steps >= mostSteps) throw new InvalidOperationException($"Still busy after {mostSteps} steps (seed {Seed}).");
        }
    }

    /// <summary>Starts something outside of the grains; its turns run when the scheduler is run.</summary>
    public Task Start(Func<Task> outside) => Task.Factory.StartNew(outside, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _outside).Unwrap();

    /// <inheritdoc cref="Start(Func{Task})"/>
    public Task<T> Start<T>(Func<Task<T>> outside) => Task.Factory.StartNew(outside, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _outside).Unwrap();

    /// <summary>A number below <paramref name="bound"/> from the same seed, for whoever decides what goes wrong.</summary>
    public int Next(int bound)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bound, 1);
        lock (_gate) return (int)(Draw() % (ulong)bound);
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014).</summary>
    private ulong Draw()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>Tasks outside of the grains, one step each in the draw.</summary>
    private sealed class OutsideTasks(DeterministicScheduler owner) : TaskScheduler, ITurns
    {
        private readonly Queue<Task> _tasks = new();
        private bool _scheduled;

        public string Name => "outside";

        public bool RunOne()
        {
            Task task;
            lock (_tasks)
            {
                if (!_tasks.TryDequeue(out task!))
                {
                    _scheduled = false;
                    return false;
                }
            }
            TryExecuteTask(task);
            lock (_tasks) return _scheduled = _tasks.Count > 0;
        }

        protected override void QueueTask(Task task)
        {
            lock (_tasks)
            {
                _tasks.Enqueue(task);
                if (_scheduled) return;
                _scheduled = true;
            }
            ((ITurnScheduler)owner).Schedule(this);
        }

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

        protected override IEnumerable<Task> GetScheduledTasks()
        {
            lock (_tasks) return [.. _tasks];
        }

        void IThreadPoolWorkItem.Execute() => throw new NotSupportedException("The deterministic scheduler runs these.");
    }

    /// <summary>A step must not see what the caller of the scheduler has in its execution context, as a pool thread's would not.</summary>
    private static class CleanContext
    {
        private static readonly ExecutionContext Clean = Capture();

        internal static bool Run(ITurns turns)
        {
            var outer = ExecutionContext.Capture();
            var synchronization = SynchronizationContext.Current;
            ExecutionContext.Restore(Clean);
            SynchronizationContext.SetSynchronizationContext(null);   // a test framework's would take every await away from its grain
            try
            {
                return turns.RunOne();
            }
            finally
            {
                if (outer is not null) ExecutionContext.Restore(outer);
                SynchronizationContext.SetSynchronizationContext(synchronization);
            }
        }

        private static ExecutionContext Capture()
        {
            ExecutionContext? clean = null;
            var thread = new Thread(() => clean = ExecutionContext.Capture());
            thread.UnsafeStart();
            thread.Join();
            return clean!;
        }
    }
}
