using Tracking.Carriers.Json;
using Tracking.Carriers.Xml;

namespace Tracking.Carriers.Ups;

/// <summary>
/// Everything UPS sends: Track API v1 answers and Track Alert pushes (JSON), Quantum View files and legacy Track answers (XML). Which of the four a message is,
/// its own shape says.
/// </summary>
public sealed class UpsDecoder : FeedDecoder
{
    internal const string Slug = "ups";

    public override string Format => "ups";

    public override string Description => "UPS: Track API v1 JSON, Track Alert push, Quantum View XML, legacy Track XML";

    public override IEnumerable<DecodedItem> Decode(ReadOnlyMemory<byte> message, FeedContext context)
        => XmlMessage.LooksLike(message.Span) ? UpsXml.Decode(message, context) : DecodeJson(message, context);

    /// <summary>
    /// UPS signs no body. The credential given when subscribing comes back in the header <c>credential</c> (Track Alert v1) or <c>x-api-key</c> (v2); whichever
    /// is there must be a live secret.
    /// </summary>
    public override FeedProof Verify(ReadOnlySpan<byte> body, FeedCredentials credentials, Func<string, string?> header)
    {
        if (credentials.Header is not null || credentials.Secrets.IsDefaultOrEmpty) return FeedProof.SharedSecret(credentials, header);
        var name = header("credential") is { Length: > 0 } ? "credential" : header("x-api-key") is { Length: > 0 } ? "x-api-key" : "credential";
        return FeedProof.SharedSecret(credentials with { Header = name }, header);
    }

    private static IEnumerable<DecodedItem> DecodeJson(ReadOnlyMemory<byte> message, FeedContext context)
    {
        foreach (var document in JsonMessage.Read(message))
        {
            using (document)
            {
                if (document.Problem is { } problem) { yield return document.Unreadable(problem.Code, problem.Detail); continue; }
                if (!document.Root.IsArray)
                {
                    foreach (var item in One(document, document.Root, document.Pointer, context)) yield return item;
                    continue;
                }
                var index = 0;
                foreach (var part in document.Root.Items())
                    foreach (var item in One(document, part, $"{document.Pointer}/{index++}", context))
                        yield return item;
            }
        }
    }

    private static IEnumerable<DecodedItem> One(JsonMessage document, JsonPart part, string pointer, FeedContext context)
    {
        if (part["trackResponse"u8] is { IsObject: true } answer) return UpsTrack.Answer(document, answer, $"{pointer}/trackResponse", context);
        if (part["response"u8]["errors"u8] is { Exists: true } errors) return [UpsTrack.Refused(document, part, errors, pointer)];
        if (part["package"u8].Exists || part["inquiryNumber"u8].Exists) return UpsTrack.Shipment(document, part, pointer, context);
        if (part["activityStatus"u8].Exists || part["localActivityDate"u8].Exists || part["gmtActivityDate"u8].Exists || part["scheduledDeliveryDate"u8].Exists)
            return [UpsAlert.Decode(document, part, pointer, context)];
        return [DecodedItem.Unreadable(document.Slice(part), pointer, "ups.unknown-shape", "Neither a Track API answer (trackResponse) nor a Track Alert (activityStatus).")];
    }
}
