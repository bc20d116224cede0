using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Scans;

namespace Tracking.Web.Http;

/// <summary>
/// A small JSON object that somebody sent, read field by field. What is wrong is collected, each with its JSON pointer, so that one answer names everything. Unknown fields are ignored.
/// </summary>
public sealed class JsonBody : IDisposable
{
    /// <summary>No document of ours that is read whole is longer.</summary>
    public const int MaxBytes = 64 * 1024;

    private readonly JsonDocument _document;
    private readonly List<string> _problems = [];

    private JsonBody(JsonDocument document) => _document = document;

    /// <summary>Everything that is wrong, a sentence each; null when nothing is.</summary>
    public IResult? Problem(string type) => _problems.Count == 0 ? null : Problems.Of(400, type, string.Join(" ", _problems));

    /// <summary>The body as an object; otherwise the answer that refuses it.</summary>
    public static async Task<(JsonBody? Body, IResult? Refusal)> ReadAsync(HttpContext http)
    {
        if (await BodyReading.WholeAsync(http, MaxBytes).ConfigureAwait(false) is not { } bytes) return (null, Problems.Of(413, "body-too-large", $"The body has more than {MaxBytes / 1024} kB."));
        try
        {
            var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind == JsonValueKind.Object) return (new JsonBody(document), null);
            document.Dispose();
            return (null, Problems.Of(400, "json-type", "The body must be a JSON object."));
        }
        catch (JsonException) { return (null, Problems.Of(400, "json-syntax", "The body is no JSON.")); }
    }

    public void Wrong(string pointer, string says) => _problems.Add($"{pointer} {says}");

    /// <summary>A text of 1 to <paramref name="max"/> characters; null when absent, null or empty.</summary>
    public string? Text(string name, int max, bool required = false, string? within = null)
    {
        var pointer = within is null ? "/" + name : $"/{within}/{name}";
        if (Find(name, within) is not { } value || value.ValueKind == JsonValueKind.Null)
        {
            if (required) Wrong(pointer, "is missing.");
            return null;
        }
        if (value.ValueKind != JsonValueKind.String) { Wrong(pointer, "must be a text."); return null; }
        string? text;
        try { text = value.GetString(); }
        catch (InvalidOperationException) { Wrong(pointer, "holds half a character."); return null; }
        if (text!.Length > max) { Wrong(pointer, $"is longer than {max} characters."); return null; }
        if (text.Contains('\0', StringComparison.Ordinal)) { Wrong(pointer, "holds a U+0000."); return null; }
        if (text.Length > 0 || !required) return text.Length == 0 ? null : text;
        Wrong(pointer, "is empty.");
        return null;
    }

    public bool? Flag(string name)
    {
        switch (Find(name, null)?.ValueKind)
        {
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case null or JsonValueKind.Null: return null;
            default: Wrong("/" + name, "must be true or false."); return null;
        }
    }

    public int? Number(string name, int from, int to)
    {
        if (Find(name, null) is not { } value || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= from && number <= to) return number;
        Wrong("/" + name, $"must be a whole number from {from} to {to}.");
        return null;
    }

    /// <summary>Texts; empty when absent.</summary>
    public IReadOnlyList<string> Texts(string name, int maxCount, int maxLength)
    {
        if (Find(name, null) is not { } value || value.ValueKind == JsonValueKind.Null) return [];
        if (value.ValueKind != JsonValueKind.Array) { Wrong("/" + name, "must be an array of texts."); return []; }
        if (value.GetArrayLength() > maxCount) { Wrong("/" + name, $"has more than {maxCount} entries."); return []; }
        var texts = new List<string>();
        foreach (var item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.String || item.GetRawText().Length > maxLength * 6) { Wrong("/" + name, $"must hold texts of at most {maxLength} characters."); return []; }
            string text;
            try { text = item.GetString()!; }
            catch (InvalidOperationException) { Wrong("/" + name, "holds half a character."); return []; }
            if (text.Length is 0 || text.Length > maxLength) { Wrong("/" + name, $"must hold texts of 1 to {maxLength} characters."); return []; }
            texts.Add(text);
        }
        return texts;
    }

    /// <summary><c>{"amount":49.90,"currency":"EUR"}</c>. The amount is a number or a text with a decimal point, not negative, with no more decimals than the currency has.</summary>
    public Money? Amount(string name)
    {
        if (Find(name, null) is not { } value || value.ValueKind == JsonValueKind.Null) return null;
        if (value.ValueKind != JsonValueKind.Object) { Wrong("/" + name, "must be an object with amount and currency."); return null; }
        var currency = Text("currency", 3, required: true, within: name);
        if (currency is null) return null;
        if (Currencies.Digits(currency) is not { } digits) { Wrong($"/{name}/currency", $"'{currency}' is no currency that one can pay in."); return null; }
        if (!value.TryGetProperty("amount", out var told)) { Wrong($"/{name}/amount", "is missing."); return null; }
        decimal amount = 0;
        var read = told.ValueKind == JsonValueKind.Number ? told.TryGetDecimal(out amount)
            : told.ValueKind == JsonValueKind.String && decimal.TryParse(told.GetString(), System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out amount);
        if (!read || amount is < 0 or > 1_000_000_000) { Wrong($"/{name}/amount", "must be a number from 0 to 1,000,000,000."); return null; }
        var minor = amount * (decimal)Math.Pow(10, digits);
        if (minor == decimal.Truncate(minor)) return new Money((long)minor, currency);
        Wrong($"/{name}/amount", $"has more decimals than {currency}, which has {digits}.");
        return null;
    }

    public bool Has(string name) => Find(name, null) is { ValueKind: not JsonValueKind.Null };

    public void Dispose() => _document.Dispose();

    private JsonElement? Find(string name, string? within)
    {
        var root = _document.RootElement;
        if (within is not null)
        {
            if (!root.TryGetProperty(within, out root) || root.ValueKind == JsonValueKind.Null) return null;
            if (root.ValueKind != JsonValueKind.Object)
            {
                if (!_problems.Contains($"/{within} must be an object.")) Wrong("/" + within, "must be an object.");
                return null;
            }
        }
        return root.TryGetProperty(name, out var value) ? value : null;
    }
}
