using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;
using Tracking.Web.Changes;
using Tracking.Web.Http;

namespace Tracking.Web.Tests.Changes;

public sealed class RetailerWebhookTests
{
    private const string Secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly InterceptRequest Request = new("req-1", new ShipmentKey("demo", "ups", "1Z"), ChangeKind.Redirect, null, "Canaryweg 12", DateTimeOffset.UnixEpoch);

    private sealed class Shop(HttpStatusCode status) : HttpMessageHandler
    {
        public HttpRequestMessage? Got { get; private set; }
        public byte[] Body { get; private set; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            (Got, Body) = (request, await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            return new HttpResponseMessage(status);
        }
    }

    private static IConfiguration With(string? url, string? secret = Secret) => new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
    {
        ["Retailers:demo:Changes:Url"] = url, ["Retailers:demo:Changes:Secret"] = secret,
    }).Build();

    [Fact]
    public async Task The_shop_gets_a_signed_request_whose_id_tells_a_repeat()
    {
        var shop = new Shop(HttpStatusCode.NoContent);
        using var port = new RetailerWebhook(With("https://shop.example/hooks"), new ManualClock(), shop);
        (await port.AskAsync(Request, Cancel)).State.ShouldBe(ChangeState.Asked);
        string One(string name) => shop.Got!.Headers.GetValues(name).Single();
        One("webhook-id").ShouldBe("req-1");
        var signed = Encoding.ASCII.GetBytes($"req-1.{One("webhook-timestamp")}.").Concat(shop.Body).ToArray();
        One("webhook-signature").ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData(Encoding.ASCII.GetBytes("0123456789abcdef0123456789abcdef"), signed)));
        Encoding.UTF8.GetString(shop.Body).ShouldContain("\"kind\":\"redirect\"");
    }

    [Fact]
    public async Task A_shop_without_an_address_reads_requests_itself()
    {
        var shop = new Shop(HttpStatusCode.OK);
        using var port = new RetailerWebhook(With(null), new ManualClock(), shop);
        (await port.AskAsync(Request, Cancel)).State.ShouldBe(ChangeState.Asked);
        shop.Got.ShouldBeNull();
    }

    [Theory]
    [InlineData(HttpStatusCode.InternalServerError), InlineData(HttpStatusCode.Redirect), InlineData(HttpStatusCode.TooManyRequests)]
    public async Task Anything_but_success_is_tried_again(HttpStatusCode status)
    {
        using var port = new RetailerWebhook(With("https://shop.example/hooks"), new ManualClock(), new Shop(status));
        await Should.ThrowAsync<HttpRequestException>(() => port.AskAsync(Request, Cancel).AsTask());
    }

    [Fact]
    public async Task A_shop_that_takes_none_any_more_refuses()
    {
        using var port = new RetailerWebhook(With("https://shop.example/hooks"), new ManualClock(), new Shop(HttpStatusCode.Gone));
        (await port.AskAsync(Request, Cancel)).State.ShouldBe(ChangeState.Refused);
    }

    [Theory]
    [InlineData("127.0.0.1"), InlineData("10.1.2.3"), InlineData("169.254.169.254"), InlineData("192.168.0.1"), InlineData("172.16.0.1"), InlineData("100.64.0.1"), InlineData("0.0.0.0"), InlineData("224.0.0.1"),
     InlineData("::1"), InlineData("::ffff:127.0.0.1"), InlineData("fe80::1"), InlineData("fd00::1"), InlineData("2001:db8::1"), InlineData("2002:7f00:1::"), InlineData("64:ff9b::7f00:1"), InlineData("::")]
    public void Nothing_is_sent_into_a_private_network(string address) => OutgoingWebhook.IsPublic(IPAddress.Parse(address)).ShouldBeFalse();

    [Theory]
    [InlineData("93.184.216.34"), InlineData("2606:2800:220:1:248:1893:25c8:1946")]
    public void The_internet_may_be_written_to(string address) => OutgoingWebhook.IsPublic(IPAddress.Parse(address)).ShouldBeTrue();

    [Theory]
    [InlineData("http://shop.example/x", Secret), InlineData("https://shop.example:22/x", Secret), InlineData("https://me@shop.example/x", Secret), InlineData("shop", Secret), InlineData("https://shop.example/x", "whsec_c2hvcnQ="), InlineData("https://shop.example/x", null)]
    public void An_address_that_cannot_be_used_is_named_by_check(string url, string? secret) => RetailerWebhook.Check(With(url, secret)).ShouldHaveSingleItem().ShouldStartWith("Retailers:demo:Changes:");

    [Fact]
    public void A_usable_address_is_no_problem() => RetailerWebhook.Check(With("https://shop.example:8443/x")).ShouldBeEmpty();
}
