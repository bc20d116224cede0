using System.Globalization;

namespace Tracking.Simulation.Day;

internal enum What : byte
{
    /// <summary>A sender posts a message about one parcel, and again until it is acked.</summary>
    Post,
    /// <summary>A shop tells of an order, until it is taken.</summary>
    Order,
    /// <summary>A shopper takes an offer, and clicks until there is an answer.</summary>
    Accept,
    /// <summary>Somebody opens a parcel's page.</summary>
    Open,
    /// <summary>Somebody closes one.</summary>
    Close,
    /// <summary>Somebody reads a parcel, now or as it was known.</summary>
    Read,
    /// <summary>Time passes in which nobody posts anything.</summary>
    Pass,
    /// <summary>The process is killed between two steps, and another one starts.</summary>
    Kill,
    /// <summary>A second activation of a grain lives beside the first.</summary>
    Twin,
    /// <summary>The cluster settles for one activation of each.</summary>
    Settle,
    /// <summary>The database refuses everything for a while.</summary>
    DatabaseDown,
    /// <summary>The database can be read and not written for a while.</summary>
    DiskFull,
    /// <summary>Appends are stored and their answers lost.</summary>
    LoseReplies,
    /// <summary>Appends land after their senders gave up.</summary>
    LandLate,
    /// <summary>Appends are refused.</summary>
    Refuse,
    /// <summary>Answers of grain calls are lost.</summary>
    LoseCalls,
    /// <summary>Reactions to what was stored fail.</summary>
    FailReactions,
    /// <summary>Pushes to open pages are lost.</summary>
    LosePushes,
    /// <summary>Open pages read slowly for a while.</summary>
    SlowPages,
    /// <summary>The process's clock is set.</summary>
    SetClock,
    /// <summary>Idle grains leave memory.</summary>
    Collect,
    /// <summary>A parcel's stored rows become unreadable.</summary>
    Poison,
    /// <summary>Very many messages at once.</summary>
    Burst,
}

/// <summary>One thing that happens. Its dice are its own, so that leaving out others does not change it.</summary>
internal sealed record Op(int Number, What What, int Parcel, ulong Dice)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Number,5}  {What} {(What is What.Post or What.Open or What.Close or What.Read or What.Twin or What.Poison or What.Burst ? "parcel " + Parcel : "")} 0x{Dice:X}");
}
