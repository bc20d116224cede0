namespace Tracking.Carriers;

/// <summary>
/// A carrier's own event code, wherever it turns up: aggregators hand it on beside their coarser status, and it knows more. Only carriers whose code is a
/// key by itself are here; UPS' needs its type, DHL's its division.
/// </summary>
public static class CarrierCodes
{
    private static readonly Dictionary<string, Lazy<CodeTable?>> Tables = new(StringComparer.Ordinal)
    {
        ["usps"] = Table("Usps/usps-event-codes.csv"),
        ["fedex"] = Table("FedEx/fedex-event-codes.csv"),
        ["dhl-express"] = Table("Dhl/dhl-express-codes.csv"),
    };

    /// <summary>What the code means at that carrier (a slug); null where the carrier or the code is not known.</summary>
    public static CodeMeaning? Find(string? carrier, string? code)
        => carrier is not null && code is not null && Tables.TryGetValue(carrier, out var table) ? table.Value?.Find(code) : null;

    private static Lazy<CodeTable?> Table(string resource)
        => new(() => CodeTable.Resources.Contains(resource, StringComparer.Ordinal) ? CodeTable.Load(resource) : null);
}
