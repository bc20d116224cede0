using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tracking.Contracts.Changes;
using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

/// <summary>Changes in memory that decide as the grain's do.</summary>
internal sealed class FakeChangeBooks(TimeProvider clock) : IChangeBooks
{
    private readonly ConcurrentDictionary<(ShipmentKey, string), IChangesGrain> _books = new();

    public IChangesGrain Of(ShipmentKey parcel, string useId) => _books.GetOrAdd((parcel, useId), _ => new Book(clock));

    private sealed class Book(TimeProvider clock) : IChangesGrain
    {
        private readonly Lock _lock = new();
        private DeliveryChanges _changes = DeliveryChanges.None;

        public Task<ChangeAnswer> Ask(ChangeAsk ask) => Take(c => c.Ask(ask.Id, ask.Kind, ask.Day, ask.Words, ask.Status, ask.Today));
        public Task<ChangeAnswer> Answer(string id, ChangeState state, string? reason) => Take(c => c.Answer(id, state, reason));

        public Task<ImmutableArray<ChangeView>> List()
            => Task.FromResult<ImmutableArray<ChangeView>>([.. _changes.Requests.Select(r => new ChangeView(r.Id, r.Kind, r.Day, r.Words, r.State, r.Reason, r.AskedAt, r.AnsweredAt))]);

        private Task<ChangeAnswer> Take(Func<DeliveryChanges, ChangeDecision> decide)
        {
            lock (_lock)
            {
                var decided = decide(_changes);
                if (decided.Event is { } happened) _changes = _changes.Apply(happened, clock.GetUtcNow());
                return Task.FromResult(decided.Answer);
            }
        }
    }
}
