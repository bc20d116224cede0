using System.Text;

namespace Tracking.Carriers.Dhl;

/// <summary>Where the columns of an event report stand. The header is German or English, or missing; columns it does not name keep the place they have in the report of 31 columns.</summary>
internal sealed record PaketColumns
{
    public int ProductionLine { get; init; } = 1;
    public int Product { get; init; } = 2;
    public int When { get; init; } = 3;
    public int PlaceId { get; init; } = 4;
    public int Country { get; init; } = 5;
    public int Facility { get; init; } = 6;
    public int Piece { get; init; } = 8;
    public int PostingDate { get; init; } = 9;
    public int PickupDate { get; init; } = 11;
    public int Ice { get; init; } = 12;
    public int Ric { get; init; } = 13;
    public int StandardEvent { get; init; } = 14;
    // Their place among the 31 is not published: only a header gives it.
    public int Reference { get; init; } = -1;
    public int ReceiverActual { get; init; } = -1;

    public static readonly PaketColumns ByPosition = new();

    private static readonly (string Field, string[] Names)[] Known =
    [
        (nameof(ProductionLine), ["productionline", "produktionslinie"]),
        (nameof(Product), ["product", "produkt", "productname", "produktname"]),
        (nameof(When), ["eventtime", "eventtimestamp", "eventdatetime", "ereigniszeit", "ereigniszeitpunkt", "zeitpunkt", "zeitstempel", "timestamp", "eventdate", "ereignisdatum"]),
        (nameof(PlaceId), ["placeid", "placecode", "ortid", "ortsid", "ortskennung", "locationid"]),
        (nameof(Country), ["country", "countrycode", "eventcountry", "land", "ereignisland"]),
        (nameof(Facility), ["facility", "facilityname", "einrichtung", "betriebsstaette", "betriebsstätte", "niederlassung"]),
        (nameof(Piece), ["piececode", "piece", "pieceid", "sendungsnummer", "sendungscode", "paketnummer", "packstücknummer", "packstückcode", "identcode", "trackingnumber"]),
        (nameof(PostingDate), ["postingdate", "einlieferungsdatum", "auflieferungsdatum", "einlieferdatum"]),
        (nameof(PickupDate), ["pickupdate", "abholdatum"]),
        (nameof(Ice), ["statusevent", "ice", "iceevent", "statuseventice", "statusereignis", "statusereignisice", "icecode", "ereigniscode"]),
        (nameof(Ric), ["statusreason", "ric", "ricreason", "statusreasonric", "statusgrund", "statusgrundric", "riccode", "grundcode"]),
        (nameof(StandardEvent), ["standardevent", "standardeventcode", "standardereignis", "standardstatus", "stdevent"]),
        (nameof(Reference), ["reference1", "reference", "referenz1", "referenz", "kundenreferenz", "kundenreferenz1"]),
        (nameof(ReceiverActual), ["receiveractual", "actualreceiver", "actualrecipient", "empfängertatsächlich", "empfaengertatsaechlich", "tatsächlicherempfänger", "tatsaechlicherempfaenger"]),
    ];

    /// <summary>The columns a header names; null when the row is no header. A header names the piece code and the status event in words, not in codes.</summary>
    public static PaketColumns? OfHeader(List<string> cells)
    {
        var at = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < cells.Count && i < 64; i++)
            foreach (var name in Names(cells[i]))
                foreach (var (field, names) in Known)
                    if (Array.IndexOf(names, name) >= 0)
                        at.TryAdd(field, i);
        if (at.Count < 2 || !(at.ContainsKey(nameof(Piece)) || at.ContainsKey(nameof(Ice)) || at.ContainsKey(nameof(When)))) return null;
        int Of(string field, int otherwise) => at.TryGetValue(field, out var found) ? found : at.ContainsValue(otherwise) ? -1 : otherwise;
        return new PaketColumns
        {
            ProductionLine = Of(nameof(ProductionLine), 1),
            Product = Of(nameof(Product), 2),
            When = Of(nameof(When), 3),
            PlaceId = Of(nameof(PlaceId), 4),
            Country = Of(nameof(Country), 5),
            Facility = Of(nameof(Facility), 6),
            Piece = Of(nameof(Piece), 8),
            PostingDate = Of(nameof(PostingDate), 9),
            PickupDate = Of(nameof(PickupDate), 11),
            Ice = Of(nameof(Ice), 12),
            Ric = Of(nameof(Ric), 13),
            StandardEvent = Of(nameof(StandardEvent), 14),
            Reference = Of(nameof(Reference), -1),
            ReceiverActual = Of(nameof(ReceiverActual), -1),
        };
    }

    // "Ereigniszeit / event time" and "status event (ICE)" name one column in two ways.
    private static IEnumerable<string> Names(string cell)
    {
        yield return Plain(cell);
        foreach (var part in cell.Split('/', '(', ')', '|'))
            if (part.Length != cell.Length)
                yield return Plain(part);
    }

    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
            if (char.IsLetterOrDigit(c))
                plain.Append(char.ToLowerInvariant(c));
        return plain.ToString();
    }
}
