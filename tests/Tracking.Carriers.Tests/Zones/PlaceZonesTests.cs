using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Tests.Zones;

public sealed class PlaceZonesTests
{
    [Theory]
    [InlineData("US", "NY", null, null, "America/New_York")]
    [InlineData("US", "CA", null, null, "America/Los_Angeles")]
    [InlineData("USA", "Georgia", null, null, "America/New_York")]
    [InlineData("US", "US-MN", null, null, "America/Chicago")]
    [InlineData("US", "HI", null, null, "Pacific/Honolulu")]
    [InlineData("US", "AZ", null, null, "America/Phoenix")]
    [InlineData("US", "AZ", "86045", "TUBA CITY", "America/Denver")]
    [InlineData("US", "AZ", "86512", null, null)]
    [InlineData("US", "PR", null, null, "America/Puerto_Rico")]
    [InlineData("US", "AE", "09012", null, null)]
    [InlineData("US", null, null, null, null)]
    [InlineData(null, "GA", "31201", "MACON", "America/New_York")]
    [InlineData(null, "GA", null, "MACON", null)]
    public void A_state_in_one_zone_decides(string? country, string? state, string? zip, string? city, string? zone)
        => (PlaceZones.Find(country, state, zip, city)?.Id).ShouldBe(zone);

    [Theory]
    [InlineData("TX", "75201", null, "America/Chicago")]
    [InlineData("TX", "79901", null, "America/Denver")]
    [InlineData("TX", "79901-1234", null, "America/Denver")]
    [InlineData("TX", null, "DALLAS", "America/Chicago")]
    [InlineData("TX", "", "Fort Worth", "America/Chicago")]
    [InlineData("TX", null, "EL PASO", "America/Denver")]
    [InlineData("TX", null, null, null)]
    [InlineData("TX", null, "NOWHERE IN PARTICULAR", null)]
    [InlineData("FL", "32501", null, "America/Chicago")]
    [InlineData("FL", "33101", null, "America/New_York")]
    [InlineData("FL", null, "St. Petersburg", "America/New_York")]
    [InlineData("IN", "46402", null, "America/Chicago")]
    [InlineData("IN", "46204", null, "America/Indiana/Indianapolis")]
    [InlineData("KY", "40202", null, "America/New_York")]
    [InlineData("KY", "42101", null, "America/Chicago")]
    [InlineData("TN", "37201", null, "America/Chicago")]
    [InlineData("TN", "37902", null, "America/New_York")]
    [InlineData("ND", "58601", null, "America/Denver")]
    [InlineData("ND", "58102", null, "America/Chicago")]
    [InlineData("SD", "57701", null, "America/Denver")]
    [InlineData("NE", "69361", null, "America/Denver")]
    [InlineData("KS", "67735", null, "America/Denver")]
    [InlineData("OR", "97914", null, "America/Boise")]
    [InlineData("OR", "97201", null, "America/Los_Angeles")]
    [InlineData("ID", "83814", null, "America/Los_Angeles")]
    [InlineData("ID", "83702", null, "America/Boise")]
    [InlineData("MI", "49801", null, "America/Menominee")]
    [InlineData("MI", "48201", null, "America/Detroit")]
    [InlineData("AK", "99501", null, "America/Anchorage")]
    [InlineData("AK", "99546", null, "America/Adak")]
    public void A_split_state_is_decided_by_postcode_then_by_town_and_by_nothing_else(string state, string? zip, string? city, string? zone)
        => (PlaceZones.Find("US", state, zip, city)?.Id).ShouldBe(zone);

    [Theory]
    [InlineData("CA", "AB", null, null, "America/Edmonton")]
    [InlineData("CA", "BC", "V6B 1A1", null, "America/Vancouver")]
    [InlineData("CA", "BC", null, "RICHMOND", "America/Vancouver")]
    [InlineData("CA", "BC", "V1G 1A1", null, "America/Dawson_Creek")]
    [InlineData("CA", "ON", "M5V 2T6", null, "America/Toronto")]
    [InlineData("CA", "ON", "P9N 1A1", null, "America/Winnipeg")]
    [InlineData("CA", "ON", null, null, null)]
    [InlineData("CA", "QC", null, "Montréal", "America/Toronto")]
    [InlineData("CA", null, "R3C 1A5", null, "America/Winnipeg")]
    [InlineData("CA", "NL", "A1C 1A1", null, "America/St_Johns")]
    [InlineData("AU", "QLD", null, null, "Australia/Brisbane")]
    [InlineData("AU", "NSW", "2880", null, "Australia/Broken_Hill")]
    [InlineData("BR", "AM", null, null, "America/Manaus")]
    [InlineData("MX", "ROO", null, null, "America/Cancun")]
    [InlineData("MX", "CHH", null, null, null)]
    public void Provinces_and_states_of_wide_countries_have_tables(string country, string? region, string? postcode, string? city, string? zone)
        => (PlaceZones.Find(country, region, postcode, city)?.Id).ShouldBe(zone);

    [Theory]
    [InlineData("DE", "Europe/Berlin")]
    [InlineData("276", "Europe/Berlin")]
    [InlineData("Germany", "Europe/Berlin")]
    [InlineData("GB", "Europe/London")]
    [InlineData("UK", "Europe/London")]
    [InlineData("CN", "Asia/Shanghai")]
    [InlineData("IN", "Asia/Kolkata")]
    [InlineData("HK", "Asia/Hong_Kong")]
    [InlineData("AR", "America/Argentina/Buenos_Aires")]
    [InlineData("RU", null)]
    [InlineData("ES", null)]
    [InlineData("XX", null)]
    public void A_country_with_one_clock_decides_alone(string country, string? zone)
        => (PlaceZones.Find(country, null, null)?.Id).ShouldBe(zone);

    [Theory]
    [InlineData("ES", "28001", "Europe/Madrid")]
    [InlineData("ES", "38001", "Atlantic/Canary")]
    [InlineData("PT", "1000-001", "Europe/Lisbon")]
    [InlineData("PT", "9500-150", "Atlantic/Azores")]
    public void Islands_on_another_clock_are_told_by_postcode(string country, string postcode, string zone)
        => (PlaceZones.Find(country, null, postcode)?.Id).ShouldBe(zone);

    [Fact]
    public void No_place_has_no_zone() => PlaceZones.Find((Place?)null).ShouldBeNull();

    [Fact]
    public void Every_zone_of_every_table_exists()
    {
        using var stream = typeof(PlaceZones).Assembly.GetManifestResourceStream("Zones/split-places.csv")!;
        using var reader = new StreamReader(stream);
        var zones = reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').Skip(1).Select(l => l.Split(',')[1]).Distinct().ToList();

        zones.ShouldNotBeEmpty();
        zones.ShouldAllBe(z => EventTimes.FindZone(z) != null);
    }
}
