using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>
/// <c>/dev/gallery</c>, in development only: every state of the page, in any language, frozen at one moment. Calm pages are there as <c>gone</c>,
/// <c>trouble</c> and <c>busy</c>. <c>?lang=en-XA</c> shows the pseudo-language.
/// </summary>
public static class Gallery
{
    public static readonly IReadOnlyList<string> CalmPages = ["gone", "trouble", "busy"];

    /// <summary>Forms, and what a visitor sees who proved more.</summary>
    public static readonly IReadOnlyList<string> MorePages =
        ["prove", "prove-wrong", "find", "find-none", "change", "change-asked", "known", "proven", "gift", "offer", "offer-taken", "shared", "embed", "order", "order-empty", "claims", "survey"];

    public static IEnumerable<string> Names => GalleryViews.All.Select(v => v.Name).Concat(CalmPages).Concat(MorePages);

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/dev/gallery", (HttpContext http) => TrackingEndpoints.WriteAsync(http, 200, List(Frame(http, "")), "text/html; charset=utf-8", Frame(http, "").Brand)).ExcludeFromDescription();
        app.MapGet("/dev/gallery/{state}", async (HttpContext http, string state) =>
        {
            var frame = Frame(http, state);
            var page = Draw(state, frame);
            await TrackingEndpoints.WriteAsync(http, page is null ? 404 : 200, page ?? TrackingPage.DrawCalm("gone", frame), "text/html; charset=utf-8", frame.Brand).ConfigureAwait(false);
        }).ExcludeFromDescription();
    }

    /// <summary>A state's page, or null when there is no such state.</summary>
    public static string? Draw(string state, PageFrame frame)
    {
        if (CalmPages.Contains(state)) return TrackingPage.DrawCalm(state, frame);
        if (MorePages.Contains(state)) return GalleryMore.Draw(state, frame);
        if (GalleryViews.Find(state) is not { } view) return null;
        var story = StoryTeller.Tell(view, frame.Texts, frame.Brand.Shop, GalleryViews.Now, frame.All ? int.MaxValue : Live.LiveMessage.Lines);
        return TrackingPage.Draw(story, view.Key, frame);
    }

    private static PageFrame Frame(HttpContext http, string state)
    {
        Brand.TryCreate("Maple & Thread", http.Request.Query["colour"], "en", out var brand, out _);
        var path = "/dev/gallery/" + Uri.EscapeDataString(state);
        return new PageFrame(path, "https://shop.example" + path, brand, PageVisits.TextsFor(http, brand), http.Request.Query["all"] == "1", Script: false);
    }

    private static string List(PageFrame frame)
    {
        var html = new Html();
        html.Add($"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Gallery</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><style>{new Raw(TrackingPage.BrandStyle(frame.Brand).Style)}</style><style>{new Raw(Assets.Style)}</style></head><body><main><h1>Gallery</h1><ul>");
        foreach (var name in Names)
        {
            html.Add($"<li>{name}:");
            foreach (var texts in Languages.All.Append(Languages.Pseudo)) html.Add($" <a href=\"/dev/gallery/{name}?lang={texts.Tag}\">{texts.Tag}</a>");
            html.Add($"</li>");
        }
        html.Add($"</ul></main></body></html>");
        return html.ToString();
    }
}
