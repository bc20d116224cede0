using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Tracking.Testing;

/// <summary>
/// A PostgreSQL server that belongs to this test process: made by <c>initdb</c> in a temporary folder, listening on loopback and a socket beside its data, with <c>fsync</c> on as in life, gone when
/// the process is gone. One is shared by all tests (each takes a database of its own); a test that stops or freezes the server starts one for itself.
/// <c>TRACKING_TEST_POSTGRES</c>, a connection string of a role that may create databases, is used instead of the shared one.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    private const string HowToInstall = "apt-get install postgresql, or set TRACKING_TEST_POSTGRES to a connection string";

    private static readonly Lazy<Task<PrivatePostgres>> Shared = new(StartSharedAsync);
    private static int _databases;

    private readonly string _folder;
    private readonly string? _programs;
    private readonly string _server;
    private Process? _guard;

    private PrivatePostgres(string folder, string? programs, string server)
    {
        _folder = folder;
        _programs = programs;
        _server = server;
    }

    /// <summary>Whether this machine can run a server of its own.</summary>
    public static bool CanStart => Programs() is not null;

    /// <summary>The server all tests share. Skips the calling test, by name and with the reason, where there is none; fails it under <c>TRACKING_REQUIRE_ALL=1</c>.</summary>
    public static Task<PrivatePostgres> OrSkipAsync([CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Requires.Part("PostgreSQL", CanStart || Given() is not null, HowToInstall, test, file);
        return Shared.Value;
    }

    /// <summary>A server for one test alone, to stop, freeze or configure. <paramref name="settings"/> such as <c>fsync=off</c>.</summary>
    /// <param name="under">Folder for its data, such as a small disk. Default: the machine's temporary files.</param>
    public static Task<PrivatePostgres> OwnOrSkipAsync(string[]? settings = null, [CallerMemberName] string test = "", [CallerFilePath] string file = "", string? under = null)
    {
        Requires.Part("PostgreSQL's own programs", CanStart, "apt-get install postgresql", test, file);
        return StartOwnAsync(settings ?? [], under);
    }

    /// <summary>Its first process, the one all others come from.</summary>
    public int ProcessId => Postmaster();

    /// <summary>Starts the server again if it has ended by itself, as it does when it can write no more log. Answers whether it had.</summary>
    public async Task<bool> ReviveAsync()
    {
        if (_guard is null) return false;
        using var moment = new CancellationTokenSource(TimeSpan.FromSeconds(2));   // the guard looks twice a second
        try { await _guard.WaitForExitAsync(moment.Token); }
        catch (OperationCanceledException) { return false; }
        _guard.Dispose();
        await StartAsync();
        return true;
    }

    /// <summary>A new, empty database; answers its connection string.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        var name = $"test_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}";
        await using (var connection = new NpgsqlConnection(_server + ";Pooling=false"))
        {
            await connection.OpenAsync();
            await using var drop = new NpgsqlCommand($"DROP DATABASE IF EXISTS {name}", connection);
            await drop.ExecuteNonQueryAsync();
            await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
            await create.ExecuteNonQueryAsync();
        }
        return new NpgsqlConnectionStringBuilder(_server) { Database = name }.ToString();
    }

    public async Task StartAsync()
    {
        // The guard outlives nobody: when this process is gone, however it went, it ends the server. It runs as we do, the server as a user who is not root.
        var script = "exec </dev/null >/dev/null 2>&1; " + $"{Unprivileged()} '{_programs}/postgres' -D '{_folder}/data' >>'{_folder}/log' 2>&1 & server=$!; "
            + $"while kill -0 {Environment.ProcessId} 2>/dev/null && kill -0 $server 2>/dev/null; do sleep 0.5; done; "
            + $"kill -0 {Environment.ProcessId} 2>/dev/null || {{ kill -QUIT $server; wait $server; rm -rf '{_folder}'; }}";
        _guard = Shell(script);
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false, Timeout = 2 }.ToString());
                await connection.OpenAsync();
                return;
            }
            catch (NpgsqlException notYet)
            {
                if (tries >= 300) throw new InvalidOperationException($"PostgreSQL did not start within 30 s: {await File.ReadAllTextAsync(Path.Combine(_folder, "log"))}", notYet);
                await Task.Delay(100);
            }
        }
    }

    /// <summary><c>fast</c> disconnects everybody and shuts down cleanly; <c>immediate</c> is a crash.</summary>
    public async Task StopAsync(string mode = "fast")
    {
        if (_guard is null) return;
        Signal(mode == "immediate" ? "QUIT" : "INT", [Postmaster()]);
        await _guard.WaitForExitAsync();
        _guard.Dispose();
        _guard = null;
    }

    /// <summary>Freezes the server and all its processes, as a stalled machine would. Linux only.</summary>
    public void Freeze() => Signal("STOP", Processes());

    public void Thaw() => Signal("CONT", Processes());

    public async ValueTask DisposeAsync()
    {
        if (_programs is null) return;
        if (_guard is not null)
        {
            Thaw();
            await StopAsync("immediate");
        }
        Directory.Delete(_folder, recursive: true);
    }

    private static async Task<PrivatePostgres> StartSharedAsync()
    {
        if (Given() is { } given) return new("", null, given);
        return await StartOwnAsync([]);
    }

    private static async Task<PrivatePostgres> StartOwnAsync(string[] settings, string? under = null)
    {
        var programs = Programs() ?? throw new InvalidOperationException("No PostgreSQL here.");
        var folder = under is null ? Directory.CreateTempSubdirectory("tracking-pg-").FullName : Directory.CreateDirectory(Path.Combine(under, "pg")).FullName;
        if (Environment.IsPrivilegedProcess) await RunAsync($"chown postgres '{folder}'");
        await RunAsync($"cd / && {Unprivileged()} '{programs}/initdb' -D '{folder}/data' -A trust -U postgres -E UTF8 --locale=C --no-sync");
        var port = FreePort();
        await File.AppendAllLinesAsync(Path.Combine(folder, "data", "postgresql.conf"),
        [
            $"port = {port}", "listen_addresses = '127.0.0.1'", $"unix_socket_directories = '{folder}'", "max_connections = 200", "shared_buffers = 64MB", "max_wal_size = 2GB", .. settings,
        ]);
        var server = new PrivatePostgres(folder, programs, $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres");
        await server.StartAsync();
        return server;
    }

    private int Postmaster() => int.Parse(File.ReadLines(Path.Combine(_folder, "data", "postmaster.pid")).First(), System.Globalization.CultureInfo.InvariantCulture);

    private List<int> Processes()
    {
        var postmaster = Postmaster();
        var all = new List<int> { postmaster };
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(static name => char.IsAsciiDigit(Path.GetFileName(name)[0])))
        {
            try
            {
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                var parent = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
                if (parent == postmaster.ToString(System.Globalization.CultureInfo.InvariantCulture)) all.Add(int.Parse(Path.GetFileName(folder), System.Globalization.CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // ended while we looked
            }
        }
        return all;
    }

    private static void Signal(string name, IReadOnlyList<int> processes)
    {
        using var kill = Shell($"kill -{name} {string.Join(' ', processes)} 2>/dev/null");
        kill.WaitForExit();
    }

    private static string? Given() => Environment.GetEnvironmentVariable("TRACKING_TEST_POSTGRES") is { Length: > 0 } given ? given : null;

    /// <summary>The folder with <c>initdb</c> and <c>postgres</c>: Debian keeps them off the path, newest version last.</summary>
    private static string? Programs()
    {
        if (OperatingSystem.IsWindows()) return null;
        var debian = Directory.Exists("/usr/lib/postgresql") ? Directory.EnumerateDirectories("/usr/lib/postgresql").OrderByDescending(Version).Select(static version => Path.Combine(version, "bin")) : [];
        return debian.Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)).FirstOrDefault(static folder => IsThere(Path.Combine(folder, "initdb")) && IsThere(Path.Combine(folder, "postgres")));

        static bool IsThere(string program) => new FileInfo(program) is { Exists: true } file && (file.ResolveLinkTarget(true)?.Exists ?? true);     // a link may lead nowhere

        static int Version(string folder) => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0;
    }

    /// <summary>PostgreSQL refuses to run as root.</summary>
    private static string Unprivileged() => !Environment.IsPrivilegedProcess ? "" : Requires.OnPath("setpriv") || File.Exists("/usr/bin/setpriv") ? "setpriv --reuid=postgres --regid=postgres --init-groups --" : "runuser -u postgres --";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task RunAsync(string command)
    {
        using var process = Shell(command, output: true);
        var said = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{command}: {said}");
    }

    private static Process Shell(string command, bool output = false) =>
        Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = output, RedirectStandardError = output, WorkingDirectory = "/" })!;
}
