using System.Diagnostics;
using Npgsql;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Throughput;

/// <summary>One way of inserting, and what it reached.</summary>
public sealed record RawInsert(int Batch, int Connections, double RowsPerSecond);

/// <summary>
/// What the database could do if there were nothing else: the journal's own table and indexes in an empty copy, real rows of this run, each statement
/// inserting the next version of 500 or 1,000 streams by <c>unnest</c>, prepared, every commit flushed. The copy is dropped afterwards.
/// </summary>
public static class RawInserts
{
    private const string Scratch = "loadtest_raw_inserts";

    private sealed record Column(string Name, string Type, string Quoted);

    public static async Task<IReadOnlyList<RawInsert>> MeasureAsync(string postgres, TimeSpan each, CancellationToken stop)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(postgres) { MaxPoolSize = 8, CommandTimeout = 30 });
        var table = await JournalTableAsync(source, stop);
        var columns = await InsertedColumnsAsync(source, table, stop);
        var found = new List<RawInsert>();
        try
        {
            foreach (var batch in (int[])[500, 1000])
            {
                var (filled, rows) = await SampleAsync(source, table, columns, batch * 4, stop);
                foreach (var connections in (int[])[1, 2, 4])
                {
                    await ExecuteAsync(source, $"drop table if exists {Scratch}; create table {Scratch} (like {table} including all)", stop);
                    found.Add(new RawInsert(batch, connections, await RunAsync(source, filled, rows, batch, connections, each, stop)));
                }
            }
            return found;
        }
        finally
        {
            await ExecuteAsync(source, $"drop table if exists {Scratch}", CancellationToken.None);
        }
    }

    // The journal is the table with partition, stream and version; whatever it is called and whatever else it holds.
    private static async Task<string> JournalTableAsync(NpgsqlDataSource source, CancellationToken stop)
    {
        await using var command = source.CreateCommand("""
            select format('%I.%I', n.nspname, c.relname)
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema') and c.relname <> 'loadtest_raw_inserts'
              and (select count(*) from pg_attribute a where a.attrelid = c.oid and not a.attisdropped
                   and a.attname in ('partition', 'stream', 'version')) = 3
            order by pg_relation_size(c.oid) desc limit 1
            """);
        return await command.ExecuteScalarAsync(stop) as string
            ?? throw new SetUpException("No table with the columns partition, stream and version was found, so raw inserts have nothing to copy.");
    }

    // What the journal itself leaves to the database (identity, defaults, generated) is left to it here as well.
    private static async Task<IReadOnlyList<Column>> InsertedColumnsAsync(NpgsqlDataSource source, string table, CancellationToken stop)
    {
        await using var command = source.CreateCommand("""
            select a.attname, format_type(a.atttypid, a.atttypmod), quote_ident(a.attname)
            from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
            where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped and a.attidentity = '' and a.attgenerated = ''
              and (d.oid is null or a.attname in ('partition', 'stream', 'version'))
            order by a.attnum
            """);
        command.Parameters.AddWithValue(table);
        await using var reader = await command.ExecuteReaderAsync(stop);
        var columns = new List<Column>();
        while (await reader.ReadAsync(stop)) columns.Add(new Column(reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        return columns;
    }

    // One row of each of many streams, column by column. A column that is null in all of them stays null by itself.
    private static async Task<(IReadOnlyList<Column> Filled, Array[] Rows)> SampleAsync(NpgsqlDataSource source, string table, IReadOnlyList<Column> columns, int count, CancellationToken stop)
    {
        var names = string.Join(", ", columns.Select(c => c.Quoted));
        await using var command = source.CreateCommand($"select {names} from (select distinct on (stream) * from (select * from {table} limit {count * 40}) as sampled order by stream, version desc) as newest limit {count}");
        await using var reader = await command.ExecuteReaderAsync(stop);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(stop))
        {
            var row = new object?[columns.Count];
            for (var i = 0; i < row.Length; i++) row[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
            rows.Add(row);
        }
        if (rows.Count < count) throw new SetUpException($"Raw inserts copy {count} streams of the journal, and it has {rows.Count}.");
        var (filled, values) = (new List<Column>(), new List<Array>());
        for (var i = 0; i < columns.Count; i++)
        {
            if (rows.FirstOrDefault(r => r[i] is not null)?[i]?.GetType() is not { } type) continue;
            if (type.IsValueType && rows.Any(r => r[i] is null)) type = typeof(Nullable<>).MakeGenericType(type);
            var column = Array.CreateInstance(type, rows.Count);
            for (var r = 0; r < rows.Count; r++) column.SetValue(rows[r][i], r);
            filled.Add(columns[i]);
            values.Add(column);
        }
        return (filled, [.. values]);
    }

    private static async Task<double> RunAsync(
        NpgsqlDataSource source, IReadOnlyList<Column> columns, Array[] rows, int batch, int connections, TimeSpan each, CancellationToken stop)
    {
        var sql = $"insert into {Scratch} ({string.Join(", ", columns.Select(c => c.Quoted))}) select * from unnest({string.Join(", ", columns.Select((c, i) => $"${i + 1}::{c.Type}[]"))})";
        long inserted = 0, last = 0;
        // The clock starts when the last connection has its statement prepared.
        var ready = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        var preparing = connections;

        async Task ConnectionAsync(int number)
        {
            await using var connection = await source.OpenConnectionAsync(stop);
            await using var command = new NpgsqlCommand(sql, connection);
            var version = -1;
            for (var i = 0; i < columns.Count; i++)
            {
                var part = Array.CreateInstance(rows[i].GetType().GetElementType()!, batch);
                Array.Copy(rows[i], number * batch, part, 0, batch);
                command.Parameters.Add(new NpgsqlParameter { Value = part, DataTypeName = columns[i].Type + "[]" });
                if (columns[i].Name == "version") version = i;
            }
            await command.PrepareAsync(stop);
            if (Interlocked.Decrement(ref preparing) == 0) ready.SetResult(Stopwatch.GetTimestamp());
            var began = await ready.Task.WaitAsync(TimeSpan.FromSeconds(30), stop);
            for (var round = 1; !stop.IsCancellationRequested && (round == 1 || Stopwatch.GetElapsedTime(began) < each); round++)
            {
                // The next append of each of these streams.
                var versions = (Array)command.Parameters[version].Value!;
                for (var i = 0; i < batch; i++) versions.SetValue(Convert.ChangeType(round, versions.GetType().GetElementType()!, System.Globalization.CultureInfo.InvariantCulture), i);
                await command.ExecuteNonQueryAsync(stop);
                Interlocked.Add(ref inserted, batch);
                Interlocked.Exchange(ref last, Stopwatch.GetTimestamp());
            }
        }

        await Task.WhenAll(Enumerable.Range(0, connections).Select(ConnectionAsync));
        var seconds = Stopwatch.GetElapsedTime(await ready.Task, last).TotalSeconds;
        return seconds <= 0 ? 0 : inserted / seconds;
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken stop)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(stop);
    }
}
