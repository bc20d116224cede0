using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Changes;
using Tracking.Web.Live;
using Tracking.Web.Orders;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;

namespace Tracking.Web.Tests.Pages;

/// <summary>Pages and live channel on a real port, over parcels that the test moves by hand.</summary>
internal sealed class PageHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private PageHost(WebApplication app, FakeParcels parcels) => (_app, Parcels) = (app, parcels);

    public FakeParcels Parcels { get; }
    public string Address => _app.Urls.First();
    public Uri Uri(string path) => new(Address + path);
    public T Get<T>() where T : notnull => _app.Services.GetRequiredService<T>();
    public HttpClient Client() => new() { BaseAddress = new Uri(Address) };

    public static async Task<PageHost> StartAsync(
        Dictionary<string, string?>? settings = null, string environment = "Development", TimeProvider? clock = null, Action<WebApplication>? before = null,
        Action<IServiceCollection>? services = null, Action<WebApplication>? map = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ApplicationName = "Tracking.Web.Tests", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["Retailers:demo:Name"] = "Maple & Thread", ["Retailers:demo:Keys:0"] = "demo", ["Live:SocketsPerLink"] = "5" });
        if (settings is not null) builder.Configuration.AddInMemoryCollection(settings);
        var parcels = new FakeParcels();
        if (clock is not null) builder.Services.AddSingleton(clock);
        builder.Services.AddSingleton(parcels);
        builder.Services.AddSingleton<IShipmentReader>(parcels);
        builder.Services.AddSingleton<IShipmentWatch>(parcels);
        builder.Services.AddSingleton<IRecipients>(parcels.People);
        builder.Services.AddSingleton<IDoors>(provider => new FakeDoors(provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<INotices>(parcels.Mail);
        builder.Services.AddSingleton<IOrderReader>(parcels.Orders);
        builder.Services.AddSingleton<IOfferDesk>(parcels.Orders);
        builder.Services.AddSingleton<IChangeBooks>(provider => new FakeChangeBooks(provider.GetRequiredService<TimeProvider>()));
        builder.Services.AddSingleton<RetailerDirectory>();
        builder.Services.AddTrackingPages();
        builder.Services.AddLivePages();
        services?.Invoke(builder.Services);
        var app = builder.Build();
        before?.Invoke(app);
        app.MapTrackingPages();
        app.MapChanges();
        map?.Invoke(app);
        app.MapLivePages();
        await app.StartAsync();
        parcels.Pages = app.Services.GetRequiredService<LivePages>();
        return new PageHost(app, parcels);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationTokenSource(TimeSpan.FromSeconds(1)).Token);
        await _app.DisposeAsync();
    }
}

/// <summary>Stands for storage and grains.</summary>
internal sealed class FakeParcels : IShipmentReader, IShipmentWatch
{
    private readonly ConcurrentDictionary<string, LinkTarget> _links = new();
    private readonly ConcurrentDictionary<ShipmentKey, ShipmentView> _views = new();
    private int _made;

    public LivePages? Pages { get; set; }
    public FakePeople People { get; } = new();
    public FakeMail Mail { get; } = new();
    public FakeOrders Orders { get; } = new();
    /// <summary>Every time personal data was read.</summary>
    public int FullReads => _fullReads;
    private int _fullReads;
    public bool IsDown { get; set; }
    public int Leases => _leases;
    private int _leases;

    /// <summary>A parcel in a gallery state, with its own number and link. Its times lie around the real now.</summary>
    public (string Token, ShipmentView View) Add(string state = "moving", Func<ShipmentView, ShipmentView>? with = null)
    {
        var n = Interlocked.Increment(ref _made);
        var token = $"tok{n:D4}AbCdEfGhIjKlMnO";
        var view = Shift(GalleryViews.Find(state)!, DateTimeOffset.UtcNow - GalleryViews.Now) with { Key = new ShipmentKey("demo", "dhl-paket", $"0034{n:D8}") };
        if (with is not null) view = with(view);
        _views[view.Key] = view;
        _links[token] = new LinkTarget(view.Key, view.UseId, "consignee", 0);
        return (token, view);
    }

    /// <summary>The parcel is known anew, and every open page hears of it.</summary>
    public void Publish(ShipmentView view)
    {
        _views[view.Key] = view;
        Pages!.Publish(view);
    }

    /// <summary>Known anew, and the push is lost.</summary>
    public void SetQuietly(ShipmentView view) => _views[view.Key] = view;

    public void Revoke(string token) => _links.TryRemove(token, out _);

    public Task<ShipmentView?> ReadAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default)
        => IsDown ? throw new IOException("storage is away") : Task.FromResult(_views.GetValueOrDefault(key));

    public Task<ShipmentView?> ReadFullAsync(ShipmentKey key, DateTimeOffset? at = null, string? use = null, CancellationToken cancel = default)
    {
        Interlocked.Increment(ref _fullReads);
        return Task.FromResult(_views.GetValueOrDefault(key) is { } view
            ? view with { Events = [.. view.Events.Select(e => e with { Proof = e.Status == Milestone.Delivered ? new DeliveryProof("CANARY Signer", "porch") : null, Raw = new RawCodes(Text: "CANARY carrier text") })] }
            : null);
    }

    public Task<LinkTarget?> OpenLinkAsync(string token, CancellationToken cancel = default)
        => IsDown ? throw new IOException("storage is away") : Task.FromResult(_links.GetValueOrDefault(token));

    public Task<ShipmentHistory?> HistoryAsync(ShipmentKey key, CancellationToken cancel = default) => Task.FromResult<ShipmentHistory?>(null);

    public string LinkToken(ShipmentKey key, string useId, string audience, int generation) => _links.FirstOrDefault(l => l.Value.Key == key).Key ?? "";

    public Task<ShipmentView?> WatchAsync(ShipmentKey key, int knownVersion, TimeSpan lease, CancellationToken cancel)
    {
        Interlocked.Increment(ref _leases);
        return Task.FromResult(_views.GetValueOrDefault(key) is { } view && view.Version > knownVersion ? view : null);
    }

    private static ShipmentView Shift(ShipmentView view, TimeSpan by)
    {
        var days = (int)by.TotalDays;
        return view with
        {
            RecordedAt = view.RecordedAt + by,
            LastHeardAt = view.LastHeardAt + by,
            NextScanExpectedBy = view.NextScanExpectedBy + by,
            SilentSince = view.SilentSince + by,
            Since = view.Since + by,
            Window = view.Window is { } w ? w with { From = w.From?.AddDays(days), To = w.To?.AddDays(days + 1) } : null,
        };
    }
}
