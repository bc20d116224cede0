using System.Collections.Immutable;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Tracking.Contracts.Ports;
using Tracking.Domain.Visits;
using Tracking.Web.Language;
using Tracking.Web.Live;
using Tracking.Web.Orders;
using Tracking.Web.Widget;

namespace Tracking.Web.Pages;

/// <summary>
/// <c>GET /t/{token}</c> and what hangs below it: the page, its snapshot as JSON, its calendar file. Nothing here changes anything, so link previews and
/// mail scanners may open it as often as they like.
/// </summary>
public static partial class TrackingEndpoints
{
    public static IServiceCollection AddTrackingPages(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IPageBrands, ConfiguredBrands>();
        services.AddMetrics();
        services.TryAddSingleton<PageMetrics>();
        services.TryAddSingleton<TokenGuesses>();
        services.TryAddSingleton<PageVisits>();
        // A host of several nodes, or one that restarts, registers a seal with a key of its own before this.
        services.TryAddSingleton(provider => new PageSeal(RandomNumberGenerator.GetBytes(32), provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IDoors, GrainDoors>();
        services.TryAddSingleton<StepUp>();
        services.TryAddSingleton<IOfferDesk, GrainOfferDesk>();
        services.TryAddSingleton<IChangeBooks, GrainChangeBooks>();
        services.TryAddSingleton<IPlacements, ConfiguredPlacements>();
        services.TryAddSingleton<PageParts>();
        return services;
    }

    public static void MapTrackingPages(this IEndpointRouteBuilder app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/t/{token}", reading, Page).ExcludeFromDescription();
        app.MapMethods("/t/{token}/view.json", reading, Snapshot).ExcludeFromDescription();
        app.MapMethods("/t/{token}/calendar.ics", reading, Calendar).ExcludeFromDescription();
        MapVisits(app);
        app.MapWidget();
        app.MapOrderPages();
        app.MapMethods("/assets/{file}", reading, Asset).ExcludeFromDescription();
        if (app.ServiceProvider.GetRequiredService<IHostEnvironment>().IsDevelopment()) Gallery.Map(app);
    }

    private static async Task Page(HttpContext http, string token, PageVisits visits, PageParts parts, PageSeal seal, TimeProvider clock)
    {
        var visit = await visits.OpenAsync(token, http, http.RequestAborted).ConfigureAwait(false);
        var texts = PageVisits.TextsFor(http, visit.Brand);
        var path = "/t/" + Uri.EscapeDataString(token);
        var all = http.Request.Query["all"] == "1";
        var frame = new PageFrame(path, Address(http.Request, "/t/" + seal.Share(token)), visit.Brand, texts, all) { IsShared = visit.IsShared };
        if (visit.Outcome != VisitOutcome.Found)
        {
            await CalmAsync(http, visit.Outcome, frame with { Path = "" }).ConfigureAwait(false);
            return;
        }
        var (view, extras) = await parts.GatherAsync(visit, token, texts.Tag, http.Request.Query["offer"], http.RequestAborted).ConfigureAwait(false);
        // What was proven for a parcel holds for the page of its order.
        if (extras.OrderPath is { } order) http.Response.Cookies.Append(PageVisits.LevelCookie, seal.Prove(order[3..], VisitLevel.Known), CookieFor(http, order));
        var story = StoryTeller.Tell(view, texts, visit.Brand.Shop, clock.GetUtcNow(), all ? int.MaxValue : LiveMessage.Lines);
        CarePart? care = null;
        if (http.RequestServices.GetService<ICaseBooks>() is { } cases)
        {
            var parcel = await cases.ReadAsync(view.Key, http.RequestAborted).ConfigureAwait(false);
            care = new CarePart(parcel, parcel?.Signature is { Required: true } ? http.RequestServices.GetRequiredService<PageSeal>().Form(token) : "");
            if (story.Milestone == Tracking.Domain.Vocabulary.Milestone.Delivered && HttpMethods.IsGet(http.Request.Method)) cases.Seen(view.Key, view.UseId);
        }
        await WriteAsync(http, 200, TrackingPage.Draw(story, view.Key, frame with { Extras = extras, Care = care }), "text/html; charset=utf-8", visit.Brand).ConfigureAwait(false);
    }

    private static async Task Snapshot(HttpContext http, string token, PageVisits visits, TimeProvider clock)
    {
        var visit = await visits.OpenAsync(token, http, http.RequestAborted).ConfigureAwait(false);
        PageHeaders.Apply(http.Response);
        if (visit.Outcome != VisitOutcome.Found)
        {
            await Http.Problems.Of(StatusOf(visit.Outcome), NameOf(visit.Outcome), TextOf(visit.Outcome), RetryAfter(visit.Outcome)).ExecuteAsync(http).ConfigureAwait(false);
            return;
        }
        var texts = PageVisits.TextsFor(http, visit.Brand);
        var story = StoryTeller.Tell(visit.Found, texts, visit.Brand.Shop, clock.GetUtcNow(), LiveMessage.Lines);
        var (title, more) = (TrackingPage.Title(story, visit.Brand), TrackingPage.AllWords(story, texts));
        // Equal when it says the same, whenever it is asked.
        var tag = $"\"{visit.Found.Version}-{Convert.ToHexStringLower(SHA256.HashData(LiveMessage.WriteWhole(story, title, more, withTime: false)).AsSpan(0, 8))}\"";
        http.Response.Headers.ETag = tag;
        http.Response.Headers.Date = clock.GetUtcNow().ToString("R", System.Globalization.CultureInfo.InvariantCulture);   // what a page that slept sets its clock by, also when nothing else is new
        http.Response.Headers.Vary = "Accept-Language";
        if (http.Request.Headers.IfNoneMatch == tag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        var body = LiveMessage.WriteWhole(story, title, more);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task Calendar(HttpContext http, string token, PageVisits visits, TimeProvider clock)
    {
        var visit = await visits.OpenAsync(token, http, http.RequestAborted).ConfigureAwait(false);
        var texts = PageVisits.TextsFor(http, visit.Brand);
        var path = "/t/" + Uri.EscapeDataString(token);
        var frame = new PageFrame(path, Address(http.Request, path), visit.Brand, texts);
        if (visit.Outcome != VisitOutcome.Found)
        {
            await CalmAsync(http, visit.Outcome, frame with { Path = "" }).ConfigureAwait(false);
            return;
        }
        var story = StoryTeller.Tell(visit.Found, texts, visit.Brand.Shop, clock.GetUtcNow(), LiveMessage.Lines);
        if (story.Days is not { } days)
        {
            PageHeaders.Apply(http.Response);
            http.Response.StatusCode = StatusCodes.Status303SeeOther;   // no day to note any more: the page says why
            http.Response.Headers.Location = path;
            return;
        }
        var title = texts.Say("calendar.title", ("shop", visit.Brand.Shop));
        var text = $"{story.Status}. {story.Sure}".Trim();
        var file = CalendarFile.Write(visit.Found.UseId, visit.Found.Version, days.From, days.To, title, text, frame.Address, clock.GetUtcNow());
        http.Response.Headers.ContentDisposition = "attachment; filename=\"delivery.ics\"";
        await WriteAsync(http, 200, file, "text/calendar; charset=utf-8", null).ConfigureAwait(false);
    }

    private static async Task Asset(HttpContext http, string file, IPageBrands brands)
    {
        var response = http.Response;
        if ((Assets.ByPath.GetValueOrDefault("/assets/" + file) ?? (file.StartsWith("logo.", StringComparison.Ordinal) ? brands.Logo("/assets/" + file) : null)) is not { } asset)
        {
            PageHeaders.Apply(response);
            response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        PageHeaders.Apply(response);
        response.Headers.CacheControl = "public, max-age=31536000, immutable";
        response.Headers.Vary = "Accept-Encoding";
        response.ContentType = asset.ContentType;
        if (file.EndsWith(".svg", StringComparison.Ordinal)) response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";   // opened by itself it is still only a picture
        var brotli = Accepts(http.Request, "br");
        if (brotli) response.Headers.ContentEncoding = "br";
        var bytes = brotli ? asset.Brotli : asset.Bytes;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }

    internal static async Task CalmAsync(HttpContext http, VisitOutcome outcome, PageFrame frame)
    {
        if (RetryAfter(outcome) is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await WriteAsync(http, StatusOf(outcome), TrackingPage.DrawCalm(NameOf(outcome), frame), "text/html; charset=utf-8", frame.Brand).ConfigureAwait(false);
    }

    internal static int StatusOf(VisitOutcome outcome) => outcome switch { VisitOutcome.Gone => 404, VisitOutcome.Busy => 429, _ => 503 };

    internal static string NameOf(VisitOutcome outcome) => outcome switch { VisitOutcome.Gone => "gone", VisitOutcome.Busy => "busy", _ => "trouble" };

    internal static string TextOf(VisitOutcome outcome) => Languages.English[NameOf(outcome) + ".title"] + ".";

    internal static int? RetryAfter(VisitOutcome outcome) => outcome switch { VisitOutcome.Busy => 600, VisitOutcome.Trouble => 30, _ => null };

    internal static async Task WriteAsync(HttpContext http, int status, string text, string contentType, Brand? brand, ImmutableArray<string> framedBy = default)
    {
        var response = http.Response;
        if (brand is null) PageHeaders.Apply(response);
        else PageHeaders.Apply(response, framedBy, TrackingPage.BrandStyle(brand).Digest, Assets.StyleDigest);
        response.StatusCode = status;
        response.ContentType = contentType;
        response.Headers.Vary = "Accept-Encoding, Accept-Language";
        var bytes = Encoding.UTF8.GetBytes(text);
        if (Accepts(http.Request, "br"))
        {
            response.Headers.ContentEncoding = "br";
            bytes = Compress(bytes, output => new BrotliStream(output, CompressionLevel.Optimal));
        }
        else if (Accepts(http.Request, "gzip"))
        {
            response.Headers.ContentEncoding = "gzip";
            bytes = Compress(bytes, output => new GZipStream(output, CompressionLevel.Optimal));
        }
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await response.Body.WriteAsync(bytes, http.RequestAborted).ConfigureAwait(false);
    }

    // The page holds no secret beside its own address and echoes nothing, so compressing it gives nothing away.
    private static byte[] Compress(byte[] bytes, Func<Stream, Stream> open)
    {
        using var output = new MemoryStream(bytes.Length / 2);
        using (var stream = open(output)) stream.Write(bytes);
        return output.ToArray();
    }

    private static bool Accepts(HttpRequest request, string coding)
    {
        foreach (var value in request.GetTypedHeaders().AcceptEncoding)
            if (value.Value.Equals(coding, StringComparison.OrdinalIgnoreCase) && value.Quality is not 0)
                return true;
        return false;
    }

    private static string Address(HttpRequest request, string path) => $"{request.Scheme}://{request.Host}{path}";
}
