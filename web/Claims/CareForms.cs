using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Ports;
using Tracking.Domain.Claims;
using Tracking.Domain.Visits;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Claims;

/// <summary>
/// What a shopper does below a page: reports a problem, says whether somebody will be home, answers the one question after a recovery. Plain forms that we drew,
/// sent by a person; opening a page changes nothing.
/// </summary>
public static class CareForms
{
    public static IEndpointRouteBuilder MapCareForms(this IEndpointRouteBuilder app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        foreach (var path in new[] { "/t/{token}/claims", "/t/{token}/claim" })
        {
            app.MapMethods(path, reading, ClaimPageAsync).ExcludeFromDescription();
            app.MapPost(path, ClaimAsync).ExcludeFromDescription();
        }
        app.MapPost("/t/{token}/signature", SignatureAsync).ExcludeFromDescription();
        app.MapMethods("/t/{token}/survey", reading, SurveyPageAsync).ExcludeFromDescription();
        app.MapPost("/t/{token}/survey", SurveyAsync).ExcludeFromDescription();
        return app;
    }

    // ---- claims ----------------------------------------------------------------------------------------------------------

    private static async Task ClaimPageAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, ICaseBooks cases, IRecipients recipients)
    {
        if (await OpenClaimsAsync(http, token, visits, recipients).ConfigureAwait(false) is not (var visit, var frame)) return;
        var parcel = await cases.ReadAsync(visit.Found.Key, http.RequestAborted).ConfigureAwait(false);
        await DrawClaimsAsync(http, token, visit, frame, seal, parcel, null, 200).ConfigureAwait(false);
    }

    private static async Task ClaimAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, ICaseBooks cases, IRecipients recipients)
    {
        if (await OpenClaimsAsync(http, token, visits, recipients).ConfigureAwait(false) is not (var visit, var frame)) return;
        var cancel = http.RequestAborted;
        var form = await TrackingEndpoints.FormAsync(http).ConfigureAwait(false);
        var (said, status) = ("claim.stale", 400);
        CaseView? parcel = null;
        if (form is not null && TrackingEndpoints.IsOurs(http) && seal.TryForm(token, form["form"], out _) && ClaimWords.TryParse(form["kind"], out ClaimKind kind))
        {
            ClaimWords.TryParse(form["wish"], out ClaimRemedy wish);
            // Which item it is about is what the shopper says, not an order line: one parcel is one claim, however items are spelled.
            var words = string.Join('\n', new[] { CarrierText.Clean(form["item"], 200), CarrierText.Clean(form["text"], 2_000) }.OfType<string>());
            var filing = new ClaimFiling
            {
                Kind = kind, Use = visit.Found.UseId, Wish = wish == ClaimRemedy.None ? ClaimRemedy.Refund : wish, FiledBy = "shopper", Text = words.Length == 0 ? null : words, Language = frame.Texts.Tag,
            };
            CaseAnswer answer;
            try { answer = await cases.Of(visit.Found.Key).File(filing).WaitAsync(cancel).ConfigureAwait(false); }
            catch (TimeoutException) { answer = new CaseAnswer(null, NotStored: true); }
            if (answer is { Refusal: null, NotStored: false })
            {
                TrackingEndpoints.See(http, $"{frame.Path}/claims?lang={frame.Texts.Tag}");
                return;
            }
            parcel = answer.Case;
            (said, status) = answer.NotStored ? ("claim.failed", 503) : (Words(answer.Refusal!, visit, frame.Texts), 409);
        }
        parcel ??= await cases.ReadAsync(visit.Found.Key, cancel).ConfigureAwait(false);
        await DrawClaimsAsync(http, token, visit, frame, seal, parcel, frame.Texts.Has(said) ? frame.Texts.Say(said, ("shop", visit.Brand.Shop)) : said, status).ConfigureAwait(false);
    }

    // Whoever the shop knows must be known: the postcode or a code, as for everything else that is theirs.
    private static async Task<(Visit Visit, PageFrame Frame)?> OpenClaimsAsync(HttpContext http, string token, PageVisits visits, IRecipients recipients)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits).ConfigureAwait(false) is not (var visit, var frame)) return null;
        if (visit.Level >= VisitLevel.Known) return (visit, frame);
        try
        {
            if (await recipients.FindAsync(visit.Found.Key, visit.Found.UseId, http.RequestAborted).ConfigureAwait(false) is not ({ PostalCode: not null } or { Email: not null })) return (visit, frame);
        }
        catch (Exception away) when (!http.RequestAborted.IsCancellationRequested && away is not OutOfMemoryException) { }   // better asked once too often
        TrackingEndpoints.See(http, $"{frame.Path}/prove?lang={frame.Texts.Tag}");
        return null;
    }

    private static Task DrawClaimsAsync(HttpContext http, string token, Visit visit, PageFrame frame, PageSeal seal, CaseView? parcel, string? said, int status)
    {
        var claims = parcel?.Claims.Where(c => c.UseId == visit.Found.UseId).ToList() ?? [];
        var page = new ClaimPage(claims, claims.Any(c => c.Status != ClaimStatus.Declined) ? null : seal.Form(token), said);
        return TrackingEndpoints.WriteAsync(http, status, TrackingPage.DrawClaims(page, frame), "text/html; charset=utf-8", visit.Brand);
    }

    private static string Words(CaseRefusal refusal, Visit visit, Texts t)
    {
        var day = refusal.Day is { } at ? t.Day(DateOnly.FromDateTime(at.UtcDateTime), DateOnly.FromDateTime(at.UtcDateTime)) : "";
        return refusal.Code switch
        {
            "claim-too-early" => t.Say("claim.early", ("day", day)),
            "claim-too-late" => t.Say("claim.late", ("day", day), ("shop", visit.Brand.Shop)),
            "claim-not-delivered" => t["claim.notdelivered"],
            "claim-delivered" => t["claim.delivered"],
            "claim-evidence-missing" => t.Say("claim.evidence", ("shop", visit.Brand.Shop)),
            "claim-conflict" or "claim-settled-otherwise" => t.Say("claim.open", ("shop", visit.Brand.Shop)),
            _ => t["claim.failed"],
        };
    }

    // ---- signature -------------------------------------------------------------------------------------------------------

    private static async Task SignatureAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, ICaseBooks cases)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits).ConfigureAwait(false) is not (var visit, var frame)) return;
        var form = await TrackingEndpoints.FormAsync(http).ConfigureAwait(false);
        if (form is not null && TrackingEndpoints.IsOurs(http) && seal.TryForm(token, form["form"], out _))
        {
            var answer = TrackingEndpoints.Short(form["answer"], 20);
            // Saying that somebody is home sends nothing elsewhere; holding or redirecting does, so it takes a one-time code and the form for changes.
            if (answer is "hold" or "pickup" && visit.Level < VisitLevel.Proven)
            {
                TrackingEndpoints.See(http, $"{frame.Path}/prove?then=change&lang={frame.Texts.Tag}");
                return;
            }
            try { await cases.Of(visit.Found.Key).Answer(answer).WaitAsync(http.RequestAborted).ConfigureAwait(false); }
            catch (TimeoutException) { }   // the page shows what was kept
        }
        TrackingEndpoints.See(http, $"{frame.Path}?lang={frame.Texts.Tag}");
    }

    // ---- survey ----------------------------------------------------------------------------------------------------------

    private static async Task SurveyPageAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, ICaseBooks cases)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits).ConfigureAwait(false) is not (var visit, var frame)) return;
        var parcel = await cases.ReadAsync(visit.Found.Key, http.RequestAborted).ConfigureAwait(false);
        await DrawSurveyAsync(http, visit, frame, parcel?.Asked is null ? null : seal.Form(token), parcel, 200).ConfigureAwait(false);
    }

    private static async Task SurveyAsync(HttpContext http, string token, PageVisits visits, PageSeal seal, ICaseBooks cases)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits).ConfigureAwait(false) is not (var visit, var frame)) return;
        var form = await TrackingEndpoints.FormAsync(http).ConfigureAwait(false);
        if (form is null || !TrackingEndpoints.IsOurs(http) || !seal.TryForm(token, form["form"], out _) || !int.TryParse(form["score"], out var score) || score is < 1 or > 5)
        {
            var again = await cases.ReadAsync(visit.Found.Key, http.RequestAborted).ConfigureAwait(false);
            await DrawSurveyAsync(http, visit, frame, again?.Asked is null ? null : seal.Form(token), again, 400).ConfigureAwait(false);
            return;
        }
        CaseAnswer answer;
        try { answer = await cases.Of(visit.Found.Key).Rate(score).WaitAsync(http.RequestAborted).ConfigureAwait(false); }
        catch (TimeoutException) { answer = new CaseAnswer(null, NotStored: true); }
        if (answer.NotStored) await DrawSurveyAsync(http, visit, frame, seal.Form(token), null, 503).ConfigureAwait(false);
        else TrackingEndpoints.See(http, $"{frame.Path}/survey?lang={frame.Texts.Tag}");
    }

    private static Task DrawSurveyAsync(HttpContext http, Visit visit, PageFrame frame, string? form, CaseView? parcel, int status)
        => TrackingEndpoints.WriteAsync(http, status, TrackingPage.DrawSurvey(new SurveyPage(form, parcel?.Recoveries.Any(r => r.Score is not null) == true, status >= 400), frame), "text/html; charset=utf-8", visit.Brand);
}
