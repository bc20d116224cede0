using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>
/// <c>GET /t/{token}/events</c>: the same snapshots as server-sent events, for networks that break sockets. Keeps nothing between connections:
/// <c>Last-Event-ID</c> is the version the page has.
/// </summary>
public sealed class EventStream(PageVisits visits, LivePages pages, WatchLeases leases, HubConnections connections, TimeProvider clock, LiveMetrics metrics, IOptions<LiveOptions> options)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);
    private static readonly ReadOnlyMemory<byte> Still = ":\n\n"u8.ToArray();

    public async Task ServeAsync(HttpContext http, string token)
    {
        var cancel = http.RequestAborted;
        PageHeaders.Apply(http.Response);
        var visit = await visits.OpenAsync(token, http, cancel).ConfigureAwait(false);
        if (visit.Outcome != VisitOutcome.Found)
        {
            await Http.Problems.Of(TrackingEndpoints.StatusOf(visit.Outcome), TrackingEndpoints.NameOf(visit.Outcome), TrackingEndpoints.TextOf(visit.Outcome),
                TrackingEndpoints.RetryAfter(visit.Outcome)).ExecuteAsync(http).ConfigureAwait(false);
            return;
        }
        using var place = connections.TakePlace(http.Connection.RemoteIpAddress);
        var texts = PageVisits.TextsFor(http, visit.Brand);
        var known = Known(http.Request);
        var found = visit.Found;
        var connection = new Connection(http);
        var slot = place is null ? null : pages.Open(visit.Target!, token, texts, Math.Max(known, found.Version), connection, out _);
        if (slot is null)
        {
            await Http.Problems.Of(429, "too-many-pages", "Too many live pages are open; this one may poll.", 60).ExecuteAsync(http).ConfigureAwait(false);
            return;
        }
        try
        {
            http.Response.ContentType = "text/event-stream";
            http.Response.Headers["X-Accel-Buffering"] = "no";
            await WriteAsync(http, ": ok\nretry: 3000\n\n"u8.ToArray()).ConfigureAwait(false);
            await leases.BeginAsync(found.Key, found.Version, cancel).ConfigureAwait(false);
            if (found.Version > known)
            {
                var story = StoryTeller.Tell(found, texts, visit.Brand.Shop, clock.GetUtcNow(), LiveMessage.Lines);
                await connection.SendAsync(new LiveUpdate(found.Version, found.RecordedAt,
                    LiveMessage.Write(story, TrackingPage.Title(story, visit.Brand), TrackingPage.AllWords(story, texts)))).ConfigureAwait(false);
            }
            slot.Offer();
            while (true)
            {
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                quiet.CancelAfter(KeepAlive);
                ReadOnlyMemory<byte> next;
                try { next = await connection.Outbox.Reader.ReadAsync(quiet.Token).ConfigureAwait(false); }
                catch (OperationCanceledException) when (!cancel.IsCancellationRequested) { next = Still; }
                catch (ChannelClosedException) { return; }
                await WriteAsync(http, next).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) { }   // the reader left
        finally { pages.Close(slot); }
    }

    private async Task WriteAsync(HttpContext http, ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted).AsTask()
                .WaitAsync(TimeSpan.FromSeconds(options.Value.SlowSendSeconds), clock, http.RequestAborted).ConfigureAwait(false);
            await http.Response.Body.FlushAsync(http.RequestAborted)
                .WaitAsync(TimeSpan.FromSeconds(options.Value.SlowSendSeconds), clock, http.RequestAborted).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            metrics.SlowCut();
            http.Abort();
            throw new OperationCanceledException();
        }
    }

    private static int Known(HttpRequest request)
    {
        string? told = request.Headers["Last-Event-ID"];
        if (string.IsNullOrEmpty(told)) told = request.Query["v"];
        return int.TryParse(told, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;
    }

    // The newest message only: what the reader has not taken yet is overtaken.
    private sealed class Connection(HttpContext http) : IWatcherConnection
    {
        public Channel<ReadOnlyMemory<byte>> Outbox { get; } =
            Channel.CreateBounded<ReadOnlyMemory<byte>>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

        private readonly Lock _order = new();
        private int _newest;

        public Task SendAsync(LiveUpdate update)
        {
            lock (_order)
            {
                if (update.Version < _newest) return Task.CompletedTask;   // what was read on opening must not take the place of what came since
                _newest = update.Version;
                Put(update);
            }
            return Task.CompletedTask;
        }

        private void Put(LiveUpdate update)
        {
            var head = Encoding.ASCII.GetBytes($"id: {update.Version}\ndata: ");
            byte[] message = [.. head, .. update.Json, (byte)'\n', (byte)'\n'];
            Outbox.Writer.TryWrite(message);
        }

        public Task SendGoneAsync() => Last("event: gone\ndata: 1\n\n");

        public Task SendLaterAsync(int milliseconds) => Last($"event: later\ndata: {milliseconds}\n\n");

        public void Abort() => http.Abort();

        private Task Last(string text)
        {
            Outbox.Writer.TryWrite(Encoding.ASCII.GetBytes(text));
            Outbox.Writer.TryComplete();
            return Outbox.Reader.Completion;
        }
    }
}
