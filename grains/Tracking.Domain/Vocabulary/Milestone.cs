namespace Tracking.Domain.Vocabulary;

/// <summary>
/// How far a parcel has come: the thirteen statuses of the canonical model, in the order of its lifecycle rank.
/// The numbers are stored; new ones are appended, none is reused.
/// </summary>
[GenerateSerializer, Alias("tracking.milestone")]
public enum Milestone : byte
{
    /// <summary>Nobody has reported anything yet. No scan ever sets it.</summary>
    Unknown = 0,
    LabelCreated = 1,
    Accepted = 2,
    InTransit = 3,
    OutForDelivery = 4,
    AttemptFailed = 5,
    AvailableForPickup = 6,
    /// <summary>Stopped until someone acts (the field's "exception").</summary>
    Exception = 7,
    Returning = 8,
    Delivered = 9,
    Returned = 10,
    Cancelled = 11,
    /// <summary>Lost, destroyed or confiscated.</summary>
    Failed = 12,
}

public static class Milestones
{
    private static readonly string[] Names =
    [
        "UNKNOWN", "LABEL_CREATED", "ACCEPTED", "IN_TRANSIT", "OUT_FOR_DELIVERY", "ATTEMPT_FAILED", "AVAILABLE_FOR_PICKUP",
        "EXCEPTION", "RETURNING", "DELIVERED", "RETURNED", "CANCELLED", "FAILED",
    ];

    /// <summary>Over, until a later, better-founded event says otherwise.</summary>
    public static bool IsTerminal(this Milestone milestone) => milestone >= Milestone.Delivered;

    /// <summary>The name used in every JSON document of ours: <c>IN_TRANSIT</c>.</summary>
    public static string Name(this Milestone milestone) => Names[(int)milestone];

    /// <summary>Lifecycle rank: all terminal milestones share the last one.</summary>
    public static int Rank(this Milestone milestone) => Math.Min((int)milestone, (int)Milestone.Delivered);

    /// <summary>Reads <c>IN_TRANSIT</c> in any case; false for anything else.</summary>
    public static bool TryParse(string? name, out Milestone milestone)
    {
        var at = name is null ? -1 : Array.FindIndex(Names, n => n.Equals(name, StringComparison.OrdinalIgnoreCase));
        milestone = at < 0 ? Milestone.Unknown : (Milestone)at;
        return at >= 0;
    }
}
