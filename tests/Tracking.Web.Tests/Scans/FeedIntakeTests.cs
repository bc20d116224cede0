using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans;
using Tracking.Carriers;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Testing;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Tests.Scans;

public sealed class FeedIntakeTests
{
    private const string Rows = "trackingNumber;carrier;status;occurredAt\nA1;dpd;IN_TRANSIT;2026-03-01T10:00:00Z\nA2;dpd;DELIVERED;2026-03-01T11:00:00Z\n";
    private static readonly Retailer Acme = new("acme", new RetailerOptions());
    private static readonly FeedContext Context = new() { Feed = "csv", Channel = "api", ReceivedAt = new DateTimeOffset(2026, 3, 2, 9, 0, 0, TimeSpan.Zero) };

    private readonly Quarantine _quarantine = new();
    private readonly HashSet<string> _failing = [];

    private FeedIntake Intake()
    {
        var clock = new ManualClock();
        var options = Options.Create(new IngestOptions());
        var grains = DispatchProxy.Create<IGrainFactory, Grains>();
        ((Grains)(object)grains).Answer = (key, batch) => new ScanReceipt([.. batch.Scans.Select(_ => _failing.Contains(key) ? ScanOutcome.Failed : ScanOutcome.Accepted)], 1, null);
        var gate = new IngestGate(options, clock);
        var metrics = new IngestMetrics(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), gate, clock);
        return new FeedIntake(new ScanIntake(grains, gate, metrics, clock, NullLogger<ScanIntake>.Instance), _quarantine, new FeedFormats("no-such-folder", clock, NullLogger<FeedFormats>.Instance), options);
    }

    private static QuarantinedItem Item => new("q1", "acme", "csv", null, Context.ReceivedAt, "row.columns", "…", "line 2", Encoding.UTF8.GetBytes(Rows));

    [Fact]
    public async Task A_replayed_item_stays_open_while_one_of_its_scans_is_not_known_to_be_stored()
    {
        _failing.Add("acme/dpd/A2");
        var intake = Intake();

        (await intake.ReplayAsync(Acme, Item, FeedDecoders.Find("csv")!, Context, Context.ReceivedAt, CancellationToken.None)).Select(a => a.Outcome).ShouldBe([ScanOutcome.Accepted, ScanOutcome.Failed]);
        _quarantine.Replayed.ShouldBeEmpty();

        _failing.Clear();
        (await intake.ReplayAsync(Acme, Item, FeedDecoders.Find("csv")!, Context, Context.ReceivedAt, CancellationToken.None)).ShouldAllBe(a => a.Outcome == ScanOutcome.Accepted);
        _quarantine.Replayed.ShouldBe(["q1"]);
    }

    [Fact]
    public async Task One_row_in_a_hundred_that_is_garbage_costs_exactly_itself()
    {
        var text = new StringBuilder("trackingNumber;carrier;status;occurredAt\n");
        for (var i = 0; i < 1000; i++) text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{(i % 100 == 7 ? "?!" : $"A{i}")};dpd;IN_TRANSIT;2026-03-01T10:{i / 60 % 60:00}:{i % 60:00}Z\n");
        var answers = new List<FeedAnswer>();
        await foreach (var part in Intake().TakeAsync(Acme, "csv", FeedDecoders.Find("csv")!.Decode(Encoding.UTF8.GetBytes(text.ToString()), Context), Context, "feed-1", CancellationToken.None)) answers.AddRange(part);

        answers.Count.ShouldBe(1000);
        answers.Count(a => a.Outcome == ScanOutcome.Accepted).ShouldBe(990);
        answers.Where(a => a.Outcome == ScanOutcome.Quarantined).Select(a => a.Pointer).ShouldBe(Enumerable.Range(0, 10).Select(i => $"line {i * 100 + 9}"));
        _quarantine.Items.Count.ShouldBe(10);
        _quarantine.Items.ShouldAllBe(i => i.Feed == "feed-1" && i.Code == "number.missing");
    }

    [Fact]
    public async Task What_cannot_be_quarantined_is_answered_failed_and_never_acked()
    {
        _quarantine.Refuses = true;
        var answers = new List<FeedAnswer>();
        await foreach (var part in Intake().TakeAsync(Acme, "csv", FeedDecoders.Find("csv")!.Decode("trackingNumber;status\n;DELIVERED\n"u8.ToArray(), Context), Context, null, CancellationToken.None)) answers.AddRange(part);

        answers.Single().Outcome.ShouldBe(ScanOutcome.Failed);
    }

    public class Grains : DispatchProxy
    {
        public Func<string, ScanBatch, ScanReceipt> Answer { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            var shipment = Create<IShipmentGrain, Shipment>();
            ((Shipment)(object)shipment).Answer = batch => Answer((string)args![0]!, batch);
            return shipment;
        }
    }

    public class Shipment : DispatchProxy
    {
        public Func<ScanBatch, ScanReceipt> Answer { get; set; } = null!;

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
            => targetMethod!.Name == nameof(IShipmentGrain.RecordScans) ? Task.FromResult(Answer((ScanBatch)args![0]!)) : throw new NotSupportedException(targetMethod.Name);
    }

    private sealed class Quarantine : IQuarantine
    {
        public List<QuarantinedItem> Items { get; } = [];
        public List<string> Replayed { get; } = [];
        public bool Refuses { get; set; }

        public ValueTask AddAsync(IReadOnlyList<QuarantinedItem> items, CancellationToken cancel = default)
        {
            if (Refuses) throw new IOException("full");
            Items.AddRange(items);
            return ValueTask.CompletedTask;
        }

        public ValueTask<IReadOnlyList<QuarantinedItem>> ListAsync(string retailer, DateTimeOffset? before, int limit, bool includeReplayed, CancellationToken cancel = default) => new(Items);
        public ValueTask<QuarantinedItem?> FindAsync(string retailer, string id, CancellationToken cancel = default) => new(Items.Find(i => i.Id == id));

        public ValueTask<bool> MarkReplayedAsync(string retailer, string id, DateTimeOffset at, CancellationToken cancel = default)
        {
            Replayed.Add(id);
            return new(true);
        }
    }
}
