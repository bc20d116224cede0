using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Estimates;

/// <summary>
/// Where in its journey a parcel waits, as far as the estimate cares. Each stage has its own statistics; a carrier that never reports one of them
/// loses nothing, because every stage learns the whole remaining way to the door. The numbers are stored; none is reused.
/// </summary>
[GenerateSerializer, Alias("tracking.journey-stage")]
public enum JourneyStage : byte
{
    /// <summary>Bought or labelled, not yet in the carrier's hands.</summary>
    Handling = 0,
    /// <summary>Handed over, on its way.</summary>
    Transit = 1,
    /// <summary>Arrived at the hub or station that delivers it.</summary>
    DestinationHub = 2,
    OutForDelivery = 3,
    /// <summary>Somebody rang and nobody was there.</summary>
    Reattempt = 4,
    Customs = 5,
    /// <summary>Lies ready; how long it lies is up to the consignee.</summary>
    ReadyForPickup = 6,
    /// <summary>Stopped by an exception.</summary>
    Held = 7,
    /// <summary>Delivered, returned, cancelled or lost: there is nothing left to estimate.</summary>
    Over = 8,
}

public static class JourneyStages
{
    /// <summary>How many stages have statistics of their own (all but <see cref="JourneyStage.Over"/>).</summary>
    public const int Count = 8;

    /// <summary>The stage that a milestone and its modifiers mean. <paramref name="atDestination"/>: the last facility is the one that delivers.</summary>
    public static JourneyStage Of(Milestone milestone, Modifiers modifiers = Modifiers.None, bool atDestination = false) => milestone switch
    {
        Milestone.Unknown or Milestone.LabelCreated => JourneyStage.Handling,
        Milestone.Accepted or Milestone.InTransit when (modifiers & Modifiers.Customs) != 0 => JourneyStage.Customs,
        Milestone.Accepted or Milestone.InTransit => atDestination ? JourneyStage.DestinationHub : JourneyStage.Transit,
        Milestone.OutForDelivery => JourneyStage.OutForDelivery,
        Milestone.AttemptFailed => JourneyStage.Reattempt,
        Milestone.AvailableForPickup => JourneyStage.ReadyForPickup,
        Milestone.Exception => (modifiers & Modifiers.Customs) != 0 ? JourneyStage.Customs : JourneyStage.Held,
        _ => JourneyStage.Over,
    };
}
