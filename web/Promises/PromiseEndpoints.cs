using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tracking.Contracts.Estimates;
using Tracking.Web.Http;
using Tracking.Web.Language;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;
using Tracking.Web.Scans;

namespace Tracking.Web.Promises;

/// <summary><c>/v1/promise</c>: dates before purchase, as JSON, as an e-mail block, as a product feed, and the script that puts them on a shop's pages.</summary>
public static class PromiseEndpoints
{
    private const int MostItems = 10_000, MostFeedBytes = 4 * 1024 * 1024;

    private static readonly byte[] Script = Read("promise.v1.js");
    private static readonly string ScriptTag = $"\"{Convert.ToHexStringLower(SHA256.HashData(Script))[..16]}\"";

    public static IServiceCollection AddPromises(this IServiceCollection services)
    {
        services.TryAddSingleton<PromiseGate>();
        return services;
    }

    public static IEndpointRouteBuilder MapPromises(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/promise", Get).WithName("GetPromise").WithTags("Promise")
            .WithSummary("The delivery date of each service before purchase: country and postalCode say where to; service=ups/GROUND,… which; originCountry and originPostalCode, or warehouse, where from; confidence, at, holiday=christmas|all with reliability, backlog, windows=true, lang. A publishable key may stand in ?key=.")
            .Produces(200, contentType: "application/json").Produces(304).ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429);
        app.MapGet("/v1/promise/block", Block).WithName("GetPromiseBlock").WithTags("Promise").WithSummary("The same as a static block for e-mails: format=html (default) or text.")
            .Produces(200, contentType: "text/html").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(429);
        app.MapPost("/v1/promise/feed", FeedAsync).WithName("PostPromiseFeed").WithTags("Promise")
            .WithSummary("Dates for many products and destinations: JSON {\"items\":[{\"sku\",\"country\",\"postalCode\",\"service\",…}]} or CSV with such columns; answers in kind, a line for each item and service. At most 10,000 items and 4 MB.")
            .Accepts<string>("application/json", "text/csv").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(413);
        app.MapMethods("/v1/promise", [HttpMethods.Options], (HttpContext http, PromiseGate gate) => gate.Preflight(http)).ExcludeFromDescription();
        app.MapMethods("/promise.v1.js", [HttpMethods.Get, HttpMethods.Head], ScriptAsync).ExcludeFromDescription();
        return app;
    }

    private static IResult Get(HttpContext http, PromiseGate gate, IEstimates estimates, TimeProvider clock)
    {
        if (gate.Enter(http, secretOnly: false, out var refusal) is not { } retailer) return refusal!;
        if (PromiseQuery.Read(http, retailer, clock.GetUtcNow(), out refusal) is not { } asked) return refusal!;
        var edd = estimates.Current;
        var texts = TextsFor(http, retailer);
        var promises = PromiseMaker.Make(edd, retailer, asked);
        var validUntil = ValidUntil(asked, promises);
        var body = new ArrayBufferWriter<byte>(2_048);
        using (var json = new Utf8JsonWriter(body)) PromiseJson.Write(json, asked, promises, edd, validUntil, texts);
        return Answer(http, body.WrittenSpan, "application/json", clock.GetUtcNow(), validUntil);
    }

    private static IResult Block(HttpContext http, PromiseGate gate, IEstimates estimates, TimeProvider clock)
    {
        if (gate.Enter(http, secretOnly: false, out var refusal) is not { } retailer) return refusal!;
        if (PromiseQuery.Read(http, retailer, clock.GetUtcNow(), out refusal) is not { } asked) return refusal!;
        var format = http.Request.Query["format"].ToString();
        if (format is not ("" or "html" or "text")) return Problems.Of(400, "question-unclear", "format is html or text.");
        var texts = TextsFor(http, retailer);
        var promises = PromiseMaker.Make(estimates.Current, retailer, asked);
        var text = format == "text" ? PromiseBlock.Text(asked, promises, texts) : PromiseBlock.Html(asked, promises, texts);
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";   // mail clients know inline style only; opened here it can do nothing else
        return Answer(http, Encoding.UTF8.GetBytes(text), format == "text" ? "text/plain; charset=utf-8" : "text/html; charset=utf-8", clock.GetUtcNow(), ValidUntil(asked, promises));
    }

    private static async Task<IResult> FeedAsync(HttpContext http, PromiseGate gate, IEstimates estimates, TimeProvider clock)
    {
        if (gate.Enter(http, secretOnly: true, out var refusal) is not { } retailer) return refusal!;
        if (await BodyReading.WholeAsync(http, MostFeedBytes) is not { } body) return Problems.Of(413, "too-large", "A feed has at most 4 MB.");
        var csv = http.Request.ContentType?.StartsWith("text/csv", StringComparison.OrdinalIgnoreCase) == true;
        IReadOnlyList<Dictionary<string, string>> items;
        try { items = csv ? PromiseFeed.ReadCsv(body.Span) : PromiseFeed.ReadJson(body); }
        catch (Exception unreadable) when (unreadable is JsonException or FormatException) { return Problems.Of(400, "feed-unreadable", unreadable.Message.ReplaceLineEndings(" ")); }
        if (items.Count > MostItems) return Problems.Of(413, "too-large", "A feed has at most 10,000 items.");

        var texts = TextsFor(http, retailer);
        var lines = PromiseFeed.Make(items, retailer, estimates.Current, clock.GetUtcNow(), texts);
        var output = new ArrayBufferWriter<byte>(64 * 1024);
        if (csv) PromiseFeed.WriteCsv(output, lines); else PromiseFeed.WriteJson(output, lines, estimates.Current.Id);
        http.Response.Headers.CacheControl = "no-store";
        return Results.Bytes(output.WrittenSpan.ToArray(), csv ? "text/csv; charset=utf-8" : "application/json");
    }

    private static async Task ScriptAsync(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.CacheControl = "public, max-age=3600";
        headers.ETag = ScriptTag;
        headers.XContentTypeOptions = "nosniff";
        headers.AccessControlAllowOrigin = "*";   // so that a page may pin it by its digest
        headers["Cross-Origin-Resource-Policy"] = "cross-origin";
        if (http.Request.Headers.IfNoneMatch == ScriptTag)
        {
            http.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        http.Response.ContentType = "text/javascript; charset=utf-8";
        http.Response.ContentLength = Script.Length;
        if (!HttpMethods.IsHead(http.Request.Method)) await http.Response.Body.WriteAsync(Script, http.RequestAborted);
    }

    // Until the cut-off, and not longer than the next snapshots matter.
    private static DateTimeOffset ValidUntil(PromiseQuestion asked, List<Promise> promises)
    {
        var until = asked.At.AddMinutes(5);
        foreach (var promise in promises)
            if (promise.OrderBy is { } orderBy && orderBy < until) until = orderBy;
        return until;
    }

    private static IResult Answer(HttpContext http, ReadOnlySpan<byte> body, string contentType, DateTimeOffset now, DateTimeOffset validUntil)
    {
        var headers = http.Response.Headers;
        var tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(body).AsSpan(0, 8))}\"";
        headers.ETag = tag;
        headers.CacheControl = $"private, max-age={Math.Clamp((int)(validUntil - now).TotalSeconds, 0, 60).ToString(CultureInfo.InvariantCulture)}";
        headers.Append("Vary", "Accept-Language, Authorization");
        return http.Request.Headers.IfNoneMatch == tag ? Results.StatusCode(304) : Results.Bytes(body.ToArray(), contentType);
    }

    private static Texts TextsFor(HttpContext http, Retailer retailer)
        => Languages.Choose(http.Request.Query["lang"], http.Request.Headers.AcceptLanguage, retailer.Options.Locale);

    private static byte[] Read(string name)
    {
        using var stream = typeof(PromiseEndpoints).Assembly.GetManifestResourceStream("Assets/" + name) ?? throw new FileNotFoundException($"Assets/{name} is not built in.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}

/// <summary>The block of an e-mail: no script, no picture, nothing fetched.</summary>
internal static class PromiseBlock
{
    public static string Html(PromiseQuestion asked, List<Promise> promises, Texts texts)
    {
        var html = new Html();
        var direction = texts.IsRightToLeft ? "rtl" : "ltr";
        html.Add($"<table role=\"presentation\" lang=\"{texts.Tag}\" dir=\"{direction}\" cellpadding=\"0\" cellspacing=\"0\" style=\"border-collapse:collapse;font-family:Arial,sans-serif;font-size:15px;line-height:22px;color:#1d2430\">");
        foreach (var promise in promises)
        {
            html.Add($"<tr><td style=\"padding:8px 0;border-bottom:1px solid #d5dae2\">");
            if (promise.Service.Name is { } name) html.Add($"<strong>{name}</strong><br>");
            html.Add($"{PromiseWords.Line(promise, asked.At, texts)}<br><span style=\"color:#4a5568\">{PromiseWords.Arrives(promise, asked.At, texts)} {PromiseWords.Sure(promise, texts)}</span>");
            if (PromiseWords.Notice(promise.Notice, texts) is { } notice) html.Add($"<br>{notice}");
            foreach (var occasion in promise.Occasions) html.Add($"<br>{PromiseWords.Occasion(occasion, promise, asked.At, texts)}");
            html.Add($"</td></tr>");
        }
        if (promises.Count == 0) html.Add($"<tr><td>{texts["promise.none"]}</td></tr>");
        html.Add($"</table>\n");
        return html.ToString();
    }

    public static string Text(PromiseQuestion asked, List<Promise> promises, Texts texts)
    {
        var text = new StringBuilder();
        foreach (var promise in promises)
        {
            if (promise.Service.Name is { } name) text.Append(name).Append('\n');
            text.Append(PromiseWords.Line(promise, asked.At, texts)).Append('\n');
            text.Append(PromiseWords.Arrives(promise, asked.At, texts)).Append(' ').Append(PromiseWords.Sure(promise, texts)).Append('\n');
            if (PromiseWords.Notice(promise.Notice, texts) is { } notice) text.Append(notice).Append('\n');
            foreach (var occasion in promise.Occasions) text.Append(PromiseWords.Occasion(occasion, promise, asked.At, texts)).Append('\n');
            text.Append('\n');
        }
        if (promises.Count == 0) text.Append(texts["promise.none"]).Append('\n');
        return text.ToString().TrimEnd('\n') + "\n";
    }
}
