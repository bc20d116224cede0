using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Tracking.Carriers.Json;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers;

/// <summary>
/// Reads one format: a carrier's bytes in, scans out. Decoders are pure, stateless and shared between threads; they never throw for what a
/// sender wrote: what cannot be read comes back as an item with a <see cref="DecodeProblem"/>, and its neighbours as scans.
/// </summary>
public abstract class FeedDecoder
{
    /// <summary>The format's name in <c>/v1/feeds/{format}</c> and <c>silo -- decode {format}</c>: <c>ups</c>, <c>x12-214</c>.</summary>
    public abstract string Format { get; }

    /// <summary>One line for people who choose a format.</summary>
    public abstract string Description { get; }

    /// <summary>Decodes one whole message (a request body, a file). Lazily, in the message's own order.</summary>
    public abstract IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context);

    /// <summary>
    /// Decodes a stream of any length. The default reads it whole, up to <see cref="FeedContext.MaxMessageBytes"/>, and a longer one line by line where its first line is a JSON document by
    /// itself; formats made of rows or segments override it and keep memory flat from the start.
    /// </summary>
    public virtual async IAsyncEnumerable<DecodedItem> DecodeAsync(Stream stream, FeedContext context, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        var (message, tooLong) = await ReadWholeAsync(stream, context.MaxMessageBytes, cancel);
        if (!tooLong)
        {
            foreach (var item in Decode(message, context)) yield return item;
            yield break;
        }
        if (!JsonMessage.FirstLineIsDocument(message))
        {
            yield return DecodedItem.Unreadable(message[..Math.Min(message.Length, 4096)], "", "message.too-long", $"The message is longer than {context.MaxMessageBytes:N0} bytes.");
            yield break;
        }
        var lines = new JsonLines(new Files.Joined(message, stream), context.MaxMessageBytes);
        while (await lines.NextAsync(cancel) is { } line)
        {
            var pointer = $"line {lines.Number}";
            if (lines.TooLong) yield return DecodedItem.Unreadable(line, pointer, "message.too-long", $"The line is longer than {context.MaxMessageBytes:N0} bytes.");
            else if (!line.Span.Trim(" \t\r\0"u8).IsEmpty)
                foreach (var item in Decode(line, context))
                    yield return item.Below(pointer);
        }
    }

    /// <summary>
    /// Does the sender's proof hold for these bytes? Called before decoding, over the raw body. The default knows no signature of the format:
    /// a configured secret must then come back in the configured header, compared in constant time.
    /// </summary>
    public virtual FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
        => FeedProof.SharedSecret(credentials, header);

    private static async Task<(ReadOnlyMemory<byte> Message, bool TooLong)> ReadWholeAsync(Stream stream, int limit, CancellationToken cancel)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancel)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > limit) return (buffer.GetBuffer().AsMemory(0, (int)buffer.Length), true);
        }
        return (buffer.GetBuffer().AsMemory(0, (int)buffer.Length), false);
    }
}

/// <summary>
/// The smallest part of a message that can be right or wrong alone: a package, a tracker, a line, a transaction set. Either scans (possibly none:
/// a polite "not found", a header row) or a problem; notes tell what was odd but readable.
/// </summary>
/// <param name="Original">This part's own bytes, kept so that a better decoder can read them again. A slice of the message where the format allows.</param>
/// <param name="Pointer">Where the part lies in the message: JSON pointer, XPath, segment or line number.</param>
public sealed record DecodedItem(
    ImmutableArray<Scan> Scans,
    ReadOnlyMemory<byte> Original,
    string Pointer,
    DecodeProblem? Problem = null,
    ImmutableArray<DecodeProblem> Notes = default)
{
    /// <summary>What the part says, never longer than a stored scan may be.</summary>
    public ImmutableArray<Scan> Scans { get; init; } = ScanLimits.Apply(Scans);

    /// <summary>Where <see cref="Original"/> begins in the message, if that is not <see cref="Pointer"/>: a package is kept with its shipment.</summary>
    public string? Root { get; init; }
    /// <summary>Where that stands in <see cref="Original"/>, if not at its beginning: a row under its header, an element inside the tags around it.</summary>
    public string? RootInOriginal { get; init; }

    /// <summary>Where something stands in <see cref="Original"/> that stands at <paramref name="pointer"/> in the message.</summary>
    public string InOriginal(string pointer)
    {
        var root = Root ?? Pointer;
        if (root.StartsWith(Segment, StringComparison.Ordinal))
        {
            var start = RootInOriginal is null ? 1 : Number(RootInOriginal);
            return Number(pointer) is { } at && Number(root) is { } first ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Segment}{at - first + start}") : pointer;
        }
        if (!pointer.StartsWith(root, StringComparison.Ordinal)) return pointer;
        return (RootInOriginal ?? (root.StartsWith('/') && Original.Span.TrimStart("\ufeff \t\r\n"u8) is [(byte)'<', ..] ? XmlStart(root) : "")) + pointer[root.Length..];
    }

    private const string Segment = "segment ";

    /// <summary>The same part of a message that stands at <paramref name="place"/> of a file.</summary>
    public DecodedItem Below(string place) => this with
    {
        Pointer = place + Pointer,
        Root = place + (Root ?? Pointer),
        RootInOriginal = RootInOriginal ?? "",
        Scans = [.. Scans.Select(s => s.Evidence is { Pointer: { } pointer } ? s with { Evidence = s.Evidence with { Pointer = place + pointer } } : s)],
    };

    private static int? Number(string pointer)
        => pointer.StartsWith(Segment, StringComparison.Ordinal) && int.TryParse(pointer.AsSpan(Segment.Length), System.Globalization.NumberStyles.None, null, out var number) ? number : null;

    // A slice begins with the element itself; an excerpt with the document element, and what it holds are the only ones of their name.
    private string XmlStart(string root)
    {
        var last = root[root.LastIndexOf('/')..];
        var name = last.AsSpan(1, (last.IndexOf('[', StringComparison.Ordinal) is var at and > 0 ? at : last.Length) - 1);
        var tag = Original.Span[(Original.Span.IndexOf((byte)'<') + 1)..];
        var end = tag.IndexOfAny(" \t\r\n/>"u8);
        var written = System.Text.Encoding.UTF8.GetString(tag[..Math.Max(end, 0)]);
        if (written.AsSpan(written.IndexOf(':', StringComparison.Ordinal) + 1).SequenceEqual(name)) return $"/{name}";
        return System.Text.RegularExpressions.Regex.Replace(root, @"\[\d+\]", "[1]");
    }

    public static DecodedItem Of(ImmutableArray<Scan> scans, ReadOnlyMemory<byte> original, string pointer, params ReadOnlySpan<DecodeProblem> notes)
        => new(scans, original, pointer, null, notes.IsEmpty ? [] : [.. notes]);

    public static DecodedItem Unreadable(ReadOnlyMemory<byte> original, string pointer, string code, string detail)
        => new([], original, pointer, new DecodeProblem(code, detail), []);
}

/// <summary>Why a part could not be read, or what was odd about it. The code is stable (<c>json.syntax</c>, <c>time.impossible</c>); the detail is for people.</summary>
public sealed record DecodeProblem(string Code, string Detail);

/// <summary>What a decoder may know beside the bytes. Nothing in it changes what a scan means except the zone and carrier the operator configured.</summary>
public sealed record FeedContext
{
    public const int DefaultMaxMessageBytes = 32 * 1024 * 1024;

    /// <summary>The configured feed's name, or the format's when there is none.</summary>
    public string Feed { get; init; } = "";
    /// <summary><c>webhook</c>, <c>poll</c>, <c>file</c>, <c>api</c> or <c>cli</c>.</summary>
    public string Channel { get; init; } = "api";
    /// <summary>When the bytes reached us.</summary>
    public DateTimeOffset ReceivedAt { get; init; }
    public SignatureState Signature { get; init; } = SignatureState.NotSupported;
    /// <summary>Carrier slug for formats that do not name one (flat files, X12); null: take the message's word.</summary>
    public string? Carrier { get; init; }
    /// <summary>IANA zone for local times without a place, as the operator configured; its scans say zone source <c>profile</c>.</summary>
    public string? Zone { get; init; }
    /// <summary>File name, for formats whose file names carry meaning, and for pointers.</summary>
    public string? FileName { get; init; }
    public int MaxMessageBytes { get; init; } = DefaultMaxMessageBytes;
    /// <summary>The request's headers by name, without case, for formats that carry facts there (CloudEvents in binary mode). Files have none.</summary>
    public Func<string, string?>? Header { get; init; }

    public ScanSource Source(string? sequence = null)
    {
        if (sequence is not null) return new(Feed, Channel, Signature, sequence);
        // One for all scans of a message. A copy of this context may carry another's, so it is looked at before it is used.
        return _source is { } made && made.Feed == Feed && made.Channel == Channel && made.Signature == Signature ? made : _source = new(Feed, Channel, Signature);
    }

    private ScanSource? _source;
}

/// <summary>The secrets of one feed. Several may be live during a rotation.</summary>
/// <param name="Header">For shared-secret formats: the header that must carry one of the secrets.</param>
public sealed record FeedCredentials(ImmutableArray<string> Secrets, string? Header, DateTimeOffset Now)
{
    public static readonly FeedCredentials None = new([], null, default);

    /// <summary>The hash of a body signature where the carrier's is not published for certain: <c>sha256</c> (default), <c>sha1</c>, <c>sha384</c> or <c>sha512</c>.</summary>
    public string Hash { get; init; } = "sha256";

    /// <summary>How a body signature is spelled where descriptions disagree: <c>base64</c> (default), or <c>hex</c>, which is then accepted as well.</summary>
    public string Encoding { get; init; } = "base64";
}

/// <summary>Whether the sender proved itself, and if not, why, in words that help the sender.</summary>
/// <param name="ReplayId">The sender's delivery id, where the signature covers one: seen twice inside the window is a replay.</param>
public sealed record FeedProof(SignatureState State, string? Problem = null, string? ReplayId = null)
{
    /// <summary>True when the message may be read: verified, or nothing was configured to verify against.</summary>
    public bool Accepted => State is SignatureState.Verified or SignatureState.NotSupported;

    public static readonly FeedProof Verified = new(SignatureState.Verified);
    public static readonly FeedProof NothingConfigured = new(SignatureState.NotSupported);

    public static FeedProof SharedSecret(FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Secrets.IsDefaultOrEmpty) return NothingConfigured;
        var name = credentials.Header ?? "Authorization";
        if (header(name) is not { Length: > 0 } told) return new FeedProof(SignatureState.Absent, $"The header {name} is missing.");
        foreach (var secret in credentials.Secrets)
            if (ConstantTime.Equal(told, secret))
                return Verified;
        return new FeedProof(SignatureState.Failed, $"The header {name} does not carry a live secret of this feed.");
    }
}
