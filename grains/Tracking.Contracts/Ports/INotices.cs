using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>
/// The one way a word reaches a shopper. Whoever sends decides and records first; a channel only carries. The words are made at the channel, from
/// <see cref="Notice.Kind"/>, <see cref="Notice.Language"/> and <see cref="Notice.Facts"/>, so no grain holds a sentence.
/// </summary>
public interface INotices
{
    /// <summary>
    /// Hands a notice over. When the task completes it is kept (flushed); the same <see cref="Notice.Id"/> again changes nothing, so a reaction that a crash
    /// repeats may call without looking. Throws <see cref="NoticeRefusedException"/> when the channel cannot take it now; try again later with the same id.
    /// </summary>
    ValueTask SendAsync(Notice notice, CancellationToken cancel = default);

    /// <summary>Removes what a subject was sent, content and address; that it was sent stays known, so nothing is sent a second time. The number removed.</summary>
    ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default);
}

/// <summary>The channel cannot take a notice now: full, or its storage is away. Nothing was sent.</summary>
public sealed class NoticeRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What a notice is about. The numbers are not stored; the names (<see cref="NoticeKinds.Name"/>) are, and never change.</summary>
public enum NoticeKind : byte
{
    /// <summary>The parcel left. With <see cref="NoticeFacts.SignatureNeeded"/> it says that somebody must be home.</summary>
    Shipped,
    /// <summary>It will come later than promised.</summary>
    Delayed,
    /// <summary>One or more remedies to choose from.</summary>
    Offer,
    OfferReminder,
    /// <summary>A remedy was accepted; carries its code.</summary>
    OfferAccepted,
    /// <summary>A delayed parcel makes it after all.</summary>
    PromiseKeptAgain,
    Delivered,
    /// <summary>An item was cancelled or cannot be had.</summary>
    ItemCancelled,
    /// <summary>Nobody was there.</summary>
    AttemptMissed,
    /// <summary>Said once when the expectation is set.</summary>
    SignatureNeeded,
    SignatureEveningBefore,
    ClaimReceived,
    ClaimGranted,
    ClaimDeclined,
    /// <summary>How did we do, asked once after a recovery.</summary>
    Survey,
    /// <summary>A one-time code for the tracking page, in <see cref="NoticeFacts.Code"/>; it works for ten minutes. Never shown to the shop.</summary>
    AccessCode,
}

public static class NoticeKinds
{
    private static readonly string[] Names =
    [
        "shipped", "delayed", "offer", "offer-reminder", "offer-accepted", "promise-kept-again", "delivered", "item-cancelled", "attempt-missed",
        "signature-needed", "signature-evening-before", "claim-received", "claim-granted", "claim-declined", "survey", "access-code",
    ];

    public static string Name(this NoticeKind kind) => Names[(int)kind];
}

/// <summary>One notice to one person. Immutable, and made only of recorded facts: made again after a crash it is equal.</summary>
public sealed record Notice
{
    /// <summary>Made by <see cref="NoticeId.Of"/> from what caused it, never from a clock or dice.</summary>
    public required string Id { get; init; }
    public required string Retailer { get; init; }
    public required NoticeKind Kind { get; init; }
    /// <summary>Whose data this is, for erasure: the journal stream that holds the recipient (<c>c/demo/…</c>, <c>k/demo/…</c>).</summary>
    public required string Subject { get; init; }
    /// <summary>When its cause was recorded. Not when it is sent: that differs from try to try.</summary>
    public required DateTimeOffset At { get; init; }
    public string? Order { get; init; }
    public ShipmentKey? Shipment { get; init; }
    /// <summary>BCP 47; a language we do not speak falls back to the shop's, then English.</summary>
    public string? Language { get; init; }
    /// <summary>Personal data; null when nobody left an address (the notice is kept for the page and the shop all the same).</summary>
    public Recipient? To { get; init; }
    public NoticeFacts Facts { get; init; } = new();
    /// <summary>Path of the tracking page, <c>/t/{token}</c>, or below it (<c>/t/{token}/survey</c>); null when there is none.</summary>
    public string? Link { get; init; }

    /// <summary>Without the recipient, so that a log line never holds one.</summary>
    public override string ToString() => $"{Kind.Name()} {Id} of {Retailer}";
}

/// <summary>Who is told. Personal: kept out of logs, metrics and ids.</summary>
public sealed record Recipient(string? Name, string? Email, string? Phone = null)
{
    public override string ToString() => "someone";
}

/// <summary>What a notice says, as data. A text uses what it needs; what is not there is not mentioned.</summary>
public sealed record NoticeFacts
{
    /// <summary>The days it is expected now, in the zone of the delivery address.</summary>
    public DateOnly? From { get; init; }
    public DateOnly? To { get; init; }
    /// <summary>The last day that was promised before.</summary>
    public DateOnly? Before { get; init; }
    public Reason Reason { get; init; }
    /// <summary>Carrier slug.</summary>
    public string? Carrier { get; init; }
    /// <summary>What it is about, as the shop calls it: an item, never a person.</summary>
    public string? Item { get; init; }
    /// <summary>Amount in the currency's main unit, with <see cref="Currency"/> (ISO 4217).</summary>
    public decimal? Amount { get; init; }
    public string? Currency { get; init; }
    /// <summary>A promotion code.</summary>
    public string? Code { get; init; }
    /// <summary>Remedies to choose from, by their names in the recovery policy (<c>discount</c>, <c>free-shipping</c>); texts <c>remedy.{name}</c>.</summary>
    public ImmutableArray<string> Remedies { get; init; } = [];
    /// <summary>Until when an answer counts, as a day in the retailer's zone.</summary>
    public DateOnly? Until { get; init; }
    public bool SignatureNeeded { get; init; }

    public bool Equals(NoticeFacts? other)
        => other is not null && (From, To, Before, Reason, Carrier, Item, Amount, Currency, Code, Until, SignatureNeeded)
            == (other.From, other.To, other.Before, other.Reason, other.Carrier, other.Item, other.Amount, other.Currency, other.Code, other.Until, other.SignatureNeeded)
            && Remedies.AsSpan().SequenceEqual(other.Remedies.AsSpan());

    public override int GetHashCode() => HashCode.Combine(From, To, Amount, Code, Until);
}

public static class NoticeId
{
    /// <summary>
    /// 32 hexadecimal digits of SHA-256 over retailer, kind and cause. Same cause, same id, on every node and in every replay. Cause: the offer's id for
    /// offers, the use's public id for shipped and delivered, the claim's id for claims, the recovery's id for a survey.
    /// </summary>
    public static string Of(string retailer, NoticeKind kind, params ReadOnlySpan<string> cause)
    {
        var text = new StringBuilder(128).Append("notice\n").Append(retailer).Append('\n').Append(kind.Name());
        foreach (var part in cause) text.Append('\n').Append(part.Length).Append(':').Append(part);   // with its length, so that ("a","b") is not ("ab")
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())).AsSpan(0, 16));
    }
}
