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
