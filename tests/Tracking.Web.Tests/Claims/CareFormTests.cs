using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Claims;
using Tracking.Web.Language;
using Tracking.Web.Pages;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Claims;

public sealed class CareFormTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly DateTimeOffset At = new(2026, 12, 1, 15, 0, 0, TimeSpan.Zero);

    private static CaseView View(ShipmentKey key) => new() { Key = key };
    private static readonly SignatureExpectation Needed = new() { Required = true, Rule = "value", Why = "dear", SetAt = At };

    private static async Task<(PageHost Host, FakeCases Cases)> StartAsync()
    {
        var cases = new FakeCases();
        var host = await PageHost.StartAsync(services: services => services.AddSingleton<ICaseBooks>(cases), map: app => app.MapCareForms());
        return (host, cases);
    }

    [Fact]
    public async Task A_page_says_who_must_be_home_and_takes_the_answer_by_a_form_of_ours()
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        cases.Views[view.Key] = View(view.Key) with { Signature = Needed };
        var html = await client.GetStringAsync($"/t/{token}", Cancel);
        html.ShouldContain("Somebody must be home when it comes");
        await client.PostAsync($"/t/{token}/signature", new FormUrlEncodedContent([new("form", "no.1.x"), new("answer", "home")]), Cancel);
        cases.Answers.ShouldBeEmpty();
        await client.PostAsync($"/t/{token}/signature", new FormUrlEncodedContent([new("form", FormIn(html)), new("answer", "home")]), Cancel);
        cases.Answers.ShouldBe(["home"]);
    }

    [Theory]
    [InlineData("hold"), InlineData("pickup")]
    public async Task Sending_it_elsewhere_takes_a_one_time_code(string answer)
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        var (token, view) = host.Parcels.Add();
        cases.Views[view.Key] = View(view.Key) with { Signature = Needed };
        var html = await client.GetStringAsync($"/t/{token}", Cancel);
        var asked = await client.PostAsync($"/t/{token}/signature", new FormUrlEncodedContent([new("form", FormIn(html)), new("answer", answer)]), Cancel);
        asked.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        asked.Headers.Location!.ToString().ShouldContain("/prove?then=change");
        cases.Answers.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_delivered_page_that_is_opened_is_noted_and_HEAD_is_not_opening()
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = host.Client();
        var (delivered, view) = host.Parcels.Add("delivered");
        var (moving, _) = host.Parcels.Add();
        await client.GetStringAsync($"/t/{moving}", Cancel);
        await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, $"/t/{delivered}"), Cancel);
        cases.Opened.ShouldBeEmpty();
        await client.GetStringAsync($"/t/{delivered}", Cancel);
        cases.Opened.ShouldBe([view.Key]);
    }

    [Fact]
    public async Task Satisfaction_is_asked_where_it_is_due_and_thanked_for()
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = host.Client();
        var (token, view) = host.Parcels.Add("delivered");
        (await client.GetStringAsync($"/t/{token}/survey", Cancel)).ShouldContain("nothing to ask");
        cases.Views[view.Key] = View(view.Key) with { Recoveries = [new Recovery { Id = "r", Cause = "lost", Remedy = "refund", Accepted = true, AskedAt = At }] };
        (await client.GetStringAsync($"/t/{token}", Cancel)).ShouldContain("How did we do?");
        var html = await client.GetStringAsync($"/t/{token}/survey", Cancel);
        foreach (var wrong in new[] { "0", "6", "x", "" })
            (await client.PostAsync($"/t/{token}/survey", new FormUrlEncodedContent([new("form", FormIn(html)), new("score", wrong)]), Cancel)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        cases.Scores.ShouldBeEmpty();
        (await (await client.PostAsync($"/t/{token}/survey", new FormUrlEncodedContent([new("form", FormIn(html)), new("score", "4")]), Cancel)).Content.ReadAsStringAsync(Cancel)).ShouldContain("Thank you.");
        cases.Scores.ShouldBe([4]);
    }

    [Fact]
    public async Task A_claim_is_taken_with_what_was_written_and_never_with_an_order_line_of_the_shoppers_making()
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = host.Client();
        var (token, view) = host.Parcels.Add("delivered");
        var html = await client.GetStringAsync($"/t/{token}/claims?lang=de", Cancel);
        html.ShouldContain("Es gilt als zugestellt, aber ich habe es nicht");
        await client.PostAsync($"/t/{token}/claims?lang=de", new FormUrlEncodedContent([new("form", FormIn(html)), new("kind", "missing-item"), new("item", "line-2"), new("text", "nur\u202e eins"), new("wish", "reship")]), Cancel);
        var filing = cases.Filings.ShouldHaveSingleItem();
        (filing.Kind, filing.Wish, filing.Line, filing.Text, filing.FiledBy, filing.Language, filing.Use).ShouldBe((ClaimKind.MissingItem, ClaimRemedy.Reship, null, "line-2\nnur eins", "shopper", "de", view.UseId));
        filing.Value.ShouldBeNull();
    }

    [Theory]
    [InlineData("claim-too-early", "Please wait until Sun, 6 Dec"), InlineData("claim-not-delivered", "has not been delivered yet"), InlineData("something-new", "could not be stored")]
    public async Task A_refusal_is_said_in_plain_words(string code, string words)
    {
        var (host, cases) = await StartAsync();
        await using var _ = host;
        using var client = host.Client();
        var (token, _) = host.Parcels.Add("delivered");
        cases.Refuse = new CaseRefusal(code, "for the shop", At.AddDays(5));
        var html = await client.GetStringAsync($"/t/{token}/claims", Cancel);
        var answer = await client.PostAsync($"/t/{token}/claims", new FormUrlEncodedContent([new("form", FormIn(html)), new("kind", "lost")]), Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await answer.Content.ReadAsStringAsync(Cancel)).ShouldContain(words);
    }

    [Fact]
    public async Task Whoever_the_shop_knows_proves_it_first()
    {
        var (host, _) = await StartAsync();
        await using var __ = host;
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };
        var (token, view) = host.Parcels.Add("delivered");
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        var asked = await client.GetAsync($"/t/{token}/claims", Cancel);
        asked.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        asked.Headers.Location!.ToString().ShouldContain("/prove");
    }

    public static TheoryData<string> Tags => [.. Languages.All.Select(t => t.Tag)];

    [Theory, MemberData(nameof(Tags))]
    public void Every_form_can_be_drawn_in_every_language(string tag)
    {
        var frame = new PageFrame("/t/x", "https://shop.example/t/x", Frames.Of(tag).Brand, Languages.Find(tag)!);
        foreach (var status in Enum.GetValues<ClaimStatus>())
            TrackingPage.DrawClaims(new ClaimPage([new Claim { Id = "c", UseId = "u", FiledBy = "shopper", Kind = ClaimKind.Lost, Status = status, Remedy = ClaimRemedy.Refund, Amount = new Money(4500, "EUR") }], "f", "said"), frame).ShouldContain("<form method=\"post\"");
        TrackingPage.DrawSurvey(new SurveyPage("f", false, true), frame).ShouldContain("value=\"5\"");
        TrackingPage.DrawSurvey(new SurveyPage(null, true), frame).ShouldNotContain("<form method=\"post\"");
    }

    private static string FormIn(string html) => WebUtility.HtmlDecode(Regex.Match(html, "name=\"form\" value=\"([^\"]+)\"").Groups[1].Value);

    private sealed class FakeCases : ICaseBooks, ICaseGrain
    {
        public ConcurrentDictionary<ShipmentKey, CaseView> Views { get; } = new();
        public List<ShipmentKey> Opened { get; } = [];
        public List<string> Answers { get; } = [];
        public List<int> Scores { get; } = [];
        public List<ClaimFiling> Filings { get; } = [];
        public CaseRefusal? Refuse { get; set; }

        public ICaseGrain Of(ShipmentKey parcel) => this;
        public Task<CaseView?> ReadAsync(ShipmentKey parcel, CancellationToken cancel) => Task.FromResult(Views.GetValueOrDefault(parcel));
        public void Seen(ShipmentKey parcel, string useId) => Opened.Add(parcel);

        public Task<CaseAnswer> File(ClaimFiling filing)
        {
            if (Refuse is null) Filings.Add(filing);
            return Task.FromResult(new CaseAnswer(null, Refuse));
        }

        public Task<CaseAnswer> Answer(string answer)
        {
            Answers.Add(answer);
            return Task.FromResult(new CaseAnswer(null));
        }

        public Task<CaseAnswer> Rate(int score)
        {
            Scores.Add(score);
            foreach (var (key, view) in Views) Views[key] = view with { Recoveries = [.. view.Recoveries.Select(r => r with { Score = score })] };
            return Task.FromResult(new CaseAnswer(null));
        }

        public Task<CaseAnswer> Decide(ClaimVerdict verdict) => throw new NotSupportedException();
        public Task<CaseAnswer> Expect(SignatureNotice notice) => throw new NotSupportedException();
        public Task Seen(string useId, DateTimeOffset at) => throw new NotSupportedException();
        public Task<CaseAnswer> Recovered(RecoveryNote note) => throw new NotSupportedException();
        public Task<CaseAnswer> BoughtAgain(string recoveryId) => throw new NotSupportedException();
        public Task Forget() => throw new NotSupportedException();
        public Task Wake() => throw new NotSupportedException();
    }
}
