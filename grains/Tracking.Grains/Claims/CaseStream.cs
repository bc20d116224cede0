using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>How cases are named in the journal and what their heads say.</summary>
public static class CaseStream
{
    public const char Kind = 'k';
    public const byte Format = 1;
    /// <summary>Status of heads, for lists: nothing claimed, something waits for a person, everything decided.</summary>
    public const byte NoClaims = 0, Waiting = 1, Decided = 2;
    public const int HasClaims = 1, HasRecoveries = 2;

    public static string Of(ShipmentKey key) => "k/" + key;

    /// <summary>The shipment whose case a stream is; null for streams of another kind.</summary>
    public static ShipmentKey? KeyOf(string stream) => stream.StartsWith("k/", StringComparison.Ordinal) ? ShipmentKey.Parse(stream[2..]) : null;

    /// <summary>Under which a claim's id is found. Not what a page link is looked up by, so that one can never open the other.</summary>
    public static byte[] ClaimHash(string claimId) => SHA256.HashData(Encoding.UTF8.GetBytes("claim|" + claimId));

    public static StreamHead HeadOf(ParcelCase parcel, DateTimeOffset? dueAt) => new(
        Of(parcel.Key), parcel.Version, parcel.RecordedAt,
        parcel.Claims.IsEmpty ? NoClaims : parcel.Claims.All(c => c.IsDecided) ? Decided : Waiting,
        (parcel.Claims.IsEmpty ? 0 : HasClaims) | (parcel.Recoveries.IsEmpty ? 0 : HasRecoveries),
        dueAt, new[] { Format }, ReadOnlyMemory<byte>.Empty);
}

/// <summary>Reads a case from its rows. There are few: a case has no snapshot, its head only says when to wake it and which list it is on.</summary>
public sealed class CaseLoader(IEventJournal journal)
{
    public async ValueTask<ParcelCase> LoadAsync(ShipmentKey key, CancellationToken cancel = default)
    {
        var parcel = ParcelCase.Unseen(key);
        await foreach (var row in journal.ReadAsync(CaseStream.Of(key), cancel))
            parcel = parcel.Apply(CaseJson.Read(row.Open.Span, row.Personal.Span));
        return parcel;
    }
}
