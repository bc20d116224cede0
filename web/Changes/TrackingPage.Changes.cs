using System.Collections.Immutable;
using System.Globalization;
using Tracking.Contracts.Changes;
using Tracking.Domain.Changes;

namespace Tracking.Web.Pages;

/// <summary>What the control centre shows.</summary>
/// <param name="Forms">A sealed id for each kind that can be asked for.</param>
/// <param name="Said">The key of a sentence about the last try.</param>
public sealed record ChangePage(ImmutableArray<ChangeView> Requests, IReadOnlyList<(ChangeKind Kind, string Form)> Forms, DateOnly Today, string? Said = null, bool IsWrong = false, ChangeKind? Open = null, string Words = "");

/// <summary>The control centre: what the recipient may ask for, and what came of it.</summary>
public static partial class TrackingPage
{
    public static string DrawChange(ChangePage page, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        Head(html, frame, t["change.title"], refreshSeconds: 0);
        html.Add($"<body>");
        Top(html, frame with { Path = frame.Path + "/change" });
        html.Add($"<main class=\"forms\"><article class=\"card hero\" data-tone=\"{(page.IsWrong ? 3 : 0)}\"><h1 class=\"when\">{t["change.title"]}</h1>");
        if (page.Said is { } said) html.Add($"<p class=\"said\" role=\"status\">{t.Say(said, ("days", DeliveryChanges.DaysAhead))}</p>");
        Requests(html, page.Requests, page.Today, frame);
        if (page.Forms.Count == 0) html.Add($"<p>{t[page.Requests.Any(r => r.State == ChangeState.Asked) ? "change.wait" : "change.none"]}</p>");
        else
        {
            html.Add($"<p>{t["change.why"]}</p>");
            foreach (var (kind, form) in page.Forms)
            {
                var name = kind.Name();
                html.Add($"<details class=\"ask\"{new Raw(kind == page.Open ? " open" : "")}><summary>{t["change." + name]}</summary><form method=\"post\" action=\"{frame.Path}/change?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{form}\"><input type=\"hidden\" name=\"kind\" value=\"{name}\">");
                if (DeliveryChanges.NeedsDay(kind))
                    html.Add($"<label for=\"{name}\">{t["change.day"]}</label><input id=\"{name}\" name=\"day\" type=\"date\" required min=\"{Iso(page.Today.AddDays(1))}\" max=\"{Iso(page.Today.AddDays(DeliveryChanges.DaysAhead))}\">");
                else
                    html.Add($"<label for=\"{name}\">{t["change.words." + name]}</label><textarea id=\"{name}\" name=\"words\" required maxlength=\"{DeliveryChanges.MaxWords}\" rows=\"3\">{(kind == page.Open ? page.Words : "")}</textarea>");
                html.Add($"<button class=\"go\">{t["change.ask"]}</button></form></details>");
            }
        }
        html.Add($"<p class=\"back\"><a href=\"{frame.Path}?lang={t.Tag}\">{t["form.back"]}</a></p></article></main></body></html>\n");
        return html.ToString();
    }

    private static void Requests(Html html, ImmutableArray<ChangeView> requests, DateOnly today, PageFrame frame)
    {
        if (requests.IsDefaultOrEmpty) return;
        var t = frame.Texts;
        html.Add($"<ul class=\"asked\">");
        foreach (var request in requests.Reverse())
        {
            var tone = request.State switch { ChangeState.Refused => Tone.Watch, ChangeState.Asked => Tone.Calm, _ => Tone.Good };
            html.Add($"<li data-tone=\"{(int)tone}\"><span>{t["change." + request.Kind.Name()]}{(request.Day is { } day ? ": " + t.Day(day, today) : "")}</span><b>{t["change.state." + request.State.Name()]}</b>");
            if (CarrierText.Clean(request.Words, DeliveryChanges.MaxWords) is { } words) html.Add($"<bdi>{words}</bdi>");
            if (CarrierText.Clean(request.Reason, DeliveryChanges.MaxWords) is { } reason) html.Add($"<bdi>{reason}</bdi>");
            html.Add($"</li>");
        }
        html.Add($"</ul>");
    }

    private static string Iso(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
