using System.Net;
using System.Net.WebSockets;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Live;

public sealed class HubTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_watcher_hears_of_a_newer_view_in_its_own_language()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, view.Version, "de", Cancel);
        (await hub.AnswerAsync(Cancel)).ShouldBeNull();
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Milestone.OutForDelivery });
        var update = await hub.UpdateAsync(Cancel);
        update.GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
        update.GetProperty("status").GetString().ShouldBe("In Zustellung");
    }

    [Fact]
    public async Task A_page_that_is_behind_gets_the_current_snapshot_at_once()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, view.Version - 1, null, Cancel);
        var answer = await hub.NextAsync(Cancel);
        answer.GetProperty("result").GetProperty("v").GetInt32().ShouldBe(view.Version);
    }

    [Fact]
    public async Task What_came_between_drawing_and_watching_is_not_missed()
    {
        await using var host = await PageHost.StartAsync(settings: new() { ["Live:RenewSeconds"] = "1" });
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, view.Version, "en", Cancel);
        (await hub.AnswerAsync(Cancel)).ShouldBeNull();
        host.Parcels.SetQuietly(view with { Version = view.Version + 1, Status = Milestone.Delivered });   // the push is lost; the renewal brings it
        (await hub.UpdateAsync(Cancel)).GetProperty("status").GetString().ShouldBe("Delivered");
    }

    [Fact]
    public async Task Many_pages_of_one_parcel_take_one_lease()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:RenewSeconds"] = "60" });
        var (token, view) = host.Parcels.Add();
        var open = new List<HubSocket>();
        for (var i = 0; i < 4; i++)
        {
            open.Add(await HubSocket.OpenAsync(host.Address, Cancel));
            await open[i].WatchAsync(token, view.Version, "en", Cancel);
            (await open[i].AnswerAsync(Cancel)).ShouldBeNull();
        }
        host.Parcels.Publish(view with { Version = view.Version + 1 });
        foreach (var hub in open)
        {
            (await hub.UpdateAsync(Cancel)).GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
            await hub.DisposeAsync();
        }
        host.Parcels.Leases.ShouldBe(1);
    }

    [Theory]
    [InlineData("nowhere")]
    [InlineData("")]
    public async Task A_link_that_leads_nowhere_is_refused(string token)
    {
        await using var host = await PageHost.StartAsync();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, 0, "en", Cancel);
        (await hub.AnswerAsync(Cancel))!.ShouldContain("gone");
    }

    [Fact]
    public async Task A_withdrawn_link_is_cut_with_the_next_renewal()
    {
        await using var host = await PageHost.StartAsync(settings: new() { ["Live:RenewSeconds"] = "1" });
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, view.Version, "en", Cancel);
        (await hub.AnswerAsync(Cancel)).ShouldBeNull();
        host.Parcels.Publish(view with { Version = view.Version + 1 });
        await hub.UpdateAsync(Cancel);
        host.Parcels.Revoke(token);
        host.Parcels.Publish(view with { Version = view.Version + 2, LinkGeneration = 1 });
        while (true)
        {
            var message = await hub.NextAsync(Cancel);
            if (message.TryGetProperty("target", out var target) && target.GetString() == "Gone") break;
        }
        await Should.ThrowAsync<WebSocketException>(async () => { while (true) await hub.NextAsync(Cancel); });
        host.Get<LivePages>().Slots().ShouldBeEmpty();
    }

    [Fact]
    public async Task The_sixth_page_of_a_link_is_sent_to_polling()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        var open = new List<HubSocket>();
        for (var i = 0; i < 6; i++)
        {
            open.Add(await HubSocket.OpenAsync(host.Address, Cancel));
            await open[i].WatchAsync(token, view.Version, "en", Cancel);
            var error = await open[i].AnswerAsync(Cancel);
            if (i < 5) error.ShouldBeNull(); else error!.ShouldContain("full");
        }
        foreach (var hub in open) await hub.DisposeAsync();
    }

    [Fact]
    public async Task Of_two_hundred_watchers_of_one_link_five_are_pushed_to_and_each_other_one_is_told_to_poll()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        var open = await Task.WhenAll(Enumerable.Range(0, 200).Select(async _ =>
        {
            var hub = await HubSocket.OpenAsync(host.Address, Cancel);
            await hub.WatchAsync(token, view.Version, "en", Cancel);
            return (Hub: hub, Error: await hub.AnswerAsync(Cancel));
        }));
        open.Count(o => o.Error is null).ShouldBe(5);
        open.Count(o => o.Error is not null && o.Error.Contains("full", StringComparison.Ordinal)).ShouldBe(195);
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Domain.Vocabulary.Milestone.Delivered });
        foreach (var (hub, _) in open.Where(o => o.Error is null)) (await hub.UpdateAsync(Cancel)).GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
        using var client = host.Client();
        (await client.GetStringAsync($"/t/{token}/view.json", Cancel)).ShouldContain($"\"v\":{view.Version + 1}");   // which is what the others ask
        foreach (var (hub, _) in open) await hub.DisposeAsync();
    }

    [Fact]
    public async Task An_address_may_hold_only_so_many_sockets()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:SocketsPerAddress"] = "3", ["Live:CountLoopback"] = "true" });
        var open = new List<HubSocket>();
        for (var i = 0; i < 3; i++) open.Add(await HubSocket.OpenAsync(host.Address, Cancel));
        (await Should.ThrowAsync<WebSocketException>(() => HubSocket.OpenAsync(host.Address, Cancel))).Message.ShouldContain("429");
        foreach (var hub in open) await hub.DisposeAsync();
    }

    [Theory]
    [InlineData("https://evil.example", false), InlineData("null", false), InlineData("http://127.0.0.1.evil.example", false), InlineData("https://shop.example", true), InlineData(null, true), InlineData("own", true)]
    public async Task Only_pages_of_allowed_origins_may_open_a_socket(string? origin, bool allowed)
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:AllowedOrigins:0"] = "https://shop.example" });
        var open = () => HubSocket.OpenAsync(host.Address, Cancel, origin == "own" ? host.Address : origin);
        if (allowed) await (await open()).DisposeAsync();
        else (await Should.ThrowAsync<WebSocketException>(open)).Message.ShouldContain("403");
    }

    [Fact]
    public async Task A_watcher_who_talks_too_much_is_cut()
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await Should.ThrowAsync<WebSocketException>(async () =>
        {
            for (var i = 0; i < 12; i++) await hub.WatchAsync(token, view.Version, "en", Cancel);
            while (true) await hub.NextAsync(Cancel);
        });
    }

    [Fact]
    public async Task A_message_longer_than_4_kB_ends_the_connection()
    {
        await using var host = await PageHost.StartAsync();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await Should.ThrowAsync<WebSocketException>(async () =>
        {
            await hub.WatchAsync(new string('x', 5_000), 0, "en", Cancel);
            while (true)
            {
                var message = await hub.NextAsync(Cancel);
                if (message.GetProperty("type").GetInt32() == 7) throw new WebSocketException("closed politely");
            }
        });
    }

    [Theory]
    [InlineData("{\"type\":1,\"target\":\"Watch\",\"arguments\":[]}"), InlineData("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Nothing\",\"arguments\":[]}"), InlineData("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Watch\",\"arguments\":[{},[],7]}")]
    public async Task Nonsense_harms_nobody_else(string message)
    {
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var good = await HubSocket.OpenAsync(host.Address, Cancel);
        await good.WatchAsync(token, view.Version, "en", Cancel);
        (await good.AnswerAsync(Cancel)).ShouldBeNull();
        await using var bad = await HubSocket.OpenAsync(host.Address, Cancel);
        await bad.SendAsync(message, Cancel);
        host.Parcels.Publish(view with { Version = view.Version + 1 });
        (await good.UpdateAsync(Cancel)).GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
    }

    [Fact]
    public async Task Other_transports_are_off()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var negotiated = await (await client.PostAsync("/hubs/tracking/negotiate?negotiateVersion=1", null, Cancel)).Content.ReadAsStringAsync(Cancel);
        negotiated.ShouldContain("WebSockets");
        negotiated.ShouldNotContain("LongPolling");
        negotiated.ShouldNotContain("ServerSentEvents");
    }

    [Fact]
    public async Task When_the_node_stops_its_pages_are_told_when_to_come_back()
    {
        var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        await using var hub = await HubSocket.OpenAsync(host.Address, Cancel);
        await hub.WatchAsync(token, view.Version, "en", Cancel);
        (await hub.AnswerAsync(Cancel)).ShouldBeNull();
        var stopping = host.DisposeAsync();
        var later = await hub.NextAsync(Cancel);
        later.GetProperty("target").GetString().ShouldBe("Later");
        later.GetProperty("arguments")[0].GetInt32().ShouldBeInRange(200, 10_000);
        await hub.DisposeAsync();
        await stopping;
    }
}
