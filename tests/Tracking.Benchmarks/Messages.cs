using System.Globalization;
using System.Text;

namespace Tracking.Benchmarks;

/// <summary>Messages of the size carriers really send, made from a seed; the recorded samples are short on purpose.</summary>
internal static class Messages
{
    public static byte[] UpsTrack(int activities)
    {
        var json = new StringBuilder("""{"trackResponse":{"shipment":[{"inquiryNumber":"1Z7X904E0342100870","pickupDate":"20250308","package":[{"trackingNumber":"1Z7X904E0342100870","deliveryDate":[{"type":"SDD","date":"20250311"}],"activity":[""");
        for (var i = 0; i < activities; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddMinutes(37 * i);
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"location":{"address":{"city":"DULUTH","stateProvince":"MN","postalCode":"","countryCode":"US","country":"US"},"slic":"5580"},"status":{"type":"I","description":"Departed from Facility","code":"DP","statusCode":"005"},"date":"{{{at:yyyyMMdd}}}","time":"{{{at:HHmmss}}}","gmtDate":"{{{at.AddHours(5):yyyyMMdd}}}","gmtOffset":"-05:00","gmtTime":"{{{at.AddHours(5):HH:mm:ss}}}"}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("],\"currentStatus\":{\"description\":\"On the Way\",\"code\":\"005\"}}]}]}}").ToString());
    }

    public static byte[] EasyPost(int details)
    {
        var json = new StringBuilder("""{"id":"evt_1","object":"Event","mode":"production","description":"tracker.updated","created_at":"2025-03-11T18:07:02.000Z","result":{"id":"trk_1","object":"Tracker","tracking_code":"9400111899560440177222","carrier":"USPS","status":"in_transit","updated_at":"2025-03-11T18:07:01Z","tracking_details":[""");
        for (var i = 0; i < details; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddMinutes(37 * i);
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"object":"TrackingDetail","message":"Departed USPS Regional Facility","description":"","status":"in_transit","status_detail":"departed_facility","datetime":"{{{at:yyyy-MM-ddTHH:mm:ssZ}}}","source":"USPS","carrier_code":"","tracking_location":{"object":"TrackingLocation","city":"MACON","state":"GA","country":null,"zip":"31201"}}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("],\"carrier_detail\":null,\"finalized\":false,\"is_return\":false}}").ToString());
    }

    public static byte[] FedEx(int scans)
    {
        var json = new StringBuilder("""{"transactionId":"t-1","output":{"completeTrackResults":[{"trackingNumber":"612904551027","trackResults":[{"trackingNumberInfo":{"trackingNumber":"612904551027","trackingNumberUniqueId":"2460744000~612904551027~FX","carrierCode":"FDXE"},"latestStatusDetail":{"code":"IT","derivedCode":"IT","statusByLocale":"In transit","description":"On the way"},"scanEvents":[""");
        for (var i = 0; i < scans; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddMinutes(37 * (scans - i));
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"date":"{{{at:yyyy-MM-ddTHH:mm:ss}}}-06:00","eventType":"DP","eventDescription":"Departed FedEx location","exceptionCode":"","exceptionDescription":"","scanLocation":{"streetLines":[""],"city":"MEMPHIS","stateOrProvinceCode":"TN","postalCode":"38118","countryCode":"US","residential":false,"countryName":"United States"},"locationId":"MEMH","locationType":"FEDEX_FACILITY","derivedStatusCode":"IT","derivedStatus":"In transit","delayDetail":{"type":"","subType":"","status":""}}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("""],"dateAndTimes":[{"type":"ACTUAL_PICKUP","dateTime":"2025-03-08T00:00:00-06:00"}],"estimatedDeliveryTimeWindow":{"window":{}},"packageDetails":{"weightAndDimensions":{"weight":[{"value":"2.5","unit":"LB"}]}}}]}]}}""").ToString());
    }

    public static byte[] Dhl(int events)
    {
        var json = new StringBuilder("""{"shipments":[{"id":"4629105526","service":"express","status":{"timestamp":"2025-03-11T09:19:00","statusCode":"transit","status":"With delivery courier","location":{"address":{"addressLocality":"TURIN - ITALY"}}},"details":{"references":[{"number":"PO-5518","type":"customer-reference"}],"totalNumberOfPieces":1},"events":[""");
        for (var i = 0; i < events; i++)
        {
            var at = new DateTime(2025, 3, 11, 9, 19, 0).AddMinutes(-37 * i);
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"timestamp":"{{{at:yyyy-MM-ddTHH:mm:ss}}}","location":{"address":{"addressLocality":"LEIPZIG - GERMANY","countryCode":"DE"}},"statusCode":"transit","status":"Departed facility","description":"Shipment has departed from a DHL facility LEIPZIG-GERMANY"}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("]}]}").ToString());
    }

    public static byte[] Epcis(int events)
    {
        var json = new StringBuilder("""{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"],"type":"EPCISDocument","schemaVersion":"2.0","creationDate":"2025-03-11T18:06:00Z","epcisBody":{"eventList":[""");
        for (var i = 0; i < events; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddMinutes(37 * i);
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"type":"ObjectEvent","eventID":"urn:uuid:6f0d4c0a-9a2e-4d8e-8a55-0b6f7c{{{i:000000}}}","eventTime":"{{{at:yyyy-MM-ddTHH:mm:ss}}}-05:00","eventTimeZoneOffset":"-05:00","epcList":["https://example.com/parcel/usps/9400111899560440177222"],"action":"OBSERVE","bizStep":"arriving","disposition":"in_progress","readPoint":{"id":"urn:epc:id:sgln:0614141.07346.1234"}}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("]}}").ToString());
    }

    public static byte[] AfterShip(int checkpoints)
    {
        var json = new StringBuilder("""{"event":"tracking_update","event_id":"8f1c","is_tracking_first_tag":false,"msg":{"id":"trk1","tracking_number":"9400111899560440177222","slug":"usps","tag":"InTransit","subtag":"InTransit_001","checkpoints":[""");
        for (var i = 0; i < checkpoints; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddMinutes(37 * i);
            json.Append(i == 0 ? "" : ",").Append(CultureInfo.InvariantCulture, $$$"""
                {"slug":"usps","city":"MACON","state":"GA","zip":"31201","country_iso3":"USA","country_name":"USA","message":"Departed USPS Regional Facility","location":"MACON, GA, 31201, USA","tag":"InTransit","subtag":"InTransit_007","subtag_message":"Departure scan","created_at":"{{{at.AddMinutes(9):yyyy-MM-ddTHH:mm:ssZ}}}","checkpoint_time":"{{{at:yyyy-MM-ddTHH:mm:ss}}}","coordinates":[],"raw_tag":"T1"}
                """);
        }
        return Encoding.UTF8.GetBytes(json.Append("]},\"ts\":1741716422}").ToString());
    }

    public static byte[] X12(int sets)
    {
        var edi = new StringBuilder("ISA*00*          *00*          *02*QZRT           *ZZ*RETAILHUB      *250311*1915*U*00401*000004411*0*P*>~GS*QM*QZRT*RETAILHUB*20250311*1915*4411*X*004010~");
        for (var i = 0; i < sets; i++)
            edi.Append(CultureInfo.InvariantCulture, $"ST*214*{i:00000000}~B10*P77{i:00000}*BOL55190*QZRT~L11*PO-88412*PO~LX*1~AT7*X6*NS***20250311*{(i / 60) % 24:00}{i % 60:00}*ET~MS1*Erie*PA*US~AT8*G*L*14.5*1~SE*8*{i:00000000}~");
        return Encoding.UTF8.GetBytes(edi.Append(CultureInfo.InvariantCulture, $"GE*{sets}*4411~IEA*1*000004411~").ToString());
    }

    public static byte[] Csv(int rows)
    {
        var csv = new StringBuilder("carrier,trackingNumber,status,occurredAt,code,text,city,region,postalCode,country\n");
        for (var i = 0; i < rows; i++)
            csv.Append(CultureInfo.InvariantCulture, $"dpd,0112681{i:0000000},IN_TRANSIT,{new DateTime(2025, 3, 8).AddSeconds(11 * i):yyyy-MM-ddTHH:mm:ss},10,Hub scan,Köln,,50667,DE\n");
        return Encoding.UTF8.GetBytes(csv.ToString());
    }

    /// <summary>A Quantum View file of about 425 kB, the size the issue names.</summary>
    public static byte[] QuantumView()
    {
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<QuantumViewResponse><Response><ResponseStatusCode>1</ResponseStatusCode></Response><QuantumViewEvents><SubscriberID>SHOP</SubscriberID><SubscriptionEvents><Name>OUTBOUND</Name><Number>1</Number><SubscriptionFile><FileName>250311_140000001</FileName>\n");
        for (var i = 0; xml.Length < 425_000; i++)
        {
            var at = new DateTime(2025, 3, 8, 6, 0, 0).AddSeconds(53 * i);
            xml.Append(CultureInfo.InvariantCulture, $"""
                <Delivery><PackageReferenceNumber><Number>1</Number><Value>PO-{i:00000}</Value></PackageReferenceNumber><ShipperNumber>7X904E</ShipperNumber><TrackingNumber>1Z7X904E03{i:00000000}</TrackingNumber><Date>{at:yyyyMMdd}</Date><Time>{at:HHmmss}</Time><ActivityLocation><AddressArtifactFormat><PoliticalDivision2>DULUTH</PoliticalDivision2><PoliticalDivision1>MN</PoliticalDivision1><CountryCode>US</CountryCode><PostcodePrimaryLow>55802</PostcodePrimaryLow></AddressArtifactFormat></ActivityLocation><DeliveryLocation><Code>M1</Code><Description>FRONT DOOR</Description><SignedForByName>DRIVER RELEASE</SignedForByName></DeliveryLocation><BillToAccount><Option>01</Option><Number>7X904E</Number></BillToAccount></Delivery>

                """);
        }
        return Encoding.UTF8.GetBytes(xml.Append("</SubscriptionFile></SubscriptionEvents></QuantumViewEvents></QuantumViewResponse>").ToString());
    }
}
