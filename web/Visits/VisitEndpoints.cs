using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Retailers;

namespace Tracking.Web.Pages;

/// <summary>Where visitors prove more than having the link, and find a parcel without one. Only forms that we drew, sent by a person, change anything.</summary>
public static partial class TrackingEndpoints
{
    /// <summary>Bytes of a form; the longest has a few sentences of its writer.</summary>
    private const int MaxForm = 8 * 1024;

    private static void MapVisits(IEndpointRouteBuilder app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/t/{token}/prove", reading, ProvePage).ExcludeFromDescription();
        app.MapPost("/t/{token}/prove", Prove).ExcludeFromDescription();
        app.MapMethods("/track/{retailer?}", reading, FindPage).ExcludeFromDescription();
        app.MapPost("/track/{retailer?}", Find).ExcludeFromDescription();
    }

    private static async Task ProvePage(HttpContext http, string token, PageVisits visits, PageSeal seal, StepUp steps)
    {
        if (await VisitAsync(http, token, visits, own: true).ConfigureAwait(false) is not (var visit, var frame)) return;
        var then = Then(http.Request.Query["then"]);
        var ask = new ProveForm(seal.Form(token), then, visit.Level, steps.SendsCodes, Said: http.Request.Query["sent"] == "1" ? "prove.sent" : null);
        await WriteAsync(http, 200, TrackingPage.DrawProve(ask, frame), "text/html; charset=utf-8", visit.Brand).ConfigureAwait(false);
    }

    private static async Task Prove(HttpContext http, string token, PageVisits visits, PageSeal seal, StepUp steps)
    {
        if (await VisitAsync(http, token, visits, own: true).ConfigureAwait(false) is not (var visit, var frame)) return;
        var cancel = http.RequestAborted;
        var form = await FormAsync(http).ConfigureAwait(false);
        var then = Then(form?["then"]);
        if (form is null || !IsOurs(http) || !seal.TryForm(token, form["form"], out _))
        {
            await AgainAsync("form.stale", 400).ConfigureAwait(false);
            return;
        }
        if (form["forget"] == "1")
        {
            http.Response.Cookies.Delete(PageVisits.LevelCookie, CookieFor(http, frame.Path));
            See(http, frame.Path);
            return;
        }
        var found = visit.Found;
        if (form["send"] == "1")
        {
            await steps.SendCodeAsync(found.Key, found.UseId, frame.Texts.Tag, frame.Path, cancel).ConfigureAwait(false);
            See(http, $"{frame.Path}/prove?sent=1{(then.Length == 0 ? "" : "&then=" + then)}&lang={frame.Texts.Tag}");   // the same, whether one was sent or not
            return;
        }
        var (code, fact) = (Short(form["code"]), Short(form["fact"]));
        var answer = code.Length > 0 ? await steps.TryCodeAsync(found.Key, code, cancel).ConfigureAwait(false)
            : fact.Length > 0 ? await steps.KnowsAsync(found.Key, found.UseId, fact, cancel).ConfigureAwait(false)
            : DoorAnswer.Wrong;
        switch (answer)
        {
            case DoorAnswer.Opened:
                http.Response.Cookies.Append(PageVisits.LevelCookie, seal.Prove(token, code.Length > 0 ? VisitLevel.Proven : VisitLevel.Known), CookieFor(http, frame.Path));
                See(http, $"{frame.Path}{(then.Length == 0 ? "" : "/" + then)}?lang={frame.Texts.Tag}");
                return;
            case DoorAnswer.Trouble:
                await AgainAsync("form.trouble", 503).ConfigureAwait(false);
                return;
            default:
                await AgainAsync("prove.wrong", 403).ConfigureAwait(false);
                return;
        }

        Task AgainAsync(string said, int status) => WriteAsync(
            http, status, TrackingPage.DrawProve(new ProveForm(seal.Form(token), then, visit.Level, steps.SendsCodes, said, IsWrong: true), frame), "text/html; charset=utf-8", visit.Brand);
    }

    private static Task FindPage(HttpContext http, string? retailer, IPageBrands brands, PageSeal seal) => DrawFindAsync(http, retailer, brands, seal, null, 200);

    private static async Task Find(HttpContext http, string? retailer, IPageBrands brands, PageSeal seal, StepUp steps, TokenGuesses guesses)
    {
        var shop = ShopOf(http, retailer, brands);
        var form = await FormAsync(http).ConfigureAwait(false);
        if (shop is null || form is null || !IsOurs(http) || !seal.TryForm("track/" + shop, form["form"], out _))
        {
            await DrawFindAsync(http, retailer, brands, seal, "form.stale", 400).ConfigureAwait(false);
            return;
        }
        var address = http.Connection.RemoteIpAddress;
        if (!guesses.MayTry(address))
        {
            http.Response.Headers.RetryAfter = "600";
            await DrawFindAsync(http, retailer, brands, seal, "find.busy", 429).ConfigureAwait(false);
            return;
        }
        var (answer, order) = await steps.FindAsync(shop, Short(form["order"]), Short(form["fact"]), http.RequestAborted).ConfigureAwait(false);
        if (order is not null)
        {
            var link = order.Link ?? "/o/" + seal.Order(new OrderKey(shop, order.Order));
            http.Response.Cookies.Append(PageVisits.LevelCookie, seal.Prove(link[3..], VisitLevel.Known), CookieFor(http, link));
            See(http, link);
            return;
        }
        if (answer != DoorAnswer.Trouble) guesses.Missed(address);
        await DrawFindAsync(http, retailer, brands, seal, answer == DoorAnswer.Trouble ? "form.trouble" : "find.none", answer == DoorAnswer.Trouble ? 503 : 404).ConfigureAwait(false);
    }

    private static async Task DrawFindAsync(HttpContext http, string? retailer, IPageBrands brands, PageSeal seal, string? said, int status)
    {
        var shop = ShopOf(http, retailer, brands);
        var brand = shop is null ? PageVisits.Nobody : brands.For(shop);
        var frame = new PageFrame("", "", brand, PageVisits.TextsFor(http, brand));
        var page = shop is null
            ? TrackingPage.DrawCalm("gone", frame)
            : TrackingPage.DrawFind(new FindForm(http.Request.Path, seal.Form("track/" + shop), said), frame);
        await WriteAsync(http, shop is null ? 404 : status, page, "text/html; charset=utf-8", brand).ConfigureAwait(false);
    }

    // ---- what all forms share --------------------------------------------------------------------------------------------

    /// <summary>Opens the link; null after a calm page was written because it does not open.</summary>
    /// <param name="own">What a shared link does not lead to: it gets the answer of a link that leads nowhere.</param>
    internal static async Task<(Visit Visit, PageFrame Frame)?> VisitAsync(HttpContext http, string token, PageVisits visits, bool own = false)
    {
        var visit = await visits.OpenAsync(token, http, http.RequestAborted).ConfigureAwait(false);
        var path = "/t/" + Uri.EscapeDataString(token);
        var frame = new PageFrame(path, Address(http.Request, path), visit.Brand, PageVisits.TextsFor(http, visit.Brand));
        if (visit.Outcome == VisitOutcome.Found && !(own && visit.IsShared)) return (visit, frame with { IsShared = visit.IsShared });
        await CalmAsync(http, visit.Outcome == VisitOutcome.Found ? VisitOutcome.Gone : visit.Outcome, frame with { Path = "" }).ConfigureAwait(false);
        return null;
    }

    /// <summary>The form of a request; null when it is none, or too long.</summary>
    internal static async Task<IFormCollection?> FormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentLength is not <= MaxForm) return null;
        try
        {
            return await new FormFeature(http.Request, new FormOptions { BufferBodyLengthLimit = MaxForm, ValueCountLimit = 32, ValueLengthLimit = 4_000, KeyLengthLimit = 64 })
                .ReadFormAsync(http.RequestAborted).ConfigureAwait(false);
        }
        catch (Exception malformed) when (malformed is InvalidDataException or BadHttpRequestException) { return null; }
    }

    /// <summary>
    /// Was it sent from a page of ours? Browsers say so in <c>Sec-Fetch-Site</c>, which a page cannot forge (<c>Origin</c> is "null" under no-referrer). What
    /// says nothing is no browser of today; the sealed form still has to be right.
    /// </summary>
    internal static bool IsOurs(HttpContext http) => http.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin" or "none";

    internal static void See(HttpContext http, string path)
    {
        PageHeaders.Apply(http.Response);
        http.Response.StatusCode = StatusCodes.Status303SeeOther;
        http.Response.Headers.Location = path;
    }

    internal static string Short(string? text, int most = 200) => text is null ? "" : text.Length > most ? text[..most].Trim() : text.Trim();

    private static string Then(string? told) => told is "change" or "claim" or "offers" ? told : "";

    /// <param name="path">The link's: each link has a cookie of its own.</param>
    internal static CookieOptions CookieFor(HttpContext http, string path) => new()
    {
        Path = path, HttpOnly = true, IsEssential = true, Secure = http.Request.IsHttps,
        SameSite = SameSiteMode.Lax,   // the link in a mail is opened from elsewhere
        MaxAge = PageSeal.KnownFor,
    };

    private static string? ShopOf(HttpContext http, string? retailer, IPageBrands brands)
        => brands.OfHost(http.Request.Host.Host) ?? (retailer is not null && RetailerDirectory.IsId(retailer) && brands.Knows(retailer) ? retailer : null);
}
