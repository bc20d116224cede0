using System.Collections.Immutable;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Numbers;

/// <summary>What a check digit says. A wrong one is a warning: carriers issue test and partner numbers that fail it.</summary>
public enum CheckDigit : byte { None = 0, Right = 1, Wrong = 2 }

/// <summary>One carrier that such a number may belong to.</summary>
/// <param name="Carrier">Slug; null for a postal number of a country whose post has none here.</param>
/// <param name="Shape">The shape's name: <c>ups-1z</c>, <c>s10</c>, <c>sscc-18</c>.</param>
/// <param name="Number">The number itself, without a routing prefix (<c>420</c> and a ZIP code) or the rest of a barcode.</param>
public sealed record NumberCandidate(string? Carrier, string Shape, string Number, CheckDigit Check);

/// <summary>
/// Recognises tracking numbers by shape and check digit: a hint for people who type a number, and a guard that warns. Every candidate is returned, right check digits
/// first; the feed says which carrier it is, and no scan is ever refused for what stands here. Rules: <c>formats/tracking-numbers.md</c>.
/// </summary>
public static class NumberShapes
{
    private static readonly Dictionary<string, string> Posts = new(StringComparer.Ordinal)
    {
        ["US"] = "usps", ["CA"] = "canada-post", ["GB"] = "royal-mail", ["DE"] = "deutsche-post", ["NL"] = "postnl", ["BE"] = "bpost", ["BR"] = "correios", ["AU"] = "australia-post",
        ["JP"] = "japan-post", ["CN"] = "china-post", ["FR"] = "la-poste", ["IT"] = "poste-italiane", ["CH"] = "swiss-post", ["AT"] = "austrian-post", ["SE"] = "postnord", ["DK"] = "postnord",
    };

    /// <summary>Every carrier a number may belong to; empty for nothing known, and for numbers made of zeros, which pass several rules and are none.</summary>
    public static ImmutableArray<NumberCandidate> Recognise(string? written)
    {
        if (!TrackingNumber.TryNormalize(written, out var number) || number.Length < 8 || IsAllZero(number)) return [];
        var found = ImmutableArray.CreateBuilder<NumberCandidate>();
        if (!number.AsSpan().ContainsAnyExceptInRange('0', '9')) Digits(number, found);
        else Letters(number, found);
        return [.. found.OrderBy(c => c.Check switch { CheckDigit.Right => 0, CheckDigit.None => 1, _ => 2 })];
    }

    /// <summary>
    /// What to warn about when a feed says a number is of a carrier: a shape of that carrier whose check digit is wrong, where no other shape of it fits. Null when there is nothing to say.
    /// </summary>
    public static NumberCandidate? Doubt(string carrier, string number)
    {
        var own = Recognise(number).Where(c => c.Carrier == carrier).ToList();
        return own.Count > 0 && own.All(c => c.Check == CheckDigit.Wrong) ? own[0] : null;
    }

    private static void Letters(string number, ImmutableArray<NumberCandidate>.Builder found)
    {
        if (number.Length == 18 && number.StartsWith("1Z", StringComparison.Ordinal) && AlphaNumeric(number)) found.Add(new("ups", "ups-1z", number, Ups(number)));
        if (number.StartsWith("1R", StringComparison.Ordinal) && number.Length is >= 8 and <= 20 && AlphaNumeric(number)) found.Add(new("roadie", "ups-1r", number, CheckDigit.None));
        if (number.Length == 15 && number[0] == 'T' && number[1] == 'B' && number[2] is 'A' or 'M' or 'C' && AllDigits(number.AsSpan(3))) found.Add(new("amazon", "amazon-tb", number, CheckDigit.None));
        if (number.Length is >= 12 and <= 35 && (number.StartsWith("JD", StringComparison.Ordinal) || number.StartsWith("JJD", StringComparison.Ordinal)) && AllDigits(number.AsSpan(number[1] == 'J' ? 3 : 2)))
            found.Add(new("dhl-express", "dhl-express-piece", number, CheckDigit.None));
        if (number.Length == 13 && char.IsAsciiLetterUpper(number[0]) && char.IsAsciiLetterUpper(number[1]) && char.IsAsciiLetterUpper(number[11]) && char.IsAsciiLetterUpper(number[12]) && AllDigits(number.AsSpan(2, 9)))
        {
            var country = number[11..];
            var check = S10(number.AsSpan(2, 9));
            found.Add(new(Posts.GetValueOrDefault(country), "s10", number, check));
            // Deutsche Post's parcels abroad run under the same numbers.
            if (country == "DE") found.Add(new("dhl-paket", "s10", number, check));
        }
    }

    private static void Digits(string number, ImmutableArray<NumberCandidate>.Builder found)
    {
        switch (number.Length)
        {
            case 10 or 11:
                found.Add(new("dhl-express", "dhl-express-waybill", number, Modulo7(number)));
                break;
            case 12:
                found.Add(new("fedex", "fedex-12", number, FedEx12(number)));
                found.Add(new("dhl-paket", "dhl-paket-12", number, CheckDigit.None));
                found.Add(new("purolator", "purolator-12", number, CheckDigit.None));
                break;
            case 15:
                found.Add(new("fedex", "fedex-15", number, Weighted(number, 1, 3)));
                break;
            case 16:
                found.Add(new("canada-post", "canada-post-16", number, Weighted(number, 3, 1)));
                break;
            case 18:
                found.Add(new("fedex", "sscc-18", number, Weighted(number, 3, 1)));
                found.Add(new(null, "sscc-18", number, Weighted(number, 3, 1)));
                break;
            case 20:
                if (number.StartsWith("00340", StringComparison.Ordinal)) found.Add(new("dhl-paket", "dhl-paket-20", number, Weighted(number.AsSpan(2), 3, 1)));
                else if (number.StartsWith("00", StringComparison.Ordinal)) found.Add(new(null, "sscc-18", number[2..], Weighted(number.AsSpan(2), 3, 1)));
                if (number.StartsWith("61", StringComparison.Ordinal)) found.Add(new("fedex-smartpost", "fedex-ground-economy-20", number, CheckDigit.None));
                found.Add(new("usps", "usps-20", number, FromRight(number)));
                break;
            case 22 or 26:
                if (number.Length == 22 && number.StartsWith("96", StringComparison.Ordinal)) found.Add(new("fedex", "fedex-96", number, Weighted(number.AsSpan(7), 1, 3)));
                if (number.Length == 22 && number.StartsWith("9261", StringComparison.Ordinal)) found.Add(new("fedex-smartpost", "fedex-ground-economy-22", number, FromRight(number)));
                if (IsImpb(number)) found.Add(new("usps", $"usps-{number.Length}", number, FromRight(number)));
                break;
            case 30 or 34 or 38 when number.StartsWith("420", StringComparison.Ordinal):
                // Printed with the destination in front: 420, a ZIP code of five or nine, then the number of 22 or 26.
                foreach (var zip in (ReadOnlySpan<int>)[5, 9])
                    if (number[(3 + zip)..] is { Length: 22 or 26 } own && IsImpb(own))
                        found.Add(new("usps", $"usps-{own.Length}", own, FromRight(own)));
                break;
        }
        if (number.Length == 34) found.Add(new("fedex", "fedex-34", number[22..], FedEx34(number)));
    }

    private static bool IsImpb(string number) => number[0] == '9' && number[1] is >= '1' and <= '6';

    private static CheckDigit Ups(string number)
    {
        var sum = 0;
        for (var i = 0; i < 15; i++)
        {
            var c = number[2 + i];
            var value = char.IsAsciiDigit(c) ? c - '0' : (c - 3) % 10;
            sum += i % 2 == 0 ? value : value * 2;
        }
        return Compare(number[^1], (10 - sum % 10) % 10);
    }

    // Positions count from 0 at the left; the last digit is the check.
    private static CheckDigit Weighted(ReadOnlySpan<char> number, int even, int odd)
    {
        var sum = 0;
        for (var i = 0; i < number.Length - 1; i++) sum += (number[i] - '0') * (i % 2 == 0 ? even : odd);
        return Compare(number[^1], (10 - sum % 10) % 10);
    }

    private static CheckDigit FromRight(ReadOnlySpan<char> number)
    {
        var sum = 0;
        for (var i = number.Length - 2; i >= 0; i--) sum += (number[i] - '0') * ((number.Length - 2 - i) % 2 == 0 ? 3 : 1);
        return Compare(number[^1], (10 - sum % 10) % 10);
    }

    private static CheckDigit FedEx12(ReadOnlySpan<char> number)
    {
        ReadOnlySpan<int> weights = [3, 1, 7];
        var sum = 0;
        for (var i = 0; i < 11; i++) sum += (number[i] - '0') * weights[i % 3];
        return Compare(number[^1], sum % 11 % 10);
    }

    private static CheckDigit FedEx34(ReadOnlySpan<char> number)
    {
        ReadOnlySpan<int> weights = [1, 7, 3];
        var digits = number[20..33];
        var sum = 0;
        for (var i = 0; i < digits.Length; i++) sum += (digits[i] - '0') * weights[i % 3];
        return Compare(number[^1], sum % 11 % 10);
    }

    private static CheckDigit S10(ReadOnlySpan<char> digits)
    {
        ReadOnlySpan<int> weights = [8, 6, 4, 2, 3, 5, 9, 7];
        var sum = 0;
        for (var i = 0; i < 8; i++) sum += (digits[i] - '0') * weights[i];
        var rest = sum % 11;
        return Compare(digits[8], rest switch { 1 => 0, 0 => 5, _ => 11 - rest });
    }

    private static CheckDigit Modulo7(ReadOnlySpan<char> number)
    {
        var rest = 0;
        for (var i = 0; i < number.Length - 1; i++) rest = (rest * 10 + (number[i] - '0')) % 7;
        return Compare(number[^1], rest);
    }

    private static CheckDigit Compare(char told, int expected) => told - '0' == expected ? CheckDigit.Right : CheckDigit.Wrong;

    private static bool IsAllZero(string number)
    {
        foreach (var c in number.StartsWith("1Z", StringComparison.Ordinal) || number.StartsWith("1R", StringComparison.Ordinal) ? number.AsSpan(2) : number)
            if (char.IsAsciiDigit(c) && c != '0')
                return false;
            else if (char.IsAsciiLetter(c) && number.Length != 13 && !number.StartsWith('T') && !number.StartsWith('J'))
                return false;
        return true;
    }

    private static bool AllDigits(ReadOnlySpan<char> text) => !text.ContainsAnyExceptInRange('0', '9');

    private static bool AlphaNumeric(string text)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c))
                return false;
        return true;
    }
}
