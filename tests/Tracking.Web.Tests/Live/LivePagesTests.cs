using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;
using Tracking.Web.Language;
using Tracking.Web.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Live;

public sealed class LivePagesTests : IDisposable
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private readonly ManualClock _clock = new(GalleryViews.Now);
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly LivePages _pages;
    private readonly ShipmentView _view = GalleryViews.Find("moving")!;
    private int _tokens;

    public LivePagesTests() => _pages = new LivePages(
        new OneBrand(), new LiveMetrics(_services.GetRequiredService<IMeterFactory>(), Options.Create(new LiveOptions())), _clock, Options.Create(new LiveOptions { Watchers = 8, SlowSendSeconds = 30 }));

    public void Dispose() => _services.Dispose();

    private LivePages.Slot Open(Reader reader, int version = 0, string? token = null, string? use = null, string lang = "en")
        => _pages.Open(new LinkTarget(_view.Key, use ?? _view.UseId, "consignee", 0), token ?? $"token{_tokens++}", Languages.Find(lang)!, version, reader, out _)!;

    private ShipmentView At(int version) => _view with { Version = version };

    [Fact]
    public async Task A_newer_view_goes_to_every_page_of_its_shipment()
    {
        var (one, two, other) = (new Reader(), new Reader(), new Reader());
        Open(one);
        Open(two, lang: "ar");
        _pages.Open(new LinkTarget(_view.Key with { Number = "OTHER" }, _view.UseId, "x", 0), "t", Languages.English, 0, other, out _);
        _pages.Publish(At(5));
        (await one.NextAsync(Cancel)).Version.ShouldBe(5);
        var arabic = await two.NextAsync(Cancel);
        JsonDocument.Parse(arabic.Json).RootElement.GetProperty("status").GetString().ShouldBe("في الطريق");
        other.Sent.ShouldBe(0);
    }

    [Fact]
    public async Task Older_and_equal_views_are_ignored()
    {
        var reader = new Reader();
        Open(reader, version: 5);
        _pages.Publish(At(5));
        _pages.Publish(At(4));
        _pages.Publish(At(6));
        _pages.Publish(At(5));
        (await reader.NextAsync(Cancel)).Version.ShouldBe(6);
        reader.Sent.ShouldBe(1);
    }

    [Fact]
    public async Task A_slow_reader_misses_what_was_overtaken_and_holds_up_nobody()
    {
        var (slow, quick) = (new Reader { Gate = new TaskCompletionSource() }, new Reader());
        Open(slow);
        Open(quick);
        _pages.Publish(At(1));
        await slow.StartedAsync(Cancel);
        for (var version = 2; version <= 40; version++)
        {
            _pages.Publish(At(version));
            LiveUpdate update;
            do update = await quick.NextAsync(Cancel); while (update.Version < version);
        }
        slow.Sent.ShouldBe(1);
        slow.MostAtOnce.ShouldBe(1);
        slow.Gate!.SetResult();
        (await slow.NextAsync(Cancel)).Version.ShouldBe(1);
        (await slow.NextAsync(Cancel)).Version.ShouldBe(40);
        slow.MostAtOnce.ShouldBe(1);
    }

    [Fact]
    public async Task A_send_that_takes_half_a_minute_ends_the_connection()
    {
        var slow = new Reader { Gate = new TaskCompletionSource() };
        Open(slow);
        _pages.Publish(At(1));
        await slow.StartedAsync(Cancel);
        _clock.Advance(TimeSpan.FromSeconds(29));
        _pages.CutSlow();
        slow.IsAborted.ShouldBeFalse();
        _clock.Advance(TimeSpan.FromSeconds(1));
        _pages.CutSlow();
        slow.IsAborted.ShouldBeTrue();
        _pages.Slots().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_connection_that_fails_is_forgotten()
    {
        var (broken, whole) = (new Reader { Fails = true }, new Reader());
        Open(broken);
        Open(whole);
        _pages.Publish(At(1));
        await whole.NextAsync(Cancel);
        await broken.StartedAsync(Cancel);
        broken.IsAborted.ShouldBeTrue();
        _pages.Slots().Count().ShouldBe(1);
    }

    [Fact]
    public async Task A_page_of_an_earlier_use_of_the_number_is_told_to_look_and_shown_nothing_of_the_new_one()
    {
        var reader = new Reader();
        var slot = Open(reader, use: "another");
        _pages.Publish(At(9));
        slot.Offer();
        System.Text.Encoding.UTF8.GetString((await reader.NextAsync(Cancel)).Json).ShouldBe("{\"v\":9,\"look\":1}");
    }

    [Fact]
    public void A_link_may_be_open_five_times_and_again_when_one_closes()
    {
        var slots = Enumerable.Range(0, 5).Select(_ => Open(new Reader(), token: "same")).ToList();
        _pages.Open(new LinkTarget(_view.Key, "u1", "x", 0), "same", Languages.English, 0, new Reader(), out var refusal).ShouldBeNull();
        refusal.ShouldBe(WatchRefusal.Link);
        _pages.Close(slots[0]);
        _pages.Close(slots[0]);
        Open(new Reader(), token: "same").ShouldNotBeNull();
        _pages.Open(new LinkTarget(_view.Key, "u1", "x", 0), "same", Languages.English, 0, new Reader(), out _).ShouldBeNull();
    }

    [Fact]
    public void A_node_is_full_at_some_point()
    {
        for (var i = 0; i < 8; i++) Open(new Reader()).ShouldNotBeNull();
        _pages.Open(new LinkTarget(_view.Key, "u1", "x", 0), "ninth", Languages.English, 0, new Reader(), out var refusal).ShouldBeNull();
        refusal.ShouldBe(WatchRefusal.Node);
    }

    [Fact]
    public void What_nobody_watches_is_not_remembered()
    {
        var slot = Open(new Reader());
        _pages.Watching().Count().ShouldBe(1);
        _pages.Close(slot);
        _pages.Watching().ShouldBeEmpty();
        _pages.Publish(At(3));
    }

    [Fact]
    public async Task Readers_of_one_language_share_one_rendering()
    {
        var (one, two) = (new Reader(), new Reader());
        Open(one);
        Open(two);
        _pages.Publish(At(3));
        (await one.NextAsync(Cancel)).ShouldBeSameAs(await two.NextAsync(Cancel));
    }

    [Fact]
    public void A_message_is_at_most_2_kB_in_every_state_and_language()
    {
        foreach (var (name, view) in GalleryViews.All)
            foreach (var texts in Languages.All)
            {
                var story = StoryTeller.Tell(view, texts, "A shop whose name is as long as anybody would bear it", GalleryViews.Now, LiveMessage.Lines);
                var bytes = LiveMessage.Write(story, TrackingPage.Title(story, OneBrand.Brand), TrackingPage.AllWords(story, texts));
                bytes.Length.ShouldBeLessThanOrEqualTo(LiveMessage.MaxBytes, $"{name} {texts.Tag}");
                JsonDocument.Parse(bytes).RootElement.GetProperty("v").GetInt32().ShouldBe(view.Version);
            }
    }

    private sealed class OneBrand : IPageBrands
    {
        public static readonly Brand Brand = Make();
        public Brand For(string retailer) => Brand;
        private static Brand Make()
        {
            Tracking.Web.Pages.Brand.TryCreate("Shop", null, null, out var brand, out _);
            return brand;
        }
    }

    private sealed class Reader : IWatcherConnection
    {
        private readonly ConcurrentQueue<LiveUpdate> _got = new();
        private readonly SemaphoreSlim _ready = new(0), _started = new(0);
        private int _at, _sent;

        public TaskCompletionSource? Gate { get; init; }
        public bool Fails { get; init; }
        public bool IsAborted { get; private set; }
        public int Sent => _sent;
        public int MostAtOnce { get; private set; }

        public async Task SendAsync(LiveUpdate update)
        {
            Interlocked.Increment(ref _sent);
            MostAtOnce = Math.Max(MostAtOnce, Interlocked.Increment(ref _at));
            if (Fails)
            {
                // Told after the pump has dealt with it: the abort below is the signal.
                throw new IOException("gone");
            }
            _started.Release();
            if (Gate is not null) await Gate.Task;
            Interlocked.Decrement(ref _at);
            _got.Enqueue(update);
            _ready.Release();
        }

        public async Task<LiveUpdate> NextAsync(CancellationToken cancel)
        {
            await _ready.WaitAsync(cancel);
            _got.TryDequeue(out var update).ShouldBeTrue();
            return update!;
        }

        public Task StartedAsync(CancellationToken cancel) => _started.WaitAsync(cancel);
        public Task SendGoneAsync() => Task.CompletedTask;
        public Task SendLaterAsync(int milliseconds) => Task.CompletedTask;

        public void Abort()
        {
            IsAborted = true;
            if (Fails) _started.Release();
        }
    }
}
