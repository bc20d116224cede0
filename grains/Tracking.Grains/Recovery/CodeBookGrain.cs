using System.Text.Json.Serialization;
using Tracking.Contracts.Orders;
using Tracking.Domain.Recovery;
using Tracking.Grains.Orders;
using Tracking.Journal;

namespace Tracking.Grains.Recovery;

[JsonPolymorphic(TypeDiscriminatorPropertyName = "e")]
[JsonDerivedType(typeof(CodeSetAside), "set-aside")]
[JsonDerivedType(typeof(CodeRefused), "code-refused")]
[JsonDerivedType(typeof(CodesClosed), "codes-closed")]
internal abstract record CodeEvent;

internal sealed record CodeSetAside(string Offer, RemedyKind Remedy, string Pool, string Code) : CodeEvent;

internal sealed record CodeRefused(string Offer, RemedyKind Remedy, string Pool) : CodeEvent;

/// <param name="Taken">The remedy whose code is given away; null: all that was set aside goes back.</param>
internal sealed record CodesClosed(string Offer, RemedyKind? Taken) : CodeEvent;

/// <inheritdoc cref="ICodeBookGrain"/>
[GrainType("code-book")]
public sealed class CodeBookGrain(IEventJournal journal, CodeShelf shelf, TimeProvider clock) : Grain, ICodeBookGrain
{
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    private JournalledState<Book, CodeEvent>? _state;

    private string Retailer => this.GetPrimaryKeyString();

    private JournalledState<Book, CodeEvent> State => _state ??= new(journal, OrderStreams.Budget($"{Retailer}/codes"), Book.Empty, static (b, e, _) => b.Apply(e), clock);

    public async Task<string?> Reserve(string pool, string offer, RemedyKind remedy, bool forGood)
    {
        var book = await State.GetAsync();
        if (book.Held.TryGetValue((offer, remedy), out var held)) return held.Code;
        if (book.Closed.Contains(offer)) return null;
        if (PlaceOf(pool).Free(book) is { } code)
        {
            await State.AppendAsync(new CodeSetAside(offer, remedy, pool, code));
            return code;
        }
        if (forGood) await State.AppendAsync(new CodeRefused(offer, remedy, pool));
        return null;
    }

    public async Task Close(string offer, RemedyKind? taken)
    {
        var book = await State.GetAsync();
        if (book.Closed.Contains(offer)) return;
        await State.AppendAsync(new CodesClosed(offer, taken));
        foreach (var ((of, remedy), held) in book.Held)
            if (of == offer && remedy != taken && held.Code is { } back) PlaceOf(held.Pool).GoBackTo(back);
    }

    public async Task<CodeStanding> Standing(string pool)
    {
        var book = await State.GetAsync();
        var (given, aside) = (0, 0);
        foreach (var ((offer, _), held) in book.Held)
            if (held.Pool == pool && held.Code is not null)
                if (book.Closed.Contains(offer)) given++; else aside++;
        return new CodeStanding(given, aside, shelf.Of(Retailer, pool).Codes.Count(c => !book.Used.Contains(c)));
    }

    private Place PlaceOf(string pool)
    {
        var now = shelf.Of(Retailer, pool);
        if (!_places.TryGetValue(pool, out var place) || !ReferenceEquals(place.Pool, now)) _places[pool] = place = new Place(now);
        return place;
    }

    // Where in its file the next free code may stand.
    private sealed class Place(CodePool pool)
    {
        private Dictionary<string, int>? _index;
        private int _next;

        public CodePool Pool => pool;

        public string? Free(Book book)
        {
            while (_next < pool.Codes.Length && book.Used.Contains(pool.Codes[_next])) _next++;
            return _next < pool.Codes.Length ? pool.Codes[_next] : null;
        }

        public void GoBackTo(string code)
        {
            if (_index is null)
            {
                _index = new Dictionary<string, int>(pool.Codes.Length, StringComparer.Ordinal);
                for (var i = 0; i < pool.Codes.Length; i++) _index[pool.Codes[i]] = i;
            }
            if (_index.TryGetValue(code, out var at) && at < _next) _next = at;
        }
    }

    private sealed record Held(string Pool, string? Code);

    // A code that went back is nobody's again; over all pools of a shop it is one code.
    private sealed record Book(ImmutableDictionary<(string Offer, RemedyKind Remedy), Held> Held, ImmutableHashSet<string> Used, ImmutableHashSet<string> Closed)
    {
        public static readonly Book Empty = new(ImmutableDictionary<(string, RemedyKind), Held>.Empty, ImmutableHashSet.Create<string>(StringComparer.Ordinal), ImmutableHashSet.Create<string>(StringComparer.Ordinal));

        public Book Apply(CodeEvent happened)
        {
            switch (happened)
            {
                case CodeSetAside(var offer, var remedy, var pool, var code): return this with { Held = Held.SetItem((offer, remedy), new Held(pool, code)), Used = Used.Add(code) };
                case CodeRefused(var offer, var remedy, var pool): return this with { Held = Held.SetItem((offer, remedy), new Held(pool, null)) };
                case CodesClosed(var offer, var taken):
                    var next = this with { Closed = Closed.Add(offer) };
                    foreach (var remedy in Enum.GetValues<RemedyKind>())
                        if (remedy != taken && next.Held.TryGetValue((offer, remedy), out var held) && held.Code is { } back)
                            next = next with { Held = next.Held.Remove((offer, remedy)), Used = next.Used.Remove(back) };
                    return next;
                default: throw new System.Diagnostics.UnreachableException();
            }
        }
    }
}

/// <summary>Codes that an offer draws from the shop's own pools. Everything by the offer's id, so everything may be repeated.</summary>
public sealed class PooledCodes(IGrainFactory grains)
{
    /// <summary>Sets a code aside for every remedy that draws from a pool. The pool that is used up and must not be, or null.</summary>
    public async Task<string?> ReserveAsync(string retailer, RecoveryDecision decision)
    {
        foreach (var remedy in decision.Remedies)
            if (remedy.Pool is { } pool && await Book(retailer).Reserve(pool, decision.Offer, remedy.Kind, remedy.WithholdWhenEmpty) is null && remedy.WithholdWhenEmpty)
                return pool;
        return null;
    }

    public Task CloseAsync(string retailer, RecoveryDecision decision, RemedyKind? taken)
        => decision.Remedies.Any(static r => r.Pool is not null) ? Book(retailer).Close(decision.Offer, taken) : Task.CompletedTask;

    private ICodeBookGrain Book(string retailer) => grains.GetGrain<ICodeBookGrain>(retailer);
}
