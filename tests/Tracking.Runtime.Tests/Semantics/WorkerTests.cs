using Orleans;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public sealed class WorkerTests : IAsyncLifetime
{
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    [Fact]
    public async Task A_stateless_worker_runs_as_many_calls_side_by_side_as_it_may_and_no_more()
    {
        var grain = _silo.Grains.GetGrain<IWorkerGrain>(0);

        var first = grain.Work("first");
        var second = grain.Work("second");
        await _stage.Seen("first begins");
        await _stage.Seen("second begins");
        var third = grain.Work("third");
        _stage.Marks.ShouldNotContain("third begins");

        _stage.Open("first");
        _stage.Open("second");
        _stage.Open("third");
        await Task.WhenAll(first, second, third);
    }
}
