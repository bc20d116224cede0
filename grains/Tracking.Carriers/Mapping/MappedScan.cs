using System.Collections.Immutable;
using System.Globalization;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Mapping;

/// <summary>One row or item that a mapping reads values from.</summary>
internal interface IMappedItem
{
    /// <summary>The value at a path, blanks around it removed; null when there is none.</summary>
    string? Value(string path);
}

/// <summary>Makes a scan of an item by a mapping.</summary>
internal static class MappedScan
{
    public static Scan? Read(FeedMapping mapping, IMappedItem item, string pointer, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        note = null;
        var written = Get(mapping.Number, item);
        if (!TrackingNumber.TryNormalize(written, out var number))
        {
            problem = new DecodeProblem("number.missing", written is null ? "There is no tracking number." : $"'{Shorten(written)}' cannot be a tracking number.");
            return null;
        }
        var named = mapping.Carrier is { } field ? Get(field, item) ?? context.Carrier : mapping.CarrierSlug ?? context.Carrier;
        if (!Carrier.TryNormalize(named, out var carrier))
        {
            problem = new DecodeProblem("carrier.missing", named is null ? "Neither the item nor the mapping names a carrier." : $"'{Shorten(named)}' cannot be a carrier.");
            return null;
        }

        string? Text(string setting) => mapping.Texts.TryGetValue(setting, out var f) ? Get(f, item) : null;

        var place = PlaceOf(Text);
        var occurred = mapping.Date is { } date ? When(date, item, place, context, out problem, out note) : Untold(out problem);
        if (problem is not null) return null;

        string? first = null, second = null, third = null;
        for (var i = 0; i < mapping.Code.Length; i++)
        {
            var code = Get(mapping.Code[i], item);
            if (i == 0) first = code; else if (i == 1) second = code; else third = code;
        }
        var meaning = new CodeMeaning(null);
        if (mapping.Code.Length > 0) meaning = mapping.MeaningOf(mapping.Code.Length switch { 1 => [first], 2 => [first, second], _ => [first, second, third] });
        if (mapping.Status is { } direct && Get(direct, item) is { } told && (!meaning.IsMapped || meaning.Status is null))
        {
            meaning = Milestones.TryParse(told.Replace(' ', '_').Replace('-', '_'), out var status) ? meaning with { Status = status == Milestone.Unknown ? null : status, Modifiers = meaning.Modifiers & ~Modifiers.Unmapped }
                : mapping.Codes.TryGetValue(told, out var mapped) ? mapped
                : meaning with { Modifiers = meaning.Modifiers | Modifiers.Unmapped };
            first ??= told;
        }

        var eta = Eta(mapping, item, place, context, ref note);
        var kind = meaning.Kind;
        if (mapping.Code.IsEmpty && mapping.Status is null && eta is not null) kind = ScanKind.Estimate;
        string? receiver = Text("receiver"), leftAt = Text("leftAt"), image = Text("image"), cod = Text("cod");
        int? attempts = int.TryParse(Text("attempts"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var n) && n is >= 0 and <= 1000 ? n : null;
        var raw = new RawCodes(Text("type"), first, third, second, Text: CarrierText.AsReceived(Text("text")), Lang: Text("lang"), LocationText: Text("locationText"));
        return new Scan
        {
            Carrier = carrier,
            TrackingNumber = number,
            UniqueId = Text("uniqueId"),
            PieceId = Text("pieceId"),
            Links = Links(Text, carrier, number),
            Kind = kind,
            Status = meaning.Status,
            SubStatus = Text("subStatus") ?? meaning.SubStatus,
            Modifiers = meaning.Modifiers,
            Reason = meaning.Reason,
            Raw = raw == new RawCodes() ? null : raw,
            Occurred = occurred,
            PublishedAt = mapping.PublishedAt is { } published && When(published, item, place, context, out _, out _) is { Utc: { } utc } ? utc : null,
            Place = place,
            Eta = eta,
            Delivery = receiver is null && leftAt is null && image is null && cod is null && attempts is null ? null
                : new DeliveryProof(receiver, leftAt, null, attempts, image is null ? [] : [image], cod),
            EventId = Text("eventId"),
            Evidence = new Evidence(null, pointer),
            Source = context.Source(),
            Journey = Journey(mapping, Text),
        };
    }

    public static string? Get(MappedField field, IMappedItem item)
    {
        if (field.Constant is { } constant) return constant;
        foreach (var path in field.Paths)
            if (item.Value(path) is { } value)
                return value;
        return null;
    }

    private static OccurredTime Untold(out DecodeProblem? problem) { problem = null; return OccurredTime.Untold; }

    internal static OccurredTime When(MappedDate date, IMappedItem item, Place? place, FeedContext context, out DecodeProblem? problem, out DecodeProblem? note)
    {
        problem = null; note = null;
        var day = Get(date.Columns[0], item);
        var time = date.Columns.Length > 1 ? Get(date.Columns[1], item) : null;
        if (day is null) { note = new DecodeProblem("time.missing", "No time was told."); return OccurredTime.Untold; }
        if (time is not null && date.NoTime.Contains(time)) time = null;

        foreach (var format in date.Formats)
        {
            DateTime local;
            TimeSpan? offset = null;
            var precision = Precision.Second;
            DateReading reading;
            if (format == "iso") reading = DateText.TryIso(time is null ? day : $"{day}T{time}", out local, out offset, out precision);
            else if (format is "unix" or "unixMillis")
            {
                offset = TimeSpan.Zero;
                reading = Unix(day, format == "unix", out local);
            }
            else reading = Pattern(date, format, day, time, out local, out offset, out precision);

            if (reading == DateReading.Impossible) continue;
            if (reading != DateReading.Told) return OccurredTime.Untold;
            if ((problem = EventTimes.Implausible(local, context)) is not null) return OccurredTime.Untold;
            if (offset is { } told) return EventTimes.FromOffset(local, told, precision);
            return InZone(date.Zone, local, precision, item, place, context, out note);
        }
        problem = EventTimes.Impossible(time is null ? day : $"{day} {time}");
        return OccurredTime.Untold;
    }

    private static OccurredTime InZone(MappedZone rule, DateTime local, Precision precision, IMappedItem item, Place? place, FeedContext context, out DecodeProblem? note)
    {
        if (rule.By is { } by && Get(by, item) is { } key && rule.Zones!.TryGetValue(key, out var zone)) return EventTimes.InZone(local, precision, zone, ZoneSource.Profile, out note);
        if (rule.Fixed is { } known) return EventTimes.InZone(local, precision, known, ZoneSource.Profile, out note);
        return EventTimes.Local(local, precision, place, context, out note);
    }

    private static DateReading Unix(string text, bool seconds, out DateTime local)
    {
        local = default;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value)) return DateReading.Impossible;
        if (value == 0) return DateReading.Placeholder;
        if (!(Math.Abs(value) < (seconds ? 2e11 : 2e14))) return DateReading.Impossible;
        local = DateTime.SpecifyKind(DateTime.UnixEpoch.AddMilliseconds(seconds ? value * 1000 : value), DateTimeKind.Unspecified);
        return DateReading.Told;
    }

    private static DateReading Pattern(MappedDate date, string format, string day, string? time, out DateTime local, out TimeSpan? offset, out Precision precision)
    {
        offset = null;
        var text = day;
        var pattern = format;
        if (date.Columns.Length > 1)
        {
            // The pattern of two columns is the date's, a blank, the time's; without a time only the first half is asked.
            var blank = format.IndexOf(' ', StringComparison.Ordinal);
            if (time is null) pattern = blank < 0 ? format : format[..blank];
            else if (blank >= 0)
            {
                var clock = format[(blank + 1)..];
                if (time.Length < clock.Length && clock.All(char.IsAsciiLetter)) time = time.PadLeft(clock.Length, '0');   // 905 is 0905 without its zero
                text = $"{day} {time}";
            }
        }
        else
        {
            foreach (var none in date.NoTime)
            {
                // 20250311 0000 and 202503110000 end in "no time": the day remains.
                if (none.Length == 0 || text.Length <= none.Length || !text.EndsWith(none, StringComparison.Ordinal)) continue;
                var at = TimePart(format);
                if (at <= 0) continue;
                text = text[..^none.Length].TrimEnd();
                pattern = format[..at].TrimEnd(' ', 'T', '\'');
                break;
            }
        }
        precision = pattern.Contains('s', StringComparison.Ordinal) ? Precision.Second : pattern.Contains('H', StringComparison.Ordinal) || pattern.Contains('h', StringComparison.Ordinal) ? Precision.Minute : Precision.Day;
        if (pattern.Contains('z', StringComparison.Ordinal) || pattern.Contains('K', StringComparison.Ordinal))
        {
            local = default;
            if (!DateTimeOffset.TryParseExact(text, pattern, CultureInfo.InvariantCulture, DateTimeStyles.AllowWhiteSpaces | DateTimeStyles.AssumeUniversal, out var told)) return DateReading.Impossible;
            local = told.DateTime;
            offset = told.Offset;
            return DateText.IsPlaceholder(DateOnly.FromDateTime(local)) ? DateReading.Placeholder : DateReading.Told;
        }
        return DateText.TryExact(text, pattern, out local);
    }

    private static int TimePart(string format) => format.AsSpan().IndexOfAny('H', 'h');

    private static EtaStatement? Eta(FeedMapping mapping, IMappedItem item, Place? place, FeedContext context, ref DecodeProblem? note)
    {
        if (mapping.EtaFrom is null && mapping.EtaTo is null) return null;
        var from = mapping.EtaFrom is { } f ? When(f, item, null, context, out var problem, out _) : Untold(out problem);
        if (problem is not null) note = problem;
        var to = ReferenceEquals(mapping.EtaFrom, mapping.EtaTo) ? from : mapping.EtaTo is { } t ? When(t, item, null, context, out problem, out _) : from;
        if (problem is not null) note = problem;
        if (!from.IsTold && !to.IsTold) return null;
        var offset = from.ZoneSource == ZoneSource.Explicit ? from.Offset : to.ZoneSource == ZoneSource.Explicit ? to.Offset : null;
        var precision = from.IsTold && to.IsTold ? (Precision)Math.Min((byte)from.Precision, (byte)to.Precision) : from.IsTold ? from.Precision : to.Precision;
        return new EtaStatement(from.Local ?? to.Local, to.Local ?? from.Local, offset, precision, mapping.EtaKind, mapping.Format);
    }

    private static Place? PlaceOf(Func<string, string?> text)
    {
        string? line = text("street"), city = text("city"), region = text("region"), postcode = text("postalCode"), country = Countries.Alpha2OrAsTold(text("country")),
            facility = text("facility"), kind = text("facilityType");
        double? lat = Number(text("lat")), lon = Number(text("lon"));
        if (lat is not (>= -90 and <= 90) || lon is not (>= -180 and <= 180)) lat = lon = null;
        return line is null && city is null && region is null && postcode is null && country is null && facility is null && lat is null
            ? null : new Place(line, city, region, postcode, country, facility, kind, lat, lon, lat is null ? null : "message");
    }

    private static ImmutableArray<TrackingLink> Links(Func<string, string?> text, string carrier, string number)
    {
        var links = ImmutableArray<TrackingLink>.Empty;
        if (TrackingNumber.TryNormalize(text("masterNumber"), out var master) && master != number) links = links.Add(new TrackingLink("master", carrier, master));
        if (TrackingNumber.TryNormalize(text("alternateNumber"), out var other) && other != number) links = links.Add(new TrackingLink("alternate", null, other));
        return links;
    }

    private static JourneyHints? Journey(FeedMapping mapping, Func<string, string?> text)
    {
        int? grams = null;
        if (mapping.WeightUnit is { } unit && Number(text("weight")) is > 0 and var weight)
        {
            var value = weight * (unit switch { "kg" => 1000, "lb" => 453.59237, "oz" => 28.349523125, _ => 1 });
            if (value < 1e8) grams = (int)Math.Round(value);
        }
        var hints = new JourneyHints(
            text("service"), Countries.Alpha2OrAsTold(text("originCountry")), text("originRegion"), text("originPostalCode"),
            Countries.Alpha2OrAsTold(text("destinationCountry")), text("destinationRegion"), text("destinationPostalCode"), text("destinationCity"), grams, text("reference"));
        return hints == new JourneyHints() ? null : hints;
    }

    private static double? Number(string? text)
        => double.TryParse(text?.Replace(',', '.'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) ? value : null;

    private static string Shorten(string text) => text.Length <= 60 ? text : text[..60] + "…";
}
