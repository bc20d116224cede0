using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests.Flat;

public sealed class DpdTests
{
    private static readonly FeedDecoder Dpd = FeedDecoders.Find("dpd")!;

    [Fact]
    public void A_scan_file_in_windows_letters_is_read_by_its_header()
    {
        var scans = Sample.ItemsOf(Dpd, "flat/dpd-scans.csv").Scans();

        scans.Select(s => (s.Kind, s.Status)).ShouldBe([(ScanKind.Scan, Milestone.Accepted), (ScanKind.Scan, Milestone.Delivered), (ScanKind.Information, null)]);
        scans[1].TrackingNumber.ShouldBe("01126810000123");
        scans[1].Carrier.ShouldBe("dpd");
        scans[1].Delivery!.SignedBy.ShouldBe("MÜLLER");
        scans[1].Delivery!.Images.ShouldBe(["pod-77"]);
        scans[1].Place!.FacilityId.ShouldBe("0112");
        scans[1].Raw!.LocationText.ShouldBe("KÖLN");
        scans[1].Journey!.DestinationCountry.ShouldBe("DE");
        scans[1].Journey!.DestinationPostalCode.ShouldBe("50667");
        scans[1].Journey!.ShipperReference.ShouldBe("PO-1");
    }

    [Fact]
    public void Depot_time_is_unknown_until_the_feed_says_its_zone()
    {
        Sample.ItemsOf(Dpd, "flat/dpd-scans.csv").Scans()[1].Occurred.ZoneSource.ShouldBe(ZoneSource.Unknown);

        var known = Sample.ItemsOf(Dpd, "flat/dpd-scans.csv", Sample.Context with { Zone = "Europe/Berlin" }).Scans()[1].Occurred;
        known.ZoneSource.ShouldBe(ZoneSource.Profile);
        known.Offset.ShouldBe(TimeSpan.FromHours(1));
    }

    [Fact]
    public void Another_version_of_the_columns_is_read_as_well()
        => Sample.Items(Dpd, "PARCELNO;SCAN_CODE;SCAN_DATE_TIME;PCODE;\n01126810000123;14;20250311143200;7;\n").Scans()[0].Status.ShouldBe(Milestone.AttemptFailed);

    [Fact]
    public void A_file_without_its_columns_is_refused_whole()
        => Sample.Items(Dpd, "PARCEL;CODE\n1;13\n").ShouldHaveSingleItem().Problem!.Detail.ShouldContain("PARCELNO");
}
