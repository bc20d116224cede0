using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Promotions;

/// <summary>
/// What a shop's promotion system is still to hear of one order's offers. Key: the order's, <c>{retailer}/{order}</c>. Messages go out in their order, each with one id however often it is tried.
/// </summary>
[Alias("tracking.promotion-grain")]
public interface IPromotionGrain : IGrainWithStringKey
{
    /// <summary>Takes a message. When it returns, the message is stored and flushed; the same id again changes nothing. Sending does not hold anybody up.</summary>
    [Alias("owe")] Task Owe(PromotionMessage message);

    /// <summary>A try is due, or a crash lost when it is.</summary>
    [Alias("wake")] Task Wake();

    /// <summary>Messages that were given up are owed again; how many.</summary>
    [Alias("again")] Task<int> Again();

    [Alias("list")] Task<ImmutableArray<PromotionView>> List();
}

/// <param name="Id">Made of what caused it: <c>{offer}-accepted</c>. The <c>webhook-id</c> of every try.</param>
/// <param name="Type"><c>offer.made</c>, <c>offer.accepted</c>, <c>offer.declined</c>, <c>offer.expired</c>.</param>
/// <param name="Body">JSON, without anything personal.</param>
[GenerateSerializer, Immutable, Alias("tracking.promotion-message")]
public sealed record PromotionMessage([property: Id(0)] string Id, [property: Id(1)] string Type, [property: Id(2)] string Body);

[GenerateSerializer, Alias("tracking.promotion-state")]
public enum PromotionState : byte { Owed = 0, Told = 1, GivenUp = 2 }

/// <param name="Problem">Why the last try failed, or why it was given up; null when none did.</param>
[GenerateSerializer, Immutable, Alias("tracking.promotion-view")]
public sealed record PromotionView(
    [property: Id(0)] string Id, [property: Id(1)] string Type, [property: Id(2)] PromotionState State, [property: Id(3)] DateTimeOffset OwedAt, [property: Id(4)] DateTimeOffset? NextTry,
    [property: Id(5)] string? Problem);

/// <summary>Messages of one order that are not delivered.</summary>
public sealed record UndeliveredPromotions(OrderKey Order, ImmutableArray<PromotionView> Messages);

/// <summary>Finds what is not delivered, for operators.</summary>
public interface IPromotionReader
{
    /// <summary>Orders with messages that wait or were given up, newest first.</summary>
    Task<IReadOnlyList<UndeliveredPromotions>> UndeliveredAsync(string retailer, int limit, CancellationToken cancel = default);
}
