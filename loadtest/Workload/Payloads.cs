namespace Tracking.LoadTest.Workload;

/// <summary>
/// Writes scans the way senders do. Written from the public documents and by nobody else's code: the tool shares nothing with the server, so that a
/// misunderstanding shows up instead of cancelling out. No allocation per scan.
/// </summary>
public sealed class Payloads(int run)
{
    /// <summary>The name by which a scan is found again: <c>L000123-</c> and its event number.</summary>
    public string EventPrefix { get; } = $"L{run:D6}-";

    /// <summary>The event number inside an event id of this run; false for any other.</summary>
    public bool TryReadEvent(ReadOnlySpan<byte> eventId, out long number)
    {
        number = 0;
        Span<byte> prefix = stackalloc byte[8];
        System.Text.Encoding.ASCII.GetBytes(EventPrefix, prefix);
        return eventId.StartsWith(prefix)
            && System.Buffers.Text.Utf8Parser.TryParse(eventId[8..], out number, out var used) && used == eventId.Length - 8;
    }

    /// <summary>One line of <c>POST /v1/scans</c> as NDJSON, line end included.</summary>
    public void ScanLine(Body body, in Statement scan)
    {
        var wording = Wording.Of(scan.Happening);
        body.Raw("{\"carrier\":\""u8).Text(scan.Parcel.Carrier)
            .Raw("\",\"trackingNumber\":\""u8).Text(scan.Parcel.TrackingNumber)
            .Raw("\",\"eventId\":\""u8).Text(EventPrefix).Digits(scan.Event);
        if (scan.Retracts >= 0)
            body.Raw("\",\"kind\":\"retraction\",\"retracts\":{\"eventId\":\""u8).Text(EventPrefix).Digits(scan.Retracts).Raw("\"}"u8);
        else
        {
            body.Raw("\",\"status\":\""u8).Text(wording.Status).Raw("\",\"code\":\""u8).Text(wording.Code).Raw("\""u8);
            if (wording.Modifier is { } modifier) body.Raw(",\"modifiers\":[\""u8).Text(modifier).Raw("\"]"u8);
            if (wording.Reason is { } reason) body.Raw(",\"reason\":\""u8).Text(reason).Raw("\""u8);
        }
        body.Raw(",\"occurredAt\":\""u8).Local(scan.UtcSeconds, scan.Facility.OffsetMinutes).Offset(scan.Facility.OffsetMinutes)
            .Raw("\",\"place\":{\"city\":\""u8).Text(scan.Facility.City)
            .Raw("\",\"region\":\""u8).Text(scan.Facility.Region)
            .Raw("\",\"postalCode\":\""u8).Text(scan.Facility.PostalCode)
            .Raw("\",\"country\":\""u8).Text(scan.Facility.Country)
            .Raw("\",\"facilityId\":\""u8).Text(scan.Facility.Id)
            .Raw("\"}}\n"u8);
    }

    /// <summary>
    /// A UPS Track API answer for a parcel up to one of its stops: every activity, newest first, as UPS sends it whole every time.
    /// </summary>
    public void UpsTrack(Body body, Parcel parcel, ReadOnlySpan<Statement> historyOldestFirst)
    {
        body.Raw("{\"trackResponse\":{\"shipment\":[{\"inquiryNumber\":\""u8).Text(parcel.TrackingNumber)
            .Raw("\",\"package\":[{\"trackingNumber\":\""u8).Text(parcel.TrackingNumber)
            .Raw("\",\"deliveryDate\":[],\"activity\":["u8);
        for (var i = historyOldestFirst.Length - 1; i >= 0; i--)
        {
            ref readonly var scan = ref historyOldestFirst[i];
            var wording = Wording.Of(scan.Happening);
            var offset = scan.Facility.OffsetMinutes;
            body.Raw("{\"location\":{\"address\":{\"city\":\""u8).Text(scan.Facility.City)
                .Raw("\",\"stateProvince\":\""u8).Text(scan.Facility.Region)
                .Raw("\",\"countryCode\":\""u8).Text(scan.Facility.Country)
                .Raw("\",\"country\":\""u8).Text(scan.Facility.Country)
                .Raw("\"},\"slic\":\""u8).Text(scan.Facility.PostalCode)
                .Raw("\"},\"status\":{\"type\":\""u8).Text(wording.UpsType)
                .Raw("\",\"description\":\""u8).Text(wording.UpsText)
                .Raw("\",\"code\":\""u8).Text(wording.UpsCode)
                .Raw("\",\"statusCode\":\""u8).Text(wording.UpsStatusCode)
                .Raw("\"},\"date\":\""u8).CompactDate(scan.UtcSeconds, offset)
                .Raw("\",\"time\":\""u8).CompactTime(scan.UtcSeconds, offset)
                .Raw("\",\"gmtDate\":\""u8).CompactDate(scan.UtcSeconds, 0)
                .Raw("\",\"gmtOffset\":\""u8).Offset(offset)
                .Raw("\",\"gmtTime\":\""u8).CompactTime(scan.UtcSeconds, 0, colons: true)
                .Raw(i == 0 ? "\"}"u8 : "\"},"u8);
        }
        var last = Wording.Of(historyOldestFirst[^1].Happening);
        body.Raw("],\"currentStatus\":{\"description\":\""u8).Text(last.UpsText).Raw("\",\"code\":\""u8).Text(last.UpsStatusCode)
            .Raw("\"},\"packageCount\":1}]}]}}"u8);
    }

    /// <summary>An EasyPost <c>tracker.updated</c> event for a parcel up to one of its stops: the full history, oldest first, local times with a Z attached.</summary>
    public void EasyPostTracker(Body body, Parcel parcel, ReadOnlySpan<Statement> historyOldestFirst)
    {
        ref readonly var newest = ref historyOldestFirst[^1];
        var last = Wording.Of(newest.Happening);
        body.Raw("{\"id\":\"evt_"u8).Text(EventPrefix).Digits(newest.Event)
            .Raw("\",\"object\":\"Event\",\"mode\":\"production\",\"description\":\"tracker.updated\",\"previous_attributes\":{},\"created_at\":\""u8)
            .Local(newest.UtcSeconds + 60, 0).Raw(".000Z\",\"result\":{\"id\":\"trk_"u8).Digits(parcel.Id)
            .Raw("\",\"object\":\"Tracker\",\"tracking_code\":\""u8).Text(parcel.TrackingNumber)
            .Raw("\",\"carrier\":\"USPS\",\"status\":\""u8).Text(last.EasyPostStatus)
            .Raw("\",\"status_detail\":\""u8).Text(last.EasyPostDetail)
            .Raw("\",\"est_delivery_date\":null,\"signed_by\":null,\"tracking_details\":["u8);
        for (var i = 0; i < historyOldestFirst.Length; i++)
        {
            ref readonly var scan = ref historyOldestFirst[i];
            var wording = Wording.Of(scan.Happening);
            body.Raw(i == 0 ? "{\"object\":\"TrackingDetail\",\"message\":\""u8 : ",{\"object\":\"TrackingDetail\",\"message\":\""u8).Text(wording.EasyPostMessage)
                .Raw("\",\"status\":\""u8).Text(wording.EasyPostStatus)
                .Raw("\",\"status_detail\":\""u8).Text(wording.EasyPostDetail)
                .Raw("\",\"datetime\":\""u8).Local(scan.UtcSeconds, scan.Facility.OffsetMinutes)
                .Raw("Z\",\"source\":\"USPS\",\"carrier_code\":\""u8)
                .Raw("\",\"tracking_location\":{\"object\":\"TrackingLocation\",\"city\":\""u8).Text(scan.Facility.City)
                .Raw("\",\"state\":\""u8).Text(scan.Facility.Region)
                .Raw("\",\"country\":null,\"zip\":\""u8).Text(scan.Facility.PostalCode)
                .Raw("\"}}"u8);
        }
        body.Raw("],\"carrier_detail\":null,\"finalized\":"u8).Raw(newest.Happening == Happening.Delivered ? "true"u8 : "false"u8)
            .Raw(",\"is_return\":false}}"u8);
    }

    /// <summary>The header of DPD's scan file.</summary>
    public static void DpdHeader(Body body) =>
        body.Raw("PARCELNO;SCAN_CODE;DEPOT_CODE;DEPOTNAME;EVENT_DATE_TIME;ROUTE;TOUR;SERVICE;CONSIGNEE_COUNTRY_CODE;CONSIGNEE_ZIP;\r\n"u8);

    /// <summary>One row of DPD's scan file: semicolons, one more at the end, the depot's local time, numeric country.</summary>
    public static void DpdRow(Body body, in Statement scan) =>
        body.Text(scan.Parcel.TrackingNumber).Raw(";"u8).Text(Wording.Of(scan.Happening).DpdCode).Raw(";"u8)
            .Text(scan.Facility.Id).Raw(";"u8).Text(scan.Facility.City).Raw(";"u8)
            .CompactDate(scan.UtcSeconds, scan.Facility.OffsetMinutes).CompactTime(scan.UtcSeconds, scan.Facility.OffsetMinutes)
            .Raw(";;;101;840;"u8).Text(scan.Parcel.Stops[^1].Facility.PostalCode).Raw(";\r\n"u8);
}
