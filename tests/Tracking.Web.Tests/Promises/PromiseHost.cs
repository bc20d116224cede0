using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;
using Tracking.Testing;
using Tracking.Web.Estimates;
using Tracking.Web.Promises;
using Tracking.Web.Retailers;

namespace Tracking.Web.Tests.Promises;

/// <summary>The promise and calibration doors on a real port, over a snapshot that the test gives.</summary>
internal sealed class PromiseHost : IAsyncDisposable
{
    public const string Key = "tap_live_acme_publishable";
    public const string Shop = "https://shop.example";

    private readonly WebApplication _app;

    private PromiseHost(WebApplication app, ManualClock clock, GivenEstimates estimates) => (_app, Clock, Estimates) = (app, clock, estimates);

    public ManualClock Clock { get; }
    public GivenEstimates Estimates { get; }
    public HttpClient Client { get; private set; } = null!;

    // A Monday, 10:00 in New York.
    public static readonly DateTimeOffset Monday = new(2026, 3, 9, 14, 0, 0, TimeSpan.Zero);

    public static async Task<PromiseHost> StartAsync(Dictionary<string, string?>? settings = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Tracking.Web.Tests", ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Retailers:acme:Keys:0"] = "acme-secret",
            ["Retailers:acme:PublishableKeys:0:Key"] = Key, ["Retailers:acme:PublishableKeys:0:Origins:0"] = Shop,
            ["Retailers:acme:Shipping:Services:ups/GROUND"] = "Ground",
            ["Retailers:acme:Shipping:Warehouses:newark:Country"] = "US", ["Retailers:acme:Shipping:Warehouses:newark:Region"] = "NJ", ["Retailers:acme:Shipping:Warehouses:newark:PostalCode"] = "07114",
            ["Retailers:acme:Shipping:Warehouses:newark:Zone"] = "America/New_York", ["Retailers:acme:Shipping:Warehouses:newark:CutOff"] = "16:00",
            ["Retailers:acme:Shipping:DeliveryWindows:0"] = "08:00-12:00", ["Retailers:acme:Shipping:DeliveryWindows:1"] = "12:00-18:00",
            ["Retailers:acme:Shipping:Occasions:founders-day"] = "2026-03-20",
            ["Retailers:bare:Keys:0"] = "bare-secret", ["Retailers:bare:PublishableKeys:0"] = "tap_live_bare_publishable",
        });
        if (settings is not null) builder.Configuration.AddInMemoryCollection(settings);
        var clock = new ManualClock(Monday);
        var estimates = new GivenEstimates();
        builder.Services.AddSingleton<TimeProvider>(clock);
        builder.Services.AddSingleton<IEstimates>(estimates);
        builder.Services.AddSingleton<RetailerDirectory>();
        builder.Services.AddPromises();
        var app = builder.Build();
        app.MapPromises();
        app.MapCalibration();
        await app.StartAsync();
        return new PromiseHost(app, clock, estimates) { Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) } };
    }

    public async Task<(int Status, System.Text.Json.JsonElement Body, HttpResponseMessage Answer)> AskAsync(string address, string? origin = null, string? bearer = null, string? etag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(address, UriKind.Relative));
        if (origin is not null) request.Headers.Add("Origin", origin);
        if (bearer is not null) request.Headers.Authorization = new("Bearer", bearer);
        if (etag is not null) request.Headers.TryAddWithoutValidation("If-None-Match", etag);
        var answer = await Client.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.StartsWith('{') ? System.Text.Json.JsonDocument.Parse(text).RootElement : default, answer);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

internal sealed class GivenEstimates : IEstimates
{
    public EddSnapshot Current { get; set; } = EddSnapshot.ColdStart;
    public CalibrationBook? Book { get; set; }
    public LearningStatus Status { get; set; } = LearningStatus.None;
    public string? Trouble { get; set; }
}
