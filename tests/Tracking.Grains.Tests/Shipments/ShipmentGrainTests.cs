using System.Collections.Immutable;
using Tracking.Contracts.Live;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Shipments;

public sealed class ShipmentGrainTests
{
    private static ScanBatch Batch(params Scan[] scans) => new([.. scans], A.LongAfter, []);

    [Fact]
    public async Task A_recorded_scan_can_be_read_by_anyone_at_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();

        var receipt = await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00", city: "Duluth"), A.Scan(Milestone.OutForDelivery, "2025-03-11T09:00:00-05:00")));

        receipt.Outcomes.ShouldBe([ScanOutcome.Accepted, ScanOutcome.Accepted]);
        receipt.Version.ShouldBe(1);   // one append for one batch
        var view = await silo.Reader.ReadAsync(A.Key);
        view!.Status.ShouldBe(Milestone.OutForDelivery);
        view.Events.Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_scan_sent_again_is_a_duplicate_and_stores_nothing()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var scan = A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00");
        await silo.Shipment().RecordScans(Batch(scan));

        (await silo.Shipment().RecordScans(Batch(scan, scan))).Outcomes.ShouldBe([ScanOutcome.Duplicate, ScanOutcome.Duplicate]);
        silo.Journal.Appends.ShouldBe(1);
    }

    [Fact]
    public async Task What_cannot_be_stored_is_failed_and_not_believed()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        silo.Journal.Refuse = _ => new JournalUnavailableException("The database is away.");
        var scan = A.Scan(Milestone.Delivered, "2025-03-11T08:00:00-05:00");

        (await silo.Shipment().RecordScans(Batch(scan))).Outcomes.ShouldBe([ScanOutcome.Failed]);
        (await silo.Reader.ReadAsync(A.Key)).ShouldBeNull();

        silo.Journal.Refuse = _ => null;
        (await silo.Shipment().RecordScans(Batch(scan))).Outcomes.ShouldBe([ScanOutcome.Accepted]);
    }

    [Fact]
    public async Task A_lost_reply_is_failed_and_the_resend_finds_it_stored_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        silo.Journal.LoseReply = _ => new JournalOutcomeUnknownException("The connection broke.");
        var scan = A.Scan(Milestone.Delivered, "2025-03-11T08:00:00-05:00");
        (await silo.Shipment().RecordScans(Batch(scan))).Outcomes.ShouldBe([ScanOutcome.Failed]);

        silo.Journal.LoseReply = _ => null;
        (await silo.Shipment().RecordScans(Batch(scan))).Outcomes.ShouldBe([ScanOutcome.Duplicate]);
        silo.Journal.Appends.ShouldBe(1);
    }

    [Fact]
    public async Task An_activation_that_another_one_overtook_is_fenced_reads_again_and_decides_once_more()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.Accepted, "2025-03-10T08:00:00-05:00")));

        // Another activation writes version 2 behind this one's back.
        var other = A.Shipment().Apply(await OnlyAppendAsync(silo)).Record([A.Scan(Milestone.InTransit, "2025-03-10T20:00:00-05:00")], A.LongAfter, A.LongAfter, Domain.Estimates.EddSnapshot.ColdStart);
        await ((IEventJournal)silo.Journal).AppendAsync(AppendCodec.Encode(ShipmentStream.Of(A.Key), 2, other.Append!, [], null));

        var late = A.Scan(Milestone.OutForDelivery, "2025-03-11T08:00:00-05:00");
        (await silo.Shipment().RecordScans(Batch(late))).Outcomes.ShouldBe([ScanOutcome.Accepted]);
        (await silo.Shipment().RecordScans(Batch(late))).Outcomes.ShouldBe([ScanOutcome.Duplicate]);

        var view = await silo.Reader.ReadAsync(A.Key);
        view!.Version.ShouldBe(3);
        view.Events.Length.ShouldBe(3);
    }

    [Fact]
    public async Task A_watching_node_gets_the_newest_view_and_only_what_is_newer()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00", city: "Duluth")));
        var node = new Node();
        var reference = silo.Silo.Grains.CreateObjectReference<IWatchNode>(node);

        var view = await silo.Shipment().Watch(reference, TimeSpan.FromSeconds(15), knownVersion: 0);

        view!.Version.ShouldBe(1);
        view.Events[0].Place!.City.ShouldBe("Duluth");
        (await silo.Shipment().Watch(reference, TimeSpan.FromSeconds(15), knownVersion: 1)).ShouldBeNull();
    }

    [Fact]
    public async Task A_number_nobody_has_heard_of_cannot_be_watched()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        (await silo.Shipment().Watch(silo.Silo.Grains.CreateObjectReference<IWatchNode>(new Node()), TimeSpan.FromSeconds(15), 0)).ShouldBeNull();
    }

    [Fact]
    public async Task The_shared_view_carries_no_personal_data_and_the_full_one_does()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var scan = A.Scan(Milestone.Delivered, "2025-03-11T08:00:00-05:00") with
        {
            Raw = new RawCodes(Code: "KB", Text: "canary-text"),
            Place = new Place(Line: "canary-street 1", City: "Duluth", PostalCode: "55802", Country: "US", Lat: 46.78, Lon: -92.1),
            Delivery = new DeliveryProof(SignedBy: "canary-name"),
        };
        await silo.Shipment().RecordScans(Batch(scan));

        var shared = System.Text.Json.JsonSerializer.Serialize(await silo.Reader.ReadAsync(A.Key));
        shared.ShouldNotContain("canary");
        shared.ShouldNotContain("46.78");
        shared.ShouldNotContain("55802");
        var full = (await silo.Reader.ReadFullAsync(A.Key))!.Events[0];
        (full.Raw!.Text, full.Proof!.SignedBy, full.Place!.Line).ShouldBe(("canary-text", "canary-name", "canary-street 1"));
    }

    [Fact]
    public async Task A_link_opens_its_shipment_and_nothing_else_does()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00")));
        var view = (await silo.Reader.ReadAsync(A.Key))!;
        var token = silo.Reader.LinkToken(A.Key, view.UseId, LinkTokens.Public, view.LinkGeneration);

        token.Length.ShouldBe(22);
        (await silo.Reader.OpenLinkAsync(token))!.Key.ShouldBe(A.Key);
        (await silo.Reader.OpenLinkAsync(token[..^1])).ShouldBeNull();
        (await silo.Reader.OpenLinkAsync(token[..^1] + (token[^1] == 'A' ? 'B' : 'A'))).ShouldBeNull();
        (await silo.Reader.OpenLinkAsync("../../../etc/passwd....")).ShouldBeNull();
    }

    [Fact]
    public async Task Withdrawn_links_are_of_the_past_and_the_next_one_opens()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00")));
        var before = (await silo.Reader.ReadAsync(A.Key))!;
        var old = silo.Reader.LinkToken(A.Key, before.UseId, LinkTokens.Public, before.LinkGeneration);

        (await silo.Shipment().WithdrawLinks(before.LinkGeneration)).ShouldBe(new LinkWithdrawal(true, 1, null));

        var after = (await silo.Reader.ReadAsync(A.Key))!;
        (after.LinkGeneration, after.Status, after.Events.Length).ShouldBe((1, before.Status, before.Events.Length));
        (await silo.Reader.OpenLinkAsync(old))!.Generation.ShouldBeLessThan(after.LinkGeneration);
        (await silo.Reader.OpenLinkAsync(silo.Reader.LinkToken(A.Key, after.UseId, LinkTokens.Public, 1)))!.ShouldBe(new LinkTarget(A.Key, after.UseId, LinkTokens.Public, 1));

        // Sent again it withdraws nothing newer, and what comes afterwards stays with the new links.
        (await silo.Shipment().WithdrawLinks(before.LinkGeneration)).ShouldBe(new LinkWithdrawal(true, 1, null));
        silo.Journal.Appends.ShouldBe(2);
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.Delivered, "2025-03-12T08:00:00-05:00")));
        (await silo.Reader.ReadAsync(A.Key))!.LinkGeneration.ShouldBe(1);
        (await silo.Reader.HistoryAsync(A.Key))!.Entries[1].Decisions[^1].Why.ShouldBe("Links of audience link are valid from generation 1 on.");
    }

    [Fact]
    public async Task What_is_not_stored_is_not_withdrawn_and_a_shipment_nobody_knows_has_no_links()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        (await silo.Shipment().WithdrawLinks(0)).Known.ShouldBeFalse();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00")));
        silo.Journal.Refuse = _ => new JournalUnavailableException("The database is away.");
        (await silo.Shipment().WithdrawLinks(0)).Problem.ShouldBe("The database is away.");
        silo.Journal.Refuse = _ => null;
        (await silo.Reader.ReadAsync(A.Key))!.LinkGeneration.ShouldBe(0);
        (await silo.Shipment().WithdrawLinks(0)).Generation.ShouldBe(1);
    }

    [Fact]
    public async Task A_replaced_window_is_kept_beside_the_new_one_for_the_page_to_strike_out()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var start = silo.Silo.Clock.GetUtcNow();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, start.ToString("O"))));
        var first = (await silo.Reader.ReadAsync(A.Key))!;
        first.WindowBefore.ShouldBeNull();

        await silo.Silo.Elapse(TimeSpan.FromHours(30));
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.OutForDelivery, silo.Silo.Clock.GetUtcNow().ToString("O"))));

        var second = (await silo.Reader.ReadAsync(A.Key))!;
        second.Window!.Revisions.ShouldBe(1);
        second.WindowBefore.ShouldBe(first.Window);
        var shipment = A.Shipment();
        await foreach (var row in ((IEventJournal)silo.Journal).ReadAsync(ShipmentStream.Of(A.Key))) shipment = shipment.Apply(ShipmentJson.Read(row.Open.Span));
        ShipmentSnapshot.Read(A.Key, ShipmentSnapshot.Write(shipment), silo.Silo.Clock.GetUtcNow())!.ShownBefore.ShouldBe(first.Window);
    }

    [Fact]
    public async Task Every_append_answers_why()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Shipment().RecordScans(Batch(A.Scan(Milestone.InTransit, "2025-03-11T08:00:00-05:00")));

        var decisions = (await silo.Reader.HistoryAsync(A.Key))!.Entries.Single().Decisions;

        decisions.Select(d => d.Type).ShouldBe(["use", "milestone", "estimate", "window"]);
        decisions.ShouldAllBe(d => d.Why.Length > 10 && d.Why.EndsWith('.'));
    }

    private static async Task<ShipmentAppend> OnlyAppendAsync(GrainTestSilo silo)
    {
        await foreach (var row in silo.Journal.ReadAsync(ShipmentStream.Of(A.Key))) return ShipmentJson.Read(row.Open.Span);
        throw new InvalidOperationException("nothing was stored");
    }

    private sealed class Node : IWatchNode
    {
        public Task Push(ImmutableArray<ShipmentView> views) => Task.CompletedTask;
    }
}
