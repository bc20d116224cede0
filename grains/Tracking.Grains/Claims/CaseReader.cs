using System.Runtime.CompilerServices;
using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>Reads cases from the journal on whichever node is asked.</summary>
public sealed class CaseReader(IEventJournal journal, IHeadStore heads, CaseLoader loader, CareRules rules) : ICaseReader
{
    private const int ReadsAtOnce = 32;

    public async Task<CaseView?> ReadAsync(ShipmentKey key, CancellationToken cancel = default)
        => await loader.LoadAsync(key, cancel) is { Version: > 0 } parcel ? CaseView.Of(parcel) : null;

    public async Task<CaseView?> FindAsync(string retailer, string claimId, CancellationToken cancel = default)
    {
        if (claimId.Length is 0 or > 64 || await heads.FindLinkAsync(CaseStream.ClaimHash(claimId), cancel) is not { } row) return null;
        return CaseStream.KeyOf(row.Stream) is { } key && key.Retailer == retailer ? await ReadAsync(key, cancel) : null;
    }

    public async Task<ImmutableArray<CasePersonal>> TextsAsync(ShipmentKey key, string claimId, CancellationToken cancel = default)
    {
        var texts = ImmutableArray.CreateBuilder<CasePersonal>();
        await foreach (var row in journal.ReadAsync(CaseStream.Of(key), cancel))
            if (!row.Personal.IsEmpty && CaseJson.Read(row.Open.Span, row.Personal.Span).Personal is { } personal && personal.ClaimId == claimId)
                texts.Add(personal);
        return texts.ToImmutable();
    }

    public Task<IReadOnlyList<CaseView>> ListAsync(string retailer, bool open, DateTimeOffset? before, int limit, CancellationToken cancel = default)
        => ReadListAsync(new HeadQuery(retailer, CaseStream.Kind, open ? [CaseStream.Waiting] : [], CaseStream.HasClaims, before, limit), cancel);

    public Task<IReadOnlyList<CaseView>> RecoveriesAsync(string retailer, DateTimeOffset? before, int limit, CancellationToken cancel = default)
        => ReadListAsync(new HeadQuery(retailer, CaseStream.Kind, [], CaseStream.HasRecoveries, before, limit), cancel);

    private async Task<IReadOnlyList<CaseView>> ReadListAsync(HeadQuery query, CancellationToken cancel)
    {
        var views = new List<CaseView>();
        foreach (var some in (await heads.ListAsync(query, cancel)).Chunk(ReadsAtOnce))
            foreach (var view in await Task.WhenAll(some.Select(head => CaseStream.KeyOf(head.Stream) is { } key ? ReadAsync(key, cancel) : Task.FromResult<CaseView?>(null))))
                if (view is not null) views.Add(view);
        return views;
    }

    public async IAsyncEnumerable<string> FileAsync(ShipmentKey key, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        await foreach (var (line, _, _) in WriteAsync(key, cancel)) yield return line;
    }

    public async Task<string?> FileHashAsync(ShipmentKey key, string claimId, CancellationToken cancel = default)
    {
        string? weighed = null, decided = null;
        await foreach (var (_, hash, append) in WriteAsync(key, cancel))
            foreach (var happened in append?.Events ?? [])
                if (happened is ClaimWeighed w && w.Id == claimId) weighed = hash;
                else if (happened is ClaimDecided d && d.Id == claimId) decided ??= hash;
        return decided ?? weighed;
    }

    // What a claim was weighed by stands before it (each weighing names the newest append of the shipment it read), whatever came later after it: so a line once written keeps its digest.
    private async IAsyncEnumerable<(string Line, string Hash, CaseAppend? Append)> WriteAsync(ShipmentKey key, [EnumeratorCancellation] CancellationToken cancel)
    {
        var file = new ClaimFile();
        yield return (file.Header(key.Retailer, $"{key.Carrier}/{key.Number}"), file.Hash, null);

        await using var scans = journal.ReadAsync(ShipmentStream.Of(key), cancel).GetAsyncEnumerator(cancel);
        var more = await scans.MoveNextAsync();
        await foreach (var row in journal.ReadAsync(CaseStream.Of(key), cancel))
        {
            var append = CaseJson.Read(row.Open.Span);
            var known = append.Events.OfType<ClaimWeighed>().Select(w => w.ShipmentVersion).DefaultIfEmpty(0).Max();
            while (more && scans.Current.Version <= known)
            {
                yield return (Parcel(scans.Current), file.Hash, null);
                more = await scans.MoveNextAsync();
            }
            yield return (file.Append("case", row.Version, row.RecordedAt, row.Open.Span, row.Sealed.Span), file.Hash, append);
        }
        while (more)
        {
            yield return (Parcel(scans.Current), file.Hash, null);
            more = await scans.MoveNextAsync();
        }
        yield return (file.End(), file.Hash, null);

        string Parcel(JournalRow row) => file.Append("parcel", row.Version, row.RecordedAt, row.Open.Span, row.Sealed.Span);
    }

    public SignatureNeed NeedsSignature(string retailer, Money? value, ImmutableArray<string> items)
    {
        var care = rules.For(retailer);
        return care.Signature.Decide(value?.Amount, value?.Currency, care.Currency, items);
    }
}
