using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Changes;

/// <summary>
/// What one parcel's recipient asked the carrier for, and what came of it. Key: <c>{retailer}/{carrier}/{number}/{use}</c>, with the public id of the use of the
/// number, so that whoever gets a recycled number never sees what the one before asked for.
/// </summary>
[Alias("tracking.changes-grain")]
public interface IChangesGrain : IGrainWithStringKey
{
    /// <summary>Asks once per id: when it returns <see cref="ChangeAnswer.Taken"/>, the request is stored and will reach the carrier. Refusals are values.</summary>
    [Alias("ask")] Task<ChangeAnswer> Ask(ChangeAsk ask);

    /// <summary>The carrier's answer, or the shop's for it. The same answer again changes nothing.</summary>
    [Alias("answer")] Task<ChangeAnswer> Answer(string id, ChangeState state, string? reason);

    /// <summary>All requests, oldest first, with what the recipient wrote: for the recipient who proved it, and the shop.</summary>
    [Alias("list")] Task<ImmutableArray<ChangeView>> List();
}

/// <param name="Id">The sender's, 1 to 64 characters: asking again with it asks nothing new.</param>
/// <param name="Status">How far the parcel is, as the asker saw it.</param>
/// <param name="Today">At the door.</param>
[GenerateSerializer, Immutable, Alias("tracking.change-ask")]
public sealed record ChangeAsk(
    [property: Id(0)] string Id,
    [property: Id(1)] ChangeKind Kind,
    [property: Id(2)] DateOnly? Day,
    [property: Id(3)] string? Words,
    [property: Id(4)] Milestone Status,
    [property: Id(5)] DateOnly Today);

[GenerateSerializer, Immutable, Alias("tracking.change-view")]
public sealed record ChangeView(
    [property: Id(0)] string Id,
    [property: Id(1)] ChangeKind Kind,
    [property: Id(2)] DateOnly? Day,
    [property: Id(3)] string? Words,
    [property: Id(4)] ChangeState State,
    [property: Id(5)] string? Reason,
    [property: Id(6)] DateTimeOffset AskedAt,
    [property: Id(7)] DateTimeOffset? AnsweredAt)
{
    /// <summary>Without what was written, so that a log line never holds an address.</summary>
    public override string ToString() => $"{Kind.Name()} {Id}: {State.Name()}";
}
