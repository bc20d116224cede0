using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Tracking.Silo.Tests.Faults;

/// <summary>A polite stop: what was acked is stored, open pages are told, and nobody who holds a connection open can keep the process from ending.</summary>
[Trait("Length", "long")]
public sealed class DrainTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_silo_under_load_with_open_pages_and_a_sender_who_never_ends_is_gone_within_25_seconds_and_loses_nothing()
    {
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder);
        await using var senders = new Senders(() => silo.Client, messagesPerSecond: 40);
        await senders.AckedAsync(40);
        using var view = JsonDocument.Parse(await silo.Client.GetStringAsync(new Uri("/v1/shipments/ups/FAULT0000", UriKind.Relative)));
        var page = new Uri(silo.Address, new Uri(view.RootElement.GetProperty("trackingUrl").GetString()!, UriKind.RelativeOrAbsolute));
        var pages = await Task.WhenAll(Enumerable.Range(0, 5).Select(async _ => await silo.Client.GetAsync(new Uri(silo.Address, page.AbsolutePath + "/events"), HttpCompletionOption.ResponseHeadersRead)));
        foreach (var open in pages) open.EnsureSuccessStatusCode();
        using var endless = new Endless();
        using var sending = new HttpRequestMessage(HttpMethod.Post, "/v1/scans") { Content = endless };
        var unanswered = silo.Client.SendAsync(sending);

        var began = Stopwatch.StartNew();
        var code = await silo.StopAsync();
        var took = began.Elapsed;
        endless.End();
        foreach (var open in pages) open.Dispose();
        await unanswered.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);   // it may end either way

        output.WriteLine($"gone after {took.TotalSeconds:F1} s (goal 25)");
        code.ShouldBe(0, silo.Output);
        took.ShouldBeLessThan(TimeSpan.FromSeconds(40), "25 s are its own limit; the rest is the machine's");
        await senders.StopAsync();
        var stored = await Stored.EventsAsync(scratch.Folder);
        senders.Acked.Except(stored).ShouldBeEmpty("acked and not stored");
        stored.Count.ShouldBe(stored.Distinct().Count());
    }

    // A body whose next line is always still to come.
    private sealed class Endless : HttpContent
    {
        private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Endless() => Headers.ContentType = new("application/x-ndjson");

        public void End() => _end.TrySetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes("""{"carrier":"ups","trackingNumber":"ENDLESS","status":"IN_TRANSIT","occurredAt":"2026-11-20T10:00:00Z","eventId":"endless"}""" + "\n"));
            await stream.FlushAsync();
            await _end.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
