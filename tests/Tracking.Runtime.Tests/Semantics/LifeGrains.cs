using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Tracking.Runtime.Tests.Semantics;

public interface ILifeGrain : IGrainWithStringKey
{
    /// <summary>Which activation this is, counted from 1 over all of this grain's.</summary>
    Task<int> WhichLife();
    Task Leave();
    Task LeaveAndWork(string gate);
    Task Work(string gate);
    Task Stay(TimeSpan time);
    Task Fail(string message);
    Task FailBeforeAnyTask();
}

public sealed class LifeGrain(Stage stage) : Grain, ILifeGrain
{
    private int _life;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        stage.Mark("activated");
        _life = stage.Marks.Count(mark => mark == "activated");
        if (this.GetPrimaryKeyString() == "weak" && _life == 1) throw new InvalidOperationException("not strong enough yet");
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Mark($"deactivated: {reason.ReasonCode}");
        return Task.CompletedTask;
    }

    public Task<int> WhichLife() => Task.FromResult(_life);

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public async Task LeaveAndWork(string gate)
    {
        DeactivateOnIdle();
        stage.Mark("leaving");
        await stage.Gate(gate);
    }

    public async Task Work(string gate)
    {
        stage.Mark($"{gate} begins");
        await stage.Gate(gate);
    }

    public Task Stay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public async Task Fail(string message)
    {
        await Task.Yield();
        throw new ArgumentException(message);
    }

    public Task FailBeforeAnyTask() => throw new InvalidOperationException("thrown, not returned");
}

public interface INumberedGrain : IGrainWithIntegerKey
{
    Task<long> Number();
    ValueTask Nothing();
}

[GrainType("numbered-thing")]
public sealed class NumberedGrain : Grain, INumberedGrain
{
    public Task<long> Number() => Task.FromResult(this.GetPrimaryKeyLong());
    public ValueTask Nothing() => ValueTask.CompletedTask;
}

public interface ICycleGrain : IGrainWithStringKey
{
    Task CallEachOther(string other, int depth);
}

public sealed class CycleGrain : Grain, ICycleGrain
{
    public Task CallEachOther(string other, int depth) =>
        depth == 0 ? Task.CompletedTask : GrainFactory.GetGrain<ICycleGrain>(other).CallEachOther(this.GetPrimaryKeyString(), depth - 1);
}

public interface IWorkerGrain : IGrainWithIntegerKey
{
    Task Work(string gate);
}

[StatelessWorker(2)]
public sealed class WorkerGrain(Stage stage) : Grain, IWorkerGrain
{
    public async Task Work(string gate)
    {
        stage.Mark($"{gate} begins");
        await stage.Gate(gate);
    }
}

public interface IContextGrain : IGrainWithStringKey
{
    Task<string?> Hear();
    Task<string?> HearThrough(string other);
    Task SetAndReturn();
}

public sealed class ContextGrain : Grain, IContextGrain
{
    public async Task<string?> Hear()
    {
        await Task.Yield();
        return RequestContext.Get("trace") as string;
    }

    public Task<string?> HearThrough(string other) => GrainFactory.GetGrain<IContextGrain>(other).Hear();

    public Task SetAndReturn()
    {
        RequestContext.Set("trace", "set inside");
        return Task.CompletedTask;
    }
}

public interface ICancelGrain : IGrainWithStringKey
{
    Task WaitFor(string gate, CancellationToken cancellationToken);
}

public sealed class CancelGrain(Stage stage) : Grain, ICancelGrain
{
    public async Task WaitFor(string gate, CancellationToken cancellationToken)
    {
        stage.Mark($"{gate} begins");
        try
        {
            await stage.Gate(gate).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            stage.Mark($"{gate} cancelled");
            throw;
        }
    }
}
