using System.Diagnostics;
using Npgsql;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Silo;

/// <summary>
/// A server the tool started itself, and may therefore kill, stop and read the store of. One silo on a fixed loopback port, on SQLite in an own folder
/// or on PostgreSQL. At the end everything is healed and ended.
/// </summary>
public sealed class OwnServer : IAsyncDisposable
{
    private readonly string _dll, _folder;
    private readonly int _port;
    private readonly Dictionary<string, string> _settings;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly FaultProxy? _way;
    private SiloProcess _silo;
    private bool _paused;

    private OwnServer(string dll, string folder, int port, Dictionary<string, string> settings, SiloProcess silo, string store, FaultProxy? way) =>
        (_dll, _folder, _port, _settings, _silo, Store, _way) = (dll, folder, port, settings, silo, store, way);

    public Uri Address => new($"http://127.0.0.1:{_port}");
    public int Pid => _silo.Pid;
    public TimeSpan StartedIn => _silo.StartedIn;
    /// <summary>Its working directory, deleted at the end unless <see cref="Keep"/> says otherwise.</summary>
    public string Folder => _folder;
    public bool Keep { get; set; }
    /// <summary>In words: what it stores to.</summary>
    public string Store { get; }
    /// <summary>Called when a new process has been started in the place of one that ended, before it is ready.</summary>
    public Action? Spawned { get; set; }
    /// <summary>PostgreSQL's data directory, when the tool may restart it.</summary>
    public string? PgData { get; init; }

    /// <param name="proxied">Puts a <see cref="FaultProxy"/> between the silo and PostgreSQL, for faults on the way.</param>
    /// <param name="dll">A silo that was built already. Default: the clone's own, in Release, built when it is older than its sources.</param>
    public static async Task<OwnServer> StartAsync(
        string? postgres, string? pgData, IReadOnlyDictionary<string, string> settings, Action<string> say, CancellationToken stop, bool proxied = false, string? dll = null)
    {
        var store = postgres is null ? "SQLite" : await Throughput.ThroughputRun.DescribePostgresAsync(postgres, stop);
        dll ??= await SiloBinary.EnsureAsync(say, stop);
        FaultProxy? way = null;
        if (postgres is not null && proxied)
        {
            var real = new NpgsqlConnectionStringBuilder(postgres);
            way = new FaultProxy(real.Host ?? "127.0.0.1", real.Port);
            postgres = new NpgsqlConnectionStringBuilder(postgres) { Host = "127.0.0.1", Port = way.Port }.ToString();
        }
        var folder = Directory.CreateTempSubdirectory("tracking-loadtest-").FullName;
        var all = new Dictionary<string, string>(settings);
        if (postgres is not null) all["Storage__Postgres"] = postgres;
        // A crowd comes from one address and may sit on one link: what protects a server from that must not be what is measured.
        all.TryAdd("Live__SocketsPerLink", "1000000");
        all.TryAdd("Live__SocketsPerAddress", "1000000");
        var port = SiloProcess.FreePort();
        var silo = await SiloProcess.StartAsync(dll, all, folder, port, stop);
        return new OwnServer(dll, folder, port, all, silo, store, way) { PgData = pgData };
    }

    /// <summary>SIGKILL, then a new process on the same port and store after <paramref name="away"/>.</summary>
    public async Task KillAsync(TimeSpan away, CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            await _silo.KillAsync();
            await Task.Delay(away, stop);
            await StartAgainAsync(stop);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGTERM, and a new process as soon as it has ended.</summary>
    public async Task RestartAsync(CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            await _silo.StopAsync();
            await StartAgainAsync(stop);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>SIGSTOP for a while, then SIGCONT, whatever happens meanwhile.</summary>
    public async Task PauseAsync(TimeSpan length, CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            _paused = Signals.Send(_silo.Pid, Signals.Stop);
            await Task.Delay(length, stop);
        }
        finally
        {
            Signals.Send(_silo.Pid, Signals.Continue);
            _paused = false;
            _gate.Release();
        }
    }

    /// <summary><c>pg_ctl restart</c> with that mode (<c>fast</c>, <c>immediate</c>), as the owner of the data directory.</summary>
    public async Task RestartPostgresAsync(string mode, CancellationToken stop)
    {
        var data = RequirePgData();
        var (program, arguments) = AsOwner(data, ["pg_ctl", "-D", data, "restart", "-m", mode, "-w", "-t", "60", "-s", "-l", Path.Combine(data, "loadtest-restart.log")]);
        var start = new ProcessStartInfo(program) { RedirectStandardError = true, WorkingDirectory = "/" };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new SetUpException("pg_ctl could not be started.");
        await process.WaitForExitAsync(stop);
        if (process.ExitCode != 0) throw new SetUpException($"pg_ctl restart -m {mode} ended with code {process.ExitCode}.");
    }

    /// <summary>SIGSTOP to the postmaster and its children for a while, then SIGCONT.</summary>
    public async Task PausePostgresAsync(TimeSpan length, CancellationToken stop)
    {
        var postmaster = Postmaster();
        var group = ProcessFamily.ChildrenOf(postmaster).Prepend(postmaster).ToList();
        try
        {
            foreach (var pid in group) Signals.Send(pid, Signals.Stop);
            await Task.Delay(length, stop);
        }
        finally
        {
            foreach (var pid in group) Signals.Send(pid, Signals.Continue);
        }
    }

    /// <summary>Something is wrong on the way to PostgreSQL for a while; then nothing is.</summary>
    public async Task OnTheWayAsync(Action<FaultProxy> fault, TimeSpan length, CancellationToken stop)
    {
        if (_way is null) throw new SetUpException("This fault happens on the way to PostgreSQL and needs --postgres.");
        try
        {
            fault(_way);
            await Task.Delay(length, stop);
        }
        finally
        {
            _way.Heal();
        }
    }

    /// <summary>Everything runs again. Called before anything is read back.</summary>
    public async Task HealAsync(CancellationToken stop)
    {
        await _gate.WaitAsync(stop);
        try
        {
            _way?.Heal();
            if (_paused) Signals.Send(_silo.Pid, Signals.Continue);
            if (_silo.HasExited) await StartAgainAsync(stop);
            else await _silo.ReadyAsync(TimeSpan.FromSeconds(60), stop);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Stops the silo and reads its store.</summary>
    public async Task<long> ReadBackAsync(OnStoredScan found, CancellationToken stop)
    {
        await _silo.StopAsync();
        return await StoredTruth.ReadAsync(_dll, _settings, _folder, found, stop);
    }

    public ProcessReading Reading => ProcessReading.Of(_silo.Pid);
    public string LastLines => _silo.LastLines();

    public async ValueTask DisposeAsync()
    {
        await _silo.DisposeAsync();
        if (_way is not null) await _way.DisposeAsync();
        _gate.Dispose();
        if (Keep) return;
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>The demo retailer's recovery policy; the silo finds it within two seconds.</summary>
    public void WritePolicy(string json)
    {
        var policies = Directory.CreateDirectory(Path.Combine(_folder, "data", "policies"));
        File.WriteAllText(Path.Combine(policies.FullName, "demo.json"), json);
    }

    private async Task StartAgainAsync(CancellationToken stop)
    {
        var old = _silo;
        Spawned?.Invoke();
        _silo = await SiloProcess.StartAsync(_dll, _settings, _folder, _port, stop);
        await old.DisposeAsync();
    }

    private string RequirePgData() => PgData ?? throw new SetUpException("This fault needs --pgdata, the data directory of a PostgreSQL that may be restarted.");

    private int Postmaster()
    {
        var file = Path.Combine(RequirePgData(), "postmaster.pid");
        return File.Exists(file) && int.TryParse(File.ReadLines(file).FirstOrDefault(), out var pid) ? pid
            : throw new SetUpException($"No PostgreSQL runs on {PgData}.");
    }

    // PostgreSQL refuses to be run by root: as root, become the owner of its files.
    private static (string Program, string[] Arguments) AsOwner(string data, string[] command)
    {
        if (Environment.UserName != "root") return (command[0], command[1..]);
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%U", data]) { RedirectStandardOutput = true })!;
        var owner = stat.StandardOutput.ReadToEnd().Trim();
        stat.WaitForExit();
        return owner is "root" or "" ? (command[0], command[1..]) : ("runuser", ["-u", owner, "--", .. command]);
    }
}
