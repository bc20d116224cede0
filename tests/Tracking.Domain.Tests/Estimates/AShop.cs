using Tracking.Backtest;

namespace Tracking.Domain.Tests.Estimates;

/// <summary>A seeded shop in the shape of the Olist files: three states, weekdays only, a strike in the last month.</summary>
internal static class AShop
{
    public static List<RecordedDelivery> Year(int seed = 2026, int perDay = 9, DateOnly? strikeFrom = null)
    {
        var dice = new Random(seed);
        var deliveries = new List<RecordedDelivery>();
        string[] states = ["SP", "RJ", "BA"];
        double[] usual = [3, 6, 12];
        for (var day = new DateOnly(2017, 6, 1); day < new DateOnly(2017, 12, 1); day = day.AddDays(1))
            for (var i = 0; i < perDay; i++)
            {
                var at = dice.Next(states.Length);
                var purchased = RecordedDelivery.At(day, 8).AddMinutes(dice.Next(12 * 60));
                var handedOver = Weekday(purchased.AddHours(10 + dice.Next(60)));
                var slow = strikeFrom is { } strike && day >= strike ? 2.5 : 1;
                var delivered = Weekday(handedOver.AddDays(usual[at] * slow * Math.Exp(0.4 * Normal(dice))));
                deliveries.Add(new RecordedDelivery((ulong)deliveries.Count * 2 + 1, purchased, handedOver, delivered, day.AddDays(25), $"seller-{dice.Next(9)}", "SP", "01001",
                    states[at], $"{at}{dice.Next(10)}{dice.Next(10)}00", 100 + at * 600));
            }
        return deliveries;
    }

    private static DateTimeOffset Weekday(DateTimeOffset at)
    {
        while (at.AddHours(-3).DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday) at = at.AddDays(1);
        return at;
    }

    private static double Normal(Random dice) => Math.Sqrt(-2 * Math.Log(1 - dice.NextDouble())) * Math.Cos(2 * Math.PI * dice.NextDouble());
}
