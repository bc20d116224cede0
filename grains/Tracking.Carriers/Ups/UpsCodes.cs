using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Ups;

/// <summary>
/// What UPS codes mean. The pair (type, code) is the key, and the three-digit status code the safer one where it is more than a
/// generality; (X, KB) stays UPS' internal activity whatever else is written beside it.
/// </summary>
internal static class UpsCodes
{
    private static readonly CodeTable Pairs = CodeTable.Load("Ups/ups-codes.csv");
    private static readonly CodeTable StatusCodes = CodeTable.Load("Ups/ups-status-codes.csv");
    private static readonly CodeTable QuantumView = CodeTable.Load("Ups/ups-quantum-view-codes.csv");

    /// <summary>What an activity means; <paramref name="byType"/> is true when its code was not known and its type alone spoke.</summary>
    public static CodeMeaning Of(string? type, string? code, string? statusCode, string? text, out bool byType)
    {
        byType = false;
        var pair = type is null || code is null ? null : Exact(type, code);
        if (pair is not null && Is(type, "X") && Is(code, "KB")) return pair;

        var told = statusCode is null ? null : StatusCodes.Find(Padded(statusCode));
        if (told is not null && !IsGenerality(statusCode!))
        {
            // An update of the date stays one, whatever the status code repeats.
            return Is(type, "U") ? Pairs.Of("U", "*") : told;
        }
        if (pair is not null)
            return Is(type, "I") && Is(code, "DS") && Mentions(text, "out for delivery") ? Pairs.Of("I", "OT") : pair;
        if (Is(type, "U")) return Pairs.Of("U", "*");
        if (told is { Status: not null }) return told;

        if (type is not null && Pairs.Find(type, "*") is { } general)
        {
            byType = code is not null;
            return general.Status == Milestone.Exception ? Exception(general, text) : general;
        }
        if (told is not null) return told;
        return CodeMeaning.Unmapped;
    }

    /// <summary>What an element of a Quantum View file means.</summary>
    public static CodeMeaning OfQuantumView(string element, string? code, string? text)
    {
        // An exception that carries a code of the activity tables means what it means there.
        if (element == "Exception" && code is not null && (Exact("X", code) ?? (code.Length == 3 ? StatusCodes.Find(code) : null)) is { } known) return known;
        var meaning = QuantumView.Of(element, code);
        return meaning.Status == Milestone.Exception ? Exception(meaning, text) : meaning;
    }

    /// <summary>A signature line that names no person: the driver left the parcel.</summary>
    public static bool IsDriverRelease(string? name)
        => name is not null && (Mentions(name, "driver release") || name.Replace(" ", "", StringComparison.Ordinal).Equals("DRIVERRELEASE", StringComparison.OrdinalIgnoreCase));

    /// <summary>Who signed, where it was left, pictures by reference; null when nothing of it was told.</summary>
    public static DeliveryProof? Proof(string? receivedBy, string? location, System.Collections.Immutable.ImmutableArray<string> images, string? codAmount = null)
    {
        var released = IsDriverRelease(receivedBy);
        if (receivedBy is null && location is null && images.IsDefaultOrEmpty && codAmount is null) return null;
        return new DeliveryProof(released ? null : receivedBy, location, released ? "driverRelease" : null, null, images.IsDefault ? [] : images, codAmount);
    }

    private static CodeMeaning? Exact(string type, string code)
        => Pairs.Find(type, code) is { } found && !ReferenceEquals(found, Pairs.Find(type, "*")) ? found : null;

    // "In transit", "exception" and "on time" say less than any code beside them.
    private static bool IsGenerality(string statusCode) => Padded(statusCode) is "005" or "010" or "013" or "029" or "160";

    private static string Padded(string statusCode) => statusCode.Length >= 3 ? statusCode : statusCode.PadLeft(3, '0');

    // Without a known code an exception's text is the only thing that tells a delay, which still moves, from a stop.
    private static CodeMeaning Exception(CodeMeaning general, string? text)
        => Mentions(text, "weather") ? Pairs.Of("X", "DJ")
        : Mentions(text, "delay") ? StatusCodes.Of("046")
        : general;

    private static bool Mentions(string? text, string words) => text is not null && text.Contains(words, StringComparison.OrdinalIgnoreCase);

    private static bool Is(string? code, string other) => code is not null && code.Equals(other, StringComparison.OrdinalIgnoreCase);
}
