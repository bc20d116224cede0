using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Silo.Tests;

/// <summary>The real program as a real process, on a port and in a folder of its own. Ended by its process id.</summary>
internal sealed partial class SiloProcess : IAsyncDisposable
{
    internal static readonly string Program = Path.Combine(AppContext.BaseDirectory, "Tracking.Silo.dll");

    private readonly Process _process;
    private readonly StringBuilder _output;

    private SiloProcess(Process process, StringBuilder output, Uri address)
    {
        (_process, _output, Address) = (process, output, address);
        Client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        Client.DefaultRequestHeaders.Authorization = new("Bearer", "demo");
    }

    public Uri Address { get; }
    public HttpClient Client { get; }
    public int Id => _process.Id;
    public string Output { get { lock (_output) return _output.ToString(); } }

    /// <summary>Starts and waits until it is ready.</summary>
    public static Task<SiloProcess> StartAsync(string folder, params string[] settings) => StartLoggingToAsync(null, folder, settings);

    /// <summary>The same, with everything it prints going to a file.</summary>
    public static async Task<SiloProcess> StartLoggingToAsync(string? log, string folder, params string[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{FreePort()}");
        var (process, output) = await LaunchAsync(folder, [$"--Urls={address}", .. settings], log);
        var silo = new SiloProcess(process, output, address);
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));   // a second on a machine of its own; nobody knows how long beside builds
        while (true)
        {
            if (process.HasExited) throw new InvalidOperationException($"The silo ended with code {process.ExitCode}: {silo.Output}");
            try
            {
                using var ready = await silo.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), patience.Token);
                if (ready.IsSuccessStatusCode) return silo;
            }
            catch (HttpRequestException) when (!patience.IsCancellationRequested) { }   // not listening yet
            patience.Token.ThrowIfCancellationRequested();
            await Task.Delay(25, patience.Token);   // the process gives no other signal before it listens
        }
    }

    /// <summary>Runs it to its end; for commands and refused starts.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string folder, params string[] arguments)
    {
        var (process, output) = await LaunchAsync(folder, arguments);
        using (process)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            try { await process.WaitForExitAsync(patience.Token); }
            catch (OperationCanceledException) { process.Kill(); throw new TimeoutException($"It did not end: {output}"); }
            process.WaitForExit();
            lock (output) return (process.ExitCode, output.ToString());
        }
    }

    private static async Task<(Process, StringBuilder)> LaunchAsync(string folder, string[] arguments, string? log = null)
    {
        Directory.CreateDirectory(folder);
        var start = new ProcessStartInfo(log is null ? "dotnet" : "/bin/sh") { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        if (log is not null) foreach (var word in (string[])["-c", $"exec dotnet \"$@\" >'{log}' 2>&1", "sh"]) start.ArgumentList.Add(word);
        start.ArgumentList.Add(Program);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        await ConfigureAsync(start, folder);
        var output = new StringBuilder();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => { if (line.Data is not null) lock (output) output.AppendLine(line.Data); };
        process.ErrorDataReceived += (_, line) => { if (line.Data is not null) lock (output) output.AppendLine(line.Data); };
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return (process, output);
    }

    /// <summary>What a retailer reads at an address.</summary>
    public async Task<string> GetAsync(string key, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new("Bearer", key);
        using var answer = await Client.SendAsync(request);
        return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : "";
    }

    /// <summary>Asks until the answer is as wanted; what a process does on its own gives no other signal.</summary>
    public async Task<string> UntilAsync(string key, string path, Func<string, bool> wanted)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        while (true)
        {
            if (await GetAsync(key, path) is { Length: > 0 } body && wanted(body)) return body;
            try { await Task.Delay(50, patience.Token); }
            catch (OperationCanceledException) { throw new TimeoutException($"{path} did not come: {Output}"); }
        }
    }

    /// <summary>Waits for words of its log: they come by a queue and a pipe, after what they tell of.</summary>
    public async Task SaysAsync(string words)
    {
        var patience = Stopwatch.StartNew();
        while (!Output.Contains(words, StringComparison.Ordinal))
        {
            if (patience.Elapsed > TimeSpan.FromMinutes(1)) throw new TimeoutException($"It never said '{words}': {Output}");
            await Task.Delay(25);
        }
    }

    public Task<string> UntilMetricAsync(string line) => UntilAsync("demo", "/metrics", text => text.Contains(line, StringComparison.Ordinal));

    /// <summary><c>kill -9</c>.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary><c>SIGTERM</c>; the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (var signal = Process.Start("kill", ["-TERM", Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])) await signal.WaitForExitAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await KillAsync();
        _process.Dispose();
    }

    public static int FreePort()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}

/// <summary>A folder that goes when the test does.</summary>
internal sealed class Scratch : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("tracking-silo-").FullName;
    public string At(string name) => Path.Combine(Folder, name);
    public void Dispose()
    {
        try { Directory.Delete(Folder, recursive: true); }
        catch (IOException) { }   // a file still held on some systems; the folder is temporary
    }
}
