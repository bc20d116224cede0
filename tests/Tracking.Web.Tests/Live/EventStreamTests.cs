using System.Net;
using System.Text.Json;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Live;

public sealed class EventStreamTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static async Task<StreamReader> OpenAsync(HttpClient client, string path, string? last = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (last is not null) request.Headers.Add("Last-Event-ID", last);
        var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        return new StreamReader(await answer.Content.ReadAsStreamAsync(Cancel));
    }

    private static async Task<(string Id, JsonElement Data)> NextAsync(StreamReader stream)
    {
        var id = "";
        while (await stream.ReadLineAsync(Cancel) is { } line)
        {
            if (line.StartsWith("id: ", StringComparison.Ordinal)) id = line[4..];
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return (id, JsonDocument.Parse(line[6..]).RootElement);
        }
        throw new EndOfStreamException();
    }

    [Fact]
    public async Task A_page_behind_gets_one_snapshot_and_then_what_is_new()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        using var stream = await OpenAsync(client, $"/t/{token}/events?lang=fr&v=0");
        var (id, data) = await NextAsync(stream);
        id.ShouldBe(view.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        data.GetProperty("status").GetString().ShouldBe("En route");
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Milestone.Delivered });
        (await NextAsync(stream)).Data.GetProperty("status").GetString().ShouldBe("Livré");
    }

    [Fact]
    public async Task The_last_event_id_says_what_the_page_has()
    {
        await using var host = await PageHost.StartAsync();
        using var client = host.Client();
        var (token, view) = host.Parcels.Add();
        using var stream = await OpenAsync(client, $"/t/{token}/events?v=0", last: view.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        host.Parcels.Publish(view with { Version = view.Version + 1 });
        (await NextAsync(stream)).Data.GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
    }

    [Fact]
    public async Task A_link_that_leads_nowhere_and_a_sixth_page_get_a_plain_refusal()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:SocketsPerLink"] = "1" });
        using var client = host.Client();
        (await client.GetAsync("/t/nowhere/events", Cancel)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        var (token, _) = host.Parcels.Add();
        using var stream = await OpenAsync(client, $"/t/{token}/events");
        var second = await client.GetAsync($"/t/{token}/events", Cancel);
        second.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        second.Headers.RetryAfter.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_reader_who_leaves_frees_the_place()
    {
        await using var host = await PageHost.StartAsync(new() { ["Live:SocketsPerLink"] = "1" });
        using var client = host.Client();
        var (token, _) = host.Parcels.Add();
        (await OpenAsync(client, $"/t/{token}/events")).Dispose();
        // The server notices a reader that left in its own time; only a place that is never given back is a fault.
        for (var tries = 0; ; tries++)
        {
            using var again = await client.GetAsync($"/t/{token}/events", HttpCompletionOption.ResponseHeadersRead, Cancel);
            if (again.StatusCode == HttpStatusCode.OK) return;
            tries.ShouldBeLessThan(500, "the place was never given back");
            await Task.Delay(20, Cancel);
        }
    }
}
