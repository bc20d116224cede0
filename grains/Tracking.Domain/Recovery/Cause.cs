using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>
/// What went wrong, by kind, in the order in which one speaks for several: the worst first. Names are stored (<see cref="Causes.Name"/>), numbers are not.
/// </summary>
[GenerateSerializer, Alias("tracking.cause")]
public enum Cause : byte
{
    /// <summary>The carrier says lost, destroyed or confiscated.</summary>
    Lost = 0,
    Damaged = 1,
    /// <summary>On its way back, or back.</summary>
    Returned = 2,
    /// <summary>The shop cannot send an item that was bought.</summary>
    LineCancelled = 3,
    /// <summary>The shop can send an item only later.</summary>
    BackOrdered = 4,
    /// <summary>The promised days are over and the order is not there.</summary>
    PromiseMissed = 5,
    /// <summary>It will probably not come within the promised days.</summary>
    PredictedPromiseMiss = 6,
    /// <summary>The address does not work.</summary>
    AddressTrouble = 7,
    /// <summary>Delivered, then moving: the scans contradict each other.</summary>
    Contradiction = 8,
    /// <summary>Somebody rang and nobody was there. Each attempt is an occurrence of its own.</summary>
    AttemptFailed = 9,
    /// <summary>Customs have stopped it.</summary>
    Customs = 10,
    /// <summary>Held until someone acts.</summary>
    Held = 11,
    /// <summary>The carrier says that it is delayed.</summary>
    CarrierDelay = 12,
    /// <summary>It will probably miss the carrier's own date.</summary>
    PredictedCarrierMiss = 13,
    /// <summary>Nothing was heard for so long that silence itself is improbable.</summary>
    Silent = 14,
}

/// <summary>Who has to answer for it.</summary>
[GenerateSerializer, Alias("tracking.party")]
public enum Party : byte { Unknown = 0, Carrier = 1, Retailer = 2, Consignee = 3, Customs = 4, Weather = 5, Other = 6 }

public static class Causes
{
    private static readonly string[] Names =
    [
        "lost", "damaged", "returned", "line-cancelled", "back-ordered", "promise-missed", "predicted-promise-miss", "address-trouble", "contradiction",
        "attempt-failed", "customs", "held", "carrier-delay", "predicted-carrier-miss", "silent",
    ];

    public static string Name(this Cause cause) => Names[(int)cause];

    public static bool TryParse(string? name, out Cause cause)
    {
        var at = Array.IndexOf(Names, name);
        cause = at < 0 ? Cause.Lost : (Cause)at;
        return at >= 0;
    }

    public static IReadOnlyList<string> AllNames => Names;

    /// <summary>Kinds of lateness: told of once, whichever comes first.</summary>
    public static bool IsDelay(this Cause cause) => cause is Cause.PromiseMissed or Cause.PredictedPromiseMiss or Cause.Contradiction or Cause.Customs
        or Cause.Held or Cause.CarrierDelay or Cause.PredictedCarrierMiss or Cause.Silent;

    /// <summary>The party that a carrier's reason names.</summary>
    public static Party PartyOf(Reason reason) => (int)reason switch
    {
        >= 10 and < 30 => Party.Consignee,
        >= 30 and < 50 => Party.Retailer,
        >= 50 and < 70 => Party.Carrier,
        >= 70 and < 90 => Party.Customs,
        90 or 91 => Party.Weather,
        > 91 => Party.Other,
        _ => Party.Unknown,
    };
}

/// <summary>
/// What makes two disruptions of an order the same one: its kind, the promise it breaks (0 where none is), and which time it is. Policies, versions and
/// shipments are not part of it.
/// </summary>
[GenerateSerializer, Immutable, Alias("tracking.cause-key")]
public readonly record struct CauseKey([property: Id(0)] Cause Cause, [property: Id(1)] int Promise, [property: Id(2)] int Occurrence) : IComparable<CauseKey>
{
    public int CompareTo(CauseKey other) => (Cause, Promise, Occurrence).CompareTo((other.Cause, other.Promise, other.Occurrence));

    public override string ToString() => Promise == 0 ? $"{Cause.Name()}/{Occurrence}" : $"{Cause.Name()}#{Promise}/{Occurrence}";
}
