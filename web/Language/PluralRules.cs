namespace Tracking.Web.Language;

/// <summary>Which form of a noun a whole number asks for. Rules: Unicode CLDR, cardinal plurals, whole numbers only.</summary>
public static class PluralRules
{
    /// <summary>The CLDR category (<c>zero</c>, <c>one</c>, <c>two</c>, <c>few</c>, <c>many</c>, <c>other</c>) of a number of 0 or more.</summary>
    /// <param name="language">Primary subtag. An unknown one counts like English.</param>
    public static string Category(string language, long n) => language switch
    {
        "ar" => n switch
        {
            0 => "zero",
            1 => "one",
            2 => "two",
            _ when n % 100 is >= 3 and <= 10 => "few",
            _ when n % 100 is >= 11 and <= 99 => "many",
            _ => "other",
        },
        "fr" => n is 0 or 1 ? "one" : IsMillions(n) ? "many" : "other",
        "es" or "it" => n == 1 ? "one" : IsMillions(n) ? "many" : "other",
        _ => n == 1 ? "one" : "other",
    };

    /// <summary>Every category a language uses; a message may leave out <c>many</c> where only millions ask for it.</summary>
    public static IReadOnlyList<string> Needed(string language) => language == "ar" ? ["zero", "one", "two", "few", "many", "other"] : ["one", "other"];

    private static bool IsMillions(long n) => n != 0 && n % 1_000_000 == 0;
}
