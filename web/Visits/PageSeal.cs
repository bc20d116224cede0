using System.Buffers.Text;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>
/// What pages hand to a browser and believe when it comes back: which level was proven, and that a form was drawn by us for this link. Keyed digests, so
/// every node that shares the key believes them and nothing is kept on the server.
/// </summary>
/// <param name="key">At least 32 bytes, the same on every node.</param>
public sealed class PageSeal(byte[] key, TimeProvider clock)
{
    /// <summary>How long a device stays known after the postcode was right. Default of the house: a parcel's usual life.</summary>
    public static readonly TimeSpan KnownFor = TimeSpan.FromDays(14);
    /// <summary>How long name, address and changes stay open after a one-time code.</summary>
    public static readonly TimeSpan ProvenFor = TimeSpan.FromHours(1);
    /// <summary>How long a drawn form may be sent: a page that is left open for a week still works.</summary>
    public static readonly TimeSpan FormsLast = TimeSpan.FromDays(9);

    /// <summary>The cookie's value that says a level was proven for a link.</summary>
    public string Prove(string token, VisitLevel level)
    {
        var until = (clock.GetUtcNow() + (level == VisitLevel.Proven ? ProvenFor : KnownFor)).ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"{(int)level}.{until}.{Mac("proof", token, (int)level, until)}");
    }

    /// <summary>The level a cookie proves for a link; anything not ours, or too old, proves nothing.</summary>
    public VisitLevel LevelOf(string token, string? cookie)
    {
        if (cookie is not { Length: > 4 and < 100 } || cookie.Split('.') is not [var told, var till, var mac]) return VisitLevel.Link;
        if (!int.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var level) || level is not (1 or 2)) return VisitLevel.Link;
        if (!long.TryParse(till, NumberStyles.None, CultureInfo.InvariantCulture, out var until) || until < clock.GetUtcNow().ToUnixTimeSeconds()) return VisitLevel.Link;
        return Same(mac, Mac("proof", token, level, until)) ? (VisitLevel)level : VisitLevel.Link;
    }

    /// <summary>The hidden value of a form: a fresh id, so that sending it twice asks once, sealed to the page.</summary>
    public string Form(string token)
    {
        Span<byte> dice = stackalloc byte[12];
        RandomNumberGenerator.Fill(dice);
        return Form(token, Base64Url.EncodeToString(dice));
    }

    internal string Form(string token, string id)
    {
        var until = (clock.GetUtcNow() + FormsLast).ToUnixTimeSeconds();
        return string.Create(CultureInfo.InvariantCulture, $"{id}.{until}.{Mac("form " + id, token, 0, until)}");
    }

    /// <summary>True when the form was drawn by us, for this link, not too long ago.</summary>
    public bool TryForm(string token, string? value, out string id)
    {
        id = "";
        if (value is not { Length: > 4 and < 120 } || value.Split('.') is not [var told, var till, var mac]) return false;
        if (!long.TryParse(till, NumberStyles.None, CultureInfo.InvariantCulture, out var until) || until < clock.GetUtcNow().ToUnixTimeSeconds()) return false;
        if (!Same(mac, Mac("form " + told, token, 0, until))) return false;
        id = told;
        return true;
    }

    /// <summary>What is kept of a one-time code: without the key, a million guesses over a stolen database find nothing.</summary>
    public ImmutableArray<byte> CodeDigest(ShipmentKey parcel, string code) => [.. HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"code|{parcel}|{code}"))];

    /// <summary>
    /// The token of a weaker link to the same parcel, to be given to others: it shows less and leads no further. The link's own token lies in it encrypted, so
    /// nobody gets from one to the other, and withdrawing the link withdraws what was shared.
    /// </summary>
    public string Share(string token)
    {
        if (token.StartsWith(SharePrefix, StringComparison.Ordinal) || token.Length > 64) return token;
        return SharePrefix + Base64Url.EncodeToString(Close("share", token));
    }

    /// <summary>The link's own token behind a token as it came; null for a shared one that is not ours.</summary>
    public string? Inner(string token, out bool isShared)
    {
        isShared = token.StartsWith(SharePrefix, StringComparison.Ordinal);
        if (!isShared) return token.Length <= 64 ? token : null;
        return Open("share", token.AsSpan(SharePrefix.Length));
    }

    /// <summary>The token of an order's page: the order, sealed, so that nobody counts through orders.</summary>
    public string Order(OrderKey order) => Base64Url.EncodeToString(Close("order", order.ToString()));

    /// <summary>The order behind a token; null when it is not one of ours.</summary>
    public OrderKey? OpenOrder(string token) => Open("order", token) is { } key ? OrderKey.Parse(key) : null;

    private byte[] Close(string what, string text)
    {
        var plain = Encoding.UTF8.GetBytes(text);
        var closed = new byte[NonceLength + plain.Length + TagLength];
        // The nonce comes from the text, so that one thing has one token; equal nonces only ever meet equal texts.
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{what}|{text}")).AsSpan(0, NonceLength).CopyTo(closed);
        using var cipher = new AesGcm(KeyFor(what), TagLength);
        cipher.Encrypt(closed.AsSpan(0, NonceLength), plain, closed.AsSpan(NonceLength, plain.Length), closed.AsSpan(NonceLength + plain.Length));
        return closed;
    }

    private string? Open(string what, ReadOnlySpan<char> token)
    {
        if (token.Length is 0 or > 300 || !Base64Url.IsValid(token)) return null;
        Span<byte> bytes = stackalloc byte[256];
        if (!Base64Url.TryDecodeFromChars(token, bytes, out var length) || length <= NonceLength + TagLength) return null;
        var plain = new byte[length - NonceLength - TagLength];
        using var cipher = new AesGcm(KeyFor(what), TagLength);
        try { cipher.Decrypt(bytes[..NonceLength], bytes.Slice(NonceLength, plain.Length), bytes[(NonceLength + plain.Length)..length], plain); }
        catch (AuthenticationTagMismatchException) { return null; }
        return Encoding.UTF8.GetString(plain);
    }

    private const string SharePrefix = "s.";
    private const int NonceLength = 12, TagLength = 16;

    private byte[] KeyFor(string what) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(what + " key"));

    private string Mac(string what, string token, int level, long until)
        => Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{what}|{token}|{level}|{until}"))).AsSpan(0, 16));

    private static bool Same(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));
}
