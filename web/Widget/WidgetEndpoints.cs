using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Widget;

/// <summary>
/// A parcel inside a shop's own pages: an embeddable card (one script tag) and the same as JSON for shops that draw it themselves. Both show the link's own view,
/// use no cookie, and answer only to the origins that the shop named (<c>Branding:Origins</c>).
/// </summary>
public static class WidgetEndpoints
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All) };

    public static void MapWidget(this IEndpointRouteBuilder app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/widget.js", reading, Script).ExcludeFromDescription();
        app.MapMethods("/t/{token}/embed", reading, Embed).ExcludeFromDescription();
        app.MapMethods("/t/{token}/parcel.json", reading, Parcel).ExcludeFromDescription();
    }

    private static async Task Script(HttpContext http)
    {
        PageHeaders.Apply(http.Response);
        http.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        http.Response.Headers.CacheControl = "public, max-age=3600";   // its address never changes, so a fix arrives within the hour
        http.Response.ContentType = Assets.Widget.ContentType;
        http.Response.ContentLength = Assets.Widget.Bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(Assets.Widget.Bytes, http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task Embed(HttpContext http, string token, PageVisits visits, TimeProvider clock)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits).ConfigureAwait(false) is not (var visit, var frame)) return;
        var story = StoryTeller.Tell(visit.Found, frame.Texts, visit.Brand.Shop, clock.GetUtcNow(), LiveMessage.Lines);
        await TrackingEndpoints.WriteAsync(http, 200, TrackingPage.DrawEmbed(story, frame), "text/html; charset=utf-8", visit.Brand, visit.Brand.Origins).ConfigureAwait(false);
    }

    private static async Task Parcel(HttpContext http, string token, PageVisits visits, TimeProvider clock)
    {
        var visit = await visits.OpenAsync(token, http, http.RequestAborted).ConfigureAwait(false);
        PageHeaders.Apply(http.Response);
        http.Response.Headers.Vary = "Origin, Accept-Language";
        var origin = http.Request.Headers.Origin.ToString();
        if (visit.Brand.Origins.Contains(origin))
        {
            http.Response.Headers.AccessControlAllowOrigin = origin;
            http.Response.Headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        }
        if (visit.Outcome != VisitOutcome.Found)
        {
            await Http.Problems.Of(TrackingEndpoints.StatusOf(visit.Outcome), TrackingEndpoints.NameOf(visit.Outcome), TrackingEndpoints.TextOf(visit.Outcome), TrackingEndpoints.RetryAfter(visit.Outcome))
                .ExecuteAsync(http).ConfigureAwait(false);
            return;
        }
        var texts = PageVisits.TextsFor(http, visit.Brand);
        var body = Write(visit.Found, StoryTeller.Tell(visit.Found, texts, visit.Brand.Shop, clock.GetUtcNow(), 20), texts.Tag);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(body, http.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>The parcel as words and as data. Names are part of the contract.</summary>
    internal static byte[] Write(ShipmentView view, Story story, string language)
    {
        var output = new ArrayBufferWriter<byte>(2_048);
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteString("language"u8, language);
            json.WriteNumber("version"u8, story.Version);
            json.WriteString("status"u8, view.Status.Name());
            json.WriteStartArray("modifiers"u8);
            foreach (var modifier in view.Modifiers.List()) json.WriteStringValue(modifier);
            json.WriteEndArray();
            json.WriteNumber("step"u8, story.Step);
            if (story.Days is { } days)
            {
                json.WriteStartObject("window"u8);
                json.WriteString("from"u8, days.From.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                json.WriteString("to"u8, days.To.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                if (view.Window is { Confidence: > 0 and var sure }) json.WriteNumber("confidence"u8, Math.Round(sure, 2));
                json.WriteEndObject();
            }
            if (story.Zone is { } zone) json.WriteString("zone"u8, zone);
            if (view.LastHeardAt is { } heard) json.WriteString("lastHeardAt"u8, heard.UtcDateTime);
            if (view.NextScanExpectedBy is { } by) json.WriteString("nextScanExpectedBy"u8, by.UtcDateTime);
            json.WriteBoolean("mustAct"u8, story.MustAct);
            json.WriteStartObject("text"u8);
            json.WriteString("status"u8, story.Status);
            json.WriteString("lead"u8, story.Lead);
            json.WriteString("when"u8, story.When);
            json.WriteString("sure"u8, story.Sure);
            if (story.Before is { } before) json.WriteString("before"u8, before);
            if (story.Change is { } change) json.WriteString("change"u8, change);
            json.WriteString("where"u8, story.Where);
            json.WriteString("next"u8, story.Next);
            json.WriteString("act"u8, story.Act);
            json.WriteEndObject();
            json.WriteStartArray("events"u8);
            foreach (var line in story.Lines)
            {
                json.WriteStartObject();
                json.WriteString("text"u8, line.Text);
                json.WriteString("meta"u8, line.Meta);
                if (line.At is { } at) json.WriteString("at"u8, at);
                if (line.Struck) json.WriteBoolean("takenBack"u8, true);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }
}
