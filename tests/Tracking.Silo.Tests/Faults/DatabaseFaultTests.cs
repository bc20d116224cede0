using System.Diagnostics;
using Npgsql;
using Tracking.LoadTest.Silo;
using Tracking.Testing;

namespace Tracking.Silo.Tests.Faults;

/// <summary>
/// The real silo before a real PostgreSQL that is restarted, cut off, frozen, slow or killed, under a stream of scans. Each test bears the number of the reliability contract. What must never happen
/// fails; how long things take is printed, and fails only at ten times the goal, because the machine has other things to do.
/// </summary>
[Trait("Length", "long")]
public sealed class DatabaseFaultTests(ITestOutputHelper output)
{
    [Fact]
    public async Task R05_A_database_restarted_five_times_under_load_acks_nothing_while_it_is_down_and_loses_nothing()
    {
        await using var server = await PrivatePostgres.OwnOrSkipAsync();
        var storage = $"--Storage:Postgres={await server.CreateDatabaseAsync()}";
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, storage);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        foreach (var mode in new[] { "fast", "immediate", "fast", "immediate", "fast" })
        {
            await senders.AckedAsync(20);
            await server.StopAsync(mode);
            var down = senders.Now;
            var refused = await senders.RefusedAsync(20);
            await IsNotReadyAsync(silo, because: "PostgreSQL");
            var starting = senders.Now;
            await server.StartAsync();
            var up = senders.Now;
            var first = (await senders.AckedAsync(1, sentFrom: down))[0];

            var meanwhile = senders.Answers.Where(a => a.Sent >= down && a.Came <= starting).ToList();
            meanwhile.ShouldAllBe(a => a.Acked == 0, "acked while there was no database");
            meanwhile.ShouldAllBe(a => a.Status == 503 && a.SaysWhen);
            var slowest = meanwhile.Max(a => a.Took);
            slowest.ShouldBeLessThan(TimeSpan.FromSeconds(10));
            (first.Came - up).ShouldBeLessThan(TimeSpan.FromSeconds(50));
            output.WriteLine($"{mode}: {meanwhile.Count} refused, the slowest after {slowest.TotalMilliseconds:F0} ms (goal 1,000); first ack {Math.Max(0, (first.Came - up).TotalMilliseconds):F0} ms after it accepts connections (goal 5,000)");
        }
        await EndAsync(silo, senders, scratch, storage);
    }

    [Fact]
    public async Task R06_R10_A_database_behind_a_dead_switch_is_answered_for_in_time_and_used_again_by_itself()
    {
        await using var way = await WayAsync();
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, way.Storage);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        await senders.AckedAsync(20);

        way.Proxy.Hold();
        var held = senders.Now;
        await senders.RefusedAsync(40);
        await IsNotReadyAsync(silo, because: "PostgreSQL");
        var letGo = senders.Now;
        way.Proxy.Release();
        var first = (await senders.AckedAsync(20, sentFrom: letGo))[^1];

        var answered = senders.Answers.Where(a => a.Sent >= held && a.Sent < letGo).ToList();
        var slowest = answered.Max(a => a.Took);
        slowest.ShouldBeLessThan(TimeSpan.FromSeconds(20));
        (first.Came - letGo).ShouldBeLessThan(TimeSpan.FromSeconds(100));
        output.WriteLine($"{answered.Count} sent meanwhile, the slowest answer after {slowest.TotalMilliseconds:F0} ms (goal 2,000); served again {(first.Came - letGo).TotalMilliseconds:F0} ms after it was over (goal 10,000)");

        way.Proxy.Cut();
        await senders.RefusedAsync(20);
        way.Proxy.Mend();
        await senders.AckedAsync(20);
        await EndAsync(silo, senders, scratch, way.Storage);
    }

    [Fact]
    public async Task R07_A_database_down_and_a_silo_killed_are_whole_again_when_both_are_back()
    {
        await using var server = await PrivatePostgres.OwnOrSkipAsync();
        var storage = $"--Storage:Postgres={await server.CreateDatabaseAsync()}";
        using var scratch = new Scratch();
        var silo = await SiloProcess.StartAsync(scratch.Folder, storage);
        try
        {
            await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
            await senders.AckedAsync(20);
            await server.StopAsync("immediate");
            await silo.KillAsync();
            await silo.DisposeAsync();
            await senders.RefusedAsync(5);

            await server.StartAsync();
            var back = senders.Now;
            silo = await SiloProcess.StartAsync(scratch.Folder, storage);
            var first = (await senders.AckedAsync(1, sentFrom: back))[0];
            (first.Came - back).ShouldBeLessThan(TimeSpan.FromMinutes(5));
            output.WriteLine($"first ack {(first.Came - back).TotalSeconds:F1} s after the database was back (goal 30)");
            await EndAsync(silo, senders, scratch, storage);
        }
        finally
        {
            await silo.DisposeAsync();
        }
    }

    [Fact]
    public async Task R08_A_slow_database_is_asked_no_more_often_than_a_quick_one_and_nothing_is_lost()
    {
        await using var way = await WayAsync();
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, way.Storage);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        await senders.AckedAsync(100);

        var quick = await PiecesPerAckAsync(TimeSpan.FromSeconds(3));
        way.Proxy.Delay = TimeSpan.FromMilliseconds(50);
        var slow = await PiecesPerAckAsync(TimeSpan.FromSeconds(3));
        way.Proxy.Delay = TimeSpan.FromMilliseconds(200);
        var slower = await PiecesPerAckAsync(TimeSpan.FromSeconds(3));
        way.Proxy.Delay = TimeSpan.Zero;
        way.Proxy.Stall(every: 20, TimeSpan.FromSeconds(5));
        await PiecesPerAckAsync(TimeSpan.FromSeconds(6));
        way.Proxy.Heal();
        await senders.AckedAsync(20);

        output.WriteLine($"statements for each message: {quick:F2} at full speed, {slow:F2} at +50 ms, {slower:F2} at +200 ms");
        slow.ShouldBeLessThan(quick * 1.2);
        slower.ShouldBeLessThan(quick * 1.2);
        await EndAsync(silo, senders, scratch, way.Storage);

        async Task<double> PiecesPerAckAsync(TimeSpan length)
        {
            var (pieces, from) = (way.Proxy.Pieces, senders.Now);
            await Task.Delay(length);   // a rate needs a while to be one
            return (way.Proxy.Pieces - pieces) / Math.Max(1.0, senders.Answers.Count(a => a.Came >= from));
        }
    }

    /// <summary>A database of this test alone, reached through the proxy.</summary>
    private sealed record Way(PrivatePostgres Server, FaultProxy Proxy, string Storage) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Proxy.DisposeAsync();
            await Server.DisposeAsync();
        }
    }

    private static async Task<Way> WayAsync([System.Runtime.CompilerServices.CallerMemberName] string test = "")
    {
        var server = await PrivatePostgres.OwnOrSkipAsync(null, test);
        var database = new NpgsqlConnectionStringBuilder(await server.CreateDatabaseAsync());
        var proxy = new FaultProxy(database.Host!, database.Port);
        database.Port = proxy.Port;
        return new Way(server, proxy, $"--Storage:Postgres={database}");
    }

    /// <summary><c>/health/ready</c> says no, and which dependency it is.</summary>
    internal static async Task IsNotReadyAsync(SiloProcess silo, string because)
    {
        using var answer = await silo.Client.GetAsync(new Uri("/health/ready", UriKind.Relative));
        ((int)answer.StatusCode).ShouldBe(503);
        (await answer.Content.ReadAsStringAsync()).ShouldContain($"The database ({because})");
    }

    // Nothing is broken any more: everything is stored, once, and the silo ends as it should.
    private static async Task EndAsync(SiloProcess silo, Senders senders, Scratch scratch, string storage)
    {
        await senders.StopAsync();
        await senders.ResendAsync();
        (await silo.StopAsync()).ShouldBe(0, silo.Output);
        await Stored.IsWhatWasSentAsync(scratch.Folder, senders, storage);
    }
}
