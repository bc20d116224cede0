using System.Text.Json.Serialization;
using Tracking.Contracts.Orders;
using Tracking.Grains.Orders;
using Tracking.Grains.Telemetry;
using Tracking.Journal;

namespace Tracking.Grains.Recovery;

[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(Gave), "gave")]
[JsonDerivedType(typeof(TookBack), "took-back")]
internal abstract record PurseEvent;

internal sealed record Gave(int Share, int Number, long Amount) : PurseEvent;

internal sealed record TookBack(int Share, int Number, long Amount) : PurseEvent;

/// <inheritdoc cref="IBudgetGrain"/>
[GrainType("budget")]
public sealed class BudgetGrain(IEventJournal journal, Microsoft.Extensions.Options.IOptions<RecoveryOptions> options, TrackingMetrics metrics, TimeProvider clock) : Grain, IBudgetGrain
{
    private JournalledState<Purse, PurseEvent>? _state;

    private JournalledState<Purse, PurseEvent> State => _state ??= new(journal, OrderStreams.Budget(this.GetPrimaryKeyString()), Purse.Empty, static (p, e, _) => p.Apply(e), clock);

    public async Task<BudgetDraw> Draw(int share, int number, long wanted, long limit)
    {
        var purse = await State.GetAsync();
        var left = Math.Max(0, limit - purse.Out);
        metrics.PurseAsked(this.GetPrimaryKeyString(), purse.Out, limit);
        if (purse.Given.TryGetValue(share, out var last) && last.Number == number) return new BudgetDraw(last.Amount, left);
        if (wanted <= 0 || left < wanted) return new BudgetDraw(0, left);
        // Large portions while there is much, small ones at the end, so that little is stranded where nobody asks any more.
        var amount = Math.Max(wanted, left / (4 * options.Value.BudgetShares));
        purse = await State.AppendAsync(new Gave(share, number, amount));
        metrics.PurseAsked(this.GetPrimaryKeyString(), purse.Out, limit);
        return new BudgetDraw(amount, Math.Max(0, limit - purse.Out));
    }

    public async Task Return(int share, int number, long amount)
    {
        var purse = await State.GetAsync();
        if (amount <= 0 || purse.Returned.GetValueOrDefault(share) >= number) return;
        await State.AppendAsync(new TookBack(share, number, amount));
    }

    private sealed record Purse(long Out, ImmutableDictionary<int, (int Number, long Amount)> Given, ImmutableDictionary<int, int> Returned)
    {
        public static readonly Purse Empty = new(0, ImmutableDictionary<int, (int, long)>.Empty, ImmutableDictionary<int, int>.Empty);

        public Purse Apply(PurseEvent happened) => happened switch
        {
            Gave(var share, var number, var amount) => this with { Out = Out + amount, Given = Given.SetItem(share, (number, amount)) },
            TookBack(var share, var number, var amount) => this with { Out = Out - amount, Returned = Returned.SetItem(share, number) },
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
