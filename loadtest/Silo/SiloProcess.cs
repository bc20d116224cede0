using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Silo;

/// <summary>
/// A silo as a child process on a free loopback port. Ended by its process id: politely (SIGTERM, then 30 s), or at once. Its last lines are kept
/// for the error message of a run that fails.
/// </summary>
public sealed class SiloProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Queue<string> _lastLines = new();
    private readonly string _folder;
    private readonly bool _ownFolder;

    private SiloProcess(Process process, Uri address, string folder, bool ownFolder)
    {
        (_process, Address, _folder, _ownFolder) = (process, address, folder, ownFolder);
        Pid = process.Id;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Address { get; }
    public int Pid { get; }
    public bool HasExited => _process.HasExited;
    public ProcessReading Reading => ProcessReading.Of(Pid);

    /// <summary>From start to the first good answer of <c>/health/ready</c>.</summary>
    public TimeSpan StartedIn { get; private set; }

    /// <param name="settings">Configuration as environment variables (<c>Storage__Postgres</c> …).</param>
    /// <param name="folder">Working directory (its <c>data</c> is the silo's); null: an own one, deleted at the end.</param>
    public static async Task<SiloProcess> StartAsync(
        string dll, IReadOnlyDictionary<string, string> settings, string? folder = null, int? port = null, CancellationToken cancel = default)
    {
        var address = new Uri($"http://127.0.0.1:{port ?? FreePort()}");
        var own = folder is null;
        folder ??= Directory.CreateTempSubdirectory("tracking-loadtest-").FullName;
        string[] command = [.. Priority.ForChildren, "dotnet", dll];
        var start = new ProcessStartInfo(command[0], command[1..]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["Urls"] = address.ToString().TrimEnd('/');
        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["Logging__LogLevel__Default"] = "Warning";
        start.Environment.Remove("MSBuildSDKsPath");
        foreach (var (name, value) in settings) start.Environment[name] = value;

        var began = Stopwatch.GetTimestamp();
        var silo = new SiloProcess(Process.Start(start) ?? throw new SetUpException("dotnet could not be started."), address, folder, own);
        try
        {
            await silo.ReadyAsync(TimeSpan.FromSeconds(60), cancel);
            silo.StartedIn = Stopwatch.GetElapsedTime(began);
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for <c>/health/ready</c> to say 200. Throws <see cref="SetUpException"/> when the process ends or the time is over.</summary>
    public async Task ReadyAsync(TimeSpan atMost, CancellationToken cancel)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(2) };
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (_process.HasExited) throw new SetUpException($"The silo ended with code {_process.ExitCode} before it was ready. {LastLines()}");
            try
            {
                using var answer = await http.GetAsync(new Uri(Address, "/health/ready"), cancel);
                if (answer.StatusCode == HttpStatusCode.OK) return;
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancel.IsCancellationRequested)
            {
            }
            if (Stopwatch.GetElapsedTime(began) > atMost) throw new SetUpException($"The silo was not ready after {atMost.TotalSeconds:F0} s. {LastLines()}");
            await Task.Delay(25, cancel);
        }
    }

    /// <summary>Asks it to end (SIGTERM) and waits up to 30 s, then kills it. True when it ended by itself with code 0.</summary>
    public async Task<bool> StopAsync()
    {
        if (!_process.HasExited) Signals.Send(Pid, Signals.Term);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            return _process.ExitCode is 0 or 143;
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return false;
        }
    }

    /// <summary>Ends it without a chance to say goodbye (SIGKILL).</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    public string LastLines()
    {
        lock (_lastLines) return _lastLines.Count == 0 ? "It said nothing." : "It said: " + string.Join(" / ", _lastLines);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        if (!_ownFolder) return;
        try
        {
            Directory.Delete(_folder, recursive: true);
        }
        catch (IOException)
        {
            // a leftover folder in the temporary directory hurts nobody
        }
    }

    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrWhiteSpace(line)) return;
        lock (_lastLines)
        {
            _lastLines.Enqueue(line.Trim());
            if (_lastLines.Count > 6) _lastLines.Dequeue();
        }
    }
}
