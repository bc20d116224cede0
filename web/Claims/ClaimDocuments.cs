using System.Globalization;
using System.Text.Json;
using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Claims;

/// <summary>Claims, expectations and recoveries as JSON.</summary>
internal static class ClaimDocuments
{
    public static void Write(Utf8JsonWriter json, CaseView parcel, Claim claim, string? fileHash, IReadOnlyList<CasePersonal> texts)
    {
        json.WriteStartObject();
        json.WriteString("id", claim.Id);
        json.WriteString("kind", claim.Kind.Name());
        json.WriteString("status", claim.Status.Name());
        json.WriteString("carrier", parcel.Key.Carrier);
        json.WriteString("trackingNumber", parcel.Key.Number);
        json.WriteString("use", claim.UseId);
        Text(json, "order", claim.Order);
        Text(json, "line", claim.Line);
        Text(json, "reference", claim.Reference);
        json.WriteString("filedBy", claim.FiledBy);
        json.WriteString("openedAt", claim.OpenedAt.UtcDateTime);
        json.WriteString("wish", claim.Wish.Name());
        Amount(json, "value", claim.Value);
        json.WriteString("decidesBy", claim.Path.Name());
        json.WriteNumber("score", claim.Score);
        json.WriteStartArray("evidence");
        foreach (var fact in claim.Evidence)
        {
            json.WriteStartObject();
            json.WriteString("code", fact.Code);
            json.WriteNumber("weight", fact.Weight);
            json.WriteString("says", fact.Says);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteStartArray("reasons");
        foreach (var reason in claim.Reasons) json.WriteStringValue(reason);
        json.WriteEndArray();
        if (claim.IsDecided)
        {
            json.WriteStartObject("decision");
            json.WriteBoolean("granted", claim.Status == ClaimStatus.Granted);
            json.WriteString("remedy", claim.Remedy.Name());
            Amount(json, "amount", claim.Amount);
            json.WriteString("by", claim.DecidedBy);
            if (claim.DecidedAt is { } at) json.WriteString("at", at.UtcDateTime);
            json.WriteEndObject();
        }
        json.WriteString("policy", claim.Policy);
        json.WriteNumber("shipmentVersion", claim.ShipmentVersion);
        Text(json, "fileHash", fileHash);
        if (texts.Count > 0)
        {
            json.WriteStartArray("statements");
            foreach (var text in texts)
            {
                json.WriteStartObject();
                Text(json, "text", text.Text);
                Text(json, "note", text.Note);
                Text(json, "name", text.Name);
                Text(json, "email", text.Email);
                if (!text.Photos.IsDefaultOrEmpty)
                {
                    json.WriteStartArray("photos");
                    foreach (var photo in text.Photos) json.WriteStringValue(photo);
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, SignatureNeed need)
    {
        json.WriteStartObject();
        json.WriteBoolean("required", need.Required);
        json.WriteString("rule", need.Rule);
        json.WriteString("why", need.Why);
        if (need.Required) Alternatives(json);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, SignatureExpectation? signature)
    {
        json.WriteStartObject();
        json.WriteBoolean("required", signature is { Required: true });
        if (signature is not null)
        {
            json.WriteString("rule", signature.Rule);
            json.WriteString("why", signature.Why);
            json.WriteString("setAt", signature.SetAt.UtcDateTime);
            if (signature.ToldAt is { } told) json.WriteString("toldAt", told.UtcDateTime);
            Text(json, "answer", signature.Answer);
            if (signature.AnsweredAt is { } at) json.WriteString("answeredAt", at.UtcDateTime);
            if (signature.Required) Alternatives(json);
        }
        json.WriteEndObject();
    }

    public static void Amount(Utf8JsonWriter json, string name, Money? amount)
    {
        if (amount is not { } money) return;
        json.WriteStartObject(name);
        json.WritePropertyName("amount");
        json.WriteRawValue(money.Amount.ToString("F" + (Currencies.Digits(money.Currency) ?? 2), CultureInfo.InvariantCulture));
        json.WriteString("currency", money.Currency);
        json.WriteEndObject();
    }

    public static void Text(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null) json.WriteString(name, text);
    }

    // What a shop can say at checkout, in the words its page uses for them.
    private static void Alternatives(Utf8JsonWriter json)
    {
        json.WriteStartArray("answers");
        foreach (var answer in SignatureExpectation.Answers) json.WriteStringValue(answer);
        json.WriteEndArray();
    }
}
