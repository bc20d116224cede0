using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.TestingHost;

namespace Tracking.Testing;

/// <summary>
/// One silo for one test. This is the Orleans one, an in-process cluster of one silo. Timers and delays of grains follow the <see cref="ManualClock"/>;
/// Orleans' own watching (response timeouts, collection, reminders) follows the wall clock, so short times really pass.
/// </summary>
public sealed class TestSilo : IAsyncDisposable
{
    /// <summary>Up to here a time is really waited for; a longer one passes for the grains only.</summary>
    private static readonly TimeSpan LongestRealWait = TimeSpan.FromSeconds(15);

    private readonly TestSiloOptions _options;
    private readonly SharedReminderTable _reminders = new();
    private InProcessTestCluster _cluster = null!;

    private TestSilo(TestSiloOptions options) => (_options, Clock) = (options, new(options.Start ?? DateTimeOffset.UtcNow));

    /// <summary>Whether the time of this build's silos is wholly a clock that a test moves.</summary>
    public static bool TimeIsManual => false;

    public ManualClock Clock { get; }

    public IGrainFactory Grains => _cluster.Client;

    public IServiceProvider Services => _cluster.GetSiloServiceProvider();

    public static Task<TestSilo> StartAsync(params Assembly[] grainAssemblies) => StartAsync(options =>
    {
        foreach (var assembly in grainAssemblies) options.GrainAssemblies.Add(assembly);
    });

    public static async Task<TestSilo> StartAsync(Action<TestSiloOptions> configure)
    {
        var options = new TestSiloOptions();
        configure(options);
        var silo = new TestSilo(options);
        await silo.StartAsync();
        return silo;
    }

    /// <summary>Lets the silo's time pass, and whatever falls due meanwhile happen.</summary>
    public async Task Elapse(TimeSpan time)
    {
        if (time > LongestRealWait)
        {
            var target = Clock.GetUtcNow() + time;
            while (Clock.NextTimer is { } next && next <= target)
            {
                var set = Clock.TimersSet;
                Clock.AdvanceToNextTimer();
                // A grain's timer is set again when its turn is over. One that is not set again, or only later, is waited for a little.
                for (var waited = 0; Clock.TimersSet < set && waited < 50; waited++) await Task.Delay(2);
            }
            Clock.MoveTo(target);
            return;
        }

        var slice = TimeSpan.FromMilliseconds(50);
        for (var passed = TimeSpan.Zero; passed < time; passed += slice)
        {
            await Task.Delay(slice);
            Clock.Advance(slice);
        }
    }

    /// <summary>
    /// Ends the silo without waiting for anything. Orleans' test cluster still deactivates what it can; a process that is really killed does not. Reminders stay;
    /// stored states are in the silo's memory and do not.
    /// </summary>
    public Task KillAsync() => _cluster.KillSiloAsync(_cluster.Silos[0]);

    /// <summary>Stops the silo in order (unless it was killed) and starts another one over the same reminders.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task StopAsync()
    {
        await _cluster.StopAllSilosAsync();
        await _cluster.DisposeAsync();
    }

    private async Task StartAsync()
    {
        var builder = new InProcessTestClusterBuilder(1) { Options = { ConfigureFileLogging = false } };
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton<TimeProvider>(Clock);
            silo.Services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
            silo.Services.AddSingleton<IReminderTable>(_reminders);
            // Load statistics of one node go to nobody; their timer would make every hour of a test 3,600 steps.
            silo.Configure<DeploymentLoadPublisherOptions>(options => options.DeploymentLoadPublisherRefreshTime = TimeSpan.FromDays(30));
            silo.AddReminders();
            silo.AddMemoryGrainStorageAsDefault();
            silo.Configure<SiloMessagingOptions>(options => options.ResponseTimeout = _options.ResponseTimeout);
            silo.Configure<ReminderOptions>(options => options.MinimumReminderPeriod = _options.MinimumReminderPeriod);
            silo.Configure<GrainCollectionOptions>(options =>
            {
                options.CollectionAge = _options.CollectionAge;
                options.CollectionQuantum = _options.CollectionQuantum;
            });
            _options.Services(silo.Services);
        });
        builder.ConfigureClient(client => client.Configure<ClientMessagingOptions>(options => options.ResponseTimeout = _options.ResponseTimeout));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
    }

    /// <summary>Reminders in memory that outlive a silo; Orleans' own memory table is a grain and dies with it.</summary>
    private sealed class SharedReminderTable : IReminderTable
    {
        private readonly Dictionary<(GrainId, string), ReminderEntry> _rows = [];
        private long _writes;

        public Task<ReminderTableData> ReadRows(GrainId grainId)
        {
            lock (_rows) return Task.FromResult(new ReminderTableData(_rows.Values.Where(row => row.GrainId == grainId).Select(Copy).ToList()));
        }

        public Task<ReminderTableData> ReadRows(uint begin, uint end)
        {
            bool InRange(uint hash) => begin < end ? hash > begin && hash <= end : hash > begin || hash <= end;
            lock (_rows) return Task.FromResult(new ReminderTableData(_rows.Values.Where(row => InRange(row.GrainId.GetUniformHashCode())).Select(Copy).ToList()));
        }

        public Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName)
        {
            lock (_rows) return Task.FromResult(_rows.TryGetValue((grainId, reminderName), out var row) ? Copy(row) : null);
        }

        public Task<string?> UpsertRow(ReminderEntry entry)
        {
            lock (_rows)
            {
                var row = Copy(entry);
                row.ETag = (++_writes).ToString(CultureInfo.InvariantCulture);
                _rows[(row.GrainId, row.ReminderName)] = row;
                return Task.FromResult<string?>(row.ETag);
            }
        }

        public Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag)
        {
            lock (_rows) return Task.FromResult(_rows.TryGetValue((grainId, reminderName), out var row) && row.ETag == eTag && _rows.Remove((grainId, reminderName)));
        }

        public Task TestOnlyClearTable()
        {
            lock (_rows) _rows.Clear();
            return Task.CompletedTask;
        }

        private static ReminderEntry Copy(ReminderEntry row) =>
            new() { GrainId = row.GrainId, ReminderName = row.ReminderName, StartAt = row.StartAt, Period = row.Period, ETag = row.ETag };
    }
}
