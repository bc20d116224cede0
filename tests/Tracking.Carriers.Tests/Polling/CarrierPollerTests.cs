using System.Text;
using System.Text.Json;
using Tracking.Carriers.Polling;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Carriers.Tests.Polling;

public sealed class CarrierPollerTests : IDisposable
{
    private readonly StandInCarrier _carrier = new();
    private readonly ManualClock _clock = new();
    private readonly HttpClient _http = new();
    private readonly Answers _answers = new();

    public void Dispose()
    {
        _http.Dispose();
        _carrier.Dispose();
    }

    private sealed class Answers : IPollHost
    {
        public List<PollAnswer> Taken { get; } = [];
        public Action<PollAnswer> On { get; set; } = _ => { };
        public Func<PollTarget, PollTarget?> Look { get; set; } = known => known;
        public bool Known { get; set; } = true;

        public ValueTask<PollTarget?> LookAsync(PollTarget known, CancellationToken cancel) => new(Look(known));

        public ValueTask<bool> TakeAsync(PollAnswer answer, CancellationToken cancel)
        {
            On(answer);
            lock (Taken) Taken.Add(answer);
            return new(Known);
        }
    }

    private PollAccount Account(string carrier, string retailer = "acme", int perMinute = 600) => new PollAccount
    {
        Carrier = carrier, ClientId = "id", ClientSecret = "secret", BaseAddress = _carrier.Address, RequestsPerMinute = perMinute,
    }.Of(retailer);

    private CarrierPoller Poller(params PollAccount[] accounts) => new(accounts, [], _http, _answers, _clock, () => 0.5);

    private PollTarget Target(string carrier, string number, Milestone status = Milestone.InTransit, string retailer = "acme")
        => new(new ShipmentKey(retailer, carrier, number), status, _clock.GetUtcNow());

    private static Task<PollRound> Ask(CarrierPoller poller) => poller.AskDueAsync(TestContext.Current.CancellationToken);

    // ---- who is asked ----------------------------------------------------------------------------------------------------

    [Fact]
    public async Task A_carrier_that_pushes_is_never_asked()
    {
        var poller = new CarrierPoller([Account("dhl"), Account("ups")], [("acme", "dhl-express")], _http, _answers, _clock, () => 0.5);

        poller.Watch(Target("dhl-express", "4629105526")).ShouldBeFalse();
        poller.Watch(Target("ups", "1Z7X904E0342100870") with { Pushed = true }).ShouldBeFalse();
        poller.Watched.ShouldBe(0);
        poller.NextDue.ShouldBeNull();
        (await Ask(poller)).ShouldBe(PollRound.Nothing);
        _carrier.Questions.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_shipment_that_a_push_told_of_is_no_longer_asked_for()
    {
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "1Z7X904E0342100870")).ShouldBeTrue();
        poller.Watch(Target("ups", "1Z7X904E0342100870") with { Pushed = true }).ShouldBeFalse();

        await Ask(poller);

        _carrier.Questions.ShouldBeEmpty();
    }

    [Fact]
    public async Task Every_retailer_asks_with_its_own_account()
    {
        var poller = Poller(Account("dhl"), Account("dhl", "other"));
        poller.Watch(Target("dhl", "1")).ShouldBeTrue();
        poller.Watch(Target("dhl", "2", retailer: "third")).ShouldBeFalse();

        await Ask(poller);

        _answers.Taken.Single().Retailer.ShouldBe("acme");
    }

    [Fact]
    public void Two_accounts_for_one_carrier_and_a_carrier_nobody_can_ask_are_refused()
    {
        Should.Throw<ArgumentException>(() => Poller(Account("ups"), Account("UPS")));
        Should.Throw<ArgumentException>(() => Poller(Account("evri"))).Message.ShouldContain("evri");
    }

    // ---- how they are asked ----------------------------------------------------------------------------------------------

    [Fact]
    public async Task Ups_is_asked_by_number_with_a_token_got_by_basic_authentication()
    {
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "1Z7X904E0342100870"));

        await Ask(poller);

        _carrier.TokenRequests.Single().Header("Authorization").ShouldBe("Basic " + Convert.ToBase64String("id:secret"u8));
        var asked = _carrier.Questions.Single();
        asked.Path.ShouldStartWith("/api/track/v1/details/1Z7X904E0342100870?");
        asked.Header("Authorization").ShouldBe("Bearer tok-1");
        asked.Header("transId").ShouldNotBeNullOrEmpty();
        asked.Header("transactionSrc").ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task FedEx_is_asked_for_thirty_numbers_at_once()
    {
        var poller = Poller(Account("fedex"));
        for (var i = 0; i < 31; i++) poller.Watch(Target("fedex", $"6129045510{i:00}"));

        var round = await Ask(poller);

        round.Answered.ShouldBe(31);
        _carrier.Questions.Count.ShouldBe(2);
        var first = JsonDocument.Parse(_carrier.Questions.First().Body).RootElement;
        first.GetProperty("includeDetailedScans").GetBoolean().ShouldBeTrue();
        first.GetProperty("trackingInfo").GetArrayLength().ShouldBe(30);
        first.GetProperty("trackingInfo")[0].GetProperty("trackingNumberInfo").GetProperty("trackingNumber").GetString().ShouldBe("612904551000");
    }

    [Fact]
    public async Task Usps_is_asked_for_detail_with_the_tracking_scope()
    {
        var poller = Poller(Account("usps"));
        poller.Watch(Target("usps", "9400111899560440177222"));

        await Ask(poller);

        _carrier.TokenRequests.Single().Body.ShouldContain("\"scope\":\"tracking\"");
        _carrier.Questions.Single().Path.ShouldBe("/tracking/v3/tracking/9400111899560440177222?expand=DETAIL");
    }

    [Theory]
    [InlineData("dhl-express", "&service=express")]
    [InlineData("dhl-paket", "&service=parcel-de")]
    [InlineData("dhl-parcel-nl", "&service=parcel-nl")]
    [InlineData("dhl", "")]
    public async Task Dhl_is_asked_with_a_key_and_for_the_division(string carrier, string service)
    {
        var poller = Poller(Account("dhl"));
        poller.Watch(Target(carrier, "4629105526"));

        await Ask(poller);

        var asked = _carrier.Questions.Single();
        asked.Path.ShouldBe("/track/shipments?trackingNumber=4629105526" + service);
        asked.Header("DHL-API-Key").ShouldBe("secret");
        _carrier.TokenRequests.ShouldBeEmpty();
    }

    [Fact]
    public async Task An_answer_reaches_the_decoder_of_its_format_byte_for_byte()
    {
        var body = Encoding.UTF8.GetString(Decoded.Sample("usps/tracking-v3.json"));
        _carrier.Answer = _ => (200, body, null);
        var poller = Poller(Account("usps"));
        poller.Watch(Target("usps", "9400111899560440177222"));

        await Ask(poller);

        var answer = _answers.Taken.Single();
        answer.ReceivedAt.ShouldBe(_clock.GetUtcNow());
        var decoder = FeedDecoders.Find(answer.Format).ShouldNotBeNull();
        decoder.Decode(answer.Body, new FeedContext { Channel = "poll" }).SelectMany(i => i.Scans).First().Status.ShouldBe(Milestone.AttemptFailed);
    }

    // ---- tokens ----------------------------------------------------------------------------------------------------------

    [Fact]
    public async Task A_token_serves_until_a_minute_before_its_end()
    {
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1"));
        await Ask(poller);
        _clock.Advance(TimeSpan.FromMinutes(58));
        poller.Watch(Target("ups", "A2"));
        await Ask(poller);
        _carrier.TokenRequests.Count.ShouldBe(1);

        _clock.Advance(TimeSpan.FromMinutes(2));
        poller.Watch(Target("ups", "A3"));
        await Ask(poller);
        _carrier.TokenRequests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_token_the_carrier_no_longer_takes_is_fetched_again_once()
    {
        var given = 0;
        _carrier.Token = _ => (200, $$"""{"access_token":"tok-{{++given}}","expires_in":3600}""", null);
        _carrier.Answer = q => q.Header("Authorization") == "Bearer tok-2" ? (200, "{}", null) : (401, "", null);
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1"));

        (await Ask(poller)).Answered.ShouldBe(1);
        given.ShouldBe(2);
    }

    [Fact]
    public async Task A_refused_account_is_told_once_and_waits_half_an_hour()
    {
        _carrier.Token = _ => (401, """{"error":"invalid_client"}""", null);
        var poller = Poller(Account("usps"));
        for (var i = 0; i < 5; i++) poller.Watch(Target("usps", $"A{i}"));

        var round = await Ask(poller);

        round.Problems.Single().ShouldSatisfyAllConditions(p => p.ShouldContain("acme"), p => p.ShouldNotContain("secret"));
        _carrier.TokenRequests.Count.ShouldBe(1);
        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddMinutes(30));
        poller.Watched.ShouldBe(5);
    }

    // ---- when they are asked ---------------------------------------------------------------------------------------------

    [Fact]
    public async Task An_answered_question_is_asked_again_by_the_status_it_had()
    {
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1", Milestone.OutForDelivery));
        poller.Watch(Target("ups", "A2"));
        await Ask(poller);

        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddMinutes(20));
        _clock.Advance(TimeSpan.FromMinutes(20));
        await Ask(poller);
        _carrier.Questions.Count.ShouldBe(3);
    }

    [Fact]
    public async Task News_in_the_answer_change_the_schedule_and_never_ask_at_once_again()
    {
        var poller = Poller(Account("ups"));
        _answers.On = a => poller.Watch(a.Asked[0] with { Status = Milestone.OutForDelivery, LastHeardAt = _clock.GetUtcNow() });
        poller.Watch(Target("ups", "A1"));

        await Ask(poller);

        _carrier.Questions.Count.ShouldBe(1);
        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddMinutes(20));
    }

    [Fact]
    public async Task A_delivery_in_the_answer_ends_the_questions()
    {
        var poller = Poller(Account("ups"));
        _answers.On = a => poller.Watch(a.Asked[0] with { Status = Milestone.Delivered });
        poller.Watch(Target("ups", "A1"));

        await Ask(poller);

        poller.Watched.ShouldBe(0);
    }

    [Fact]
    public async Task A_number_the_carrier_does_not_know_yet_is_asked_for_again()
    {
        _carrier.Answer = _ => (404, """{"title":"No result found","status":404}""", null);
        var poller = Poller(Account("dhl"));
        poller.Watch(Target("dhl", "1", Milestone.LabelCreated));

        (await Ask(poller)).NotFound.ShouldBe(1);
        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddHours(4));
        _answers.Taken.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_budget_holds_questions_back_and_none_is_lost()
    {
        var poller = Poller(Account("dhl", perMinute: 6));   // one in ten seconds
        for (var i = 0; i < 3; i++) poller.Watch(Target("dhl", $"{i}"));

        await Ask(poller);
        _carrier.Questions.Count.ShouldBe(1);
        for (var i = 0; i < 2; i++)
        {
            _clock.MoveTo(poller.NextDue!.Value);
            await Ask(poller);
        }
        _carrier.Questions.Count.ShouldBe(3);
        _carrier.Questions.Select(q => q.Path).Distinct().Count().ShouldBe(3);
    }

    [Fact]
    public async Task Retry_after_is_obeyed_by_the_whole_account()
    {
        _carrier.Answer = _ => (429, "", 120);
        var poller = Poller(Account("usps"));
        poller.Watch(Target("usps", "A1"));
        poller.Watch(Target("usps", "A2"));

        await Ask(poller);

        _carrier.Questions.Count.ShouldBe(1);
        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddSeconds(120));
    }

    [Fact]
    public async Task A_carrier_that_fails_is_left_alone_and_others_go_on()
    {
        _carrier.Answer = q => q.Path.StartsWith("/track/shipments", StringComparison.Ordinal) ? (503, "", null) : (200, "{}", null);
        var poller = Poller(Account("dhl"), Account("ups"));
        for (var i = 0; i < 10; i++) poller.Watch(Target("dhl", $"{i}"));
        poller.Watch(Target("ups", "A1"));

        var round = await Ask(poller);

        (round.Failed, round.Answered).ShouldBe((3, 1));   // three failures in a row, then the account waits
        round.Problems.Single().ShouldContain("dhl");
        poller.Watched.ShouldBe(11);
        poller.NextDue!.Value.ShouldBeGreaterThan(_clock.GetUtcNow());
    }

    [Fact]
    public async Task A_carrier_that_cannot_be_reached_is_a_failure_and_no_crash()
    {
        var poller = Poller(new PollAccount { Carrier = "dhl", ClientSecret = "k", BaseAddress = new Uri("http://127.0.0.1:1/") }.Of("acme"));
        poller.Watch(Target("dhl", "1"));

        (await Ask(poller)).Failed.ShouldBe(1);
        poller.NextDue.ShouldBe(_clock.GetUtcNow().AddSeconds(45));
    }

    [Fact]
    public async Task An_answer_that_could_not_be_kept_is_asked_for_again()
    {
        _answers.On = _ => throw new IOException("disk full");
        var poller = Poller(Account("dhl"));
        poller.Watch(Target("dhl", "1"));
        (await Ask(poller)).ShouldSatisfyAllConditions(r => r.Failed.ShouldBe(1), r => r.Problems.Count.ShouldBe(1));

        _answers.On = _ => { };
        _clock.MoveTo(poller.NextDue!.Value);
        (await Ask(poller)).Answered.ShouldBe(1);
    }

    [Fact]
    public async Task A_number_the_carrier_finds_no_good_does_not_hold_up_the_others()
    {
        _carrier.Answer = q => q.Path.Contains("BAD", StringComparison.Ordinal) ? (400, """{"response":{"errors":[{"code":"TV1002"}]}}""", null) : (200, "{}", null);
        var poller = Poller(Account("ups"));
        for (var i = 0; i < 5; i++) poller.Watch(Target("ups", $"BAD{i}"));
        poller.Watch(Target("ups", "Z1"));

        (await Ask(poller)).ShouldSatisfyAllConditions(r => r.NotFound.ShouldBe(5), r => r.Answered.ShouldBe(1), r => r.Failed.ShouldBe(0));
    }

    [Fact]
    public async Task A_polite_not_found_inside_an_answer_counts_as_one()
    {
        _answers.Known = false;
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1"));

        (await Ask(poller)).ShouldSatisfyAllConditions(r => r.NotFound.ShouldBe(1), r => r.Answered.ShouldBe(0));
    }

    [Fact]
    public async Task What_was_pushed_or_delivered_elsewhere_meanwhile_is_not_asked_for()
    {
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1"));
        poller.Watch(Target("ups", "A2"));
        poller.Watch(Target("ups", "A3"));
        _answers.Look = known => known.Key.Number switch { "A1" => known with { Pushed = true }, "A2" => known with { Status = Milestone.Delivered }, _ => null };

        await Ask(poller);

        _carrier.Questions.ShouldBeEmpty();
        poller.Watched.ShouldBe(0);
    }

    [Fact]
    public async Task An_account_that_another_node_asks_with_waits_here()
    {
        var poller = Poller(Account("ups"));
        poller.Own("acme", "ups", false);
        poller.Watch(Target("ups", "A1"));
        await Ask(poller);
        _carrier.Questions.ShouldBeEmpty();
        poller.Backlog().Single().ShouldSatisfyAllConditions(b => b.Watched.ShouldBe(1), b => b.Due.ShouldBe(1));

        poller.Own("acme", "ups", true);
        await Ask(poller);
        _carrier.Questions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_schedule_that_was_stored_goes_on_where_it_was()
    {
        var before = Poller(Account("ups"));
        before.Watch(Target("ups", "A1"));
        await Ask(before);
        var stored = before.Schedule("acme", "ups").Single();
        stored.Due.ShouldBe(new PollDue(_clock.GetUtcNow().AddHours(1), 0));

        var after = Poller(Account("ups"));
        after.Watch(Target("ups", "A1"), stored.Due);
        after.NextDue.ShouldBe(stored.Due.Due);
        (await Ask(after)).Asked.ShouldBe(0);
    }

    [Fact]
    public async Task A_hundred_questions_ask_for_a_hundred_parcels_once_each()
    {
        var poller = Poller(Account("dhl"));   // ten a second, a hundred at the start
        for (var i = 0; i < 100; i++) poller.Watch(Target("dhl", $"{i:00}"));

        (await Ask(poller)).Answered.ShouldBe(100);
        _carrier.Questions.Select(q => q.Path).Distinct().Count().ShouldBe(100);
        poller.Watched.ShouldBe(100);
    }

    [Fact]
    public async Task A_division_that_pushes_is_not_asked_and_another_is()
    {
        var poller = new CarrierPoller([Account("dhl")], [("acme", "dhl-express")], _http, _answers, _clock, () => 0.5);
        poller.Watch(Target("dhl-express", "4629105526")).ShouldBeFalse();
        poller.Watch(Target("dhl-paket", "00340434161094027318")).ShouldBeTrue();
        await Ask(poller);
        _carrier.Questions.Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_is_forgotten_while_it_is_asked_for_stays_forgotten()
    {
        var poller = Poller(Account("ups"));
        _answers.On = a => poller.Forget(a.Asked[0].Key);
        poller.Watch(Target("ups", "A1"));

        await Ask(poller);

        poller.Watched.ShouldBe(0);
    }

    [Fact]
    public async Task Running_waits_for_what_is_due_and_stops_when_told()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var rounds = 0;
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var poller = Poller(Account("ups"));
        poller.Watch(Target("ups", "A1"));

        var running = poller.RunAsync((_, _, _) => { rounds++; asked.TrySetResult(); }, stop.Token);
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await running;

        rounds.ShouldBe(1);
    }
}
