using Tracking.Domain.Visits;

namespace Tracking.Contracts.Visits;

/// <summary>
/// Counts what visitors answered at one parcel's door, over all channels and nodes. Key: the shipment's, <c>{retailer}/{carrier}/{number}</c>. What the right
/// answer is, the grain is not told: the caller compares, the grain counts.
/// </summary>
[Alias("tracking.door-grain")]
public interface IDoorGrain : IGrainWithStringKey
{
    /// <summary>Somebody gave an answer. When it returns, a wrong one is stored and flushed.</summary>
    [Alias("answer")] Task<DoorAnswer> Answer(bool isRight);

    /// <summary>Somebody asks for a one-time code. <see cref="DoorAnswer.Opened"/>: it is stored, and whoever drew it may send it.</summary>
    [Alias("code")] Task<CodeReceipt> SendCode(ImmutableArray<byte> digest);

    /// <summary>Somebody gave a one-time code. It opens once.</summary>
    [Alias("try")] Task<DoorAnswer> TryCode(ImmutableArray<byte> digest);
}

/// <param name="Number">Counts the codes of this door from 1: what a notice's id is made of.</param>
[GenerateSerializer, Immutable, Alias("tracking.code-receipt")]
public readonly record struct CodeReceipt([property: Id(0)] DoorAnswer Answer, [property: Id(1)] int Number);
