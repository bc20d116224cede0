using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>
/// The live channel of a tracking page, <c>/hubs/tracking</c>, WebSocket only. A page calls <see cref="Watch"/> once; from then on it is called back with
/// <c>Update(snapshot)</c>, at the end perhaps with <c>Later(milliseconds)</c> (come back then) or <c>Gone()</c> (the link was withdrawn).
/// </summary>
public sealed class TrackingHub(
    PageVisits visits, LivePages pages, WatchLeases leases, HubConnections connections, IHubContext<TrackingHub> hub, LiveMetrics metrics,
    TimeProvider clock, IOptions<LiveOptions> options) : Hub
{
    private const string SlotItem = "slot", MinuteItem = "minute";

    /// <summary>Watches what a link shows.</summary>
    /// <param name="token">The link's token.</param>
    /// <param name="version">The version the page shows.</param>
    /// <param name="language">BCP 47; null or unknown for the browser's own.</param>
    /// <returns>The current snapshot if it is newer, else nothing.</returns>
    /// <exception cref="HubException"><c>gone</c>: the link opens nothing. <c>busy</c> or <c>full</c>: poll instead. <c>trouble</c>: try again later.</exception>
    public async Task<LiveUpdate?> Watch(string token, int version, string? language)
    {
        connections.Spoke(Context.ConnectionId);
        if (IsChatty())
        {
            metrics.Refused("chatty");
            Context.Abort();
            return null;
        }
        CloseSlot();
        var visit = await visits.OpenAsync(token ?? "", Context.GetHttpContext()!, Context.ConnectionAborted);
        if (visit.Outcome != VisitOutcome.Found)
        {
            if (visit.Outcome == VisitOutcome.Gone) metrics.Refused("unknown");
            throw new HubException(TrackingEndpoints.NameOf(visit.Outcome));
        }
        var texts = Languages.Find(language) is { } asked ? visit.Brand.Speak(asked) : PageVisits.TextsFor(Context.GetHttpContext()!, visit.Brand);
        var found = visit.Found;
        var slot = pages.Open(visit.Target!, token!, texts, Math.Max(version, found.Version), new Connection(hub.Clients.Client(Context.ConnectionId), Context), out _)
            ?? throw new HubException("full");
        Context.Items[SlotItem] = slot;
        if (Context.ConnectionAborted.IsCancellationRequested) { CloseSlot(); return null; }

        await leases.BeginAsync(found.Key, found.Version, Context.ConnectionAborted);
        slot.Offer();   // what came between the reading and the opening
        if (found.Version <= version || slot.Sent > found.Version) return null;   // the page has it, or an update has overtaken this answer
        var story = StoryTeller.Tell(found, texts, visit.Brand.Shop, clock.GetUtcNow(), LiveMessage.Lines);
        return new LiveUpdate(found.Version, found.RecordedAt, LiveMessage.Write(story, TrackingPage.Title(story, visit.Brand), TrackingPage.AllWords(story, texts)));
    }

    public override Task OnConnectedAsync()
    {
        connections.Waiting(Context);
        return Task.CompletedTask;
    }

    public override Task OnDisconnectedAsync(Exception? exception)
    {
        connections.Spoke(Context.ConnectionId);
        CloseSlot();
        return Task.CompletedTask;
    }

    private void CloseSlot()
    {
        if (Context.Items.TryGetValue(SlotItem, out var item) && item is LivePages.Slot slot) pages.Close(slot);
        Context.Items.Remove(SlotItem);
    }

    private bool IsChatty()
    {
        var now = clock.GetTimestamp();
        var (since, count) = Context.Items.TryGetValue(MinuteItem, out var item) && item is (long started, int sofar) && clock.GetElapsedTime(started, now) < TimeSpan.FromMinutes(1)
            ? (started, sofar + 1) : (now, 1);
        Context.Items[MinuteItem] = (since, count);
        return count > options.Value.MessagesPerMinute;
    }

    private sealed class Connection(ISingleClientProxy client, HubCallerContext context) : IWatcherConnection
    {
        public Task SendAsync(LiveUpdate update) => client.SendCoreAsync("Update", [update]);
        public Task SendGoneAsync() => client.SendCoreAsync("Gone", []);
        public Task SendLaterAsync(int milliseconds) => client.SendCoreAsync("Later", [milliseconds]);
        public void Abort() => context.Abort();
    }
}
