using System.Text.Json;
using Tracking.Contracts.Ports;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Grains.Orders;
using Tracking.Simulation.Day;
using Tracking.Simulation.Model;

namespace Tracking.Simulation.Checks;

/// <summary>
/// The first promise of recovery: an offer is granted at most once per order and cause, announced at least once and always alike, never beyond the purse. Read from
/// what is stored, not from what grains say.
/// </summary>
internal sealed class ShopVerifier(Verifier verifier)
{
    private readonly Dictionary<string, (string Stream, RecoveryDecision Decision)> _decided = new(StringComparer.Ordinal);
    private readonly HashSet<(string Stream, CauseKey Cause)> _causes = [];
    private readonly Dictionary<string, DateTimeOffset> _made = new(StringComparer.Ordinal);
    private readonly Dictionary<string, RemedyKind> _accepted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Notice> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, long>> _purses = new(StringComparer.Ordinal);

    public HashSet<int> Placed { get; } = [];
    public IReadOnlyCollection<string> Made => _made.Keys;
    public int Announcements { get; private set; }

    public RecoveryDecision DecisionOf(string offer) => _decided[offer].Decision;

    public string StreamOf(string offer) => _decided[offer].Stream;

    public void Committed(StoredRow row)
    {
        if (row.Stream[0] == 'o')
            foreach (var happened in OrderJson.Read(row.Open).Events) Happened(row, happened);
        else if (row.Stream[0] == 'g' && row.Stream.Split('/').Length == 5) Spent(row);
    }

    private void Happened(StoredRow row, OrderEvent happened)
    {
        switch (happened)
        {
            case OrderPlaced when OrderStreams.KeyOf(row.Stream) is { } key: Placed.Add(Shop.OrderNumber(key)); break;
            case RemedyDecided { Decision: { IsOffer: true } decision }:
                if (!_decided.TryAdd(decision.Offer, (row.Stream, decision))) verifier.Break($"I4: offer {decision.Offer} of {row.Stream} was decided twice");
                if (!_causes.Add((row.Stream, decision.Cause))) verifier.Break($"I4: {row.Stream} has two offers for {decision.Cause}");
                break;
            case OfferMade made:
                if (!_decided.ContainsKey(made.Offer)) verifier.Break($"I4: offer {made.Offer} of {row.Stream} was made and never decided");
                if (!_made.TryAdd(made.Offer, row.RecordedAt)) verifier.Break($"I4: offer {made.Offer} of {row.Stream} was granted twice");
                break;
            case OfferAccepted accepted:
                if (!_made.ContainsKey(accepted.Offer)) verifier.Break($"I4: offer {accepted.Offer} of {row.Stream} was accepted and never made");
                if (!_accepted.TryAdd(accepted.Offer, accepted.Remedy)) verifier.Break($"I4: offer {accepted.Offer} of {row.Stream} was accepted twice");
                break;
        }
    }

    // g/{retailer}/{currency}/{purse}/{share}: what is reserved and not released, or spent, over all shares of a purse.
    private void Spent(StoredRow row)
    {
        var purse = row.Stream[..row.Stream.LastIndexOf('/')];
        if (!_purses.TryGetValue(purse, out var offers)) _purses[purse] = offers = new(StringComparer.Ordinal);
        using var stored = JsonDocument.Parse(row.Open);
        foreach (var happened in stored.RootElement.GetProperty("events").EnumerateArray())
        {
            switch (happened.GetProperty("e").GetString())
            {
                case "reserved": offers[happened.GetProperty("offer").GetString()!] = happened.GetProperty("amount").GetInt64(); break;
                case "spent": offers[happened.GetProperty("offer").GetString()!] = happened.GetProperty("amount").GetInt64(); break;
                case "released": offers.Remove(happened.GetProperty("offer").GetString()!); break;
            }
        }
        if (offers.Values.Sum() > Shop.PerDay) verifier.Break($"I4: purse {purse} holds {Shop.PerDay} and {offers.Values.Sum()} are promised from it");
    }

    /// <summary>The buyer is told. Told again, the words must be the same.</summary>
    public void Told(Notice notice)
    {
        Announcements++;
        if (!_told.TryGetValue(notice.Id, out var before)) _told.Add(notice.Id, notice);
        else if (before.Kind != notice.Kind || JsonSerializer.Serialize(before.Facts) != JsonSerializer.Serialize(notice.Facts))
            verifier.Break($"I5: notice {notice.Id} ({notice.Kind}) was repeated with other words: {JsonSerializer.Serialize(before.Facts)}, then {JsonSerializer.Serialize(notice.Facts)}");
    }

    public void Answered(string offer, RemedyKind remedy)
    {
        if (!_accepted.TryGetValue(offer, out var stored) || stored != remedy) verifier.Break($"I4: a shopper was told that {remedy} of offer {offer} is hers, and nothing says so");
    }

    /// <summary>Every offer was announced, and every decision was settled.</summary>
    public void Settled(DateTimeOffset now, Func<string, bool> poisoned)
    {
        foreach (var (offer, at) in _made)
            if (at < now - TimeSpan.FromMinutes(40) && !poisoned(_decided[offer].Stream) && !_told.ContainsKey(NoticeId.Of("demo", NoticeKind.Offer, [offer])))
                verifier.Break($"I5: offer {offer} of {_decided[offer].Stream} was granted at {at:O} and never announced");
    }
}
