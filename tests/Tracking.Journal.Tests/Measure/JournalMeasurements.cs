using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;
using Tracking.Testing;

namespace Tracking.Journal.Tests.Measure;

/// <summary>
/// The numbers of grains/Tracking.Journal/README.md. Explicit: they measure and assert nothing but that no row was lost, so the suite does not run them. See the README for the command.
/// <c>TRACKING_MEASURE_SECONDS</c> (default 4) is the length of each measurement.
/// </summary>
public sealed class JournalMeasurements(ITestOutputHelper output) : IDisposable
{
    private static readonly double Seconds = double.Parse(Environment.GetEnvironmentVariable("TRACKING_MEASURE_SECONDS") ?? "4", CultureInfo.InvariantCulture);
    private static readonly byte[] Open200 = RandomNumberGenerator.GetBytes(200), Open140 = Open200[..140], Personal40 = RandomNumberGenerator.GetBytes(40);

    private readonly string _folder = Directory.CreateTempSubdirectory("tracking-measure-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact(Explicit = true)]
    public async Task Appends_in_PostgreSQL_batched_against_one_by_one()
    {
        await using var server = await PrivatePostgres.OwnOrSkipAsync();
        foreach (var connections in (int[])[1, 2]) Say($"raw unnest of 500, {connections} connections", await RawAsync(await server.CreateDatabaseAsync(), connections, 500));
        var alone = await AppendAsync(await server.CreateDatabaseAsync(), 64, sealedPart: false, options => (options.MaxBatch, options.Writers) = (1, 32));
        Say("one by one, 32 writers, 64 callers", alone);
        foreach (var (batch, writers) in ((int, int)[])[(500, 1), (500, 2), (500, 4), (1000, 2), (2000, 2)])
        {
            Say($"batches of {batch}, {writers} writers, 8192 callers", await AppendAsync(await server.CreateDatabaseAsync(), 8192, sealedPart: false, options => (options.MaxBatch, options.Writers) = (batch, writers)));
        }
        Say("batches of 500, 2 writers, 8192 callers, 40 bytes sealed", await AppendAsync(await server.CreateDatabaseAsync(), 8192, sealedPart: true, static _ => { }));
        Say("batches of 500, 2 writers, 500 callers", await AppendAsync(await server.CreateDatabaseAsync(), 500, sealedPart: false, static _ => { }));
    }

    [Fact(Explicit = true)]
    public async Task Appends_in_SQLite()
    {
        foreach (var batch in (int[])[1, 500])
        {
            var options = new StorageOptions { Sqlite = Path.Combine(_folder, $"batch-{batch}.db"), Journal = { MaxBatch = batch } };
            Say($"SQLite, batches of {batch}, 4096 callers", await AppendAsync(options, 4096, sealedPart: false));
        }
        Say("SQLite, batches of 500, 4096 callers, 40 bytes sealed", await AppendAsync(new StorageOptions { Sqlite = Path.Combine(_folder, "sealed.db") }, 4096, sealedPart: true));
    }

    [Fact(Explicit = true)]
    public async Task Loads_and_heads_in_PostgreSQL()
    {
        await using var server = await PrivatePostgres.OwnOrSkipAsync();
        const int streams = 100_000;
        await using var store = await JournalFactory.OpenAsync(new StorageOptions { Postgres = await server.CreateDatabaseAsync() }, TimeProvider.System, NullLogger.Instance);
        await Task.WhenAll(Enumerable.Range(0, 256).Select(async part =>
        {
            for (var n = part; n < streams; n += 256)
            {
                for (var version = 1; version <= 3; version++) await store.Journal.AppendAsync(new(Name(n), version, DateTimeOffset.UnixEpoch.AddSeconds(n), Open140, Personal40));
            }
        }));
        var started = Stopwatch.GetTimestamp();
        for (var n = 0; n < streams; n++) store.Heads.Offer(Head(n, 2));
        await store.Heads.FlushAsync();
        Say("heads written, new", new(streams / Stopwatch.GetElapsedTime(started).TotalSeconds));
        started = Stopwatch.GetTimestamp();
        for (var n = 0; n < streams; n++) store.Heads.Offer(Head(n, 3));
        await store.Heads.FlushAsync();
        Say("heads written, changed", new(streams / Stopwatch.GetElapsedTime(started).TotalSeconds));
        foreach (var callers in (int[])[1, 64, 1024])
        {
            var loaded = 0L;
            var until = Stopwatch.GetTimestamp() + (long)(Seconds * Stopwatch.Frequency);
            started = Stopwatch.GetTimestamp();
            await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
            {
                for (var n = caller * 7919; Stopwatch.GetTimestamp() < until; n += 104_729)
                {
                    await store.Journal.LoadAsync(Name(n % streams));
                    Interlocked.Increment(ref loaded);
                }
            })));
            Say($"cold loads (head, tail, key), {callers} callers", new(loaded / Stopwatch.GetElapsedTime(started).TotalSeconds));
        }
        started = Stopwatch.GetTimestamp();
        for (var partition = 0; partition < Partitions.Count; partition++) (await store.Heads.LaggingAsync(partition, JournalPosition.Start, 100)).Streams.ShouldBeEmpty();
        output.WriteLine($"lost heads looked for in 256 partitions over {3 * streams} rows: {Stopwatch.GetElapsedTime(started).TotalMilliseconds:0} ms");
    }

    [Fact(Explicit = true)]
    public void Sealing()
    {
        var key = StreamKey.New();
        var into = new byte[Personal40.Length + PersonalSeal.Overhead];
        for (var warm = 0; warm < 20_000; warm++) PersonalSeal.Seal(key, Name(warm), 1, Personal40, into);
        var started = Stopwatch.GetTimestamp();
        const int times = 300_000;
        for (var n = 0; n < times; n++) PersonalSeal.Seal(key, "s/acme/ups/1Z12345E0205271688", n, Personal40, into);
        output.WriteLine($"sealing 40 bytes: {Stopwatch.GetElapsedTime(started).TotalMicroseconds / times:0.00} µs");
    }

    private readonly record struct Rate(double PerSecond, double BytesEach = 0, double MicrosecondsEach = 0);

    private void Say(string what, Rate rate) => output.WriteLine($"{what}: {rate.PerSecond:#,0}/s{(rate.BytesEach > 0 ? $", {rate.BytesEach:0} bytes and {rate.MicrosecondsEach:0.0} µs of our processor time each, callers included" : "")}");

    private static Task<Rate> AppendAsync(string database, int callers, bool sealedPart, Action<JournalOptions> change)
    {
        var options = new StorageOptions { Postgres = database };
        change(options.Journal);
        return AppendAsync(options, callers, sealedPart);
    }

    /// <summary>Callers that each append to streams of their own, one after the other, as grains do: the next version of the same stream, a new stream every eight.</summary>
    private static async Task<Rate> AppendAsync(StorageOptions options, int callers, bool sealedPart)
    {
        await using var store = await JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
        var appended = 0L;
        var stop = false;
        var at = DateTimeOffset.UnixEpoch;
        var running = Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            var mine = 0L;
            for (var stream = caller; !Volatile.Read(ref stop); stream += callers)
            {
                var name = Name(stream);
                for (var version = 1; version <= 8 && !Volatile.Read(ref stop); version++, mine++)
                {
                    await store.Journal.AppendAsync(sealedPart ? new(name, version, at, Open140, Personal40) : new(name, version, at, Open200));
                    Interlocked.Increment(ref appended);
                }
            }
            return mine;
        })).ToArray();
        await Task.Delay(TimeSpan.FromSeconds(1));      // the runtime compiles, the pools fill
        var (rows, bytes, cpu, started) = (Volatile.Read(ref appended), GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetTimestamp());
        await Task.Delay(TimeSpan.FromSeconds(Seconds));
        var (rowsAfter, bytesAfter, cpuAfter, took) = (Volatile.Read(ref appended), GC.GetTotalAllocatedBytes(), Environment.CpuUsage.TotalTime, Stopwatch.GetElapsedTime(started).TotalSeconds);
        Volatile.Write(ref stop, true);
        var total = (await Task.WhenAll(running)).Sum();
        var stored = 0L;
        await foreach (var row in store.Journal.ReadAllAsync()) stored++;
        stored.ShouldBe(total, "every append that was answered is there, and nothing else");
        return new((rowsAfter - rows) / took, (double)(bytesAfter - bytes) / (rowsAfter - rows), (cpuAfter - cpu).TotalMicroseconds / (rowsAfter - rows));
    }

    /// <summary>The same table and statement, and nothing else of ours: what the database itself takes.</summary>
    private static async Task<Rate> RawAsync(string database, int connections, int batch)
    {
        await (await JournalFactory.OpenAsync(new StorageOptions { Postgres = database }, TimeProvider.System, NullLogger.Instance)).DisposeAsync();
        var rows = 0L;
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(each => Task.Run(async () =>
        {
            await using var connection = new NpgsqlConnection(database + ";Pooling=false");
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand("""
                INSERT INTO journal (partition, stream, version, recorded_at, marked, open)
                SELECT p, s, v, now(), false, o FROM unnest($1::smallint[], $2::text[], $3::integer[], $4::bytea[]) AS r (p, s, v, o) ORDER BY p, s COLLATE "C", v ON CONFLICT DO NOTHING RETURNING stream
                """, connection);
            NpgsqlParameter partitions = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint }, names = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                versions = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer }, opens = new() { NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
            foreach (var parameter in (NpgsqlParameter[])[partitions, names, versions, opens]) command.Parameters.Add(parameter);
            await command.PrepareAsync();
            opens.Value = Enumerable.Repeat(Open200, batch).ToArray();
            for (var round = 0; Stopwatch.GetElapsedTime(started).TotalSeconds < Seconds; round++)
            {
                var streams = Enumerable.Range(0, batch).Select(n => Name(((round / 8 * batch + n) * connections) + each)).ToArray();
                names.Value = streams;
                partitions.Value = Array.ConvertAll(streams, static name => (short)Partitions.Of(name));
                versions.Value = Enumerable.Repeat(round % 8 + 1, batch).ToArray();
                await using var reader = await command.ExecuteReaderAsync();
                while (await reader.ReadAsync()) Interlocked.Increment(ref rows);
            }
        })));
        return new(rows / Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    private static string Name(int n) => string.Create(CultureInfo.InvariantCulture, $"s/acme/ups/1Z{(uint)n * 2654435761u:X8}{n:D8}");

    private static StreamHead Head(int n, int version) => new(Name(n), version, DateTimeOffset.UnixEpoch.AddSeconds(n + version), 4, 0, DateTimeOffset.UnixEpoch.AddHours(n + version), Open140, "{\"status\":\"IN_TRANSIT\"}"u8.ToArray());
}
