namespace Tracking.Domain.Estimates;

/// <summary>
/// What we believe about one delivery at one moment. Equal for equal (snapshot id, facts, now), to the last bit, on one kind of processor.
/// </summary>
/// <param name="P10">Delivered before this instant with probability 10 %. UTC, whole seconds, never before "now".</param>
/// <param name="P50">As likely before as after.</param>
/// <param name="P90">Delivered by this instant with probability 90 %.</param>
/// <param name="From">First day of the shortest run of whole local days that holds the wanted mass; null when <paramref name="IsOverdue"/>.</param>
/// <param name="To">Last day of that run, included; null when <paramref name="IsOverdue"/>.</param>
/// <param name="Confidence">The run's true mass, 0 to 1: "Tue to Thu, 91 %". Not the wanted mass.</param>
/// <param name="SnapshotId">Which <see cref="EddSnapshot"/> said so; stored with every issued window.</param>
/// <param name="IsOverdue">The parcel has waited longer than almost anything recorded: say "overdue", not a date. The instants are then only a guess.</param>
/// <param name="HourFrom">On the delivery day, once out for delivery: start of the hour window (local), else null.</param>
/// <param name="HourTo">End of the hour window (local), else null.</param>
[GenerateSerializer, Immutable, Alias("tracking.delivery-estimate")]
public readonly record struct DeliveryEstimate(
    [property: Id(0)] DateTimeOffset P10,
    [property: Id(1)] DateTimeOffset P50,
    [property: Id(2)] DateTimeOffset P90,
    [property: Id(3)] DateOnly? From,
    [property: Id(4)] DateOnly? To,
    [property: Id(5)] double Confidence,
    [property: Id(6)] long SnapshotId,
    [property: Id(7)] bool IsOverdue,
    [property: Id(8)] TimeOnly? HourFrom = null,
    [property: Id(9)] TimeOnly? HourTo = null);

/// <summary>When we should hear of a parcel again.</summary>
/// <param name="ExpectedBy">The next scan has come by then with probability 80 %, judged from the last scan.</param>
/// <param name="SilentAfter">Silence beyond this instant is improbable: it happens to a healthy parcel only at the asked-for false-alarm rate.</param>
/// <param name="SnapshotId">Which snapshot said so.</param>
[GenerateSerializer, Immutable, Alias("tracking.scan-expectation")]
public readonly record struct ScanExpectation(
    [property: Id(0)] DateTimeOffset ExpectedBy,
    [property: Id(1)] DateTimeOffset SilentAfter,
    [property: Id(2)] long SnapshotId);
