using System.Net;
using System.Text;
using Microsoft.Extensions.Configuration;
using Tracking.Carriers;
using Tracking.Carriers.StandardWebhooks;
using Tracking.Testing;
using Tracking.Web.Promotions;

namespace Tracking.Web.Tests.Promotions;

public sealed class PromotionWebhookTests
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"type":"offer.accepted"}""");

    private sealed class Shop(Func<HttpResponseMessage> answer) : HttpMessageHandler
    {
        public int Calls { get; private set; }
        public HttpRequestMessage? Got { get; private set; }
        public byte[] Body { get; private set; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Calls++;
            (Got, Body) = (request, await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            return answer();
        }
    }

    private static IConfiguration With(string? url, string? secret = Secret, string retailer = "demo") => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        [$"Retailers:{retailer}:Promotions:Url"] = url, [$"Retailers:{retailer}:Promotions:Secret"] = secret,
    }).Build();

    [Fact]
    public async Task The_shop_gets_a_message_that_a_standard_receiver_can_verify()
    {
        var clock = new ManualClock();
        var shop = new Shop(static () => new HttpResponseMessage(HttpStatusCode.OK));
        using var webhook = new PromotionWebhook(With("https://shop.example/promotions"), clock, shop);

        (await webhook.SendAsync("demo", "abc-accepted", Body, Cancel)).Taken.ShouldBeTrue();

        shop.Body.ShouldBe(Body);
        shop.Got!.Headers.GetValues("webhook-id").Single().ShouldBe("abc-accepted");
        var proof = StandardWebhook.Verify(shop.Body, new FeedCredentials([Secret], null, clock.GetUtcNow()), name => shop.Got.Headers.TryGetValues(name, out var values) ? values.Single() : null);
        proof.ReplayId.ShouldBe("abc-accepted");
    }

    [Fact]
    public async Task A_server_in_trouble_is_left_alone_for_longer_each_time_and_asked_by_one()
    {
        var clock = new ManualClock();
        var up = false;
        var shop = new Shop(() => new HttpResponseMessage(up ? HttpStatusCode.OK : HttpStatusCode.BadGateway));
        using var webhook = new PromotionWebhook(With("https://shop.example/promotions"), clock, shop);
        (await webhook.SendAsync("demo", "1", Body, Cancel)).Problem.ShouldBe("answered 502");
        for (var i = 0; i < 100; i++) (await webhook.SendAsync("demo", "2", Body, Cancel)).RetryAfter.ShouldNotBeNull();
        shop.Calls.ShouldBe(1);

        for (var minute = 0; minute < 10; minute++)
        {
            clock.Advance(TimeSpan.FromMinutes(1));
            for (var i = 0; i < 10; i++) await webhook.SendAsync("demo", "2", Body, Cancel);
        }
        shop.Calls.ShouldBeLessThanOrEqualTo(11);

        up = true;
        clock.Advance(TimeSpan.FromMinutes(2));
        for (var i = 0; i < 10; i++) (await webhook.SendAsync("demo", $"{i}", Body, Cancel)).Taken.ShouldBeTrue();
    }

    [Fact]
    public async Task A_shop_may_say_when_to_come_again_and_that_it_wants_no_more()
    {
        var answer = new HttpResponseMessage(HttpStatusCode.ServiceUnavailable);
        answer.Headers.RetryAfter = new(TimeSpan.FromSeconds(90));
        using (var webhook = new PromotionWebhook(With("https://shop.example/x"), new ManualClock(), new Shop(() => answer)))
            (await webhook.SendAsync("demo", "1", Body, Cancel)).RetryAfter.ShouldBe(TimeSpan.FromSeconds(90));
        using (var webhook = new PromotionWebhook(With("https://shop.example/x"), new ManualClock(), new Shop(static () => new HttpResponseMessage(HttpStatusCode.Gone))))
            (await webhook.SendAsync("demo", "1", Body, Cancel)).Gone.ShouldBeTrue();
    }

    [Fact]
    public async Task A_connection_that_breaks_is_a_problem_in_words_and_no_exception()
    {
        using var webhook = new PromotionWebhook(With("https://shop.example/x"), new ManualClock(), new Shop(static () => throw new HttpRequestException("secret-host refused")));
        var answer = await webhook.SendAsync("demo", "1", Body, Cancel);
        (answer.Taken, answer.Problem).ShouldBe((false, "could not be reached"));
    }

    [Fact]
    public void Without_an_address_nobody_listens()
    {
        using var webhook = new PromotionWebhook(With(null), new ManualClock(), new Shop(static () => new HttpResponseMessage(HttpStatusCode.OK)));
        webhook.IsOpen("demo").ShouldBeFalse();
    }

    [Theory]
    [InlineData("http://shop.example/x", Secret), InlineData("https://shop.example:22/x", Secret), InlineData("https://shop.example/x", "whsec_c2hvcnQ="), InlineData("https://shop.example/x", null)]
    public void An_address_that_cannot_be_used_is_named_by_check(string url, string? secret) => PromotionWebhook.Check(With(url, secret)).ShouldHaveSingleItem().ShouldStartWith("Retailers:demo:Promotions:");
}
