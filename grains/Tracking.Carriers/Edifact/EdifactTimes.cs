using System.Collections.Frozen;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Edifact;

/// <summary>
/// DTM values: 102 <c>CCYYMMDD</c>, 203 <c>CCYYMMDDHHMM</c>, 204 <c>…SS</c>, 303 <c>…HHMM</c> with a zone name, 205 <c>…HHMM</c> with an offset. A value is read by its
/// length; a format code that says otherwise is noted.
/// </summary>
internal static class EdifactTimes
{
    /// <summary>A reading: local time and, where the value itself named its zone, the offset.</summary>
    public readonly record struct Told(DateTime Local, Precision Precision, TimeSpan? Offset, ZoneSource Source);

    // Zone names mean one offset each: summer time has names of its own.
    private static readonly FrozenDictionary<string, double> ZoneHours = new Dictionary<string, double>(StringComparer.OrdinalIgnoreCase)
    {
        ["UTC"] = 0, ["GMT"] = 0, ["UCT"] = 0, ["Z"] = 0, ["ZZZ"] = double.NaN, ["WET"] = 0, ["WEST"] = 1, ["BST"] = 1, ["IST"] = double.NaN,
        ["CET"] = 1, ["MEZ"] = 1, ["CEST"] = 2, ["MESZ"] = 2, ["MES"] = 2, ["EET"] = 2, ["EEST"] = 3, ["MSK"] = 3,
        ["EST"] = -5, ["EDT"] = -4, ["CST"] = -6, ["CDT"] = -5, ["MST"] = -7, ["MDT"] = -6, ["PST"] = -8, ["PDT"] = -7,
        ["AST"] = -4, ["ADT"] = -3, ["JST"] = 9, ["HKT"] = 8, ["SGT"] = 8, ["AEST"] = 10, ["AEDT"] = 11,
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <param name="note">What was odd but readable: a length against the format code, a zone name nobody knows.</param>
    public static DateReading TryRead(string? value, string? format, bool midnightIsDateOnly, out Told told, out DecodeProblem? note)
    {
        told = default;
        note = null;
        if (string.IsNullOrWhiteSpace(value)) return DateReading.Missing;
        var text = value.AsSpan().Trim();
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        var rest = text[digits..].Trim();
        var found = (digits, rest.IsEmpty) switch
        {
            (8, true) => "102",
            (12, true) => "203",
            (14, true) => "204",
            (12, false) => rest[0] is '+' or '-' ? "205" : "303",
            (14, false) => rest[0] is '+' or '-' ? "208" : "304",
            (6, true) => "101",
            (10, true) => "201",
            _ => null,
        };
        if (found is null) return DateReading.Impossible;
        if (found is "101" or "201") { text = string.Concat("20", text); digits += 2; }

        var day = DateText.TryDay(text[..8], out var date);
        if (day != DateReading.Told) return day;
        var local = date.ToDateTime(TimeOnly.MinValue);
        var precision = Precision.Day;
        if (digits > 8)
        {
            if (DateText.TryTime(text[8..digits], out var time, out precision, out var nextDay) != DateReading.Told) return DateReading.Impossible;
            local = (nextDay ? date.AddDays(1) : date).ToDateTime(time);
        }
        if (format is not null && !format.Equals(found, StringComparison.Ordinal))
            note = new DecodeProblem("time.format-contradiction", $"DTM '{text}' does not have the length of its format {format}; it was read as {found}.");
        if (found == "204" && midnightIsDateOnly && local.TimeOfDay == TimeSpan.Zero)
        {
            precision = Precision.Day;
            note ??= new DecodeProblem("time.midnight", $"DTM '{text}' is midnight to the second; it was read as a day.");
        }
        TimeSpan? offset = null;
        var source = ZoneSource.Unknown;
        if (!rest.IsEmpty)
        {
            if (DateText.TryOffset(rest, out var signed) && rest[0] is '+' or '-') { offset = signed; source = ZoneSource.Explicit; }
            else if (ZoneHours.TryGetValue(rest.ToString(), out var hours) && !double.IsNaN(hours)) { offset = TimeSpan.FromHours(hours); source = ZoneSource.Code; }
            else note = new DecodeProblem("time.zone-unknown", $"DTM '{text}' names a zone that does not say one offset; the time stays local.");
        }
        told = new Told(local, precision, offset, source);
        return DateReading.Told;
    }

    public static OccurredTime Occurred(Told told, Place? place, FeedContext context, out DecodeProblem? note)
    {
        note = null;
        return told.Offset is { } offset ? EventTimes.FromOffset(told.Local, offset, told.Precision, told.Source)
            : EventTimes.Local(told.Local, told.Precision, place, context, out note);
    }
}
