using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Tracking.Silo.Tests;
using Tracking.Testing;

namespace Tracking.Deploy.Tests;

/// <summary>The page <c>deploy/README.md</c>, walked as a reader would: three nodes and nginx by one command, one node's power taken away and given back, all stopped by one command. Orleans build only.</summary>
public sealed class LocalClusterTests
{
    [Fact]
    [Trait("Length", "long")]
    public async Task Three_nodes_start_by_one_command_hold_when_one_dies_and_stop_by_one_command()
    {
        Requires.Part("PostgreSQL's own programs", PrivatePostgres.CanStart, "apt-get install postgresql");
        Requires.Part("nginx", Requires.OnPath("nginx"), "apt-get install nginx-light");
        using var scratch = new Scratch();
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(scratch.Folder, (UnixFileMode)0b111_001_001);   // PostgreSQL runs as its own user and must reach its folder
        var port = FreePorts();
        var script = new Script(port, scratch.At("cluster"));
        var walk = script.Start("3");
        try
        {
            await script.SaysAsync(walk, $"the cluster of 3 serves on http://127.0.0.1:{port}");
            using var client = new HttpClient { BaseAddress = new($"http://127.0.0.1:{port}") };
            client.DefaultRequestHeaders.Authorization = new("Bearer", "demo");

            (await PostAsync(client)).ShouldBe(["accepted", "accepted"]);
            for (var node = 1; node <= 3; node++)
            {
                using var view = JsonDocument.Parse(await client.GetStringAsync(new Uri($"http://127.0.0.1:{port + node}/v1/shipments/fedex/612904551027")));
                view.RootElement.GetProperty("carrier").GetString().ShouldBe("fedex");
            }

            (await script.RunAsync("kill", "2")).ShouldBe(0);
            await script.SaysAsync(walk, "node2 dead");
            (await PostAsync(client)).ShouldBe(["duplicate", "duplicate"]);   // through nginx, which leaves out who does not answer

            (await script.RunAsync("revive", "2")).ShouldBe(0);
            await script.SaysAsync(walk, "node2 active", after: "node2 dead");
            (await script.RunAsync("stop")).ShouldBe(0);
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await walk.Process.WaitForExitAsync(patience.Token);
            using var gone = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
            await Should.ThrowAsync<HttpRequestException>(() => gone.GetAsync(new Uri($"http://127.0.0.1:{port}/health/live")));
            (await script.RunAsync("clean")).ShouldBe(0);
            Directory.Exists(scratch.At("cluster")).ShouldBeFalse();
        }
        finally
        {
            if (Directory.Exists(scratch.At("cluster"))) await script.RunAsync("stop");
            if (!walk.Process.HasExited) walk.Process.Kill(entireProcessTree: true);
            walk.Process.Dispose();
        }
    }

    // As nginx sees it: a node that is just going may refuse once; a sender sends again.
    private static async Task<string[]> PostAsync(HttpClient client)
    {
        var scans = await File.ReadAllTextAsync(Repository.At("tests/Tracking.Testing/Samples/scan/two-scans.ndjson"));
        var patience = Stopwatch.StartNew();
        while (true)
        {
            using var answer = await client.PostAsync(new Uri("/v1/scans", UriKind.Relative), new StringContent(scans, Encoding.UTF8, "application/x-ndjson"));
            var outcomes = Regex.Matches(await answer.Content.ReadAsStringAsync(), "\"outcome\":\"([a-z]+)\"").Select(m => m.Groups[1].Value).ToArray();
            if (answer.StatusCode == HttpStatusCode.OK && !outcomes.Contains("failed")) return outcomes;
            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), $"{answer.StatusCode} {string.Join(',', outcomes)}");
            await Task.Delay(100);
        }
    }

    // nginx's port; the nodes, PostgreSQL and the nodes' own ports lie after it. Taken from below the range the system gives out, so that nobody is given one meanwhile.
    private static int FreePorts()
    {
        for (var tries = 0; tries < 50; tries++)
        {
            var port = 20_000 + Random.Shared.Next(9_000);
            if (new[] { 0, 1, 2, 3, 400, 501, 502, 503 }.All(offset => IsFree(port + offset))) return port;
        }
        throw new InvalidOperationException("No free ports.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var socket = new System.Net.Sockets.TcpListener(IPAddress.Loopback, port);
            socket.Start();
            return true;
        }
        catch (System.Net.Sockets.SocketException) { return false; }
    }

    private sealed class Script(int port, string folder)
    {
        // The silo beside this test was built by the same command in the same configuration.
        private readonly Dictionary<string, string> _environment = new()
        {
            ["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture), ["TRACKING_CLUSTER_FOLDER"] = folder, ["NO_BUILD"] = "1",
            ["CONFIGURATION"] = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)),
        };

        /// <summary>Begins what goes on until it is stopped; its words so far in the second part.</summary>
        public (Process Process, StringBuilder Output) Start(string argument)
        {
            var start = new ProcessStartInfo("bash", ["deploy/local-cluster.sh", argument]) { WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var (name, value) in _environment) start.Environment[name] = value;
            var output = new StringBuilder();
            var process = new Process { StartInfo = start };
            process.OutputDataReceived += (_, line) => { lock (output) output.AppendLine(line.Data); };
            process.ErrorDataReceived += (_, line) => { lock (output) output.AppendLine(line.Data); };
            process.Start();
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            return (process, output);
        }

        /// <summary>Runs it to its end; the exit code.</summary>
        public async Task<int> RunAsync(params string[] arguments)
        {
            var (code, output) = await Repository.RunAsync("bash", ["deploy/local-cluster.sh", .. arguments], environment: _environment).WaitAsync(TimeSpan.FromMinutes(3));
            if (code != 0) TestContext.Current.TestOutputHelper?.WriteLine($"{string.Join(' ', arguments)}: {output}");
            return code;
        }

        public async Task SaysAsync((Process Process, StringBuilder Output) walk, string wanted, string? after = null)
        {
            var patience = Stopwatch.StartNew();
            while (true)
            {
                string said;
                lock (walk.Output) said = walk.Output.ToString();
                if (said.IndexOf(wanted, after is null ? 0 : Math.Max(0, said.IndexOf(after, StringComparison.Ordinal)), StringComparison.Ordinal) >= 0) return;
                if (walk.Process.HasExited || patience.Elapsed > TimeSpan.FromMinutes(3)) throw new InvalidOperationException($"It never said '{wanted}': {said}");
                await Task.Delay(100);   // the script's words are the only sign
            }
        }
    }
}
