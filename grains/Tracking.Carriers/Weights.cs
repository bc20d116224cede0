namespace Tracking.Carriers;

/// <summary>Weights as carriers write them, in whole grams.</summary>
public static class Weights
{
    /// <summary>Null without a value, with a unit nobody knows, or for what no parcel or pallet weighs (0, or more than 100 t).</summary>
    public static int? Grams(double? value, string? unit)
    {
        if (value is not > 0) return null;
        double? factor = unit?.Trim().TrimEnd('.').ToUpperInvariant() switch
        {
            "KG" or "KGS" or "KGM" or "K" or "KILOGRAM" or "KILOGRAMS" or "METRIC" => 1000,
            "G" or "GR" or "GRM" or "GRAM" or "GRAMS" => 1,
            "LB" or "LBS" or "LBR" or "L" or "POUND" or "POUNDS" or "IMPERIAL" => 453.59237,
            "OZ" or "OZS" or "ONZ" or "OUNCE" or "OUNCES" => 28.349523125,
            _ => null,
        };
        return factor is { } f && value.Value * f is var grams and <= 100_000_000 ? (int)Math.Round(grams, MidpointRounding.AwayFromZero) : null;
    }
}
