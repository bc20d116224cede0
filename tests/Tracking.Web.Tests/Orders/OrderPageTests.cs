using System.Net;
using System.Text.RegularExpressions;
using Tracking.Contracts.Ports;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class OrderPageTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static HttpClient Known(PageHost host, string token, VisitLevel level = VisitLevel.Known)
    {
        var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = new Uri(host.Address) };
        client.DefaultRequestHeaders.Add("Cookie", $"{PageVisits.LevelCookie}={host.Get<PageSeal>().Prove(token, level)}");
        return client;
    }

    [Fact]
    public async Task All_parcels_of_an_order_are_on_one_page()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var parcels = new[] { "delivered", "out-for-delivery", "address" }.Select(s => host.Parcels.Add(s)).ToArray();
        var order = host.Parcels.Orders.Add("W-77", gift: false, [.. parcels.Select(p => p.View)]);
        var page = await client.GetStringAsync("/o/" + host.Get<PageSeal>().Order(order), Cancel);
        foreach (var said in new[] { "1 of 3 delivered", "Order W-77", "Delivered in Berlin", "In the delivery van, from Berlin", "Yes: give Maple &amp; Thread the right address." }) page.ShouldContain(said);
        foreach (var (token, _) in parcels) page.ShouldContain($"href=\"/t/{token}?lang=en\"");
        page.ShouldNotMatch("(?i)canar|1[.,]?299");
    }

    [Fact]
    public async Task A_guest_who_proved_the_order_sees_what_is_inside_of_its_parcels_too()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        var (other, second) = host.Parcels.Add("delivered");
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        host.Parcels.People.AddOrder("demo", "W-2026-77", new GuestOrder("W-2026-77", view.Key, FakePeople.Canary));
        host.Parcels.Orders.Add("W-2026-77", gift: false, view, second);
        using var visitor = new StepUpTests.Visitor(host);
        var answer = await visitor.SendAsync("/track/demo", ("order", "W-2026-77"), ("fact", "10115"));
        var path = answer.Headers.Location!.ToString();
        path.ShouldStartWith("/o/");
        (await visitor.ReadAsync(path)).ShouldContain("CANARY wool hat");
        (await visitor.ReadAsync($"/t/{token}")).ShouldContain("All parcels of this order");
        other.ShouldNotBeEmpty();
        using var parcelFirst = new StepUpTests.Visitor(host);
        await parcelFirst.SendAsync($"/t/{token}/prove", ("fact", "10115"));
        var whole = Regex.Match(await parcelFirst.ReadAsync($"/t/{token}"), "href=\"(/o/[^?\"]+)").Groups[1].Value;
        (await parcelFirst.ReadAsync(whole)).ShouldContain("CANARY wool hat");
        using var stranger = host.Client();
        (await stranger.GetStringAsync(path, Cancel)).ShouldNotMatch("(?i)canar");
    }

    [Fact]
    public async Task Orders_cannot_be_counted_through()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        host.Parcels.Orders.Add("W-77", gift: false);
        var good = host.Get<PageSeal>().Order(new OrderKey("demo", "W-77"));
        var bodies = new List<string>();
        foreach (var wrong in new[] { "W-77", (good[0] == 'A' ? "B" : "A") + good[1..], good[..20], host.Get<PageSeal>().Order(new OrderKey("demo", "W-78")), new string('A', 400), host.Get<PageSeal>().Share("W-77")[2..] })
        {
            var answer = await client.GetAsync("/o/" + wrong, Cancel);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound, wrong);
            bodies.Add(await answer.Content.ReadAsStringAsync(Cancel));
        }
        bodies.Distinct().ShouldHaveSingleItem();
        (await client.GetStringAsync("/o/" + good, Cancel)).ShouldContain("Nothing has left yet.");
    }

    [Fact]
    public async Task An_offer_is_seen_by_whoever_knows_the_postcode_and_taken_once()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add("delayed");
        host.Parcels.People.Add(view.Key, FakePeople.Canary);
        var offer = host.Parcels.Orders.Offer(host.Parcels.Orders.Add("W-77", gift: false, view), view.Key);
        using var stranger = host.Client();
        var shared = await stranger.GetStringAsync($"/t/{token}", Cancel);
        shared.ShouldContain("see what is offered");
        shared.ShouldNotContain("Free shipping");

        using var client = Known(host, token);
        var page = await client.GetStringAsync($"/t/{token}", Cancel);
        page.ShouldContain("A discount on your next order: 10 %");
        page.ShouldContain("No, thank you");
        var form = Regex.Match(page, "name=\"form\" value=\"([^\"]+)\"><input type=\"hidden\" name=\"offer\"").Groups[1].Value;
        Task<HttpResponseMessage> TakeAsync(HttpClient who, string id, string remedy) => who.PostAsync($"/t/{token}/offers", new FormUrlEncodedContent([new("form", form), new("offer", id), new("remedy", remedy)]), Cancel);
        (await TakeAsync(stranger, offer, "discount")).RequestMessage!.RequestUri!.AbsolutePath.ShouldEndWith("/prove");
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => TakeAsync(client, offer, i % 2 == 0 ? "discount" : "free-shipping")));
        host.Parcels.Orders.Taken.ShouldBe(1);
        (await client.GetStringAsync($"/t/{token}?offer=accepted", Cancel)).ShouldContain("HAT-10-OFF");
        (await TakeAsync(client, "offer-of-somebody-else", "discount")).Headers.Location!.ToString().ShouldContain("offer=over");
    }

    [Fact]
    public async Task Who_is_given_a_present_sees_arrival_and_neither_price_nor_offer()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add("delayed");
        host.Parcels.People.Add(view.Key, FakePeople.Canary with { IsGift = true, Occasion = new DateOnly(2026, 12, 24) });
        var order = host.Parcels.Orders.Add("W-77", gift: true, view);
        host.Parcels.Orders.Offer(order, view.Key);
        using var client = Known(host, token);
        var page = await client.GetStringAsync($"/t/{token}", Cancel);
        page.ShouldContain("This is a gift. What it cost is not shown.");
        page.ShouldContain("It is meant for Thu, 24 Dec");
        page.ShouldNotContain("discount");
        page.ShouldNotMatch("1[.,]?299");
        using var stranger = host.Client();
        (await stranger.GetStringAsync($"/t/{token}", Cancel)).ShouldNotContain("offered");
        (await stranger.GetStringAsync("/o/" + host.Get<PageSeal>().Order(order), Cancel)).ShouldContain("This is a gift.");
    }
}
