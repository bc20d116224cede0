using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Tracking.Runtime.Tests.Semantics;

/// <summary>
/// What the grains of these tests and the tests tell each other outside of calls: gates that a grain waits at until the test opens them, and marks that a
/// grain leaves and the test waits for. One per silo.
/// </summary>
public sealed class Stage
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TaskCompletionSource> _gates = [];
    private readonly List<string> _marks = [];
    private readonly List<(Func<bool> Reached, TaskCompletionSource Done)> _waiting = [];

    public Task Gate(string name) => Of(name).Task;
    public void Open(string name) => Of(name).TrySetResult();

    public void Mark(string mark)
    {
        lock (_lock)
        {
            _marks.Add(mark);
            foreach (var (_, done) in _waiting.Where(one => one.Reached()).ToArray()) done.TrySetResult();
            _waiting.RemoveAll(one => one.Done.Task.IsCompleted);
        }
    }

    public IReadOnlyList<string> Marks
    {
        get { lock (_lock) return [.. _marks]; }
    }

    /// <summary>Waits until a mark was left so often.</summary>
    public Task Seen(string mark, int times = 1)
    {
        lock (_lock)
        {
            bool Reached() => _marks.Count(one => one == mark) >= times;
            if (Reached()) return Task.CompletedTask;
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((Reached, done));
            return done.Task.WaitAsync(TimeSpan.FromSeconds(20));
        }
    }

    private TaskCompletionSource Of(string name)
    {
        lock (_lock) return _gates.TryGetValue(name, out var gate) ? gate : _gates[name] = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}

public interface IWorkGrain : IGrainWithStringKey
{
    /// <summary>Marks "name begins", waits for the gate of that name, marks "name ends".</summary>
    Task Work(string name);

    [AlwaysInterleave]
    Task WorkBeside(string name);

    [ReadOnly]
    Task Look(string name);

    [OneWay]
    Task Drop(string name);

    Task<int> Count();
}

public abstract class WorkGrainBase(Stage stage) : Grain
{
    private int _steps;

    public async Task Work(string name)
    {
        stage.Mark($"{name} begins");
        _steps++;
        await stage.Gate(name);
        _steps++;
        stage.Mark($"{name} ends");
    }

    public Task WorkBeside(string name) => Work(name);
    public Task Look(string name) => Work(name);
    public Task Drop(string name) => Work(name);
    public Task<int> Count() => Task.FromResult(_steps);
}

public sealed class WorkGrain(Stage stage) : WorkGrainBase(stage), IWorkGrain;

public interface IReentrantWorkGrain : IWorkGrain;

[Reentrant]
public sealed class ReentrantWorkGrain(Stage stage) : WorkGrainBase(stage), IReentrantWorkGrain;
