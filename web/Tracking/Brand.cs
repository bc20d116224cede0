using System.Collections.Immutable;
using System.Globalization;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>
/// A shop's look and voice as validated tokens, never its CSS, script or markup. The colour is used for the progress line, links and buttons;
/// its two readings (on a light and on a dark page) have at least 4.5:1 contrast, corrected towards black or white where the shop's own would not.
/// </summary>
public sealed record Brand
{
    public const double LeastContrast = 4.5;
    // The page's own grounds, as in tracking.css: the darkest light and the lightest dark surface that text of the brand's colour stands on.
    private static readonly Colour LightGround = Colour.Parse("#f3f1ee"), DarkGround = Colour.Parse("#26262b");

    public static readonly Colour DefaultColour = Colour.Parse("#0b5f5a");

    public required string Shop { get; init; }
    /// <summary>On a light page.</summary>
    public required Colour Light { get; init; }
    /// <summary>On a dark page.</summary>
    public required Colour Dark { get; init; }
    /// <summary>The shop's colour was too pale or too dark for one of the pages and was moved.</summary>
    public bool Corrected { get; init; }
    /// <summary>BCP 47 language for readers whose own we do not speak.</summary>
    public string? Locale { get; init; }
    public Logo? Logo { get; init; }
    public ImmutableArray<BrandLink> Links { get; init; } = [];
    /// <summary>Whose pages may embed the widget and read the parcel's JSON.</summary>
    public ImmutableArray<string> Origins { get; init; } = [];
    /// <summary>Languages with sentences in the shop's own words, by tag.</summary>
    public ImmutableDictionary<string, Texts> Voice { get; init; } = ImmutableDictionary<string, Texts>.Empty;
    public ImmutableArray<Placement> Placements { get; init; } = [];

    /// <summary>A language as this shop speaks it.</summary>
    public Texts Speak(Texts texts) => Voice.GetValueOrDefault(texts.Tag) ?? texts;

    /// <summary>Makes a brand of a shop's name and colour (<c>#rgb</c> or <c>#rrggbb</c>; null for ours).</summary>
    /// <returns>False with a sentence when the colour cannot be read; nothing else is refused, only corrected.</returns>
    public static bool TryCreate(string shop, string? colour, string? locale, out Brand brand, out string? problem)
    {
        problem = null;
        var asked = DefaultColour;
        if (colour is not null && !Colour.TryParse(colour, out asked))
        {
            problem = $"'{colour}' is not a colour; write it like #0b5f5a.";
            asked = DefaultColour;
        }
        var light = Readable(asked, LightGround, Colour.Black);
        var dark = Readable(asked, DarkGround, Colour.White);
        brand = new Brand { Shop = CarrierText.Clean(shop, 80) ?? "", Light = light, Dark = dark, Corrected = light != asked, Locale = locale };
        return problem is null;
    }

    /// <summary>The nearest colour on the way to black (or white) that can be read on a ground.</summary>
    private static Colour Readable(Colour colour, Colour ground, Colour towards)
    {
        for (var step = 0; step <= 100; step++)
        {
            var mixed = colour.Mix(towards, step / 100.0);
            if (mixed.ContrastTo(ground) >= LeastContrast) return mixed;
        }
        return towards;
    }
}

/// <summary>An sRGB colour.</summary>
public readonly record struct Colour(byte R, byte G, byte B)
{
    public static readonly Colour Black = new(0, 0, 0), White = new(255, 255, 255);

    public static Colour Parse(string text) => TryParse(text, out var colour) ? colour : throw new FormatException($"'{text}' is not a colour.");

    /// <summary>Reads <c>#rgb</c> and <c>#rrggbb</c>, nothing else: the result is written into a style sheet.</summary>
    public static bool TryParse(string? text, out Colour colour)
    {
        colour = default;
        if (text is null || text.Length is not (4 or 7) || text[0] != '#') return false;
        var hex = text.Length == 7 ? text[1..] : string.Concat(text[1..].Select(c => new string(c, 2)));
        if (!int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)) return false;
        colour = new Colour((byte)(value >> 16), (byte)(value >> 8), (byte)value);
        return true;
    }

    /// <summary>WCAG 2.2 relative luminance, 0 to 1.</summary>
    public double Luminance => 0.2126 * Linear(R) + 0.7152 * Linear(G) + 0.0722 * Linear(B);

    /// <summary>WCAG 2.2 contrast ratio, 1 to 21.</summary>
    public double ContrastTo(Colour other)
    {
        var (a, b) = (Luminance, other.Luminance);
        return a > b ? (a + 0.05) / (b + 0.05) : (b + 0.05) / (a + 0.05);
    }

    public Colour Mix(Colour other, double share)
        => new((byte)Math.Round(R + (other.R - R) * share), (byte)Math.Round(G + (other.G - G) * share), (byte)Math.Round(B + (other.B - B) * share));

    public override string ToString() => $"#{R:x2}{G:x2}{B:x2}";

    private static double Linear(byte channel)
    {
        var c = channel / 255.0;
        return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
    }
}
