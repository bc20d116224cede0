using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Scans;

namespace Tracking.Web.Estimates;

/// <summary><c>/v1/notices</c>: operators say that a storm or a strike slows an area, before deliveries show it.</summary>
public static class AreaNoticeEndpoints
{
    private const int MostBytes = 16 * 1024;

    public static IServiceCollection AddAreaNotices(this IServiceCollection services)
    {
        services.TryAddSingleton<OperatorKeys>();
        return services;
    }

    public static IEndpointRouteBuilder MapAreaNotices(this IEndpointRouteBuilder app)
    {
        app.MapPost("/v1/notices", PostAsync).WithName("PostNotice").WithTags("Notices")
            .WithSummary("Posts a dated notice: {\"id\",\"kind\":\"storm|strike|peak|closure|other\",\"country\",\"region\",\"carrier\",\"from\",\"to\",\"pace\" (speed against usual, 0.3 to 1.6) or \"days\" (working days of delay),\"text\"}. The same id with the same content is answered alike; with other content 409.")
            .Accepts<string>("application/json").Produces(200, contentType: "application/json").Produces(201, contentType: "application/json")
            .ProducesProblem(400).ProducesProblem(401).ProducesProblem(403).ProducesProblem(409).ProducesProblem(413).ProducesProblem(429).ProducesProblem(503);
        app.MapGet("/v1/notices", ListAsync).WithName("ListNotices").WithTags("Notices").WithSummary("All notices, newest first, those taken back included.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(403);
        app.MapDelete("/v1/notices/{id}", RetractAsync).WithName("RetractNotice").WithTags("Notices").WithSummary("Takes a notice back from now on. Repeating it does nothing.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(403).ProducesProblem(404).ProducesProblem(503);
        return app;
    }

    private static async Task<IResult> PostAsync(HttpContext http, OperatorKeys operators, IGrainFactory grains)
    {
        if (!operators.Admit(http, out var refusal)) return refusal!;
        if (await BodyReading.WholeAsync(http, MostBytes) is not { } body) return Problems.Of(413, "too-large", "A notice has at most 16 kB.");
        if (Read(body, out var problem) is not { } notice) return Problems.Of(400, "notice-unclear", problem!);
        var receipt = await grains.GetGrain<IAreaNoticeGrain>(0).Post(notice);
        return receipt.Outcome switch
        {
            AreaNoticeOutcome.Posted => Answer(receipt.Notice!, 201),
            AreaNoticeOutcome.Unchanged => Answer(receipt.Notice!, 200),
            AreaNoticeOutcome.TooMany => Problems.Of(429, "too-many-notices", "500 notices stand already; take back those that are over."),
            AreaNoticeOutcome.NotStored => Problems.Of(503, "storage-away", "The notice is not known to be stored. Send it again.", 1),
            _ => Problems.Of(409, "notice-differs", receipt.Notice?.RetractedAt is not null ? "A notice of this id was taken back; post it under another id." : "A notice of this id says something else; take it back, or post under another id."),
        };
    }

    private static async Task<IResult> RetractAsync(string id, HttpContext http, OperatorKeys operators, IGrainFactory grains)
    {
        if (!operators.Admit(http, out var refusal)) return refusal!;
        var receipt = await grains.GetGrain<IAreaNoticeGrain>(0).Retract(id);
        return receipt.Outcome switch
        {
            AreaNoticeOutcome.Unknown => Problems.NotFound("There is no notice of that id."),
            AreaNoticeOutcome.NotStored => Problems.Of(503, "storage-away", "The change is not known to be stored. Send it again.", 1),
            _ => Answer(receipt.Notice!, 200),
        };
    }

    private static async Task<IResult> ListAsync(HttpContext http, OperatorKeys operators, IGrainFactory grains)
    {
        if (!operators.Admit(http, out var refusal)) return refusal!;
        var notices = await grains.GetGrain<IAreaNoticeGrain>(0).List();
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteStartArray("notices");
            foreach (var notice in notices) Write(json, notice);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        http.Response.Headers.CacheControl = "no-store";
        return Results.Bytes(bytes.ToArray(), "application/json");
    }

    private static IResult Answer(AreaNotice notice, int status)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes)) Write(json, notice);
        return Results.Text(System.Text.Encoding.UTF8.GetString(bytes.ToArray()), "application/json", statusCode: status);
    }

    private static void Write(Utf8JsonWriter json, AreaNotice notice)
    {
        json.WriteStartObject();
        json.WriteString("id", notice.Id);
        json.WriteString("kind", notice.Kind.ToString().ToLowerInvariant());
        if (notice.Carrier is not null) json.WriteString("carrier", notice.Carrier);
        json.WriteString("country", notice.Country);
        if (notice.Region is not null) json.WriteString("region", notice.Region);
        json.WriteString("from", notice.From.UtcDateTime);
        json.WriteString("to", notice.To.UtcDateTime);
        json.WriteNumber("pace", Math.Round(notice.Pace, 4));
        if (notice.Text is not null) json.WriteString("text", notice.Text);
        json.WriteString("publishedAt", notice.PublishedAt.UtcDateTime);
        if (notice.RetractedAt is { } retracted) json.WriteString("retractedAt", retracted.UtcDateTime);
        json.WriteEndObject();
    }

    internal static AreaNotice? Read(ReadOnlyMemory<byte> body, out string? problem)
    {
        problem = null;
        JsonDocument document;
        try { document = JsonDocument.Parse(body); }
        catch (JsonException broken) { problem = $"The notice is no JSON: {broken.Message.ReplaceLineEndings(" ")}"; return null; }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) { problem = "A notice is a JSON object."; return null; }
            var id = Text("id");
            if (id is null || id.Length > 100 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')) { problem = "id is 1 to 100 letters, digits, dots, hyphens and underscores."; return null; }
            if (!Enum.TryParse<NoticeKind>(Text("kind"), ignoreCase: true, out var kind) || kind == NoticeKind.None || !Enum.IsDefined(kind)) { problem = "kind is storm, strike, peak, closure or other."; return null; }
            if (Text("country") is not { Length: 2 } country || !country.All(char.IsAsciiLetter)) { problem = "country is the destination's two letters such as BR."; return null; }
            string? carrier = null;
            if (Text("carrier") is { } named)
            {
                if (!Carrier.TryNormalize(named, out var slug)) { problem = $"carrier '{(named.Length > 40 ? named[..40] : named)}' is no carrier's name."; return null; }
                carrier = slug;
            }
            var region = Text("region");
            if (region is { Length: > 20 }) { problem = "region has more than 20 characters."; return null; }
            if (Instant("from") is not { } from) { problem = "from is no RFC 3339 instant with an offset."; return null; }
            if (Instant("to") is not { } to) { problem = "to is no RFC 3339 instant with an offset."; return null; }
            if (to <= from || to - from > TimeSpan.FromDays(120)) { problem = "to is not after from, or more than 120 days after it."; return null; }
            var (pace, days) = (Number("pace"), Number("days"));
            if (pace is null == days is null) { problem = "A notice says pace (speed against usual, 0.3 to 1.6) or days (working days of delay), one of them."; return null; }
            // A delay of d days over a span of n: in that time n - d days of way are made good.
            var span = Math.Max((to - from).TotalDays * 5 / 7, 1);
            var speed = pace ?? Math.Clamp((span - days!.Value) / span, 0.3, 1);
            if (speed is < 0.3 or > 1.6 || days is < 0 or > 60) { problem = "pace is 0.3 to 1.6, days 0 to 60."; return null; }
            var text = Text("text");
            if (text is { Length: > 1_000 }) { problem = "text has more than 1000 characters."; return null; }
            return new AreaNotice(id, kind, carrier, country.ToUpperInvariant(), region, from, to, speed, text, default);

            string? Text(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } given ? given : null;
            DateTimeOffset? Instant(string name) => Text(name) is { } told && ScanJson.TryReadTime(told, out var time) ? time.Utc : null;
            double? Number(string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) ? number : null;
        }
    }
}
