using System.Diagnostics;
using System.Globalization;
using System.Text;
using Tracking.Domain.Recovery;
using Tracking.Grains.Tests.Orders;

namespace Tracking.Grains.Tests.Embedded;

/// <summary>
/// The product's first promise, on the real grains under a seeded scheduler: whatever is doubled, retried, lost, killed or active twice on the way, one recorded afternoon leaves the
/// same offers, reservations, ledger lines, notices and codes, byte for byte. A failure names afternoon and schedule; the same two numbers repeat it.
/// </summary>
public sealed class ExactlyOnceTests(ITestOutputHelper output)
{
    [Fact]
    public void A_few_hundred_troubled_schedules_leave_the_effects_of_the_untroubled_ones() => Compare(afternoons: 15, each: 16);

    [Fact, Trait("Length", "long")]
    public void Ten_thousand_troubled_schedules_leave_the_effects_of_the_untroubled_ones() => Compare(afternoons: 300, each: 34);

    [Fact, Trait("Length", "long")]
    public void One_afternoon_leaves_the_same_effects_when_it_is_killed_at_any_step()
    {
        var afternoon = Afternoon.Of(1);
        var expected = OnceWorld.Run(afternoon, Trouble.None, Policy(), out var whole);
        expected.ShouldContain("offer ");
        expected.ShouldContain("notice ");

        Parallel.For(1, (int)whole.Steps, Threads, at => Same(OnceWorld.Run(afternoon, new Trouble(1, [at]), Policy(), out _), expected, $"killed at step {at}"));
        output.WriteLine($"{whole.Steps - 1} schedules, each killed at another step: effects byte-identical.");
    }

    [Fact]
    public void A_budget_smaller_than_the_demand_is_never_overspent_in_any_schedule()
    {
        const int Budget = 2_600;
        var (schedules, spentAny) = (0, 0);
        Parallel.For(1, 31, Threads, seed =>
        {
            for (var i = 0; i < 5; i++)
            {
                var dice = new Dice((ulong)(seed * 77 + i));
                OnceWorld.Run(Afternoon.Of(seed), new Trouble((ulong)(seed * 31 + i), [dice.Next(900)], i * 10, SecondActivations: i > 2), Policy(Budget), out var ran);
                var (reserved, spent) = ran.Money();
                (reserved + spent).ShouldBeLessThanOrEqualTo(Budget, $"afternoon {seed}, schedule {i}");
                Interlocked.Increment(ref schedules);
                if (reserved + spent > 0) Interlocked.Increment(ref spentAny);
            }
        });
        spentAny.ShouldBeGreaterThan(schedules / 2);
        output.WriteLine($"{schedules} schedules with a budget of 26.00: never overspent.");
    }

    private void Compare(int afternoons, int each)
    {
        var (schedules, killed, offers) = (0, 0, 0);
        var clock = Stopwatch.StartNew();
        Parallel.For(1, afternoons + 1, Threads, seed =>
        {
            var afternoon = Afternoon.Of(seed);
            var expected = OnceWorld.Run(afternoon, Trouble.None, Policy(), out var whole);
            Interlocked.Add(ref offers, expected.Split('\n').Count(l => l.StartsWith("offer ", StringComparison.Ordinal)));
            for (var i = 0; i < each; i++)
            {
                var dice = new Dice((ulong)(seed * 1_000 + i));
                long[] kills = [.. Enumerable.Range(0, dice.Next(3)).Select(_ => (long)dice.Next((int)whole.Steps))];
                var trouble = new Trouble((ulong)(seed * 1_000_003L + i), kills, dice.Next(3) * 15, SecondActivations: dice.Next(2) == 0, Replay: dice.Next(4) == 0);
                Same(OnceWorld.Run(afternoon, trouble, Policy(), out var ran), expected, $"afternoon {seed}, schedule {i}: {trouble}");
                Interlocked.Increment(ref schedules);
                Interlocked.Add(ref killed, ran.Killed);
            }
        });
        offers.ShouldBeGreaterThan(afternoons);   // there was something to get wrong
        output.WriteLine($"{schedules} schedules over {afternoons} afternoons with {offers} decisions, {killed} kills: effects byte-identical ({clock.Elapsed.TotalSeconds:F0} s).");
    }

    // The lines that differ, not the page they stand on.
    private static void Same(string effects, string expected, string where)
    {
        if (effects == expected) return;
        var (got, wanted) = (effects.Split('\n'), expected.Split('\n'));
        Assert.Fail($"{where}\n{string.Join('\n', wanted.Except(got).Select(l => "- " + l).Concat(got.Except(wanted).Select(l => "+ " + l)))}");
    }

    private static readonly ParallelOptions Threads = new() { MaxDegreeOfParallelism = Environment.ProcessorCount };

    private static RecoveryPolicy Policy(long budget = 100_000)
        => PolicyReader.Read(Encoding.UTF8.GetBytes(An.Policy.Replace("100000", budget.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)), null, out _)!;
}
