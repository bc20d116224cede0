namespace Tracking.Domain.Vocabulary;

/// <summary>What is true of a parcel beside its milestone. Delay is here and not a milestone: a delayed parcel still moves.</summary>
[Flags, GenerateSerializer, Alias("tracking.modifiers")]
public enum Modifiers : ushort
{
    None = 0,
    Delayed = 1 << 0,
    Partial = 1 << 1,
    Damaged = 1 << 2,
    Contradiction = 1 << 3,
    Unmapped = 1 << 4,
    Future = 1 << 5,
    Rescheduled = 1 << 6,
    Redirected = 1 << 7,
    HandedOver = 1 << 8,
    Customs = 1 << 9,
    Held = 1 << 10,
    ActionRequired = 1 << 11,
    SystemGenerated = 1 << 12,
    DateOnly = 1 << 13,
}

public static class ModifierNames
{
    private static readonly string[] Names =
    [
        "delayed", "partial", "damaged", "contradiction", "unmapped", "future", "rescheduled", "redirected", "handedOver",
        "customs", "held", "actionRequired", "systemGenerated", "dateOnly",
    ];

    /// <summary>The JSON names of the flags that are set, in their fixed order.</summary>
    public static IEnumerable<string> List(this Modifiers modifiers)
    {
        for (var bit = 0; bit < Names.Length; bit++)
            if (((int)modifiers & (1 << bit)) != 0)
                yield return Names[bit];
    }

    public static bool TryParse(string? name, out Modifiers modifier)
    {
        var at = name is null ? -1 : Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
        modifier = at < 0 ? Modifiers.None : (Modifiers)(1 << at);
        return at >= 0;
    }
}
