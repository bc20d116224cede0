using System.Diagnostics;
using Npgsql;
using Tracking.LoadTest.Http;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Throughput;

/// <param name="Postgres">The database that is measured. It keeps the run's scans; use one that is for this.</param>
/// <param name="Seconds">Length of each measured phase.</param>
/// <param name="Shipments">Shipments held warm, and over which memory is measured. Default 40,000.</param>
/// <param name="Run">Makes the tracking numbers of this run its own.</param>
/// <param name="Settings">Further settings of the silo, as <c>Name=Value</c> of its configuration.</param>
public sealed record ThroughputOptions(string Postgres, int Seconds, int Shipments, int Run, IReadOnlyDictionary<string, string> Settings)
{
    /// <summary>Leaves out the two references and the reading back: for whoever tunes the engine and measures what a scan costs.</summary>
    public bool Quick { get; init; }
}

/// <summary>
/// The engine's own speed limit, next to two references taken in the same run on the same machine: one statement per scan, and the database alone.
/// Warm: scans for shipments in memory. Cold: scans for shipments that are stored and not in memory, after a restart. Then everything acked is read back.
/// </summary>
public sealed class ThroughputRun(ThroughputOptions options, Action<string> say)
{
    private const int Connections = 4, Batch = 500, ScansPerShipment = 8, WarmUpShipments = 2_000, PerScanShipments = 2_000;
    /// <summary>Scans per second below which filling is given up.</summary>
    private const double SlowestFill = 2_000;
    private const string Key = "demo";

    // Blocks of parcel ids that do not meet.
    private const long WarmIds = 0, WarmUpIds = 10_000_000, ColdIds = 20_000_000, PerScanIds = 30_000_000;

    private readonly AckLedger _ledger = new();
    private readonly Payloads _payloads = new(options.Run);
    private readonly ParcelBook _book = new(1, options.Run);
    private readonly long _now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
    private int? _postmaster;
    private TimeSpan Phase => TimeSpan.FromSeconds(options.Seconds);

    /// <summary>Fills <paramref name="result"/> phase by phase, so that a run that ends early still tells what it saw.</summary>
    public async Task RunAsync(ThroughputResult result, CancellationToken stop)
    {
        var dll = await SiloBinary.EnsureAsync(say, stop);
        var folder = Directory.CreateTempSubdirectory("tracking-throughput-").FullName;
        _postmaster = await FindPostmasterAsync(options.Postgres, stop);
        try
        {
            long population = 0;
            await WithSiloAsync(dll, folder, [], async (silo, client) =>
            {
                result.StartToReadyMs = Math.Round(silo.StartedIn.TotalMilliseconds);
                var firstAck = Stopwatch.GetTimestamp();
                await PumpAsync("first scan", result, silo, client, 1, 1, Phase, BatchPump.Counting(1), Endless([Light(WarmUpIds + WarmUpShipments)], 0), stop);
                result.StartToFirstAckMs = Math.Round((silo.StartedIn + Stopwatch.GetElapsedTime(firstAck)).TotalMilliseconds);
                await WarmUpAsync(result, silo, client, 0, stop);

                var shipments = Lights(WarmIds, options.Shipments);
                var before = silo.Reading.ResidentBytes;
                say($"Filling: {ScansPerShipment} scans for each of {shipments.Length:N0} shipments …");
                // To its end, however long the phases are: a shipment with one scan of eight would be called light, and the next phase warm when it is not.
                var scans = (long)shipments.Length * ScansPerShipment;
                var fill = await PumpAsync("fill", result, silo, client, Connections, Batch, TimeSpan.FromSeconds(Math.Max(Phase.TotalSeconds * 6, scans / SlowestFill)), BatchPump.Counting(scans), Endless(shipments, 0), stop);
                result.Fill = PhaseFigures.Of(fill);
                Require(fill, "filling");
                await Task.Delay(1_500, stop);                  // what is written behind gets written, garbage of the burst is given back or not
                result.ShipmentsInMemory = Math.Min(shipments.Length, fill.Outcomes.Accepted);
                if (fill.Outcomes.Stored < scans) say($"Only {fill.Outcomes.Stored:N0} of {scans:N0} scans were stored in time: memory is not measured.");
                else
                    result.BytesPerShipment = Math.Round((double)Math.Max(0, silo.Reading.ResidentBytes - before) / result.ShipmentsInMemory);

                say($"Warm: {options.Seconds} s on {shipments.Length:N0} shipments in memory …");
                var warm = await PumpAsync("warm", result, silo, client, Connections, Batch, Phase, BatchPump.Counting(), Endless(shipments, ScansPerShipment), stop);
                result.Warm = PhaseFigures.Of(warm);
                Require(warm, "warm");
                stop.ThrowIfCancellationRequested();

                // Enough cold shipments for the whole phase at the rate just seen, stored now and forgotten by the restart.
                var wanted = (long)Math.Min(5_000_000, result.Warm.ScansPerSecond * options.Seconds * 0.9);
                say($"Storing up to {wanted:N0} shipments to meet cold …");
                var cold = Lights(ColdIds, (int)wanted);
                var populate = await PumpAsync("populate", result, silo, client, Connections, Batch, Phase * 2, BatchPump.Counting(wanted), Endless(cold, 0), stop);
                result.Populate = PhaseFigures.Of(populate);
                population = populate.Outcomes.Accepted;
            }, stop);

            say("Restarting, so that every shipment is cold …");
            await WithSiloAsync(dll, folder, [], async (silo, client) =>
            {
                await WarmUpAsync(result, silo, client, 1, stop);
                // Reading a stored shipment is code of its own, and it too must be compiled before it is timed; other shipments than those of the phase.
                var known = Lights(WarmIds, Math.Min(options.Shipments, 20_000));
                await PumpAsync("cold warm-up", result, silo, client, Connections, Batch, TimeSpan.FromSeconds(4), BatchPump.Counting(known.Length), Endless(known, 500_000), stop);
                say($"Cold: up to {options.Seconds} s, every scan on a shipment that is not in memory …");
                var parcels = Lights(ColdIds, (int)population);
                Shuffle(parcels);
                var cold = await PumpAsync("cold", result, silo, client, Connections, Batch, Phase, BatchPump.Counting(population), Endless(parcels, 1), stop);
                result.Cold = PhaseFigures.Of(cold);
                Require(cold, "cold");
            }, stop);

            if (options.Quick) return;
            await WithSiloAsync(dll, folder, new() { ["Journal__MaxBatch"] = "1", ["Journal__Writers"] = "32" }, async (silo, client) =>
            {
                say("Per-scan writes: one statement per scan, 32 prepared connections …");
                var parcels = Lights(PerScanIds, PerScanShipments);
                await PumpAsync("per-scan warm-up", result, silo, client, Connections, 16, Phase, BatchPump.Counting(PerScanShipments * 2), Endless(parcels, 0), stop);
                var half = TimeSpan.FromSeconds(Math.Max(2, options.Seconds / 2.0));
                var inFlight64 = await PumpAsync("per-scan, 64 in flight", result, silo, client, Connections, 16, half, BatchPump.Counting(), Endless(parcels, 2), stop);
                result.PerScanWritesDetail["64 in flight"] = PhaseFigures.Of(inFlight64);
                Require(inFlight64, "per-scan writes");
                var offset = 3 + (int)(inFlight64.Outcomes.Stored / PerScanShipments);
                var asWarm = await PumpAsync("per-scan, as warm", result, silo, client, Connections, Batch, half, BatchPump.Counting(), Endless(parcels, offset), stop);
                result.PerScanWritesDetail["as warm"] = PhaseFigures.Of(asWarm);
                result.PerScanWrites = Math.Max(Math.Round(inFlight64.ScansPerSecond), Math.Round(asWarm.ScansPerSecond));
            }, stop);

            say("Raw inserts: the journal's table alone …");
            var raw = await RawInserts.MeasureAsync(options.Postgres, TimeSpan.FromSeconds(Math.Clamp(options.Seconds / 4.0, 1, 5)), stop);
            result.RawInsertsDetail.AddRange(raw);
            result.RawInserts = Math.Round(raw.Max(r => r.RowsPerSecond));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            result.Interrupted = true;
        }
        finally
        {
            if (_ledger.Taken > 0 && !options.Quick) await VerifyAsync(dll, folder, result, CancellationToken.None);
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task VerifyAsync(string dll, string folder, ThroughputResult result, CancellationToken stop)
    {
        say($"Reading every acked scan back (silo -- export), {_ledger.Taken:N0} sent …");
        var began = Stopwatch.GetTimestamp();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stop);
        patience.CancelAfter(TimeSpan.FromMinutes(5));
        try
        {
            result.ExportedLines = await StoredTruth.ReadAsync(dll, Environment([]), folder, (in scan) =>
            {
                if (_payloads.TryReadEvent(scan.EventId, out var @event)) _ledger.MarkFound(@event);
            }, patience.Token);
            result.ExportSeconds = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 1);
            result.Verification = _ledger.Verify();
            (result.Lost, result.Duplicates) = (result.Verification.Lost, result.Verification.Duplicates);
        }
        catch (OperationCanceledException)
        {
            throw new SetUpException("Reading back took longer than five minutes; nothing can be said about lost scans.");
        }
    }

    private async Task WithSiloAsync(string dll, string folder, Dictionary<string, string> settings, Func<SiloProcess, ScanClient, Task> work, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        await using var silo = await SiloProcess.StartAsync(dll, Environment(settings), folder, cancel: stop);
        using var client = new ScanClient(silo.Address, Key, Connections, TimeSpan.FromSeconds(30));
        try
        {
            await work(silo, client);
        }
        catch (Exception e) when (silo.HasExited && e is not OperationCanceledException)
        {
            throw new SetUpException($"The silo ended during the run. {silo.LastLines()}", e);
        }
        await silo.StopAsync();
        stop.ThrowIfCancellationRequested();
    }

    private Dictionary<string, string> Environment(Dictionary<string, string> more)
    {
        var settings = new Dictionary<string, string>(options.Settings) { ["Storage__Postgres"] = options.Postgres };
        foreach (var (name, value) in more) settings[name] = value;
        return settings;
    }

    private async Task<Pumped> PumpAsync(string phase, ThroughputResult result, SiloProcess silo, ScanClient client, int connections, int batch, TimeSpan atMost,
        Func<int, (long, int)> next, Func<long, Statement> scan, CancellationToken stop)
    {
        var meter = await CostMeter.StartAsync(silo.Pid, _postmaster, () => AllocatedAsync(client));
        var pumped = await new BatchPump(client, _payloads, _ledger, silo.Pid).RunAsync(connections, batch, atMost, next, scan, stop);
        pumped = pumped with { Cost = await meter.PerScanAsync(pumped.Outcomes.Accepted) };
        var o = pumped.Outcomes;
        if (pumped.Problem is not null || o.Duplicate + o.Rejected + o.Quarantined + o.Failed + o.None > 0)
            result.Problems.Add($"{phase}: {string.Join(", ", Report.RunResult.Named(o).Where(n => n.Key != "accepted" && n.Value > 0).Select(n => $"{n.Value} {n.Key}"))}{(pumped.Problem is null ? "" : $" ({pumped.Problem})")}");
        return pumped;
    }

    // The runtime's own counter, as the silo publishes it.
    private static async Task<double?> AllocatedAsync(ScanClient client)
    {
        try
        {
            foreach (var line in (await client.Http.GetStringAsync("/metrics")).Split('\n'))
            {
                if (!line.StartsWith("dotnet_gc_heap_total_allocated", StringComparison.Ordinal)) continue;
                if (double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), System.Globalization.CultureInfo.InvariantCulture, out var bytes)) return bytes;
            }
            return null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    // Jitted code and grown pools before anything is timed.
    private Task WarmUpAsync(ThroughputResult result, SiloProcess silo, ScanClient client, int round, CancellationToken stop) =>
        PumpAsync("warm-up", result, silo, client, Connections, Batch, TimeSpan.FromSeconds(4), BatchPump.Counting(WarmUpShipments * 20), Endless(Lights(WarmUpIds + 100_000 * round, WarmUpShipments), 0), stop);

    private Func<long, Statement> Endless(Parcel[] parcels, int firstStep) =>
        number => ScanFeed.Endless(parcels[number % parcels.Length], firstStep + (int)(number / parcels.Length), _now);

    // A parcel without its journey: all that an endless one needs.
    private Parcel Light(long id)
    {
        var carrying = (Carrying)(id % 4);
        return new Parcel(id, carrying, Format.Scans, ParcelBook.NumberOf(carrying, _book.Run, id), []);
    }

    private Parcel[] Lights(long first, int count)
    {
        var parcels = new Parcel[count];
        for (var i = 0; i < count; i++) parcels[i] = Light(first + i);
        return parcels;
    }

    private static void Shuffle(Parcel[] parcels)
    {
        var dice = new Dice(7);
        for (var i = parcels.Length - 1; i > 0; i--)
        {
            var j = dice.Below(i + 1);
            (parcels[i], parcels[j]) = (parcels[j], parcels[i]);
        }
    }

    private static void Require(Pumped pumped, string phase)
    {
        if (pumped.Outcomes.Accepted == 0) throw new SetUpException($"No scan was accepted while {phase}: {pumped.Problem ?? "every answer said otherwise"}");
    }

    /// <summary>The postmaster's process, when the database runs on this machine; null otherwise.</summary>
    private static async Task<int?> FindPostmasterAsync(string postgres, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(postgres);
        await connection.OpenAsync(stop);
        await using var command = new NpgsqlCommand("select pg_backend_pid()", connection);
        return ProcessFamily.ParentNamed((int)(await command.ExecuteScalarAsync(stop))!, "postgres");
    }

    /// <summary>The server's version in words, and a note when it does not flush; <see cref="SetUpException"/> when it cannot be reached.</summary>
    public static async Task<string> DescribePostgresAsync(string postgres, CancellationToken stop)
    {
        try
        {
            await using var connection = new NpgsqlConnection(postgres);
            await connection.OpenAsync(stop);
            await using var command = new NpgsqlCommand("select current_setting('fsync') || ' ' || current_setting('full_page_writes') || ' ' || current_setting('synchronous_commit')", connection);
            var flags = (string)(await command.ExecuteScalarAsync(stop))!;
            return $"PostgreSQL {connection.ServerVersion}" + (flags == "on on on" ? "" : $" (fsync, full_page_writes, synchronous_commit: {flags})");
        }
        catch (Exception e) when (e is NpgsqlException or System.Net.Sockets.SocketException or ArgumentException or TimeoutException)
        {
            throw new SetUpException($"PostgreSQL cannot be used: {e.Message}", e);
        }
    }
}
