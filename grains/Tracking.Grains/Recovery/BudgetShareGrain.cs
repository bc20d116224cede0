using System.Globalization;
using System.Text.Json.Serialization;
using Tracking.Contracts.Orders;
using Tracking.Grains.Orders;
using Tracking.Journal;

namespace Tracking.Grains.Recovery;

[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(Drew), "drew")]
[JsonDerivedType(typeof(Reserved), "reserved")]
[JsonDerivedType(typeof(Spent), "spent")]
[JsonDerivedType(typeof(Released), "released")]
[JsonDerivedType(typeof(GaveBack), "gave-back")]
internal abstract record ShareEvent;

internal sealed record Drew(int Number, long Amount) : ShareEvent;

internal sealed record Reserved(string Offer, long Amount) : ShareEvent;

internal sealed record Spent(string Offer, long Amount) : ShareEvent;

internal sealed record Released(string Offer) : ShareEvent;

internal sealed record GaveBack(int Number, long Amount) : ShareEvent;

/// <inheritdoc cref="IBudgetShareGrain"/>
[GrainType("budget-share")]
public sealed class BudgetShareGrain(IEventJournal journal, TimeProvider clock) : Grain, IBudgetShareGrain
{
    private JournalledState<Share, ShareEvent>? _state;
    private bool _returnsConfirmed;

    private JournalledState<Share, ShareEvent> State => _state ??= new(journal, OrderStreams.Budget(this.GetPrimaryKeyString()), Share.Empty, static (s, e, _) => s.Apply(e), clock);

    public async Task<bool> Reserve(string offer, long amount, long limit)
    {
        var share = await State.GetAsync();
        if (share.Offers.TryGetValue(offer, out var known)) return known.State != OfferMoney.Back;
        if (amount <= 0) return true;
        if (!_returnsConfirmed) await ConfirmReturnAsync(share);
        while (share.Stock < amount)
        {
            var (number, missing) = (share.Draws + 1, amount - share.Stock);
            var draw = await Purse.Draw(Number, number, missing, limit);
            if (draw.Given == 0)
            {
                await GiveBackAsync(share);
                return false;
            }
            // In one append with the reservation, if it is enough. After a crash between the purse's append and ours the same number is drawn again, and answered the same.
            if (share.Stock + draw.Given >= amount)
            {
                await State.AppendAsync(new Drew(number, draw.Given), new Reserved(offer, amount));
                return true;
            }
            share = await State.AppendAsync(new Drew(number, draw.Given));
        }
        await State.AppendAsync(new Reserved(offer, amount));
        return true;
    }

    public async Task Spend(string offer, long amount)
    {
        var share = await State.GetAsync();
        if (!share.Offers.ContainsKey(offer)) share = await State.GetAsync(fresh: true);
        if (share.Offers.TryGetValue(offer, out var known) && known.State == OfferMoney.Reserved)
            await GiveBackAsync(await State.AppendAsync(new Spent(offer, Math.Clamp(amount, 0, known.Amount))));   // the rest may be what another share lacks
    }

    public async Task Release(string offer)
    {
        var share = await State.GetAsync();
        // Unknown is noted too: a reservation that is still on its way must not come after it.
        if (!share.Offers.TryGetValue(offer, out var known) || known.State == OfferMoney.Reserved) await GiveBackAsync(await State.AppendAsync(new Released(offer)));
    }

    public async Task<BudgetStanding> Standing()
    {
        var share = await State.GetAsync();
        var (reserved, spent, offers) = (0L, 0L, 0);
        foreach (var (_, money) in share.Offers)
        {
            if (money.State == OfferMoney.Back) continue;
            offers++;
            if (money.State == OfferMoney.Reserved) reserved += money.Amount; else spent += money.Amount;
        }
        return new BudgetStanding(share.Stock + reserved + spent, reserved, spent, offers);
    }

    // What is too little for us may be enough together with what is too little for others.
    private async Task GiveBackAsync(Share share)
    {
        if (share.Stock <= 0) return;
        var (number, amount) = (share.Returns + 1, share.Stock);
        await State.AppendAsync(new GaveBack(number, amount));
        await Purse.Return(Number, number, amount);
    }

    // A crash between our append and the purse's would strand the last return; telling it again is free.
    private async Task ConfirmReturnAsync(Share share)
    {
        if (share.Returns > 0) await Purse.Return(Number, share.Returns, share.LastReturn);
        _returnsConfirmed = true;
    }

    private int Number => int.Parse(this.GetPrimaryKeyString().AsSpan()[(this.GetPrimaryKeyString().LastIndexOf('/') + 1)..], CultureInfo.InvariantCulture);

    private IBudgetGrain Purse => GrainFactory.GetGrain<IBudgetGrain>(this.GetPrimaryKeyString()[..this.GetPrimaryKeyString().LastIndexOf('/')]);

    private enum OfferMoney : byte { Reserved, Spent, Back }

    private sealed record Share(long Stock, int Draws, int Returns, long LastReturn, ImmutableDictionary<string, (OfferMoney State, long Amount)> Offers)
    {
        public static readonly Share Empty = new(0, 0, 0, 0, ImmutableDictionary.Create<string, (OfferMoney, long)>(StringComparer.Ordinal));

        public Share Apply(ShareEvent happened) => happened switch
        {
            Drew(var number, var amount) => this with { Stock = Stock + amount, Draws = number },
            Reserved(var offer, var amount) => this with { Stock = Stock - amount, Offers = Offers.SetItem(offer, (OfferMoney.Reserved, amount)) },
            Spent(var offer, var amount) => this with { Stock = Stock + Offers[offer].Amount - amount, Offers = Offers.SetItem(offer, (OfferMoney.Spent, amount)) },
            Released(var offer) => this with { Stock = Stock + (Offers.TryGetValue(offer, out var known) ? known.Amount : 0), Offers = Offers.SetItem(offer, (OfferMoney.Back, 0)) },
            GaveBack(var number, var amount) => this with { Stock = Stock - amount, Returns = number, LastReturn = amount },
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }
}
