using System.Collections.Immutable;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers;

/// <summary>
/// Keeps a scan within what its stored JSON form reads back: a carrier that writes a novel into a city must not make a shipment unreadable. What is cut
/// here stands whole in the stored original.
/// </summary>
internal static class ScanLimits
{
    private const int Word = 200, Short = 100, Postcode = 20, Line = 500, Image = 2000, Images = 20, Links = 100;

    public static ImmutableArray<Scan> Apply(ImmutableArray<Scan> scans)
    {
        if (scans.IsDefault) return [];
        for (var i = 0; i < scans.Length; i++)
            if (!Fits(scans[i]))
                return [.. scans.Select(s => Fits(s) ? s : Cut(s))];
        return scans;
    }

    private static bool Fits(Scan scan)
        => Fits(scan.UniqueId, Short) && Fits(scan.PieceId, Short) && Fits(scan.SubStatus, Short) && Fits(scan.EventId, Word) && Fits(scan.Links)
        && (scan.Raw is not { } raw || (Fits(raw.Type, Short) && Fits(raw.Code, Short) && Fits(raw.SubCode, Word) && Fits(raw.ReasonCode, Word) && Fits(raw.ReasonSubCode, Word)
            && Fits(raw.Text, CarrierText.MaxText) && Fits(raw.Lang, Word) && Fits(raw.LocationText, CarrierText.MaxText / 2)))
        && (scan.Place is not { } place || (Fits(place.Line, Line) && Fits(place.City, Word) && Fits(place.Region, Word) && Fits(place.PostalCode, Postcode)
            && Fits(place.Country, Word) && IsCode(place.Country) && Fits(place.FacilityId, Word) && Fits(place.FacilityType, Word)))
        && (scan.Delivery is not { } proof || (Fits(proof.SignedBy, Word) && Fits(proof.LeftAt, Line) && Fits(proof.RecipientType, Word) && Fits(proof.CodAmount, Word)
            && (proof.Images.IsDefaultOrEmpty || (proof.Images.Length <= Images && proof.Images.All(i => i.Length <= Image)))))
        && (scan.Retracts is not { } target || (Fits(target.EventId, Word) && Fits(target.Type, Word) && Fits(target.Code, Word)))
        && (scan.Evidence is not { } evidence || Fits(evidence.Pointer, Line))
        && (scan.Source is not { } source || Fits(source.Sequence, Word))
        && (scan.Eta is not { } eta || (Fits(eta.Source, Word) && eta.From is not null && eta.To is not null && !(eta.To < eta.From) && Whole(eta.From, eta.Precision) == eta.From && Whole(eta.To, eta.Precision) == eta.To))
        && (scan.Journey is not { } j || (Fits(j.Service, Word) && Fits(j.OriginCountry, Word) && Fits(j.OriginRegion, Word) && Fits(j.OriginPostalCode, Word)
            && Fits(j.DestinationCountry, Word) && Fits(j.DestinationRegion, Word) && Fits(j.DestinationPostalCode, Word) && Fits(j.DestinationCity, Word) && Fits(j.ShipperReference, Word)));

    private static Scan Cut(Scan scan) => scan with
    {
        UniqueId = Cut(scan.UniqueId, Short),
        PieceId = Cut(scan.PieceId, Short),
        SubStatus = Cut(scan.SubStatus, Short),
        EventId = Cut(scan.EventId, Word),
        Links = Fits(scan.Links) ? scan.Links : [.. scan.Links.Where(l => Fits(l)).Take(Links)],
        Raw = scan.Raw is not { } raw ? null : new RawCodes(
            Cut(raw.Type, Short), Cut(raw.Code, Short), Cut(raw.SubCode, Word), Cut(raw.ReasonCode, Word), Cut(raw.ReasonSubCode, Word),
            Cut(raw.Text, CarrierText.MaxText), Cut(raw.Lang, Word), Cut(raw.LocationText, CarrierText.MaxText / 2)),
        Place = scan.Place is not { } place ? null : place with
        {
            Line = Cut(place.Line, Line), City = Cut(place.City, Word), Region = Cut(place.Region, Word), PostalCode = Cut(place.PostalCode, Postcode),
            Country = IsCode(place.Country) ? Cut(place.Country, Word) : place.Country!.ToUpperInvariant(), FacilityId = Cut(place.FacilityId, Word), FacilityType = Cut(place.FacilityType, Word),
        },
        Delivery = scan.Delivery is not { } proof ? null : proof with
        {
            SignedBy = Cut(proof.SignedBy, Word), LeftAt = Cut(proof.LeftAt, Line), RecipientType = Cut(proof.RecipientType, Word), CodAmount = Cut(proof.CodAmount, Word),
            Images = proof.Images.IsDefaultOrEmpty ? [] : [.. proof.Images.Where(i => i.Length <= Image).Take(Images)],
        },
        Retracts = scan.Retracts is not { } target ? null : target with { EventId = Cut(target.EventId, Word), Type = Cut(target.Type, Word), Code = Cut(target.Code, Word) },
        Evidence = scan.Evidence is not { } evidence ? null : evidence with { Pointer = Cut(evidence.Pointer, Line) },
        Source = scan.Source is not { } source ? null : source with { Sequence = Cut(source.Sequence, Word) },
        // A window that ends before it begins says nothing; one with a single end is that end, as it is when it is read back.
        Eta = scan.Eta is not { } eta || eta.To < eta.From || (eta.From ?? eta.To) is null ? null : eta with { Source = Cut(eta.Source, Word), From = Whole(eta.From ?? eta.To, eta.Precision), To = Whole(eta.To ?? eta.From, eta.Precision) },
        Journey = scan.Journey is not { } j ? null : j with
        {
            Service = Cut(j.Service, Word), OriginCountry = Cut(j.OriginCountry, Word), OriginRegion = Cut(j.OriginRegion, Word), OriginPostalCode = Cut(j.OriginPostalCode, Word),
            DestinationCountry = Cut(j.DestinationCountry, Word), DestinationRegion = Cut(j.DestinationRegion, Word),
            DestinationPostalCode = Cut(j.DestinationPostalCode, Word), DestinationCity = Cut(j.DestinationCity, Word), ShipperReference = Cut(j.ShipperReference, Word),
        },
    };

    private static bool Fits(ImmutableArray<TrackingLink> links)
    {
        if (links.Length > Links) return false;
        foreach (var link in links)
            if (!Fits(link))
                return false;
        return true;
    }

    // Part of a number is another number: a link that is too long is dropped, not cut.
    private static bool Fits(TrackingLink link) => Fits(link.Number, Word) && Fits(link.Carrier, Word) && Fits(link.Kind, Word);

    // A date told to the minute has no seconds, whatever the sender wrote behind them.
    private static DateTime? Whole(DateTime? time, Precision precision)
    {
        if (time is not { } at) return null;
        var unit = precision switch { Precision.Day => TimeSpan.TicksPerDay, Precision.Minute => TimeSpan.TicksPerMinute, _ => TimeSpan.TicksPerSecond };
        return at.Ticks % unit == 0 ? at : new DateTime(at.Ticks - at.Ticks % unit, DateTimeKind.Unspecified);
    }

    // Two letters are a country's code, and codes are written in capitals.
    private static bool IsCode(string? country)
        => country is not { Length: 2 } || (char.ToUpperInvariant(country[0]) == country[0] && char.ToUpperInvariant(country[1]) == country[1]);

    // No database column holds U+0000.
    private static bool Fits(string? text, int limit) => text is null || (text.Length <= limit && !text.Contains('\0', StringComparison.Ordinal));

    private static string? Cut(string? text, int limit)
    {
        if (text is null || Fits(text, limit)) return text;
        text = text.Replace("\0", "", StringComparison.Ordinal);
        return Start(text, limit);
    }

    /// <summary>The beginning of a text, at most <paramref name="limit"/> UTF-16 units, never half a character: half of one cannot be written and read back.</summary>
    public static string Start(string text, int limit)
        => text.Length <= limit ? text : text[..(char.IsHighSurrogate(text[limit - 1]) ? limit - 1 : limit)];
}
