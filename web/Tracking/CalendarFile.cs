using System.Globalization;
using System.Text;

namespace Tracking.Web.Pages;

/// <summary>The days of a delivery as an iCalendar file (RFC 5545): one all-day entry that a later download replaces.</summary>
public static class CalendarFile
{
    /// <param name="id">The use's public id: the entry's identity.</param>
    /// <param name="to">Last day, included.</param>
    public static string Write(string id, int version, DateOnly from, DateOnly to, string title, string text, string address, DateTimeOffset now)
    {
        var output = new StringBuilder(600);
        Line(output, "BEGIN:VCALENDAR");
        Line(output, "VERSION:2.0");
        Line(output, "PRODID:-//Tracking.Actors//Tracking page//EN");
        Line(output, "METHOD:PUBLISH");
        Line(output, "BEGIN:VEVENT");
        Line(output, $"UID:{Escape(id)}@tracking");
        Line(output, string.Create(CultureInfo.InvariantCulture, $"SEQUENCE:{version}"));
        Line(output, $"DTSTAMP:{now.UtcDateTime.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture)}");
        Line(output, $"DTSTART;VALUE=DATE:{from.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}");
        Line(output, $"DTEND;VALUE=DATE:{to.AddDays(1).ToString("yyyyMMdd", CultureInfo.InvariantCulture)}");   // exclusive
        Line(output, $"SUMMARY:{Escape(title)}");
        Line(output, $"DESCRIPTION:{Escape(text)}");
        Line(output, $"URL:{address}");
        Line(output, "TRANSP:TRANSPARENT");
        Line(output, "END:VEVENT");
        Line(output, "END:VCALENDAR");
        return output.ToString();
    }

    private static string Escape(string text)
        => text.Replace("\\", "\\\\").Replace(";", "\\;").Replace(",", "\\,").Replace("\r", "").Replace("\n", "\\n");

    // Lines end in CRLF and hold at most 75 octets; a letter is never cut in two.
    private static void Line(StringBuilder output, string line)
    {
        var octets = 0;
        foreach (var rune in line.EnumerateRunes())
        {
            if (octets + rune.Utf8SequenceLength > 75)
            {
                output.Append("\r\n ");
                octets = 1;
            }
            output.Append(rune.ToString());
            octets += rune.Utf8SequenceLength;
        }
        output.Append("\r\n");
    }
}
