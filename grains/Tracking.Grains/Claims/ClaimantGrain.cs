using System.Text.Json;
using Tracking.Contracts.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>The claims one customer made, under a digest of who it is. Bounded: the newest <see cref="MaxRemembered"/> of the last year are what anybody asks about.</summary>
[GrainType("claimant")]
public sealed class ClaimantGrain(IEventJournal journal, TimeProvider clock) : Grain, IClaimantGrain
{
    public const int MaxRemembered = 500;
    private static readonly TimeSpan Year = TimeSpan.FromDays(365);

    private List<ClaimMade>? _claims;
    private int _version;
    private DateTimeOffset _recordedAt;

    private string Stream => "h/" + this.GetPrimaryKeyString();

    public async Task<int> Remember(string claimId, DateTimeOffset at, ShipmentKey parcel)
    {
        try
        {
            if (_claims is null) await LoadAsync();
            var known = _claims!.FindIndex(c => c.Id == claimId);
            if (known < 0)
            {
                var now = RecordedTime.Next(clock.GetUtcNow(), _recordedAt);
                await journal.AppendAsync(new JournalAppend(Stream, _version + 1, now, JsonSerializer.SerializeToUtf8Bytes(new Stored(1, claimId, at, parcel.ToString()))));
                (_version, _recordedAt) = (_version + 1, now);
                _claims.Add(new ClaimMade(claimId, at, parcel));
                if (_claims.Count > MaxRemembered) _claims.RemoveAt(0);
                known = _claims.Count - 1;
            }
            var made = _claims[known].At;
            return _claims.Take(known).Count(c => made - c.At < Year);
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException)
        {
            _claims = null;
            return -1;
        }
    }

    public async Task<ImmutableArray<ClaimMade>> Made()
    {
        if (_claims is null) await LoadAsync();
        return [.. _claims!];
    }

    private async Task LoadAsync()
    {
        var claims = new List<ClaimMade>();
        _version = 0;
        await foreach (var row in journal.ReadAsync(Stream))
        {
            var stored = JsonSerializer.Deserialize<Stored>(row.Open.Span)!;
            claims.Add(new ClaimMade(stored.Claim, stored.At, ShipmentKey.Parse(stored.Parcel)));
            if (claims.Count > MaxRemembered) claims.RemoveAt(0);
            (_version, _recordedAt) = (row.Version, row.RecordedAt);
        }
        _claims = claims;
    }

    private sealed record Stored(int V, string Claim, DateTimeOffset At, string Parcel);
}
