namespace Tracking.Domain.Vocabulary;

/// <summary>Why a parcel was disrupted, and by the first word who is responsible. The numbers are stored; none is reused.</summary>
[GenerateSerializer, Alias("tracking.reason")]
public enum Reason : byte
{
    None = 0,
    Unknown = 1,
    RecipientUnavailable = 10,
    RecipientRefused = 11,
    RecipientMoved = 12,
    RecipientClosed = 13,
    RecipientAddress = 14,
    RecipientIdentity = 15,
    RecipientPayment = 16,
    RecipientRequestedChange = 17,
    ShipperData = 30,
    ShipperPackaging = 31,
    ShipperRequestedChange = 32,
    ShipperNotReady = 33,
    CarrierMissort = 50,
    CarrierMechanical = 51,
    CarrierCapacity = 52,
    CarrierTime = 53,
    CarrierDamage = 54,
    CarrierLost = 55,
    CarrierOther = 56,
    CustomsDocuments = 70,
    CustomsDuties = 71,
    CustomsInspection = 72,
    CustomsProhibited = 73,
    CustomsDelay = 74,
    ExternalWeather = 90,
    ExternalDisaster = 91,
    ExternalStrike = 92,
    ExternalSecurity = 93,
    ExternalHoliday = 94,
}

public static class Reasons
{
    private static readonly Dictionary<Reason, string> Names = Enum.GetValues<Reason>().ToDictionary(r => r, Spell);
    private static readonly Dictionary<string, Reason> ByName = Names.ToDictionary(p => p.Value, p => p.Key, StringComparer.OrdinalIgnoreCase);

    /// <summary>The JSON name: <c>recipient.requestedChange</c>, <c>external.weather</c>, <c>none</c>.</summary>
    public static string Name(this Reason reason) => Names.GetValueOrDefault(reason, "unknown");

    public static bool TryParse(string? name, out Reason reason)
    {
        reason = Reason.None;
        return name is not null && ByName.TryGetValue(name, out reason);
    }

    // CarrierMissort -> carrier.missort, RecipientRequestedChange -> recipient.requestedChange
    private static string Spell(Reason reason)
    {
        var word = reason.ToString();
        var second = 1;
        while (second < word.Length && !char.IsUpper(word[second])) second++;
        var first = word[..second].ToLowerInvariant();
        return second == word.Length ? first : $"{first}.{char.ToLowerInvariant(word[second])}{word[(second + 1)..]}";
    }
}
