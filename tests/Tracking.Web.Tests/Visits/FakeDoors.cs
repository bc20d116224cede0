using System.Collections.Concurrent;
using System.Collections.Immutable;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Visits;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

/// <summary>Doors in memory that decide as the grain's do.</summary>
internal sealed class FakeDoors(TimeProvider clock) : IDoors
{
    private readonly ConcurrentDictionary<ShipmentKey, IDoorGrain> _doors = new();

    public IDoorGrain Of(ShipmentKey parcel) => _doors.GetOrAdd(parcel, _ => new FakeDoor(clock));

    private sealed class FakeDoor(TimeProvider clock) : IDoorGrain
    {
        private readonly Lock _lock = new();
        private Door _door = Door.Untouched;

        public Task<DoorAnswer> Answer(bool isRight) => Task.FromResult(Take(d => d.Answer(isRight, clock.GetUtcNow())));
        public Task<CodeReceipt> SendCode(ImmutableArray<byte> digest) => Task.FromResult(new CodeReceipt(Take(d => d.SendCode(digest, clock.GetUtcNow())), _door.CodeNumber));
        public Task<DoorAnswer> TryCode(ImmutableArray<byte> digest) => Task.FromResult(Take(d => d.TryCode(digest, clock.GetUtcNow())));

        private DoorAnswer Take(Func<Door, DoorDecision> decide)
        {
            lock (_lock)
            {
                var decided = decide(_door);
                if (decided.Event is { } happened) _door = _door.Apply(happened, clock.GetUtcNow());
                return decided.Answer;
            }
        }
    }
}

/// <summary>Marked test persons: their words may only appear where somebody is entitled to them.</summary>
internal sealed class FakePeople : IRecipients
{
    public static readonly RecipientFacts Canary = new()
    {
        Name = "Canaria Testmann", Email = "canary@example.org", Phone = "+49 30 1234567", Address = ["Canaryweg 12"], PostalCode = "10 115", City = "Berlin", Country = "DE", Order = "W-2026-77",
        Items = [new ParcelItem("CANARY wool hat", 1), new ParcelItem("CANARY gloves", 2)],
    };

    private readonly ConcurrentDictionary<ShipmentKey, RecipientFacts> _known = new();
    private readonly ConcurrentDictionary<string, GuestOrder> _orders = new();

    public void Add(ShipmentKey key, RecipientFacts facts) => _known[key] = facts;
    public ConcurrentDictionary<OrderKey, ImmutableArray<string>> BoughtBefore { get; } = new();
    public ValueTask<ImmutableArray<string>> BoughtBeforeAsync(OrderKey order, CancellationToken cancel = default) => new(BoughtBefore.GetValueOrDefault(order, []));
    public void AddOrder(string retailer, string number, GuestOrder order) => _orders[retailer + "/" + number] = order;

    public ValueTask<RecipientFacts?> FindAsync(ShipmentKey key, string useId, CancellationToken cancel = default) => new(_known.GetValueOrDefault(key));
    public ValueTask<GuestOrder?> FindOrderAsync(string retailer, string number, CancellationToken cancel = default) => new(_orders.GetValueOrDefault(retailer + "/" + number));
}

/// <summary>Keeps what was sent.</summary>
internal sealed class FakeMail : INotices
{
    public ConcurrentQueue<Notice> Sent { get; } = new();
    public ValueTask SendAsync(Notice notice, CancellationToken cancel = default)
    {
        Sent.Enqueue(notice);
        return ValueTask.CompletedTask;
    }

    public ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default) => new(0);
}
