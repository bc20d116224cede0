using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Tests.Workload;

public sealed class ParcelBookTests
{
    private static readonly FormatMix Everything = new(Scans: 1, Ups: 1, EasyPost: 1, Csv: 1);

    [Fact]
    public void One_seed_makes_the_same_parcels_and_another_makes_others()
    {
        string Story(ulong seed) => string.Join('\n', Enumerable.Range(0, 50).Select(i =>
            new ParcelBook(seed, 7).Of(i)).Select(p => $"{p.TrackingNumber} {string.Join(',', p.Stops)}"));

        Story(1).ShouldBe(Story(1));
        Story(1).ShouldNotBe(Story(2));
    }

    [Fact]
    public void The_run_changes_the_numbers_and_nothing_else()
    {
        var once = new ParcelBook(1, 1).Of(42);
        var again = new ParcelBook(1, 2).Of(42);

        again.TrackingNumber.ShouldNotBe(once.TrackingNumber);
        again.Stops.ShouldBe(once.Stops);
    }

    [Theory]
    [InlineData("1Z7X904E0342100870")]
    public void A_UPS_number_ends_in_its_check_digit(string printed) => ParcelBook.WithUpsCheck(printed[..^1]).ShouldBe(printed);

    [Theory]
    [InlineData("961047722055187")]             // FedEx Ground
    [InlineData("9400111899560440177222")]      // USPS
    public void A_FedEx_or_USPS_number_ends_in_its_check_digit(string printed) => ParcelBook.WithMod10(printed[..^1]).ShouldBe(printed);

    [Fact]
    public void No_two_parcels_share_a_number_and_each_number_tells_its_parcel()
    {
        var book = new ParcelBook(3, 123_456, formats: Everything);
        var parcels = Enumerable.Range(0, 3_000).Concat([9_999_999, 10_000_000, 49_999_999]).Select(i => book.Of(i)).ToList();

        parcels.Select(p => p.Carrier + p.TrackingNumber).Distinct().Count().ShouldBe(parcels.Count);
        foreach (var parcel in parcels)
        {
            book.TryReadId(parcel.Carrier, parcel.TrackingNumber, out var id).ShouldBeTrue();
            id.ShouldBe(parcel.Id);
        }
        new ParcelBook(3, 654_321).TryReadId(parcels[0].Carrier, parcels[0].TrackingNumber, out _).ShouldBeFalse();
    }

    [Fact]
    public void Every_journey_starts_with_a_label_ends_at_a_door_and_only_moves_on()
    {
        var book = new ParcelBook(11, 1);
        foreach (var parcel in Enumerable.Range(0, 2_000).Select(i => book.Of(i)))
        {
            parcel.Stops[0].Happening.ShouldBe(Happening.LabelCreated);
            parcel.Stops[^1].Happening.ShouldBe(Happening.Delivered);
            parcel.Stops.Count.ShouldBeInRange(8, 10);
            parcel.Stops.Zip(parcel.Stops.Skip(1)).ShouldAllBe(two => two.First.MinutesAfterLabel < two.Second.MinutesAfterLabel);
        }
    }

    [Fact]
    public void Formats_belong_to_their_carriers()
    {
        var book = new ParcelBook(5, 1, formats: Everything);
        var parcels = Enumerable.Range(0, 500).Select(i => book.Of(i)).ToList();

        parcels.Where(p => p.Format == Format.Ups).ShouldAllBe(p => p.Carrier == "ups");
        parcels.Where(p => p.Format == Format.EasyPost).ShouldAllBe(p => p.Carrier == "usps");
        parcels.Where(p => p.Format == Format.Csv).ShouldAllBe(p => p.Carrier == "dpd");
        parcels.Select(p => p.Format).Distinct().Count().ShouldBe(4);
    }
}
