using Orleans;
using Orleans.Runtime;
using Orleans.Storage;
using Tracking.Testing;

namespace Tracking.Runtime.Tests.Semantics;

[GenerateSerializer, Alias("runtime-tests.settings")]
public sealed class Settings
{
    [Id(0)] public string Zone { get; set; } = "UTC";
    [Id(1)] public List<string> Words { get; set; } = [];
}

public interface ISettingsGrain : IGrainWithStringKey
{
    Task<string> Zone();
    Task<bool> Exists();
    Task Set(string zone);
    Task SetWithoutWriting(string zone);
    Task Clear();
    Task Leave();
    Task WriteBehindItsBack(string zone);
}

public sealed class SettingsGrain(
    Stage stage, [PersistentState("settings")] IPersistentState<Settings> settings, [FromStorage] IGrainStorage storage) : Grain, ISettingsGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        stage.Mark($"activated in {settings.State.Zone}");
        return Task.CompletedTask;
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        stage.Mark("deactivated");
        return Task.CompletedTask;
    }

    public Task<string> Zone() => Task.FromResult(settings.State.Zone);
    public Task<bool> Exists() => Task.FromResult(settings.RecordExists);

    public Task Set(string zone)
    {
        settings.State.Zone = zone;
        return settings.WriteStateAsync();
    }

    public Task SetWithoutWriting(string zone)
    {
        settings.State.Zone = zone;
        return Task.CompletedTask;
    }

    public Task Clear() => settings.ClearStateAsync();

    public Task Leave()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    /// <summary>As a second activation would.</summary>
    public async Task WriteBehindItsBack(string zone)
    {
        var other = new GrainState<Settings>();
        await storage.ReadStateAsync("settings", this.GetGrainId(), other);
        other.State = new Settings { Zone = zone };
        await storage.WriteStateAsync("settings", this.GetGrainId(), other);
    }
}

/// <summary>The default storage, which both runtimes register under this key.</summary>
[AttributeUsage(AttributeTargets.Parameter)]
public sealed class FromStorageAttribute() : Microsoft.Extensions.DependencyInjection.FromKeyedServicesAttribute("Default");

public sealed class StorageTests : IAsyncLifetime
{
    private readonly Stage _stage = new();
    private TestSilo _silo = null!;

    public async ValueTask InitializeAsync() => _silo = await Silos.StartAsync(_stage);
    public ValueTask DisposeAsync() => _silo.DisposeAsync();

    private ISettingsGrain Grain => _silo.Grains.GetGrain<ISettingsGrain>("one");

    [Fact]
    public async Task A_state_never_written_is_fresh()
    {
        (await Grain.Zone()).ShouldBe("UTC");
        (await Grain.Exists()).ShouldBeFalse();
    }

    [Fact]
    public async Task What_was_written_is_there_before_the_next_activation_begins()
    {
        await Grain.Set("America/Chicago");
        await LeaveAsync();

        (await Grain.Zone()).ShouldBe("America/Chicago");
        (await Grain.Exists()).ShouldBeTrue();
        _stage.Marks.ShouldContain("activated in America/Chicago");
    }

    [Fact]
    public async Task What_was_not_written_is_lost()
    {
        await Grain.Set("America/Chicago");
        await Grain.SetWithoutWriting("Europe/Berlin");
        await LeaveAsync();

        (await Grain.Zone()).ShouldBe("America/Chicago");
    }

    [Fact]
    public async Task A_cleared_state_is_fresh_again()
    {
        await Grain.Set("America/Chicago");
        await Grain.Clear();
        await LeaveAsync();

        (await Grain.Zone()).ShouldBe("UTC");
        (await Grain.Exists()).ShouldBeFalse();
    }

    [Fact]
    public async Task A_write_over_somebody_elses_fails_and_the_next_activation_reads_theirs()
    {
        await Grain.Set("America/Chicago");
        await Grain.WriteBehindItsBack("Asia/Tokyo");

        await Should.ThrowAsync<InconsistentStateException>(Grain.Set("Europe/Berlin"));
        await _stage.Seen("deactivated");

        (await Grain.Zone()).ShouldBe("Asia/Tokyo");
    }

    private async Task LeaveAsync()
    {
        await Grain.Leave();
        await _stage.Seen("deactivated");
    }
}
