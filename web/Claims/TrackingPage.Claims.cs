using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <param name="Form">The form's sealed id; null when nothing more can be reported.</param>
/// <param name="Said">A sentence about the last try.</param>
public sealed record ClaimPage(IReadOnlyList<Claim> Claims, string? Form, string? Said = null);

/// <param name="Form">The form's sealed id; null when there is nothing to ask.</param>
public sealed record SurveyPage(string? Form, bool Answered, bool IsWrong = false);

/// <summary>What the page shows of a parcel's case.</summary>
/// <param name="Form">A sealed id for the answer about signing; empty when none is asked.</param>
public sealed record CarePart(CaseView? Case, string Form);

/// <summary>Reporting a problem, saying who is home, and the one question after a recovery.</summary>
public static partial class TrackingPage
{
    public static string DrawClaims(ClaimPage page, PageFrame frame)
    {
        var t = frame.Texts;
        var html = CareStart(frame, t["claim.title"], "/claims", page.Said is null ? 0 : 3);
        if (page.Said is { } said) html.Add($"<p class=\"said\" role=\"status\">{said}</p>");
        foreach (var claim in page.Claims)
            html.Add($"<p role=\"status\"><strong>{t["claim.kind." + claim.Kind.Name()]}</strong><br>{StateOf(claim, frame)}</p>");
        if (page.Form is { } form)
        {
            html.Add($"<p>{t.Say("claim.intro", ("shop", frame.Brand.Shop))}</p><form method=\"post\" action=\"{frame.Path}/claims?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{form}\"><fieldset><legend>{t["claim.kind"]}</legend>");
            foreach (var kind in ClaimWords.Kinds)
                html.Add($"<p><label><input type=\"radio\" name=\"kind\" value=\"{kind.Name()}\" required> {t["claim.kind." + kind.Name()]}</label></p>");
            html.Add($"</fieldset><label for=\"item\">{t["claim.item"]}</label><input id=\"item\" name=\"item\" maxlength=\"200\" autocomplete=\"off\"><label for=\"text\">{t["claim.text"]}</label><textarea id=\"text\" name=\"text\" rows=\"4\" maxlength=\"2000\"></textarea><fieldset><legend>{t["claim.wish"]}</legend>");
            html.Add($"<p><label><input type=\"radio\" name=\"wish\" value=\"refund\" checked> {t["claim.wish.refund"]}</label></p><p><label><input type=\"radio\" name=\"wish\" value=\"reship\"> {t["claim.wish.reship"]}</label></p></fieldset><button class=\"go\">{t["claim.send"]}</button></form>");
        }
        return CareEnd(html, frame);
    }

    public static string DrawSurvey(SurveyPage page, PageFrame frame)
    {
        var t = frame.Texts;
        var html = CareStart(frame, t["survey.title"], "/survey", page.IsWrong ? 3 : 0);
        if (page.Form is not { } form) html.Add($"<p role=\"status\">{(page.Answered ? t.Say("survey.thanks", ("shop", frame.Brand.Shop)) : t["survey.none"])}</p>");
        else
        {
            if (page.IsWrong) html.Add($"<p class=\"said\" role=\"status\">{t["claim.stale"]}</p>");
            html.Add($"<form method=\"post\" action=\"{frame.Path}/survey?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{form}\"><fieldset><legend>{t.Say("survey.question", ("shop", frame.Brand.Shop))}</legend>");
            for (var score = 5; score >= 1; score--) html.Add($"<p><label><input type=\"radio\" name=\"score\" value=\"{score}\" required> {t["survey." + score]}</label></p>");
            html.Add($"</fieldset><button class=\"go\">{t["claim.send"]}</button></form>");
        }
        return CareEnd(html, frame);
    }

    // On the parcel's own page: who must be home, what was asked, and where a problem is reported.
    private static void Care(Html html, Story story, PageFrame frame)
    {
        if (frame.Care is not { } care) return;
        var t = frame.Texts;
        if (care.Case?.Signature is { Required: true } signature && !story.Milestone.IsTerminal())
        {
            var days = story.Days is { } window ? t.Range(window.From, window.To, DateOnly.FromDateTime(story.Now.UtcDateTime)) : "";
            html.Add($"<section class=\"card more sign\"><h2>{t["sign.title"]}</h2><p>{t.Say("sign.home", ("has", days.Length > 0 ? "yes" : "no"), ("days", days))}</p>");
            if (signature.Answer is { } answer) html.Add($"<p role=\"status\">{t["sign.option." + answer]}. {t.Say("sign.noted", ("shop", frame.Brand.Shop))}</p>");
            html.Add($"<p>{t["sign.else"]}</p>");
            foreach (var option in SignatureExpectation.Answers)
                if (option != signature.Answer)
                    html.Add($"<form method=\"post\" action=\"{frame.Path}/signature?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{care.Form}\"><button name=\"answer\" value=\"{option}\">{t["sign.option." + option]}</button></form>");
            html.Add($"</section>\n");
        }
        if (care.Case?.Asked is not null) html.Add($"<p class=\"invite\"><a class=\"button\" href=\"{frame.Path}/survey?lang={t.Tag}\">{t["survey.title"]}</a></p>\n");
        if (story.Milestone is not (Milestone.Unknown or Milestone.LabelCreated or Milestone.Cancelled)) html.Add($"<p class=\"invite\"><a href=\"{frame.Path}/claims?lang={t.Tag}\">{t["claim.title"]}</a></p>\n");
    }

    private static string StateOf(Claim claim, PageFrame frame)
    {
        var t = frame.Texts;
        return claim.Status switch
        {
            ClaimStatus.Granted when claim.Remedy == ClaimRemedy.Reship => t["claim.reship"],
            ClaimStatus.Granted => t.Say("claim.refund", ("amount", claim.Amount?.ToString() ?? "")),
            ClaimStatus.Declined => t.Say("claim.declined", ("shop", frame.Brand.Shop)),
            _ => t.Say("claim.open", ("shop", frame.Brand.Shop)),
        };
    }

    private static Html CareStart(PageFrame frame, string title, string path, int tone)
    {
        var html = new Html();
        Head(html, frame, title, refreshSeconds: 0);
        html.Add($"<body>");
        Top(html, frame with { Path = frame.Path + path });
        html.Add($"<main class=\"forms\"><article class=\"card hero\" data-tone=\"{tone}\"><h1 class=\"when\">{title}</h1>");
        return html;
    }

    private static string CareEnd(Html html, PageFrame frame)
    {
        html.Add($"<p class=\"back\"><a href=\"{frame.Path}?lang={frame.Texts.Tag}\">{frame.Texts["form.back"]}</a></p></article></main></body></html>\n");
        return html.ToString();
    }
}
