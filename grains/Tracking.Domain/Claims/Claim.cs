using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Claims;

/// <summary>What the consignee says went wrong. The names (<see cref="ClaimWords"/>) are stored and spoken outside; they never change.</summary>
[GenerateSerializer, Alias("tracking.claim-kind")]
public enum ClaimKind : byte { Lost = 1, Damaged = 2, DeliveredNotReceived = 3, MissingItem = 4, WrongItem = 5 }

/// <summary>How a claim is put right.</summary>
[GenerateSerializer, Alias("tracking.claim-remedy")]
public enum ClaimRemedy : byte { None = 0, Refund = 1, Reship = 2 }

[GenerateSerializer, Alias("tracking.claim-status")]
public enum ClaimStatus : byte
{
    /// <summary>Weighed as one that needs no person, and on its way to being settled.</summary>
    Settling = 1,
    /// <summary>Waits for a person.</summary>
    Open = 2,
    Granted = 3,
    Declined = 4,
}

/// <summary>Who decides, as the evidence was weighed.</summary>
[GenerateSerializer, Alias("tracking.claim-path")]
public enum ClaimPath : byte
{
    /// <summary>The whole value, at once.</summary>
    Automatic = 1,
    /// <summary>At once, up to the retailer's limit.</summary>
    AutomaticWithLimit = 2,
    Person = 3,
}

public static class ClaimWords
{
    public static readonly ImmutableArray<ClaimKind> Kinds = [ClaimKind.Lost, ClaimKind.Damaged, ClaimKind.DeliveredNotReceived, ClaimKind.MissingItem, ClaimKind.WrongItem];

    public static string Name(this ClaimKind kind) => kind switch
    {
        ClaimKind.Lost => "lost", ClaimKind.Damaged => "damaged", ClaimKind.DeliveredNotReceived => "delivered-not-received", ClaimKind.MissingItem => "missing-item", ClaimKind.WrongItem => "wrong-item",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    public static string Name(this ClaimRemedy remedy) => remedy switch { ClaimRemedy.Refund => "refund", ClaimRemedy.Reship => "reship", _ => "none" };

    public static string Name(this ClaimStatus status) => status switch { ClaimStatus.Settling => "settling", ClaimStatus.Open => "open", ClaimStatus.Granted => "granted", _ => "declined" };

    public static string Name(this ClaimPath path) => path switch { ClaimPath.Automatic => "automatic", ClaimPath.AutomaticWithLimit => "automatic-with-limit", _ => "person" };

    public static bool TryParse(string? name, out ClaimKind kind)
    {
        kind = Kinds.FirstOrDefault(k => string.Equals(k.Name(), name, StringComparison.OrdinalIgnoreCase));
        return kind != 0;
    }

    public static bool TryParse(string? name, out ClaimRemedy remedy)
    {
        remedy = name?.ToLowerInvariant() switch { "refund" => ClaimRemedy.Refund, "reship" => ClaimRemedy.Reship, _ => ClaimRemedy.None };
        return remedy != ClaimRemedy.None;
    }
}

/// <summary>One thing that spoke for (positive) or against (negative) a claim, in a sentence that a person reads. Weight 0: worth knowing.</summary>
[GenerateSerializer, Immutable, Alias("tracking.weighed-fact")]
public sealed record WeighedFact([property: Id(0)] string Code, [property: Id(1)] int Weight, [property: Id(2)] string Says);

/// <summary>A claim as it stands. Holds no personal data: what the claimant wrote is sealed beside it.</summary>
[GenerateSerializer, Immutable, Alias("tracking.claim")]
public sealed record Claim
{
    [Id(0)] public required string Id { get; init; }
    /// <summary>Which use of the tracking number.</summary>
    [Id(1)] public required string UseId { get; init; }
    [Id(2)] public ClaimKind Kind { get; init; }
    /// <summary>The order line it is about; null for the whole parcel.</summary>
    [Id(3)] public string? Line { get; init; }
    [Id(4)] public string? Order { get; init; }
    [Id(5)] public ClaimRemedy Wish { get; init; }
    [Id(6)] public Money? Value { get; init; }
    /// <summary>Digest of the customer's id at the retailer; null for one nobody knows.</summary>
    [Id(7)] public string? Claimant { get; init; }
    /// <summary>The retailer's own number for it.</summary>
    [Id(8)] public string? Reference { get; init; }
    /// <summary><c>shopper</c> or <c>retailer</c>.</summary>
    [Id(9)] public required string FiledBy { get; init; }
    [Id(10)] public DateTimeOffset OpenedAt { get; init; }
    [Id(11)] public ClaimStatus Status { get; init; }
    [Id(12)] public ClaimPath Path { get; init; }
    [Id(13)] public int Score { get; init; }
    [Id(14)] public ImmutableArray<WeighedFact> Evidence { get; init; } = [];
    /// <summary>Why this path and this end, in sentences.</summary>
    [Id(15)] public ImmutableArray<string> Reasons { get; init; } = [];
    [Id(16)] public ClaimRemedy Remedy { get; init; }
    /// <summary>What is paid back or, for a replacement, what it costs.</summary>
    [Id(17)] public Money? Amount { get; init; }
    [Id(18)] public DateTimeOffset? DecidedAt { get; init; }
    /// <summary><c>policy</c>, or the retailer's id of the operator who decided. It stays for good, so it is an id and not a name.</summary>
    [Id(19)] public string? DecidedBy { get; init; }
    /// <summary>The newest stored append of the shipment that was read when the evidence was weighed.</summary>
    [Id(20)] public int ShipmentVersion { get; init; }
    /// <summary>Digest of the policy it was weighed by.</summary>
    [Id(21)] public string? Policy { get; init; }

    public bool IsDecided => Status is ClaimStatus.Granted or ClaimStatus.Declined;
}

/// <summary>What is asked for when a claim is filed.</summary>
[GenerateSerializer, Immutable, Alias("tracking.claim-filing")]
public sealed record ClaimFiling
{
    [Id(0)] public ClaimKind Kind { get; init; }
    [Id(1)] public string? Use { get; init; }
    [Id(2)] public string? Line { get; init; }
    [Id(3)] public string? Order { get; init; }
    [Id(4)] public ClaimRemedy Wish { get; init; } = ClaimRemedy.Refund;
    [Id(5)] public Money? Value { get; init; }
    /// <summary>The customer's id at the retailer. Kept as a digest.</summary>
    [Id(6)] public string? Customer { get; init; }
    [Id(7)] public string? Reference { get; init; }
    [Id(8)] public string FiledBy { get; init; } = "retailer";
    /// <summary>What the claimant says. Personal.</summary>
    [Id(9)] public string? Text { get; init; }
    /// <summary>References to photos the retailer holds. Personal.</summary>
    [Id(10)] public ImmutableArray<string> Photos { get; init; } = [];
    /// <summary>Where an answer goes. Personal.</summary>
    [Id(11)] public string? Name { get; init; }
    [Id(12)] public string? Email { get; init; }
    [Id(13)] public string? Language { get; init; }
}
