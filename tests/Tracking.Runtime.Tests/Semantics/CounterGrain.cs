using Orleans;
using Orleans.Concurrency;

namespace Tracking.Runtime.Tests.Semantics;

public interface ICounterGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    Task AddSlowly(int steps);

    ValueTask<int> Total();

    Task<bool> StaysInItsTurn();
}

public sealed class CounterGrain : Grain, ICounterGrain
{
    private int _total;

    public async Task AddSlowly(int steps)
    {
        for (var i = 0; i < steps; i++)
        {
            var before = _total;      // not atomic: only turns make this right
            Thread.SpinWait(20);
            _total = before + 1;
            await Task.Yield();
        }
    }

    public ValueTask<int> Total() => new(_total);

    public async Task<bool> StaysInItsTurn()
    {
        var before = TaskScheduler.Current;
        await Task.Yield();
        var yielded = TaskScheduler.Current;
        await Task.Run(() => { });
        return before != TaskScheduler.Default && before == yielded && before == TaskScheduler.Current;
    }
}
