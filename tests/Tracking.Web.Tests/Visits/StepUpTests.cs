using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed partial class StepUpTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    /// <summary>A person with a browser: keeps cookies, follows redirects only when told to.</summary>
    internal sealed class Visitor(PageHost host) : IDisposable
    {
        private readonly HttpClient _client = new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = new Uri(host.Address) };

        public async Task<string> ReadAsync(string path)
        {
            var answer = await _client.GetAsync(path, Cancel);
            var text = await answer.Content.ReadAsStringAsync(Cancel);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
            return text;
        }

        public async Task<HttpResponseMessage> SendAsync(string path, params (string Name, string Value)[] fields)
        {
            var page = await ReadAsync(path);
            return await SendFormAsync(path, FormOf(page), fields);
        }

        public Task<HttpResponseMessage> SendFormAsync(string path, string form, params (string Name, string Value)[] fields)
            => _client.PostAsync(path, new FormUrlEncodedContent([new("form", form), .. fields.Select(f => new KeyValuePair<string, string>(f.Name, f.Value))]), Cancel);

        public HttpClient Client => _client;

        public void Dispose() => _client.Dispose();
    }

    internal static string FormOf(string page) => FormValue().Match(page).Groups[1].Value;

    private static (string Token, ShipmentView View) Parcel(PageHost host, string state = "delivered")
    {
        var (token, view) = host.Parcels.Add(state);
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        return (token, view);
    }

    [Fact]
    public async Task The_link_alone_shows_nothing_of_the_person()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, _) = Parcel(host);
        foreach (var path in new[] { $"/t/{token}", $"/t/{token}?all=1", $"/t/{token}/view.json", $"/t/{token}/prove" })
            (await visitor.ReadAsync(path)).ShouldNotMatch("(?i)canar|10 ?115|1234567|porch");
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("Show items, address and proof");
        host.Parcels.FullReads.ShouldBe(0);
    }

    [Fact]
    public async Task The_postcode_shows_items_and_still_no_person()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, _) = Parcel(host);
        var answer = await visitor.SendAsync($"/t/{token}/prove", ("fact", "10115"));
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        answer.Headers.Location!.ToString().ShouldBe($"/t/{token}?lang=en");
        answer.Headers.GetValues("Set-Cookie").Single().ShouldMatch($"path=/t/{token}; samesite=lax; httponly");
        var page = await visitor.ReadAsync($"/t/{token}");
        page.ShouldContain("CANARY wool hat");
        page.ShouldContain("2 × CANARY gloves");
        page.ShouldNotContain("Canaria");
        page.ShouldNotContain("Signer");
        host.Parcels.FullReads.ShouldBe(0);
    }

    // The shop's own rule chooses by what is in the parcel, then by what was bought before; neither is asked for before somebody has shown to be the buyer.
    [Fact]
    public async Task What_the_shop_shows_fits_the_parcel_and_earlier_purchases_once_the_buyer_is_known()
    {
        await using var host = await PageHost.StartAsync(new()
        {
            ["Retailers:demo:Branding:Placements:0:Text:en"] = "New in", ["Retailers:demo:Branding:Placements:0:Link"] = "https://shop.example/new",
            ["Retailers:demo:Branding:Placements:1:Text:en"] = "Oars for your boat", ["Retailers:demo:Branding:Placements:1:Link"] = "https://shop.example/oars", ["Retailers:demo:Branding:Placements:1:Categories:0"] = "boats",
            ["Retailers:demo:Branding:Placements:2:Text:en"] = "Gloves to go with it", ["Retailers:demo:Branding:Placements:2:Link"] = "https://shop.example/gloves", ["Retailers:demo:Branding:Placements:2:Categories:0"] = "hats",
        });
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        host.Parcels.People.BoughtBefore[new OrderKey("demo", FakePeople.Canary.Order!)] = ["boats"];
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("New in");
        (await visitor.SendAsync($"/t/{token}/prove", ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("Oars for your boat");
        host.Parcels.People.Add(view.Key, FakePeople.Canary with { Items = [new ParcelItem("CANARY wool hat", 1, "hats")] });
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("Gloves to go with it");
        host.Parcels.People.Add(view.Key, FakePeople.Canary with { IsGift = true });
        (await visitor.ReadAsync($"/t/{token}")).ShouldNotContain("shop.example");
    }

    [Fact]
    public async Task No_link_on_a_page_is_dead_whatever_the_visitor_has_proven()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host, "moving");
        var (_, other) = host.Parcels.Add("delivered");
        host.Parcels.Orders.Add(FakePeople.Canary.Order!, gift: false, view, other);
        var (followed, pages) = (new HashSet<string>(), new Queue<string>([$"/t/{token}"]));
        void Look(string page) { foreach (Match to in Links().Matches(page)) if (followed.Add(WebUtility.HtmlDecode(to.Groups[1].Value))) pages.Enqueue(WebUtility.HtmlDecode(to.Groups[1].Value)); }
        for (var proven = 0; proven < 2; proven++)
        {
            while (pages.TryDequeue(out var path))
            {
                followed.Add(path);
                using var answer = await visitor.Client.GetAsync(path, Cancel);
                ((int)answer.StatusCode).ShouldBeInRange(200, 303, path);
                if (answer.Content.Headers.ContentType?.MediaType == "text/html") Look(await answer.Content.ReadAsStringAsync(Cancel));
            }
            if (proven > 0) break;
            (await visitor.SendAsync($"/t/{token}/prove", ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
            pages.Enqueue($"/t/{token}");
            pages.Enqueue($"/t/{token}?lang=de");
        }
        followed.Count.ShouldBeGreaterThan(12);
        followed.ShouldContain(path => path.StartsWith("/o/"));
        followed.ShouldContain(path => path.Contains("/change"));
        followed.ShouldContain(path => path.Contains("calendar.ics"));
    }

    // Addresses of our own, without a part of the page.
    [GeneratedRegex("(?:href|src)=\"(/[^\"#]*)\"")]
    private static partial Regex Links();

    [Fact]
    public async Task A_code_from_the_mailbox_shows_the_masked_person_and_the_proof_of_delivery_once()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        (await visitor.SendAsync($"/t/{token}/prove", ("send", "1"))).Headers.Location!.ToString().ShouldBe($"/t/{token}/prove?sent=1&lang=en");
        var notice = host.Parcels.Mail.Sent.ShouldHaveSingleItem();
        notice.Kind.ShouldBe(NoticeKind.AccessCode);
        notice.To!.Email.ShouldBe("canary@example.org");
        var code = notice.Facts.Code!;
        code.ShouldMatch("^[0-9]{6}$");

        (await visitor.SendAsync($"/t/{token}/prove", ("code", $" {code[..3]} {code[3..]} "))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        var page = await visitor.ReadAsync($"/t/{token}");
        page.ShouldContain("C••• T•••");
        page.ShouldContain("Can•••");
        page.ShouldContain("10 115 Berlin");
        page.ShouldContain("•••67");
        page.ShouldContain("Signed for by CANARY Signer");
        page.ShouldContain("CANARY carrier text");
        page.ShouldNotContain("Canaryweg");
        page.ShouldNotContain("1234567");

        using var thief = new Visitor(host);
        (await thief.SendAsync($"/t/{token}/prove", ("code", code))).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "a code opens once");
        (await thief.ReadAsync($"/t/{token}")).ShouldNotContain("Signer");

        (await visitor.SendFormAsync($"/t/{token}/prove", FormOf(page), ("forget", "1"))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        (await visitor.ReadAsync($"/t/{token}")).ShouldNotContain("Signer");
        view.Key.Number.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Five_wrong_answers_lock_everything_but_the_code()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        host.Parcels.People.AddOrder("demo", "W-2026-77", new GuestOrder("W-2026-77", view.Key, FakePeople.Canary, $"/t/{token}"));
        for (var i = 0; i < 3; i++) (await visitor.SendAsync($"/t/{token}/prove", ("fact", $"9999{i}"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        for (var i = 0; i < 2; i++) (await visitor.SendAsync("/track/demo", ("order", "W-2026-77"), ("fact", "wrong@example.org"))).StatusCode.ShouldBe(HttpStatusCode.NotFound);

        (await visitor.SendAsync($"/t/{token}/prove", ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden, "right, and locked");
        (await visitor.SendAsync("/track/demo", ("order", "W-2026-77"), ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.NotFound, "over all channels");
        await visitor.SendAsync($"/t/{token}/prove", ("send", "1"));
        (await visitor.SendAsync($"/t/{token}/prove", ("code", host.Parcels.Mail.Sent.Single().Facts.Code!))).StatusCode.ShouldBe(HttpStatusCode.SeeOther);
    }

    [Fact]
    public async Task A_hundred_answers_at_once_get_no_more_than_five_tries()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        var form = FormOf(await visitor.ReadAsync($"/t/{token}/prove"));
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => visitor.SendFormAsync($"/t/{token}/prove", form, ("fact", i < 99 ? $"{i:D5}" : "10115"))));
        answers.ShouldAllBe(a => a.StatusCode == HttpStatusCode.Forbidden || a.StatusCode == HttpStatusCode.SeeOther);
        (await visitor.SendFormAsync($"/t/{token}/prove", form, ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        var door = host.Get<IDoors>().Of(view.Key);
        (await door.Answer(true)).ShouldBe(DoorAnswer.Locked);
    }

    [Fact]
    public async Task Unknown_wrong_and_locked_get_one_and_the_same_answer_in_the_same_time()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        host.Parcels.People.AddOrder("demo", "W-1", new GuestOrder("W-1", view.Key, FakePeople.Canary, $"/t/{token}"));
        var bodies = new List<string>();
        var times = new List<TimeSpan>();
        foreach (var (order, fact) in new[] { ("nowhere", "10115"), ("W-1", "99999"), ("W-1", "99998"), ("W-1", "99997"), ("W-1", "99996"), ("W-1", "99995"), ("W-1", "10115") })
        {
            var form = FormOf(await visitor.ReadAsync("/track/demo"));
            var started = Stopwatch.GetTimestamp();
            var answer = await visitor.SendFormAsync("/track/demo", form, ("order", order), ("fact", fact));
            times.Add(Stopwatch.GetElapsedTime(started));
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            bodies.Add(FormValue().Replace(await answer.Content.ReadAsStringAsync(Cancel), ""));
        }
        bodies.Distinct().ShouldHaveSingleItem();
        times.ShouldAllBe(t => t >= StepUp.AnswerTakes - TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task An_order_number_and_a_second_fact_lead_to_the_page()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, view) = Parcel(host);
        host.Parcels.People.AddOrder("demo", "W-2026-77", new GuestOrder("W-2026-77", view.Key, FakePeople.Canary, $"/t/{token}"));
        var answer = await visitor.SendAsync("/track/demo", ("order", "W-2026-77"), ("fact", "Canary@Example.org "));
        answer.StatusCode.ShouldBe(HttpStatusCode.SeeOther);
        answer.Headers.Location!.ToString().ShouldBe($"/t/{token}");
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("CANARY wool hat");
        (await visitor.Client.GetAsync("/track/nobody", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Only_a_form_that_we_drew_for_this_link_is_answered()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, _) = Parcel(host);
        var (other, _) = Parcel(host);
        var foreign = FormOf(await visitor.ReadAsync($"/t/{other}/prove"));
        foreach (var form in new[] { "", "x", "a.b.c", foreign, foreign[..^1] + "A" })
            (await visitor.SendFormAsync($"/t/{token}/prove", form, ("fact", "10115"))).StatusCode.ShouldBe(HttpStatusCode.BadRequest, form);

        var own = FormOf(await visitor.ReadAsync($"/t/{token}/prove"));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/t/{token}/prove") { Content = new FormUrlEncodedContent([new("form", own), new("fact", "10115")]) };
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        (await visitor.Client.SendAsync(request, Cancel)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await visitor.Client.PostAsync($"/t/{token}/prove", new StringContent(new string('x', 9_000), null, "application/x-www-form-urlencoded"), Cancel)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Opening_a_link_as_a_mail_scanner_does_sends_and_uses_up_nothing()
    {
        await using var host = await PageHost.StartAsync();
        using var visitor = new Visitor(host);
        var (token, _) = Parcel(host);
        foreach (var path in new[] { $"/t/{token}/prove?send=1", $"/t/{token}/prove?code=123456&form=x", "/track/demo?order=x&fact=y" })
            (await visitor.Client.GetAsync(path, Cancel)).StatusCode.ShouldBe(HttpStatusCode.OK);
        host.Parcels.Mail.Sent.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_cookie_of_one_link_opens_no_other()
    {
        await using var host = await PageHost.StartAsync();
        var (token, _) = Parcel(host);
        var (other, _) = Parcel(host);
        var seal = host.Get<PageSeal>();
        using var client = host.Client();
        client.DefaultRequestHeaders.Add("Cookie", $"{PageVisits.LevelCookie}={seal.Prove(token, VisitLevel.Proven)}");
        (await client.GetStringAsync($"/t/{token}", Cancel)).ShouldContain("C••• T•••");
        (await client.GetStringAsync($"/t/{other}", Cancel)).ShouldNotContain("C••• T•••");
    }

    [Fact]
    public async Task On_a_shops_own_host_name_only_its_own_links_open()
    {
        await using var host = await PageHost.StartAsync(new() { ["Retailers:other:Branding:Hosts:0"] = "track.other.example", ["Retailers:demo:Branding:Hosts:0"] = "track.demo.example" });
        var (token, _) = Parcel(host);
        async Task<HttpStatusCode> OnAsync(string name)
        {
            using var client = host.Client();
            client.DefaultRequestHeaders.Host = name;
            return (await client.GetAsync($"/t/{token}", Cancel)).StatusCode;
        }
        (await OnAsync("track.demo.example")).ShouldBe(HttpStatusCode.OK);
        (await OnAsync("track.other.example")).ShouldBe(HttpStatusCode.NotFound);
        (await OnAsync("127.0.0.1")).ShouldBe(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("US", "10001-1234", "10001", true), InlineData("US", "10001", "10001-9999", true), InlineData("GB", "SW1A 1AA", "sw1a1aa", true), InlineData("DE", "10115", "10116", false)]
    [InlineData("DE", null, "", false), InlineData("NL", "1017 AB", "1017ab ", true), InlineData("DE", "10115", "１０１１５", true)]
    public void A_postcode_is_right_however_it_is_typed(string country, string? known, string told, bool right)
        => StepUp.Matches(new RecipientFacts { PostalCode = known, Country = country }, told).ShouldBe(right);

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormValue();
}
