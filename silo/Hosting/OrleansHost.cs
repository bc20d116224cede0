using System.ComponentModel.DataAnnotations;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using Orleans.Configuration;
using Orleans.Metadata;
using Orleans.Runtime.Placement;
using Tracking.Journal;

namespace Tracking.Silo.Hosting;

/// <summary>What runs the grains in this build: Microsoft Orleans, one of N equal nodes over one PostgreSQL.</summary>
internal static class ActorHost
{
    public const string Name = "orleans";

    /// <summary>All nodes of the cluster write to one database; an embedded process beside them is refused.</summary>
    public const StorageAccess Access = StorageAccess.Shared;

    private const string Npgsql = "Npgsql";

    /// <summary>What a cluster needs beyond what one process needs; one sentence per problem.</summary>
    public static IEnumerable<string> Problems(IConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration["Security:LinkKey"]))
            yield return "Security:LinkKey is not set; every node of a cluster needs the same one, base64 of at least 32 bytes (openssl rand -base64 32).";
        OrleansOptions options;
        try { options = Options(configuration); }
        catch (InvalidOperationException) { options = new(); }   // said with the other sections
        if (!IPAddress.TryParse(options.AdvertisedIP, out _)) yield return $"Orleans:AdvertisedIP is '{options.AdvertisedIP}'; it must be the IP address at which the other nodes reach this one.";
    }

    /// <summary>Sections of settings that only this build has.</summary>
    public static IEnumerable<(string Section, Type Options)> Sections => [("Orleans", typeof(OrleansOptions))];

    public static void AddActorRuntime(this WebApplicationBuilder builder)
    {
        var options = Options(builder.Configuration);
        var database = Database(builder.Configuration["Storage:Postgres"]!, options);
        // Started before Orleans because it is registered before it.
        builder.Services.AddHostedService(services => new OrleansSchema(database, options, services.GetRequiredService<ILogger<OrleansSchema>>()));
        builder.Host.UseOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ServiceId));
            silo.Configure<SiloOptions>(node => node.SiloName = options.Node);
            silo.ConfigureEndpoints(IPAddress.Parse(options.AdvertisedIP), options.SiloPort, options.GatewayPort, options.ListenOnAny);
            silo.UseAdoNetClustering(store => (store.Invariant, store.ConnectionString) = (Npgsql, database));
            silo.UseAdoNetReminderService(store => (store.Invariant, store.ConnectionString) = (Npgsql, database));
            silo.AddAdoNetGrainStorageAsDefault(store => (store.Invariant, store.ConnectionString) = (Npgsql, database));
            silo.Configure<ClusterMembershipOptions>(members =>
            {
                members.ProbeTimeout = TimeSpan.FromSeconds(options.ProbeSeconds);
                members.NumMissedProbesLimit = options.MissedProbes;
                members.NumVotesForDeathDeclaration = 2;   // one node that cannot hear must not end the others; of two nodes one is enough, says Orleans itself
                members.TableRefreshTimeout = TimeSpan.FromSeconds(5);   // gossip is faster; this is for gossip that was lost
                members.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(2);   // three missed: after a crash of all nodes the next start waits 6 s at most for the dead
                members.NumMissedTableIAmAliveLimit = 3;
                members.DefunctSiloExpiration = TimeSpan.FromDays(1);   // rows of dead nodes, kept a day for whoever asks what happened
                members.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
            });
            silo.Configure<SiloMessagingOptions>(messages =>
            {
                messages.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds);
                messages.SystemResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds);
            });
            silo.Configure<GrainCollectionOptions>(idle =>
            {
                idle.CollectionAge = RuntimeOptions.CollectionAge(builder.Configuration);
                idle.CollectionQuantum = TimeSpan.FromTicks(Math.Min(TimeSpan.FromMinutes(1).Ticks, idle.CollectionAge.Ticks / 2));
                // Every activation can be read again from the journal, so giving up the longest idle ones costs less than dying of memory.
                idle.EnableActivationSheddingOnMemoryPressure = true;
            });
            silo.Services.AddSingleton<IPlacementStrategyResolver, Placement>();
            silo.AddActivityPropagation();
        });
    }

    private static OrleansOptions Options(IConfiguration configuration) => configuration.GetSection("Orleans").Get<OrleansOptions>() ?? new();

    // A pool of its own, so that membership never waits behind scans.
    private static string Database(string connection, OrleansOptions options) => new NpgsqlConnectionStringBuilder(connection)
    {
        ApplicationName = $"tracking orleans {options.Node}", MaxPoolSize = 8, Timeout = 5, CommandTimeout = 5, Enlist = false, IncludeErrorDetail = false, TcpKeepAlive = true,
    }.ConnectionString;

    /// <summary>A shipment becomes active where its scan or page came in, which saves a hop. Everything else is spread, as Orleans does unasked.</summary>
    private sealed class Placement : IPlacementStrategyResolver
    {
        private static readonly GrainType Shipment = GrainType.Create("shipment");
        private static readonly PlacementStrategy Local = new PreferLocalPlacement();

        public bool TryResolvePlacementStrategy(GrainType grainType, GrainProperties? properties, [System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out PlacementStrategy result)
        {
            result = Local;
            return grainType == Shipment;
        }
    }
}

/// <summary>A node of a cluster. Section <c>Orleans</c>.</summary>
internal sealed class OrleansOptions
{
    /// <summary>Nodes with the same id find each other. Default <c>tracking</c>. Two clusters on one database are refused: they would both read every partition.</summary>
    [RegularExpression("[A-Za-z0-9._-]{1,60}", ErrorMessage = "ClusterId is 1 to 60 letters, digits, dots, dashes or underscores.")] public string ClusterId { get; set; } = "tracking";
    /// <summary>Reminders and grain state belong to it; it never changes, whatever the cluster is called. Default <c>tracking</c>.</summary>
    [RegularExpression("[A-Za-z0-9._-]{1,60}", ErrorMessage = "ServiceId is 1 to 60 letters, digits, dots, dashes or underscores.")] public string ServiceId { get; set; } = "tracking";
    /// <summary>What this node is called in logs and in <c>orleans_node</c>. Default: machine and port.</summary>
    public string? NodeName { get; set; }
    public string Node => NodeName is { Length: > 0 } ? NodeName : $"{Environment.MachineName}-{SiloPort}";
    /// <summary>The IP address at which other nodes reach this one. Default 127.0.0.1: a cluster on one machine.</summary>
    public string AdvertisedIP { get; set; } = "127.0.0.1";
    /// <summary>Port for the other nodes. Default 11111, Orleans' own. It carries no authentication: only the nodes may reach it.</summary>
    [Range(1, 65535)] public int SiloPort { get; set; } = 11111;
    /// <summary>Port for Orleans clients outside the cluster. Default 0, none: our doors are HTTP.</summary>
    [Range(0, 65535)] public int GatewayPort { get; set; }
    /// <summary>Listens on every address instead of the advertised one; where the advertised address is not this machine's own. Default false.</summary>
    public bool ListenOnAny { get; set; }
    /// <summary>Seconds between two probes of a neighbour, and how long one may take. Default 1.5.</summary>
    [Range(0.2, 30)] public double ProbeSeconds { get; set; } = 1.5;
    /// <summary>Probes in a row that may go unanswered. Default 3: with 1.5 s a killed node is voted out after 5 to 7 s, and a pause of 4 s is survived.</summary>
    [Range(1, 20)] public int MissedProbes { get; set; } = 3;
    /// <summary>Seconds a call between grains may take before its outcome is unknown. Default 30, as the embedded runtime: load is shed at the HTTP doors, never by timeouts.</summary>
    [Range(1, 300)] public double ResponseSeconds { get; set; } = 30;
}

/// <summary>Makes the database ready for Orleans before Orleans asks: tables and statements, applied once, and a look at what would make this node do harm.</summary>
internal sealed partial class OrleansSchema(string database, OrleansOptions options, ILogger<OrleansSchema> log) : IHostedService
{
    private const string Folder = "OrleansSql/";

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        CheckPort(options.SiloPort, nameof(options.SiloPort));
        if (options.GatewayPort > 0) CheckPort(options.GatewayPort, nameof(options.GatewayPort));
        try
        {
            await using var connection = new NpgsqlConnection(database);
            await connection.OpenAsync(cancellationToken);
            await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
            {
                await RunAsync(connection, "SELECT pg_advisory_xact_lock(1953653611, hashtext('orleans ' || current_schema()))");   // nodes that start together take turns
                await RunAsync(connection, "CREATE TABLE IF NOT EXISTS orleans_script (number integer PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())");
                foreach (var script in Scripts()) await ApplyAsync(connection, script);
                await transaction.CommitAsync(cancellationToken);
            }
            await CheckReleaseAsync(connection);
            await CheckNeighboursAsync(connection);
        }
        catch (Exception refused) when (refused is NpgsqlException or TimeoutException)
        {
            throw new StartException($"Orleans' tables cannot be made or read: {refused.Message.ReplaceLineEndings(" ")}");
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task ApplyAsync(NpgsqlConnection connection, Script script)
    {
        var applied = await ScalarAsync<string?>(connection, "SELECT checksum FROM orleans_script WHERE number = $1", script.Number);
        if (applied is null)
        {
            await RunAsync(connection, script.Sql);
            await RunAsync(connection, "INSERT INTO orleans_script (number, checksum) VALUES ($1, $2)", script.Number, script.Checksum);
            LogApplied(log, script.Name);
        }
        else if (applied != script.Checksum) throw new StartException($"The database was set up by another text of {script.Name}; an applied script must not be edited.");
    }

    // Nodes of two major versions do not understand each other's messages. Who comes when no other is alive says which one it is from now on.
    private async Task CheckReleaseAsync(NpgsqlConnection connection)
    {
        var ours = typeof(OrleansSchema).Assembly.GetName().Version!.Major;
        await RunAsync(connection, """
            INSERT INTO orleans_release (cluster_id, major) VALUES ($1, $2)
            ON CONFLICT (cluster_id) DO UPDATE SET major = excluded.major, since = now()
            WHERE orleans_release.major <> excluded.major AND NOT EXISTS (SELECT FROM orleans_node WHERE cluster_id = $1 AND status = 3 AND alive_at > clock_timestamp() - interval '15 seconds')
            """, options.ClusterId, ours);
        var theirs = await ScalarAsync<int>(connection, "SELECT major FROM orleans_release WHERE cluster_id = $1", options.ClusterId);
        if (theirs != ours) throw new StartException($"Nodes of major version {theirs} run on this database and this one is {ours}; two major versions do not work side by side. Stop those first, or start a {theirs}.");
    }

    // Two clusters would both be sure that they own every shipment; the journal would fence them from each other all day.
    private async Task CheckNeighboursAsync(NpgsqlConnection connection)
    {
        var other = await ScalarAsync<string?>(connection, "SELECT cluster_id || ' (' || name || ')' FROM orleans_node WHERE status = 3 AND cluster_id <> $1 AND alive_at > clock_timestamp() - interval '15 seconds' LIMIT 1", options.ClusterId);
        if (other is not null) throw new StartException($"Another cluster works on this database: {other}. Give this node its Orleans:ClusterId, or a database of its own.");
    }

    // Orleans says it with a page of stack; here it is one line. A port taken between this look and Orleans' is still refused, less nicely.
    private void CheckPort(int port, string name)
    {
        try
        {
            using var listener = new TcpListener(options.ListenOnAny ? IPAddress.Any : IPAddress.Parse(options.AdvertisedIP), port);
            listener.Start();
        }
        catch (SocketException refused)
        {
            throw new StartException($"Orleans:{name} {port} cannot be listened on at {(options.ListenOnAny ? "any address" : options.AdvertisedIP)}: {refused.Message}.");
        }
    }

    private sealed record Script(int Number, string Name, string Sql, string Checksum);

    private static IEnumerable<Script> Scripts()
    {
        var assembly = typeof(OrleansSchema).Assembly;
        foreach (var resource in assembly.GetManifestResourceNames().Where(static name => name.StartsWith(Folder, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
            var sql = reader.ReadToEnd().ReplaceLineEndings("\n");
            var name = resource[Folder.Length..];
            yield return new(int.Parse(name.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), name, sql,
                Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(sql))));
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, params object[] values)
    {
        await using var command = Command(connection, sql, values);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.AddWithValue(value);
        return command;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Orleans' tables and statements were brought up to {Script}.")]
    private static partial void LogApplied(ILogger log, string script);
}
