using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>Three real nodes over one PostgreSQL, one of them killed under a stream. Orleans build only.</summary>
public sealed class ClusterTests
{
    private const int Messages = 300, ScansPerMessage = 10, Senders = 6;
    private const int Dead = 6;   // Orleans' status of a node that was voted out

    [Fact]
    [Trait("Length", "long")]
    public async Task A_killed_node_is_voted_out_within_ten_seconds_and_every_acked_scan_is_there_once()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        using var scratch = new Scratch();
        var nodes = await Task.WhenAll(Enumerable.Range(1, 3).Select(i => SiloProcess.StartAsync(scratch.At($"node{i}"), $"--Storage:Postgres={database}", $"--Orleans:NodeName=node{i}")));
        try
        {
            var third = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var acked = 0;
            var next = -1;
            var stream = Task.WhenAll(Enumerable.Range(0, Senders).Select(async _ =>
            {
                for (int message; (message = Interlocked.Increment(ref next)) < Messages;)
                {
                    await SendUntilAckedAsync(nodes, message);
                    if (Interlocked.Increment(ref acked) == Messages / 3) third.TrySetResult();
                }
            }));

            await Task.WhenAny(third.Task, stream);
            await nodes[1].KillAsync();
            Volatile.Read(ref acked).ShouldBeLessThan(Messages, "the kill came too late to be one");
            var killed = Stopwatch.StartNew();
            await using var connection = new NpgsqlConnection(database);
            await connection.OpenAsync();
            while (await StatusAsync(connection, "node2") != Dead)
            {
                killed.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(10), "the others still count on a node that is gone");
                await Task.Delay(100);   // the table is the only witness
            }
            await stream;

            foreach (var node in new[] { nodes[0], nodes[2] })
            {
                using var view = JsonDocument.Parse(await node.Client.GetStringAsync(new Uri("/v1/shipments/ups/CLUSTER0007", UriKind.Relative)));
                view.RootElement.GetProperty("status").GetString().ShouldBe("IN_TRANSIT");
            }
            (await nodes[0].StopAsync()).ShouldBe(0, nodes[0].Output);
            (await nodes[2].StopAsync()).ShouldBe(0, nodes[2].Output);
        }
        finally
        {
            foreach (var node in nodes) await node.DisposeAsync();
        }

        var (code, output) = await SiloProcess.RunAsync(scratch.At("export"), "export", $"--Storage:Postgres={database}");
        code.ShouldBe(0, output);
        var stored = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("eventId").GetString()!).ToList();
        stored.Count.ShouldBe(Messages * ScansPerMessage);
        stored.Distinct().Count().ShouldBe(stored.Count);
    }

    [Fact]
    public async Task A_second_cluster_on_the_same_database_is_refused_in_one_line()
    {
        var server = await PrivatePostgres.OrSkipAsync();
        var database = await server.CreateDatabaseAsync();
        using var scratch = new Scratch();
        await using var node = await SiloProcess.StartAsync(scratch.At("ours"), $"--Storage:Postgres={database}");

        var (code, output) = await SiloProcess.RunAsync(scratch.At("theirs"), $"--Storage:Postgres={database}", "--Orleans:ClusterId=other", $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");

        code.ShouldNotBe(0, output);
        output.ShouldContain("Another cluster works on this database: tracking");
    }

    [Fact]
    public async Task A_node_without_a_link_key_is_refused_in_one_line()
    {
        using var scratch = new Scratch();

        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "--Security:LinkKey=", $"--Urls=http://127.0.0.1:{SiloProcess.FreePort()}");

        code.ShouldNotBe(0, output);
        output.Trim().Split('\n').Length.ShouldBe(1, output);
        output.ShouldContain("Security:LinkKey is not set");
    }

    // A sender: any node, and what is not known to be stored is sent again, to another.
    private static async Task SendUntilAckedAsync(SiloProcess[] nodes, int message)
    {
        var patience = Stopwatch.StartNew();
        for (var tries = 0; ; tries++)
        {
            patience.Elapsed.ShouldBeLessThan(TimeSpan.FromMinutes(1), $"message {message} was never stored");
            try
            {
                using var answer = await nodes[(message + tries) % nodes.Length].Client.PostAsJsonAsync(new Uri("/v1/scans", UriKind.Relative), Enumerable.Range(0, ScansPerMessage).Select(k => Scan(message, k)));
                if (answer.IsSuccessStatusCode)
                {
                    using var results = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
                    if (results.RootElement.GetProperty("results").EnumerateArray().All(result => result.GetProperty("outcome").GetString() is "accepted" or "duplicate")) return;
                }
            }
            catch (HttpRequestException) { }   // the node is gone
            await Task.Delay(50);   // as a sender would, not to run hot while the cluster decides
        }
    }

    // 100 shipments; each message brings scans of ten of them.
    private static object Scan(int message, int k) => new
    {
        carrier = "ups",
        trackingNumber = string.Create(CultureInfo.InvariantCulture, $"CLUSTER{(message * ScansPerMessage + k) % 100:0000}"),
        status = "IN_TRANSIT",
        occurredAt = new DateTimeOffset(2026, 11, 1, 8, 0, 0, TimeSpan.Zero).AddMinutes(message),
        eventId = string.Create(CultureInfo.InvariantCulture, $"c-{message:0000}-{k}"),
    };

    private static async Task<int> StatusAsync(NpgsqlConnection connection, string node)
    {
        await using var command = new NpgsqlCommand("SELECT status FROM orleans_node WHERE name = $1 ORDER BY started_at DESC LIMIT 1", connection);
        command.Parameters.AddWithValue(node);
        return (int)(await command.ExecuteScalarAsync())!;
    }
}
