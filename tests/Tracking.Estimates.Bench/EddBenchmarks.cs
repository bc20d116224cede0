using BenchmarkDotNet.Attributes;
using Tracking.Domain.Estimates;

namespace Tracking.Estimates.Bench;

/// <summary>What every scan pays for its estimate, and what a statistics grain pays for a closed stage. Goals: 3 us and no allocation; 100,000 closed stages a second.</summary>
[MemoryDiagnoser]
public class EddBenchmarks
{
    private const int Batch = 1_000;

    private static readonly DateTimeOffset Start = new(2026, 1, 5, 12, 0, 0, TimeSpan.Zero);

    private readonly ClosedStage[] _closed = new ClosedStage[Batch];
    private EddLearner _learner = new();
    private EddSnapshot _snapshot = EddSnapshot.ColdStart;
    private JourneyFacts _transit, _handling, _stale;
    private DateTimeOffset _now;
    private ShownWindow? _shown;

    [GlobalSetup]
    public void Teach()
    {
        var dice = new Random(7);
        for (var i = 0; i < 20_000; i++)
        {
            var ended = Start.AddMinutes(i * 5);
            _learner.Advance(ended);
            var entered = ended.AddDays(-(3 + i % 5) * (0.6 + dice.NextDouble()));
            _learner.Learn(new ClosedStage(Facts(i, entered), JourneyStage.Transit, entered, ended));
        }
        _now = Start.AddMinutes(20_000 * 5);
        _snapshot = _learner.Publish(_now);
        _transit = Facts(1, _now);
        _stale = Facts(2, _now.AddDays(-9));
        _handling = Facts(3, _now) with { Stage = JourneyStage.Handling, OrderedAt = _now };
        _shown = WindowPolicy.Next(_snapshot, _transit, _now, null, WindowTrigger.Scan);
        for (var i = 0; i < Batch; i++) _closed[i] = new ClosedStage(Facts(i, _now.AddDays(-4)) with { OrderedAt = null }, JourneyStage.Transit, _now.AddDays(-4 - i % 3), _now);
    }

    private static JourneyFacts Facts(int i, DateTimeOffset entered) => new()
    {
        Carrier = "ups", Service = "GROUND", Retailer = "acme", OriginCountry = "US", OriginRegion = "NJ", OriginPostalCode = "07001", DestinationCountry = "US",
        DestinationRegion = (i % 4) switch { 0 => "CA", 1 => "NY", 2 => "TX", _ => "FL" }, DestinationPostalCode = $"9{i % 10}1{i % 7}1", DestinationZone = "America/New_York",
        Stage = JourneyStage.Transit, StageEnteredAt = entered, HandedOverAt = entered, OrderedAt = entered.AddDays(-1), DistanceKm = 800,
        CarrierDate = new CarrierDate(DateOnly.FromDateTime(entered.AddDays(6).Date), DateOnly.FromDateTime(entered.AddDays(6).Date), entered),
    };

    [Benchmark(Baseline = true)]
    public DeliveryEstimate? At_hand_over() => _snapshot.Estimate(_transit, _now);

    [Benchmark]
    public DeliveryEstimate? At_the_order() => _snapshot.Estimate(_handling, _now);

    [Benchmark]
    public DeliveryEstimate? After_nine_days_of_silence() => _snapshot.Estimate(_stale, _now);

    [Benchmark]
    public ShownWindow? What_the_page_shows() => WindowPolicy.Next(_snapshot, _transit, _now.AddMinutes(5), _shown, WindowTrigger.Scan);

    [Benchmark]
    public ScanExpectation? When_silence_grows_improbable() => _snapshot.NextScanExpectedBy(_transit, _now);

    [Benchmark(OperationsPerInvoke = Batch)]
    public long Learning_a_closed_stage()
    {
        foreach (ref readonly var closed in _closed.AsSpan()) _learner.Learn(closed);
        return _learner.Learned;
    }

    [Benchmark]
    public EddSnapshot Publishing() => _learner.Publish(_now);
}
