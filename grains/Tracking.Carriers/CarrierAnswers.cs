using Tracking.Carriers.Json;

namespace Tracking.Carriers;

/// <summary>
/// What carriers answer instead of scans. None of it is garbage: an item without scans carries it as a note, so that a poller sees it and
/// nobody finds it in quarantine.
/// </summary>
public static class CarrierAnswers
{
    public const string NotFoundCode = "carrier.not-found", ErrorCode = "carrier.error", TestCode = "message.test";

    public static DecodeProblem NotFound(string detail) => new(NotFoundCode, detail);

    /// <summary>A message of a carrier's test system: it must never reach a parcel's state.</summary>
    public static DecodeProblem Test(string detail) => new(TestCode, detail);

    /// <summary>An error in the carrier's words; a code or text that says "not found" becomes <see cref="NotFoundCode"/>.</summary>
    public static DecodeProblem Error(string? code, string? text)
    {
        var detail = $"The carrier answers {code ?? "an error"}{(string.IsNullOrWhiteSpace(text) ? "." : $": {ScanLimits.Start(text, 200).Trim()}")}";
        return SaysNotFound(code) || SaysNotFound(text) || code is "9040" or "404" or "103" or "-2147219302" or "-2147219283" ? NotFound(detail) : new DecodeProblem(ErrorCode, detail);
    }

    /// <summary>The error a JSON answer consists of: <c>{"errors":[{code,message}]}</c>, <c>{"error":{code,message}}</c>, <c>{"error":"invalid_client"}</c> or a problem document; null for none.</summary>
    public static (string? Code, string? Text)? ErrorOf(JsonPart root)
    {
        foreach (var error in root["errors"u8].Items())
            if ((error.Text("code"u8) ?? error.Text()) is { } code) return (code, error.Text("message"u8));
        var single = root["error"u8];
        if (single.IsObject) return (single.Text("code"u8) ?? "an error", single.Text("message"u8));
        if (single.Text() is { } name) return (name, root.Text("error_description"u8));
        return root["title"u8].Exists && (root["status"u8].Number() is not null || root["detail"u8].Exists)
            ? (root.Text("status"u8), root.Text("detail"u8) ?? root.Text("title"u8)) : null;
    }

    private static bool SaysNotFound(string? text)
        => text is not null && (text.Contains("notfound", StringComparison.OrdinalIgnoreCase) || text.Contains("not found", StringComparison.OrdinalIgnoreCase)
            || text.Contains("no record", StringComparison.OrdinalIgnoreCase) || text.Contains("no result", StringComparison.OrdinalIgnoreCase)
            || text.Contains("could not locate", StringComparison.OrdinalIgnoreCase) || text.Contains("not_found", StringComparison.OrdinalIgnoreCase));
}
