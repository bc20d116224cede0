using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Changes;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Changes;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;

namespace Tracking.Web.Changes;

/// <summary>The control centre of a page, and the shop's side of it.</summary>
public static class ChangeEndpoints
{
    public static IEndpointRouteBuilder MapChanges(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/t/{token}/change", [HttpMethods.Get, HttpMethods.Head], PageAsync).ExcludeFromDescription();
        app.MapPost("/t/{token}/change", AskAsync).ExcludeFromDescription();
        app.MapGet("/v1/shipments/{carrier}/{number}/changes", ForShopAsync).WithName("ListChanges").WithTags("Changes")
            .WithSummary("What the recipient asked for (hold, redirect, another day …) and what came of it, oldest first.")
            .Produces(200, contentType: "application/json").ProducesProblem(401).ProducesProblem(404);
        app.MapPost("/v1/shipments/{carrier}/{number}/changes/{id}", AnswerAsync).WithName("AnswerChange").WithTags("Changes")
            .WithSummary("Answers a request: {\"state\":\"accepted\" | \"refused\" | \"done\", \"reason\":\"…\"}. The same answer again changes nothing.")
            .Accepts<ChangeAnswerBody>("application/json").Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401).ProducesProblem(404).ProducesProblem(409).ProducesProblem(503);
        return app;
    }

    // ---- the recipient ---------------------------------------------------------------------------------------------------

    private static async Task PageAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, IChangeBooks books, IConfiguration configuration, TimeProvider clock)
    {
        if (await OpenAsync(http, token, visits, configuration).ConfigureAwait(false) is not (var visit, var frame)) return;
        var said = http.Request.Query["asked"] == "1" ? "change.asked" : null;
        await DrawAsync(http, token, visit, frame, seal, await ListAsync(books, visit, http.RequestAborted).ConfigureAwait(false), clock, said, 200).ConfigureAwait(false);
    }

    private static async Task AskAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, IChangeBooks books, IConfiguration configuration, TimeProvider clock)
    {
        if (await OpenAsync(http, token, visits, configuration).ConfigureAwait(false) is not (var visit, var frame)) return;
        var form = await TrackingEndpoints.FormAsync(http).ConfigureAwait(false);
        ChangeAnswer answer;
        ChangeKind? kind = null;
        var words = "";
        if (form is null || !TrackingEndpoints.IsOurs(http) || !seal.TryForm(token, form["form"], out var id) || (kind = ChangeNames.KindOf(form["kind"])) is not { } wanted) answer = ChangeAnswer.Unknown;
        else
        {
            DateOnly? day = DateOnly.TryParseExact(form["day"], "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var told) ? told : null;
            words = CarrierText.Clean(form["words"], DeliveryChanges.MaxWords) ?? "";
            try
            {
                answer = await books.Of(visit.Found.Key, visit.Found.UseId).Ask(new ChangeAsk(id, wanted, day, words, visit.Found.Status, StoryTeller.Today(visit.Found, clock.GetUtcNow()))).WaitAsync(http.RequestAborted).ConfigureAwait(false);
            }
            catch (TimeoutException) { answer = ChangeAnswer.Trouble; }
        }
        if (answer is ChangeAnswer.Taken or ChangeAnswer.Known)
        {
            TrackingEndpoints.See(http, $"{frame.Path}/change?asked=1&lang={frame.Texts.Tag}");
            return;
        }
        var (said, status) = answer switch
        {
            ChangeAnswer.TooLate => ("change.tooLate", 409),
            ChangeAnswer.NoDay => ("change.noDay", 400),
            ChangeAnswer.NoText => ("change.noText", 400),
            ChangeAnswer.Open => ("change.wait", 409),
            ChangeAnswer.TooMany => ("change.tooMany", 409),
            ChangeAnswer.Trouble => ("form.trouble", 503),
            _ => ("form.stale", 400),
        };
        await DrawAsync(http, token, visit, frame, seal, await ListAsync(books, visit, http.RequestAborted).ConfigureAwait(false), clock, said, status, kind, words).ConfigureAwait(false);
    }

    // Changing anything needs a one-time code; whoever has not given one is led there and back.
    private static async Task<(Visit Visit, PageFrame Frame)?> OpenAsync(HttpContext http, string token, PageVisits visits, IConfiguration configuration)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits, own: true).ConfigureAwait(false) is not (var visit, var frame)) return null;
        var offered = RetailerWebhook.Of(configuration, visit.Found.Key.Retailer).Offered;
        if (offered && visit.Level == VisitLevel.Proven) return (visit, frame);
        TrackingEndpoints.See(http, offered ? $"{frame.Path}/prove?then=change&lang={frame.Texts.Tag}" : frame.Path);
        return null;
    }

    private static async Task<ImmutableArray<ChangeView>> ListAsync(IChangeBooks books, Visit visit, CancellationToken cancel)
    {
        try { return await books.Of(visit.Found.Key, visit.Found.UseId).List().WaitAsync(cancel).ConfigureAwait(false); }
        catch (Exception away) when (!cancel.IsCancellationRequested && away is not OutOfMemoryException) { return []; }
    }

    private static Task DrawAsync(
        HttpContext http, string token, Visit visit, PageFrame frame, PageSeal seal, ImmutableArray<ChangeView> requests, TimeProvider clock, string? said, int status, ChangeKind? open = null, string words = "")
    {
        var possible = requests.Any(r => r.State == ChangeState.Asked) || requests.Length >= DeliveryChanges.MaxRequests ? [] : DeliveryChanges.Possible(visit.Found.Status);
        var page = new ChangePage(requests, [.. possible.Select(k => (k, seal.Form(token)))], StoryTeller.Today(visit.Found, clock.GetUtcNow()), said, status >= 400, open, words);
        return TrackingEndpoints.WriteAsync(http, status, TrackingPage.DrawChange(page, frame), "text/html; charset=utf-8", visit.Brand);
    }

    // ---- the shop --------------------------------------------------------------------------------------------------------

    private static async Task<IResult> ForShopAsync(string carrier, string number, string? use, HttpContext http, RetailerDirectory retailers, IShipmentReader reader, IChangeBooks books)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key || await reader.ReadAsync(key, use: use, cancel: http.RequestAborted).ConfigureAwait(false) is not { } view)
            return Problems.NotFound("There is no such shipment.");
        var requests = await books.Of(key, view.UseId).List().WaitAsync(http.RequestAborted).ConfigureAwait(false);
        var json = JsonAnswer.Start(http);
        await using (json.ConfigureAwait(false))
        {
            json.WriteStartObject();
            json.WriteStartArray("changes"u8);
            foreach (var request in requests)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, request.Id);
                json.WriteString("kind"u8, request.Kind.Name());
                json.WriteString("state"u8, request.State.Name());
                if (request.Day is { } day) json.WriteString("day"u8, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
                if (request.Words is not null) json.WriteString("words"u8, request.Words);
                if (request.Reason is not null) json.WriteString("reason"u8, request.Reason);
                json.WriteString("askedAt"u8, request.AskedAt.UtcDateTime);
                if (request.AnsweredAt is { } at) json.WriteString("answeredAt"u8, at.UtcDateTime);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Results.Empty;
    }

    private static async Task<IResult> AnswerAsync(
        string carrier, string number, string id, string? use, HttpContext http, RetailerDirectory retailers, IShipmentReader reader, IChangeBooks books)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (retailer.ShipmentOf(carrier, number) is not { } key || id.Length > 64 || await reader.ReadAsync(key, use: use, cancel: http.RequestAborted).ConfigureAwait(false) is not { } view)
            return Problems.NotFound("There is no such request.");
        ChangeAnswerBody? body;
        try
        {
            if (http.Request.ContentLength is not <= 4096) return Problems.Of(400, "body-unreadable", "The body is a JSON object of at most 4 kB, sent with its length.");
            body = await JsonSerializer.DeserializeAsync<ChangeAnswerBody>(http.Request.Body, JsonSerializerOptions.Web, http.RequestAborted).ConfigureAwait(false);
        }
        catch (JsonException) { return Problems.Of(400, "body-unreadable", "The body is no JSON object."); }
        if (ChangeNames.StateOf(body?.State) is not { } state || state == ChangeState.Asked) return Problems.Of(400, "state-unknown", "state is accepted, refused or done.");
        var answer = await books.Of(key, view.UseId).Answer(id, state, body!.Reason).WaitAsync(http.RequestAborted).ConfigureAwait(false);
        return answer switch
        {
            ChangeAnswer.Taken or ChangeAnswer.Known => Results.Json(new { id, state = state.Name(), repeated = answer == ChangeAnswer.Known }),
            ChangeAnswer.Over => Problems.Of(409, "change-over", "The request has another end already."),
            ChangeAnswer.Trouble => Problems.Of(503, "storage-away", "The answer could not be stored; send it again.", 5),
            _ => Problems.NotFound("There is no such request."),
        };
    }
}

/// <summary>The shop's answer to a recipient's request.</summary>
/// <param name="State"><c>accepted</c>, <c>refused</c> or <c>done</c>.</param>
/// <param name="Reason">Shown to the recipient; at most 300 characters are kept.</param>
public sealed record ChangeAnswerBody(string? State, string? Reason);
