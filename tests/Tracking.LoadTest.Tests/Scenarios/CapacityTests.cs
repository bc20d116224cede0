using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Tests.Scenarios;

public sealed class CapacityTests
{
    private static readonly CapacityAssumptions Plain = new(Growth: 1.5, ParcelsPerOrder: 1, ScansPerParcel: 10, BusiestHour: 0.1, Burst: 2, CostPerHour: 0.7);

    [Fact]
    public void The_busiest_hour_of_an_hourly_forecast_decides()
    {
        var answer = Capacity.Answer(["date,hour,orders", "2025-11-28,19,72000", "2025-11-28,20,90000", "2025-11-29,20,30000"], 1_000, Plain);

        answer.OrdersAtPeakHour.ShouldBe(135_000);
        answer.Needed.ShouldBe(750);                // 135,000 x 10 / 3600 x 2
        answer.Safe.ShouldBe(700);
        answer.Enough.ShouldBeFalse();
        answer.Sentence.ShouldContain("2025-11-28 20 x 1.5");
        answer.Sentence.ShouldContain("not enough");
    }

    [Fact]
    public void A_daily_forecast_is_brought_to_its_busiest_hour_and_a_million_scans_get_a_price()
    {
        var answer = Capacity.Answer(["day;orders", "Friday;240000"], 1_000, Plain);

        answer.OrdersAtPeakHour.ShouldBe(36_000);
        answer.Enough.ShouldBeTrue();
        answer.CostPerMillionScans!.Value.ShouldBe(0.7 / (700 * 3600) * 1e6, 1e-9);
    }

    [Theory]
    [InlineData("")]
    [InlineData("date,sales\n2025-11-28,3")]
    [InlineData("date,orders")]
    [InlineData("date,orders\n2025-11-28,many")]
    [InlineData("date,orders\n2025-11-28,-5")]
    public void A_forecast_that_cannot_be_read_is_refused(string csv) =>
        Should.Throw<SetUpException>(() => Capacity.Answer(csv.Split('\n'), 1_000, Plain));
}
