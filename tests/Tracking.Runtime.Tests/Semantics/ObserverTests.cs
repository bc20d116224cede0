using System.Runtime.CompilerServices;
using Orleans;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public interface IListener : IGrainObserver
{
    void Heard(string what);
    Task Confirm(string what);
}

public interface ISpeakerGrain : IGrainWithStringKey
{
    Task Add(IListener listener);
    Task<int> Say(string what);
    Task<string> SayAndWait(string what);
    Task Introduce(string other);
    Task<ISpeakerGrain> Self();
}

public sealed class SpeakerGrain : Grain, ISpeakerGrain
{
    private readonly List<IListener> _listeners = [];

    public Task Add(IListener listener)
    {
        _listeners.Add(listener);
        return Task.CompletedTask;
    }

    public Task<int> Say(string what)
    {
        foreach (var listener in _listeners) listener.Heard(what);
        return Task.FromResult(_listeners.Count);
    }

    public async Task<string> SayAndWait(string what)
    {
        foreach (var listener in _listeners) await listener.Confirm(what);
        return "confirmed";
    }

    /// <summary>Hands its listeners to another grain.</summary>
    public async Task Introduce(string other)
    {
        foreach (var listener in _listeners) await GrainFactory.GetGrain<ISpeakerGrain>(other).Add(listener);
    }

    public Task<ISpeakerGrain> Self() => Task.FromResult(this.AsReference<ISpeakerGrain>());
}

public sealed class ObserverTests : IAsyncLifetime
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage, options => options.ResponseTimeout = Timeout);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private ISpeakerGrain Grain => _silo.Grains.GetGrain<ISpeakerGrain>("one");

    private sealed class Listener(Stage stage) : IListener
    {
        public void Heard(string what) => stage.Mark($"heard {what}");

        public async Task Confirm(string what)
        {
            stage.Mark($"confirms {what}");
            await stage.Gate(what);
        }
    }

    [Fact]
    public async Task An_observer_hears_what_a_grain_says()
    {
        var listener = new Listener(_stage);
        var reference = _silo.Grains.CreateObjectReference<IListener>(listener);
        await Grain.Add(reference);

        await Grain.Say("hello");

        await _stage.Seen("heard hello");
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task A_grain_can_wait_for_an_observer_and_hand_it_on()
    {
        var listener = new Listener(_stage);
        await Grain.Add(_silo.Grains.CreateObjectReference<IListener>(listener));
        await Grain.Introduce("two");

        _stage.Open("news");
        (await _silo.Grains.GetGrain<ISpeakerGrain>("two").SayAndWait("news")).ShouldBe("confirmed");

        _stage.Marks.ShouldContain("confirms news");
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task An_observer_hears_one_thing_after_the_other()
    {
        var listener = new Listener(_stage);
        await Grain.Add(_silo.Grains.CreateObjectReference<IListener>(listener));
        await Grain.Introduce("two");

        var first = Grain.SayAndWait("first");
        await _stage.Seen("confirms first");
        var second = _silo.Grains.GetGrain<ISpeakerGrain>("two").SayAndWait("second");
        _stage.Open("second");
        _stage.Marks.ShouldNotContain("confirms second");

        _stage.Open("first");
        await Task.WhenAll(first, second);
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task A_deleted_reference_hears_nothing_and_the_grain_goes_on()
    {
        var listener = new Listener(_stage);
        var reference = _silo.Grains.CreateObjectReference<IListener>(listener);
        await Grain.Add(reference);
        _silo.Grains.DeleteObjectReference<IListener>(reference);

        (await Grain.Say("hello")).ShouldBe(1);
        (await Grain.Say("hello again")).ShouldBe(1);

        _stage.Marks.ShouldBeEmpty();
        GC.KeepAlive(listener);
    }

    [Fact]
    public async Task An_observer_that_nobody_keeps_vanishes_and_the_grain_goes_on()
    {
        await AddListenerThatNobodyKeeps();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        (await Grain.Say("hello")).ShouldBe(1);

        _stage.Marks.ShouldBeEmpty();
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task AddListenerThatNobodyKeeps() => Grain.Add(_silo.Grains.CreateObjectReference<IListener>(new Listener(_stage)));

    [Fact]
    public async Task A_grain_can_give_out_a_reference_of_itself() =>
        (await Grain.Self()).ShouldBe(Grain);
}
