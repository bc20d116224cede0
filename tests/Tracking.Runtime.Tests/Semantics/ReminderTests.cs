using Orleans;
using Orleans.Runtime;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

public interface IReminderGrain : IGrainWithStringKey
{
    Task Remind(string name, TimeSpan due, TimeSpan period);
    Task Forget(string name);
    Task<bool> Has(string name);
    Task Leave();
}

public sealed class ReminderGrain(Stage stage) : Grain, IReminderGrain, IRemindable
{
    public Task Remind(string name, TimeSpan due, TimeSpan period) => this.RegisterOrUpdateReminder(name, due, period);

    public async Task Forget(string name) => await this.UnregisterReminder((await this.GetReminder(name))!);

    public async Task<bool> Has(string name) => await this.GetReminder(name) is not null;

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Mark("deactivated");
        return Task.CompletedTask;
    }

    public Task ReceiveReminder(string reminderName, TickStatus status)
    {
        stage.Mark(reminderName);
        if (status.CurrentTickTime < status.FirstTickTime - TimeSpan.FromMilliseconds(50)) stage.Mark($"{reminderName} came early");
        return reminderName == "failing" ? throw new InvalidOperationException("a reminder that fails") : Task.CompletedTask;
    }
}

public interface IForgetfulGrain : IGrainWithStringKey
{
    Task Remind();
}

/// <summary>Asks for reminders but cannot receive them.</summary>
public sealed class ForgetfulGrain : Grain, IForgetfulGrain
{
    public Task Remind() => this.RegisterOrUpdateReminder("never", TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
}

public sealed class ReminderTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage, options => options.MinimumReminderPeriod = Second);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private IReminderGrain Grain => _silo.Grains.GetGrain<IReminderGrain>("one");

    [Fact]
    public async Task A_reminder_comes_when_due_and_then_every_period_and_wakes_a_grain_that_left()
    {
        await Grain.Remind("wake", Second, Second);
        await Grain.Leave();
        await _stage.Seen("deactivated");

        await _silo.Elapse(4 * Second);

        await _stage.Seen("wake", times: 2);
        _stage.Marks.ShouldNotContain("wake came early");
    }

    [Fact]
    public async Task A_reminder_survives_the_silo()
    {
        await Grain.Remind("wake", 2 * Second, Second);

        await _silo.RestartAsync();
        _stage.Marks.ShouldNotContain("wake");
        await _silo.Elapse(4 * Second);

        await _stage.Seen("wake");
    }

    [Fact]
    public async Task A_reminder_survives_a_silo_that_is_killed()
    {
        await Grain.Remind("wake", 2 * Second, Second);

        await _silo.KillAsync();
        await _silo.RestartAsync();
        await _silo.Elapse(4 * Second);

        await _stage.Seen("wake");
    }

    [Fact]
    public async Task An_unregistered_reminder_comes_no_more()
    {
        await Grain.Remind("wake", 2 * Second, Second);
        (await Grain.Has("wake")).ShouldBeTrue();

        await Grain.Forget("wake");

        (await Grain.Has("wake")).ShouldBeFalse();
        await _silo.Elapse(4 * Second);
        _stage.Marks.ShouldNotContain("wake");
    }

    [Fact]
    public async Task A_reminder_registered_again_keeps_the_newer_times()
    {
        await Grain.Remind("wake", Second, Second);
        await Grain.Remind("wake", TimeSpan.FromHours(1), Second);

        await _silo.Elapse(3 * Second);

        _stage.Marks.ShouldNotContain("wake");
    }

    [Fact]
    public async Task A_reminder_that_fails_comes_again()
    {
        await Grain.Remind("failing", Second, Second);

        await _silo.Elapse(4 * Second);

        await _stage.Seen("failing", times: 2);
    }

    [Fact]
    public async Task A_period_below_the_minimum_is_refused() =>
        await Should.ThrowAsync<ArgumentException>(Grain.Remind("wake", Second, Second / 2));

    [Fact]
    public async Task A_grain_that_is_not_remindable_cannot_ask_for_reminders() =>
        await Should.ThrowAsync<InvalidOperationException>(_silo.Grains.GetGrain<IForgetfulGrain>("one").Remind());
}
