using System.Globalization;
using System.Text;

namespace Tracking.Web.Pages;

/// <summary>
/// Text that somebody else wrote. A shipper can put anything into a reference field, so it is stripped of what could act (controls, bidirectional
/// overrides, half characters) and cut to a bearable length before it is encoded.
/// </summary>
public static class CarrierText
{
    public const int MaxText = 500;
    public const int MaxPlace = 60;
    /// <summary>Marks on one letter. No script that people write has more; a tower of them is drawn over the lines above.</summary>
    public const int MaxMarks = 4;

    /// <summary>The text without controls, at most <paramref name="max"/> UTF-16 units, an ellipsis where it was cut; null when nothing is left.</summary>
    public static string? Clean(string? text, int max)
    {
        if (string.IsNullOrWhiteSpace(text)) return null;
        var output = new StringBuilder(Math.Min(text.Length, max));
        var (space, marks) = (true, 0);
        foreach (var rune in text.EnumerateRunes())   // a lone surrogate arrives as U+FFFD
        {
            if (rune == Rune.ReplacementChar) continue;
            if (Rune.IsWhiteSpace(rune))
            {
                if (!space) output.Append(' ');
                space = true;
                continue;
            }
            if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned && rune.Value != 0x200D) continue;
            // A joiner between marks does not begin a letter.
            if (rune.Value != 0x200D) marks = Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? marks + 1 : 0;
            if (marks > MaxMarks) continue;
            if (output.Length + rune.Utf16SequenceLength > max - 1)
            {
                output.Append('…');
                return output.ToString();
            }
            output.Append(rune.ToString());
            space = false;
        }
        while (output.Length > 0 && output[^1] == ' ') output.Length--;
        return output.Length == 0 ? null : output.ToString();
    }
}
