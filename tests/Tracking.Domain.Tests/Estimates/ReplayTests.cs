using System.Globalization;
using Tracking.Backtest;

namespace Tracking.Domain.Tests.Estimates;

public sealed class ReplayTests
{
    private static readonly DateOnly From = new(2017, 10, 1), To = new(2017, 11, 30);

    private static string[] Lines(OlistOutcome outcome, DateTimeOffset until)
        => [.. outcome.AtPurchase.Concat(outcome.AtHandOver).Where(i => i.At <= until)
            .Select(i => string.Create(CultureInfo.InvariantCulture, $"{i.Of.Journey} {i.At:O} {i.P05:O} {i.P10:O} {i.P50:O} {i.P90:O} {i.P95:O}"))];

    [Fact]
    public void Two_replays_give_byte_equal_estimates()
    {
        var shop = AShop.Year();

        Lines(new OlistReplay(shop, From, To).Run(), DateTimeOffset.MaxValue).ShouldBe(Lines(new OlistReplay(shop, From, To).Run(), DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Shifting_every_delivery_after_a_moment_changes_no_estimate_made_before_it()
    {
        var shop = AShop.Year();
        var moment = RecordedDelivery.At(new DateOnly(2017, 10, 25), 14);
        var shifted = shop.ConvertAll(d => d.Delivered > moment ? d with { Delivered = d.Delivered.AddDays(9) } : d);

        var before = Lines(new OlistReplay(shop, From, To).Run(), moment);

        before.Length.ShouldBeGreaterThan(400);
        Lines(new OlistReplay(shifted, From, To).Run(), moment).ShouldBe(before);
        Lines(new OlistReplay(shifted, From, To).Run(), DateTimeOffset.MaxValue).ShouldNotBe(Lines(new OlistReplay(shop, From, To).Run(), DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Shifting_later_hand_overs_changes_no_earlier_estimate_either()
    {
        var shop = AShop.Year();
        var moment = RecordedDelivery.At(new DateOnly(2017, 10, 25), 14);
        var shifted = shop.ConvertAll(d => d.HandedOver > moment ? d with { HandedOver = d.HandedOver.AddHours(30), Delivered = d.Delivered.AddHours(30) } : d with { Delivered = d.Delivered > moment ? d.Delivered.AddHours(30) : d.Delivered });

        Lines(new OlistReplay(shifted, From, To).Run(), moment).ShouldBe(Lines(new OlistReplay(shop, From, To).Run(), moment));
    }

    [Fact]
    public void The_bands_keep_what_they_say_and_tell_near_from_far()
    {
        var report = new BacktestReport(new OlistReplay(AShop.Year(), From, To).Run(), From, To);

        foreach (var stage in report.Stages)
        {
            stage.Cover80.ShouldBeInRange(0.74, 0.88);
            stage.Cover90.ShouldBeInRange(0.85, 0.96);
            stage.RevisionsPerParcel.ShouldBeLessThan(1.3);
            stage.FlipShare.ShouldBeLessThan(0.03);
        }
        report.ByRegion.Single(r => r.Name == "SP").Width80.ShouldBeLessThan(report.ByRegion.Single(r => r.Name == "NE").Width80 / 2);
    }

    [Theory]
    [InlineData(0.01, 0.88)]
    [InlineData(0.05, 0.88)]
    [InlineData(0.15, 0.97)]
    public void Lost_scans_cost_width_and_little_else(double lost, double mostKept)
    {
        var shop = AShop.Year(perDay: 6);
        var whole = new BacktestReport(new OlistReplay(shop, From, To).Run(), From, To).Stages[1];
        var holed = new BacktestReport(new OlistReplay(shop, From, To) { LostScans = lost }.Run(), From, To).Stages[1];

        holed.Mae.ShouldBeLessThan(whole.Mae * 1.12);
        holed.Cover80.ShouldBeInRange(0.72, mostKept);
        holed.Mae.ShouldNotBe(whole.Mae);
    }

    [Fact]
    public void A_strike_widens_and_moves_the_bands_within_days()
    {
        var shop = AShop.Year(strikeFrom: new DateOnly(2017, 11, 1));
        var replay = new OlistReplay(shop, From, To).Run();

        double Width(int fromDay, int toDay, int month) => replay.AtHandOver.Where(i => i.Of.HandOverDay.Month == month && i.Of.HandOverDay.Day >= fromDay && i.Of.HandOverDay.Day <= toDay).Average(i => i.Width80);

        Width(12, 30, 11).ShouldBeGreaterThan(Width(1, 30, 10) * 1.5);
        replay.AtHandOver.Where(i => i.Of.HandOverDay >= new DateOnly(2017, 11, 20)).ShouldSatisfyAllConditions(late => late.Count(i => i.Late).ShouldBeLessThan(late.Count() * 3 / 10));
    }

    [Fact]
    public async Task A_folder_without_deliveries_is_one_clear_line()
    {
        var folder = Directory.CreateTempSubdirectory("edd").FullName;
        try
        {
            var said = new StringWriter();
            (await Backtests.RunAsync(folder, null, null, null, null, null, said, null, CancellationToken.None)).ShouldBe(2);
            said.ToString().ShouldContain("neither");
            (await Backtests.RunAsync(Path.Combine(folder, "absent"), null, null, null, null, null, said, null, CancellationToken.None)).ShouldBe(2);
        }
        finally { Directory.Delete(folder, recursive: true); }
    }

    [Fact]
    public async Task Every_file_with_the_columns_is_read_and_bad_rows_are_counted()
    {
        var folder = Directory.CreateTempSubdirectory("edd").FullName;
        try
        {
            const string Header = "order_id,purchase_ts,approved_ts,carrier_ts,delivered_ts,promised_date,seller_id,s_zip,s_city,s_state,c_zip,c_city,c_state,dist_km\n";
            var shop = AShop.Year(perDay: 4);
            string Row(RecordedDelivery d) => string.Create(CultureInfo.InvariantCulture,
                $"{d.Journey},{Local(d.Purchased)},,{Local(d.HandedOver)},{Local(d.Delivered)},{d.Promised:yyyy-MM-dd},{d.Seller},1001,\"sao paulo, capital\",{d.OriginRegion},{d.DestinationPostalCode},x,{d.DestinationRegion},{d.DistanceKm}\n");
            static string Local(DateTimeOffset at) => TimeZoneInfo.ConvertTime(at, TimeZoneInfo.FindSystemTimeZoneById(RecordedDelivery.Zone)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
            await File.WriteAllTextAsync(Path.Combine(folder, "a.csv"), Header + string.Concat(shop.Take(500).Select(Row)) + "backwards,2017-07-03 10:00:00,,2017-07-02 10:00:00,2017-07-09 10:00:00,2017-07-20,s,1001,x,SP,1001,x,SP,1\nno-hand-over,2017-07-03 10:00:00,,,2017-07-09 10:00:00,2017-07-20,s,1001,x,SP,1001,x,SP,1\n");
            await File.WriteAllTextAsync(Path.Combine(folder, "later.csv"), Header + string.Concat(shop.Skip(499).Select(Row)));
            await File.WriteAllTextAsync(Path.Combine(folder, "other.csv"), "x,y\n1,2\n");
            var said = new StringWriter();
            var json = Path.Combine(folder, "out", "report.json");
            var html = Path.Combine(folder, "out", "report.html");

            (await Backtests.RunAsync(folder, From, To, json, html, null, said, null, CancellationToken.None)).ShouldBe(0);

            said.ToString().ShouldContain("(3 rows left out");
            (await File.ReadAllTextAsync(json)).ShouldContain("\"revisionsPerParcel\"");
            (await File.ReadAllTextAsync(html)).ShouldContain("<svg");
        }
        finally { Directory.Delete(folder, recursive: true); }
    }
}
