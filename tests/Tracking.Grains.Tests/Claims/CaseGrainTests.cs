using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Claims;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Claims;
using Tracking.Grains.Orders;
using Tracking.Grains.Partitions;
using Tracking.Grains.Recovery;
using Tracking.Grains.Visits;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Claims;

public sealed class CaseGrainTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly Sent _sent = new();
    private readonly Dictionary<string, string?> _settings = new() { ["Retailers:demo:Signature:Above"] = "1000", ["Retailers:demo:Claims:AutomaticPerDay"] = "100" };
    private GrainTestSilo _silo = null!;

    public async ValueTask InitializeAsync()
    {
        _silo = await GrainTestSilo.StartAsync(more: services =>
        {
            services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(_settings).Build());
            services.AddSingleton<IRecipients, ShipmentRecipients>();
            services.AddSingleton<INotices>(_sent);
            services.AddSingleton(new OfferCodes(new byte[32]));
            services.AddOrders();
            services.AddCases();
        });
    }

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    private DateTimeOffset Now => _silo.Silo.Clock.GetUtcNow();
    private ICaseGrain Case(ShipmentKey? key = null) => _silo.Silo.Grains.GetGrain<ICaseGrain>((key ?? A.Key).ToString());
    private ICaseReader Reader => _silo.Silo.Services.GetRequiredService<ICaseReader>();

    private async Task ScanAsync(Milestone status, ShipmentKey? key = null, DeliveryProof? proof = null)
        => (await _silo.Shipment(key).RecordScans(new ScanBatch([A.Scan(status, Now.ToString("O"), key: key) with { Delivery = proof }], Now, []))).Problem.ShouldBeNull();

    private async Task DeliverAsync(ShipmentKey? key = null, DeliveryProof? proof = null)
    {
        await ScanAsync(Milestone.InTransit, key);
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(1));
        await ScanAsync(Milestone.Delivered, key, proof);
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(6));
    }

    private static ClaimFiling Missing(decimal value = 45, string customer = "c-7") => new() { Kind = ClaimKind.DeliveredNotReceived, Value = new Money((long)(value * 100), "EUR"), Customer = customer, Email = "ada@example.org", Text = "It is not here." };

    // What the partition reader would do with every row so far, twice.
    private async Task ReactAsync()
    {
        var reactions = _silo.Silo.Services.GetServices<IReaction>().ToList();
        for (var round = 0; round < 2; round++)
            foreach (var row in await RowsAsync())
                foreach (var reaction in reactions)
                    if (row.Marked && reaction.Kinds.Contains(row.Stream[0])) await reaction.ReactAsync(row, Cancel);
    }

    private async Task<List<JournalRow>> RowsAsync()
    {
        var rows = new List<JournalRow>();
        await foreach (var row in _silo.Journal.ReadAllAsync(Cancel)) rows.Add(row);
        return rows;
    }

    [Fact]
    public async Task A_small_first_claim_is_granted_at_once_stored_and_told_once()
    {
        await DeliverAsync();
        var answer = await Case().File(Missing());
        answer.Created.ShouldBeTrue();
        answer.Claim!.Status.ShouldBe(ClaimStatus.Granted);
        (await Case().File(Missing())).ShouldSatisfyAllConditions(a => a.Created.ShouldBeFalse(), a => a.ClaimId.ShouldBe(answer.ClaimId));
        await ReactAsync();
        var told = _sent.Notices.ShouldHaveSingleItem();
        (told.Kind, told.Facts.Amount, told.To!.Email).ShouldBe((NoticeKind.ClaimGranted, 45m, "ada@example.org"));
        told.Link!.ShouldStartWith("/t/");
        (await Reader.FindAsync("demo", answer.ClaimId!, Cancel))!.Claims[0].Status.ShouldBe(ClaimStatus.Granted);
    }

    [Fact]
    public async Task A_claim_is_read_by_its_own_retailer_only()
    {
        await DeliverAsync();
        var id = (await Case().File(Missing())).ClaimId!;
        (await Reader.FindAsync("other", id, Cancel)).ShouldBeNull();
        (await Reader.FindAsync("demo", id[..21] + "x", Cancel)).ShouldBeNull();
        (await _silo.Reader.OpenLinkAsync(id, Cancel)).ShouldBeNull("a claim's id opens no page");
    }

    [Fact]
    public async Task What_is_granted_in_a_day_ends_with_the_days_purse_and_then_a_person_decides()
    {
        var keys = Enumerable.Range(0, 5).Select(i => new ShipmentKey("demo", "ups", $"1Z{i}")).ToList();
        foreach (var key in keys) await ScanAsync(Milestone.InTransit, key);
        foreach (var key in keys) await ScanAsync(Milestone.Delivered, key);
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(6));
        var answers = await Task.WhenAll(keys.Select((key, i) => Case(key).File(Missing(45, "c-" + i))));
        answers.Count(a => a.Claim!.Status == ClaimStatus.Granted).ShouldBe(2);   // 2 x 45 of 100
        answers.Where(a => a.Claim!.Status != ClaimStatus.Granted).ShouldAllBe(a => a.Claim!.Status == ClaimStatus.Open && a.Claim.Reasons.Last().Contains("used up"));
    }

    [Fact]
    public async Task Earlier_claims_of_the_same_customer_count_and_a_refused_one_does_not()
    {
        var keys = Enumerable.Range(0, 4).Select(i => new ShipmentKey("demo", "ups", $"1Z{i}")).ToList();
        foreach (var key in keys) await ScanAsync(Milestone.Delivered, key);
        (await Case(keys[0]).File(Missing(1))).Refusal!.Code.ShouldBe("claim-too-early");
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(6));
        var evidence = new List<string>();
        foreach (var key in keys) evidence.Add((await Case(key).File(Missing(1))).Claim!.Evidence.First(e => e.Code.Contains("claim")).Says);
        evidence.ShouldBe(["This customer claimed nothing in the year before.", "This customer made 1 claim in the year before.", "This customer made 2 claims in the year before.", "This customer made 3 claims in the year before."]);
    }

    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task A_crash_at_any_append_grants_once(bool lostReply)
    {
        await DeliverAsync();
        for (var failAt = 1; failAt <= 4; failAt++)
        {
            var key = A.Key with { Number = "1ZCRASH" + failAt + (lostReply ? "L" : "F") };
            await ScanAsync(Milestone.Delivered, key);
            _silo.Silo.Clock.Advance(TimeSpan.FromDays(6));
            var (n, at) = (0, failAt);
            Exception? Break(JournalAppend append) => append.Stream[0] is 'k' or 'h' && ++n == at ? lostReply ? new JournalOutcomeUnknownException("lost") : new JournalUnavailableException("away") : null;
            if (lostReply) _silo.Journal.LoseReply = Break; else _silo.Journal.Refuse = Break;
            CaseAnswer answer;
            var tries = 0;
            do { answer = await Case(key).File(Missing(10, "c-" + failAt)); } while (answer.NotStored && ++tries < 10);
            await Case(key).Wake();
            _silo.Journal.Refuse = _silo.Journal.LoseReply = _ => null;
            (await Case(key).File(Missing(10, "c-" + failAt))).Claim!.Status.ShouldBe(ClaimStatus.Granted);
            (await RowsAsync()).Where(r => r.Stream == "k/" + key).SelectMany(r => CaseJson.Read(r.Open.Span).Events).Count(e => e is ClaimDecided).ShouldBe(1);
        }
    }

    [Fact]
    public async Task An_unknown_shipment_or_use_is_refused()
    {
        (await Case(new ShipmentKey("demo", "ups", "1ZNOWHERE")).File(Missing())).Refusal!.Code.ShouldBe("shipment-unknown");
        await DeliverAsync();
        (await Case().File(Missing() with { Use = "another" })).Refusal!.Code.ShouldBe("shipment-unknown");
    }

    [Fact]
    public async Task A_person_finds_the_claim_on_the_list_decides_it_and_it_leaves_the_list()
    {
        await DeliverAsync(proof: new DeliveryProof(SignedBy: "Canary Bird"));
        var id = (await Case().File(Missing(900))).ClaimId!;
        await _silo.Silo.Services.GetRequiredService<IHeadStore>().FlushAsync(Cancel);
        (await Reader.ListAsync("demo", open: true, null, 10, Cancel)).ShouldHaveSingleItem().Claims[0].Id.ShouldBe(id);
        (await Reader.ListAsync("other", open: true, null, 10, Cancel)).ShouldBeEmpty();
        var decided = await Case().Decide(new ClaimVerdict(id, true, ClaimRemedy.Reship, new Money(900_00, "EUR"), "ops-1", "The neighbour confirmed it.", "by phone"));
        decided.Claim!.Status.ShouldBe(ClaimStatus.Granted);
        await _silo.Silo.Services.GetRequiredService<IHeadStore>().FlushAsync(Cancel);
        (await Reader.ListAsync("demo", open: true, null, 10, Cancel)).ShouldBeEmpty();
        (await Reader.ListAsync("demo", open: false, null, 10, Cancel)).Count.ShouldBe(1);
        (await Reader.TextsAsync(A.Key, id, Cancel)).Select(t => t.Text ?? t.Note).ShouldBe(["It is not here.", "by phone"]);
    }

    [Fact]
    public async Task A_signature_is_told_when_it_ships_the_evening_before_and_after_a_missed_attempt()
    {
        var set = await Case().Expect(new SignatureNotice(null, new Money(2_400_00, "EUR"), [], "en", "Ada", "ada@example.org", Tell: true));
        set.Case!.Signature!.Rule.ShouldBe("value");
        await ScanAsync(Milestone.LabelCreated);
        await ReactAsync();
        _sent.Notices.Select(n => n.Kind).ShouldBe([NoticeKind.SignatureNeeded]);
        _silo.Silo.Clock.Advance(TimeSpan.FromHours(5));
        await ScanAsync(Milestone.InTransit);
        await ReactAsync();
        await ReactAsync();   // what the first round stored
        _sent.Notices.Select(n => n.Kind).ShouldBe([NoticeKind.SignatureNeeded, NoticeKind.Shipped]);
        _sent.Notices[1].Facts.SignatureNeeded.ShouldBeTrue();
        _silo.Silo.Clock.Advance(TimeSpan.FromHours(20));
        await ScanAsync(Milestone.AttemptFailed);
        await ReactAsync();
        await ReactAsync();
        _sent.Notices.Select(n => n.Kind).ShouldContain(NoticeKind.AttemptMissed);
        _sent.Notices.Select(n => n.Id).Distinct().Count().ShouldBe(_sent.Notices.Count);
    }

    [Fact]
    public async Task A_parcel_without_a_case_gets_none_because_it_moves()
    {
        await DeliverAsync();
        await ReactAsync();
        (await RowsAsync()).ShouldAllBe(r => r.Stream[0] == 's');
    }

    [Fact]
    public async Task A_recovery_is_asked_about_once_and_counted_with_its_answer()
    {
        await ScanAsync(Milestone.InTransit);
        await Case().Recovered(new RecoveryNote("offer-1", "promise-missed", "discount", new Money(500, "EUR"), true, "de", "Ada", "ada@example.org"));
        await ScanAsync(Milestone.Delivered);
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(3));
        await Case().Wake();
        await Case().Wake();
        await ReactAsync();
        var survey = _sent.Notices.ShouldHaveSingleItem();
        (survey.Kind, survey.Language).ShouldBe((NoticeKind.Survey, "de"));
        survey.Link!.ShouldEndWith("/survey");
        (await Case().Rate(4)).Case!.Recoveries[0].Score.ShouldBe(4);
        (await Case().Rate(1)).Case!.Recoveries[0].Score.ShouldBe(4);
    }

    // ---- the claim file --------------------------------------------------------------------------------------------------

    private async Task<List<string>> FileAsync()
    {
        var lines = new List<string>();
        await foreach (var line in Reader.FileAsync(A.Key, Cancel)) lines.Add(line);
        return lines;
    }

    [Fact]
    public async Task The_claim_file_is_whole_names_nobody_and_stays_whole_after_an_erasure()
    {
        await DeliverAsync(proof: new DeliveryProof(SignedBy: "Canary Bird"));
        var id = (await Case().File(Missing(900) with { Text = "canary", Name = "Canary Bird" })).ClaimId!;
        var hash = await Reader.FileHashAsync(A.Key, id, Cancel);
        var lines = await FileAsync();
        ClaimFile.Verify(lines, hash).ShouldBeNull();
        string.Concat(lines).ShouldNotContain("anary");
        lines.Count(l => l.Contains("\"sealed\":\"")).ShouldBe(2);   // the proof's name, the claimant's words

        await _silo.Journal.EraseAsync("k/" + A.Key, Cancel);
        await _silo.Journal.EraseAsync("s/" + A.Key, Cancel);
        (await FileAsync()).ShouldBe(lines);
        (await Reader.TextsAsync(A.Key, id, Cancel)).ShouldBeEmpty();
    }

    [Fact]
    public async Task The_digest_answered_with_a_decision_stays_in_every_later_file()
    {
        await DeliverAsync();
        var id = (await Case().File(Missing())).ClaimId!;
        var hash = await Reader.FileHashAsync(A.Key, id, Cancel);
        await ScanAsync(Milestone.InTransit);   // a late carrier replays, the page is opened, a survey is asked
        await Case().Seen((await _silo.Reader.ReadAsync(A.Key, cancel: Cancel))!.UseId, Now);
        _silo.Silo.Clock.Advance(TimeSpan.FromDays(4));
        await Case().Wake();
        var later = await FileAsync();
        ClaimFile.Verify(later, hash).ShouldBeNull();
        (await Reader.FileHashAsync(A.Key, id, Cancel)).ShouldBe(hash);
    }

    private sealed class Sent : INotices
    {
        private readonly Dictionary<string, Notice> _byId = [];
        public List<Notice> Notices => [.. _byId.Values];

        public ValueTask SendAsync(Notice notice, CancellationToken cancel = default)
        {
            _byId.TryAdd(notice.Id, notice);
            return default;
        }

        public ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default) => new(0);
    }
}
