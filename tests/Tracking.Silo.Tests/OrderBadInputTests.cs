using System.Globalization;
using System.Net;
using System.Text.Json;

namespace Tracking.Silo.Tests;

/// <summary>Whatever a shop tells of orders, offers, claims and policies: refused with a clear problem that names the field, and nothing half done.</summary>
public sealed class OrderBadInputTests(OrderBadInputTests.Running running) : IClassFixture<OrderBadInputTests.Running>
{
    public sealed class Running : IAsyncLifetime
    {
        internal Scratch Scratch { get; } = new();
        internal SiloProcess Silo { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Shop.Publish(Scratch, Shop.Policy.Replace("\"id\": \"late\"", "\"id\": \"late\", \"shipments\": \"one\"", StringComparison.Ordinal));
            Silo = await SiloProcess.StartAsync(Scratch.Folder, Shop.Quick);
        }

        public async ValueTask DisposeAsync()
        {
            await Silo.DisposeAsync();
            Scratch.Dispose();
        }
    }

    private SiloProcess Silo => running.Silo;

    private static string Day(int from) => TimeProvider.System.GetUtcNow().AddDays(from).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static TheoryData<string, string, string> BadOrders() => new()
    {
        { "\"lines\":[{\"id\":\"1\",\"quantity\":2,\"name\":\"Ring\"}]", "\"lines\":[]", "/lines" },
        { ",\"lines\":[{\"id\":\"1\",\"quantity\":2,\"name\":\"Ring\"}]", "", "/lines" },
        { "\"quantity\":2", "\"quantity\":0", "/lines/0/quantity" },
        { "\"quantity\":2", "\"quantity\":1.5", "/lines/0/quantity" },
        { "{\"id\":\"1\",\"quantity\":2,\"name\":\"Ring\"}", "{\"id\":\"1\",\"quantity\":2},{\"id\":\"1\",\"quantity\":1}", "/lines/1/id" },
        { "\"currency\":\"EUR\"", "\"currency\":\"XAU\"", "/value/currency" },
        { "\"currency\":\"EUR\"", "\"currency\":\"euro\"", "/value/currency" },
        { "\"minor\":12990", "\"minor\":-1", "/value/minor" },
        { "\"minor\":12990", "\"minor\":129.9", "/value/minor" },
        { "\"trackingNumber\":\"BAD1\"", "\"trackingNumber\":\"BAD1\",\"lines\":[{\"line\":\"1\",\"quantity\":3}]", "/shipments" },
        { "\"trackingNumber\":\"BAD1\"", "\"trackingNumber\":\"BAD1\",\"lines\":[{\"line\":\"9\",\"quantity\":1}]", "/shipments" },
        { "\"trackingNumber\":\"BAD1\"", "\"trackingNumber\":\"../..\"", "/shipments/0/trackingNumber" },
        { "\"id\":\"BAD\",", "\"id\":\"a b\",", "/id" },
        { "\"id\":\"BAD\",", "", "/id" },
        { "\"shipments\"", "\"country\":\"Germany\",\"shipments\"", "/country" },
        { "\"shipments\"", "\"promise\":{\"by\":\"PAST\"},\"shipments\"", "/promise/by" },
        { "\"shipments\"", "\"promise\":{\"by\":\"2026-02-30\"},\"shipments\"", "/promise/by" },
        { "\"shipments\"", "\"promise\":{\"by\":\"FUTURE\",\"zone\":\"Mars/Olympus\"},\"shipments\"", "/promise/zone" },
    };

    [Theory]
    [MemberData(nameof(BadOrders))]
    public async Task An_order_that_cannot_be_is_refused_by_field_and_nothing_of_it_is_kept(string good, string bad, string field)
    {
        var order = Shop.Order("BAD", "BAD1");
        order.ShouldContain(good);
        using var answer = await PostAsync("/v1/orders", order.Replace(good, bad, StringComparison.Ordinal).Replace("PAST", Day(-3), StringComparison.Ordinal).Replace("FUTURE", Day(3), StringComparison.Ordinal));
        await ProblemAsync(answer, 422, "order-invalid", field);
        (await Silo.GetAsync("demo", "/v1/orders/BAD")).ShouldBeEmpty();
        (await Silo.GetAsync("demo", "/v1/orders/BAD/history")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("")]
    public async Task A_body_that_is_no_order_is_refused(string body)
    {
        using var answer = await PostAsync("/v1/orders", body);
        await ProblemAsync(answer, 400, "json-unreadable");
    }

    [Fact]
    public async Task Yen_have_no_minor_unit_and_are_counted_whole()
    {
        using (var placed = await PostAsync("/v1/orders", Shop.Order("YEN", "YEN1").Replace("\"EUR\"", "\"JPY\"", StringComparison.Ordinal))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await Silo.GetAsync("demo", "/v1/orders/YEN/history")).ShouldContain("for 12,990 JPY");
    }

    [Fact]
    public async Task Two_orders_of_one_id_and_other_content_are_a_conflict_that_names_the_difference()
    {
        var first = Shop.Order("TWICE", "TWICE1");
        using (var placed = await PostAsync("/v1/orders", first)) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        using (var same = await PostAsync("/v1/orders", first)) same.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var other = await PostAsync("/v1/orders", first.Replace("\"quantity\":2", "\"quantity\":1", StringComparison.Ordinal).Replace("12990", "9990", StringComparison.Ordinal)))
            await ProblemAsync(other, 409, "order-differs", "/lines/0/quantity", "/value/minor");
        using var view = JsonDocument.Parse(await Silo.GetAsync("demo", "/v1/orders/TWICE"));
        (view.RootElement.GetProperty("version").GetInt32(), view.RootElement.GetProperty("value").GetProperty("minor").GetInt64()).ShouldBe((1, 12_990));
        using (var stale = await SendAsync(HttpMethod.Put, "/v1/orders/TWICE", first.Replace("12990", "9990", StringComparison.Ordinal), "\"7\"")) await ProblemAsync(stale, 412, "order-changed-meanwhile");
        using (var changed = await SendAsync(HttpMethod.Put, "/v1/orders/TWICE", first.Replace("12990", "9990", StringComparison.Ordinal), "\"1\"")) changed.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task More_of_a_line_than_was_ordered_cannot_be_shipped_later_either()
    {
        using (var placed = await PostAsync("/v1/orders", Shop.Order("MORE", "MORE1").Replace("\"trackingNumber\":\"MORE1\"", "\"trackingNumber\":\"MORE1\",\"lines\":[{\"line\":\"1\",\"quantity\":1}]", StringComparison.Ordinal))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        using (var more = await SendAsync(HttpMethod.Put, "/v1/orders/MORE/shipments/ups/MORE2", """{"lines":[{"line":"1","quantity":2}]}""")) await ProblemAsync(more, 422, "order-invalid", "/lines");
        using (var enough = await SendAsync(HttpMethod.Put, "/v1/orders/MORE/shipments/ups/MORE2", """{"lines":[{"line":"1","quantity":1}]}""")) enough.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task One_parcel_does_not_go_to_two_customers()
    {
        using (var placed = await PostAsync("/v1/orders", Shop.Order("MINE", "SHARED1"))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        using (var stranger = await PostAsync("/v1/orders", Shop.Order("THEIRS", "SHARED1"))) await ProblemAsync(stranger, 409, "shipment-of-another-customer", "/shipments");
        (await Silo.GetAsync("demo", "/v1/orders/THEIRS")).ShouldBeEmpty();
        using (var friend = await PostAsync("/v1/orders", Shop.Order("MINE2", "SHARED1").Replace("c-MINE2", "c-MINE", StringComparison.Ordinal))) friend.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_line_that_is_not_there_or_was_taken_out_before_cannot_be_cancelled()
    {
        using (var placed = await PostAsync("/v1/orders", Shop.Order("LINE", "LINE1"))) placed.StatusCode.ShouldBe(HttpStatusCode.Created);
        using (var none = await PostAsync("/v1/orders/LINE/lines/9/cancel", "{}")) none.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        using (var many = await PostAsync("/v1/orders/LINE/lines/1/cancel", """{"quantity":3}""")) await ProblemAsync(many, 422, "order-invalid", "/quantity");
        using (var odd = await PostAsync("/v1/orders/LINE/lines/1/cancel", """{"rainCheck":-5}""")) await ProblemAsync(odd, 422, "order-invalid", "/rainCheck");
        using (var gone = await PostAsync("/v1/orders/LINE/lines/1/cancel", """{"rainCheck":9900}""")) gone.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var again = await PostAsync("/v1/orders/LINE/lines/1/cancel", """{"quantity":1}""")) await ProblemAsync(again, 422, "order-invalid", "/quantity");
    }

    [Fact]
    public async Task An_offer_is_answered_once_with_what_it_holds_and_not_after_its_end()
    {
        var offer = await Shop.DelayedAsync(Silo, "ENDS", "ENDS1");
        using (var odd = await PostAsync($"/v1/offers/{offer}/accept", """{"remedy":"hug"}""")) await ProblemAsync(odd, 400, "remedy-unknown");
        using (var other = await PostAsync($"/v1/offers/{offer}/accept", """{"remedy":"reship"}""")) await ProblemAsync(other, 400, "remedy-unknown");
        using (var open = await PostAsync($"/v1/offers/{offer}/accept", "{}")) await ProblemAsync(open, 400, "remedy-missing");
        using (var nobody = await PostAsync($"/v1/offers/{new string('0', 32)}/accept", """{"remedy":"discount"}""")) await ProblemAsync(nobody, 404, "not-found");

        // The order is cancelled, and its offer ends with it.
        using (var cancelled = await PostAsync("/v1/orders/ENDS/cancel", """{"reason":"changed her mind"}""")) cancelled.StatusCode.ShouldBe(HttpStatusCode.OK);
        using (var late = await PostAsync($"/v1/offers/{offer}/accept", """{"remedy":"discount"}""")) await ProblemAsync(late, 410, "offer-expired");
        using (var view = JsonDocument.Parse(await Silo.GetAsync("demo", $"/v1/offers/{offer}"))) view.RootElement.GetProperty("offer").TryGetProperty("code", out _).ShouldBeFalse();
        using (var shut = await SendAsync(HttpMethod.Put, "/v1/orders/ENDS", Shop.Order("ENDS", "ENDS1").Replace("12990", "1", StringComparison.Ordinal))) await ProblemAsync(shut, 409, "order-cancelled");
    }

    [Fact]
    public async Task A_claim_outside_its_window_is_refused_with_the_window()
    {
        var at = TimeProvider.System.GetUtcNow().AddDays(-1).UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        using (var scanned = await PostAsync("/v1/scans", $$"""{"carrier":"ups","trackingNumber":"EARLY1","status":"DELIVERED","occurredAt":"{{at}}"}""")) scanned.EnsureSuccessStatusCode();
        using (var early = await PostAsync("/v1/claims", """{"carrier":"ups","trackingNumber":"EARLY1","kind":"delivered-not-received","value":{"amount":50,"currency":"EUR"}}"""))
        {
            ((int)early.StatusCode).ShouldBeInRange(400, 422);
            (await early.Content.ReadAsStringAsync()).ShouldContain("claim-too-early");
        }
        (await Silo.GetAsync("demo", "/v1/claims?status=open")).ShouldNotContain("EARLY1");
    }

    [Theory]
    [InlineData("\"budget\": { \"perDay\": 1000000 },", "", "line 1: There is no budget: the policy would spend without limit. Add \"budget\"")]
    [InlineData("\"kind\": \"discount\"", "\"kind\": \"hug\"", "line 5: 'hug' is no remedy. Write one of apology")]
    [InlineData("\"cost\": 500", "\"cost\": -500", "line 5: 'cost' is negative. Write 0 or more")]
    [InlineData("{ \"perDay\": 1000000 }", "{ \"perDay\": 1000000, \"currency\": \"USD\" }", "line 3: The budget is in USD and the policy in EUR. Write \"currency\": \"EUR\"")]
    [InlineData("\"rules\": [", "\"campaigns\": [ { \"id\": \"a\", \"from\": \"2026-12-01\", \"to\": \"2026-12-20\", \"budget\": 1 }, { \"id\": \"b\", \"from\": \"2026-12-20\", \"to\": \"2026-12-30\", \"budget\": 1 } ], \"rules\": [", "line 4: The campaigns a and b overlap")]
    public async Task A_policy_with_a_mistake_is_refused_with_its_line_and_the_fix(string good, string bad, string said)
    {
        Shop.Policy.ShouldContain(good);
        using var scratch = new Scratch();
        Shop.Publish(scratch, Shop.Policy.Replace(good, bad, StringComparison.Ordinal));
        var (code, output) = await SiloProcess.RunAsync(scratch.Folder, "policy", "check", scratch.At("data/policies/demo.json"));
        code.ShouldBe(1, output);
        output.ShouldContain(said);
    }

    private Task<HttpResponseMessage> PostAsync(string path, string body) => Shop.PostAsync(Silo.Client, path, body);

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string body, string? ifMatch = null) => Shop.SendAsync(Silo.Client, method, path, body, ifMatch);

    private static async Task ProblemAsync(HttpResponseMessage answer, int status, string type, params string[] fields)
    {
        var text = await answer.Content.ReadAsStringAsync();
        ((int)answer.StatusCode).ShouldBe(status, text);
        using var problem = JsonDocument.Parse(text);
        problem.RootElement.GetProperty("type").GetString().ShouldEndWith("/" + type, customMessage: text);
        problem.RootElement.GetProperty("detail").GetString()!.ShouldEndWith(".");
        foreach (var field in fields) problem.RootElement.GetProperty("errors").EnumerateArray().Select(static e => e.GetProperty("pointer").GetString()).ShouldContain(field, text);
    }
}
