using Tracking.Domain.Visits;

namespace Tracking.Web.Pages;

/// <summary>What the page asks a visitor for.</summary>
/// <param name="Form">The form's sealed id.</param>
/// <param name="Then">Where the right answer leads: <c>change</c>, or empty for the page itself.</param>
/// <param name="Codes">One-time codes can be sent.</param>
/// <param name="Said">The key of a sentence about the last try.</param>
public sealed record ProveForm(string Form, string Then, VisitLevel Level, bool Codes, string? Said = null, bool IsWrong = false);

/// <param name="Path">Where the form is sent: the page itself.</param>
public sealed record FindForm(string Path, string Form, string? Said = null);

/// <summary>What visitors see once they proved more, and the forms in which they do.</summary>
public static partial class TrackingPage
{
    /// <summary>The form in which a visitor proves more than having the link.</summary>
    public static string DrawProve(ProveForm ask, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        Head(html, frame, t["prove.title"], refreshSeconds: 0);
        html.Add($"<body>");
        Top(html, frame with { Path = frame.Path + "/prove" });
        html.Add($"<main class=\"forms\"><article class=\"card hero\" data-tone=\"{(ask.IsWrong ? 3 : 0)}\"><h1 class=\"when\">{t["prove.title"]}</h1>");
        if (ask.Said is { } said) html.Add($"<p class=\"said\" role=\"status\">{t[said]}</p>");
        if (ask.Level < VisitLevel.Known && ask.Then.Length == 0)
        {
            Begin("prove.why");
            html.Add($"<label for=\"fact\">{t["prove.fact"]}</label><input id=\"fact\" name=\"fact\" required maxlength=\"200\" autocomplete=\"postal-code\"><button class=\"go\">{t["prove.check"]}</button></form>");
        }
        if (ask.Codes)
        {
            html.Add($"<h2>{t["prove.codeTitle"]}</h2>");
            Begin("prove.codeWhy");
            html.Add($"<button name=\"send\" value=\"1\">{t["prove.send"]}</button></form>");
            Begin(null);
            html.Add($"<label for=\"code\">{t["prove.code"]}</label><input id=\"code\" name=\"code\" required maxlength=\"20\" inputmode=\"numeric\" autocomplete=\"one-time-code\" pattern=\"[^A-Za-z]*\"><button class=\"go\">{t["prove.open"]}</button></form>");
        }
        else if (ask.Level >= VisitLevel.Known || ask.Then.Length > 0) html.Add($"<p>{t.Say("prove.noCodes", ("shop", frame.Brand.Shop))}</p>");
        html.Add($"<p class=\"back\"><a href=\"{frame.Path}?lang={t.Tag}\">{t["form.back"]}</a></p></article></main></body></html>\n");
        return html.ToString();

        void Begin(string? why)
        {
            html.Add($"<form method=\"post\" action=\"{frame.Path}/prove?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{ask.Form}\"><input type=\"hidden\" name=\"then\" value=\"{ask.Then}\">");
            if (why is not null) html.Add($"<p>{t.Say(why, ("shop", frame.Brand.Shop))}</p>");
        }
    }

    /// <summary>The form for somebody who has an order number and no link.</summary>
    public static string DrawFind(FindForm ask, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        Head(html, frame, t["find.title"], refreshSeconds: 0);
        html.Add($"<body>");
        Top(html, frame);
        html.Add($"<main class=\"forms\"><article class=\"card hero\" data-tone=\"{(ask.Said is null ? 0 : 3)}\"><h1 class=\"when\">{t["find.title"]}</h1>");
        if (ask.Said is { } said) html.Add($"<p class=\"said\" role=\"status\">{t[said]}</p>");
        html.Add($"<form method=\"post\" action=\"{ask.Path}?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{ask.Form}\"><label for=\"order\">{t["find.order"]}</label><input id=\"order\" name=\"order\" required maxlength=\"100\" autocomplete=\"off\">");
        html.Add($"<label for=\"fact\">{t["prove.fact"]}</label><input id=\"fact\" name=\"fact\" required maxlength=\"200\"><button class=\"go\">{t["find.go"]}</button></form></article></main></body></html>\n");
        return html.ToString();
    }

    private static void Place(Html html, PageFrame frame)
    {
        if (frame.Extras?.Placement is not { } placement) return;
        html.Add($"<aside class=\"card place\"><h2>{frame.Texts.Say("placement.title", ("shop", frame.Brand.Shop))}</h2><a href=\"{placement.Link}\" rel=\"noopener\">{placement.Text}</a></aside>\n");
    }

    private static void More(Html html, PageFrame frame)
    {
        if (frame.Extras is not { } extras) return;
        var t = frame.Texts;
        if (extras.Level == VisitLevel.Link)
        {
            if (!extras.HasMore && !extras.CanChange) return;
            html.Add($"<div class=\"invite tools\">");
            if (extras.HasMore) html.Add($"<a class=\"button\" href=\"{frame.Path}/prove?lang={t.Tag}\">{t[extras.HasOffer ? "offer.show" : "more.show"]}</a>");
            if (extras.CanChange) html.Add($"<a class=\"button\" href=\"{frame.Path}/change?lang={t.Tag}\">{t["change.title"]}</a>");
            html.Add($"</div>\n");
            return;
        }
        html.Add($"<section class=\"card more\"><h2>{t["more.title"]}</h2>");
        if (extras.IsGift) html.Add($"<p>{t["gift.note"]}</p>");
        if (extras.Occasion is { } occasion) html.Add($"<p>{t.Say("gift.day", ("day", t.Day(occasion, extras.Today)))}</p>");
        if (extras.OrderPath is { } order) html.Add($"<p><a class=\"button\" href=\"{order}?lang={t.Tag}\">{t["order.all"]}</a></p>");
        html.Add($"<dl>");
        if (!extras.Items.IsEmpty)
        {
            html.Add($"<dt>{t["more.items"]}</dt>");
            foreach (var item in extras.Items.Take(20)) html.Add($"<dd>{(item.Quantity > 1 ? $"{item.Quantity} × " : "")}{CarrierText.Clean(item.Name, 120)}</dd>");
        }
        if (!extras.Recipient.IsEmpty)
        {
            html.Add($"<dt>{t["more.to"]}</dt>");
            foreach (var line in extras.Recipient) html.Add($"<dd><bdi>{line}</bdi></dd>");
        }
        if (extras.Phone is { } phone) html.Add($"<dt>{t["more.phone"]}</dt><dd><bdi>{phone}</bdi></dd>");
        if (extras.Proof is { } proof)
        {
            html.Add($"<dt>{t["more.proof"]}</dt>");
            var said = false;
            if (CarrierText.Clean(proof.SignedBy, 80) is { } signed) { said = true; html.Add($"<dd>{t.Say("more.signed", ("name", signed))}</dd>"); }
            if (CarrierText.Clean(proof.LeftAt, 80) is { } left) { said = true; html.Add($"<dd>{t.Say("more.left", ("place", left))}</dd>"); }
            if (!proof.Images.IsDefaultOrEmpty) { said = true; html.Add($"<dd>{t["more.photo"]}</dd>"); }
            if (!said) html.Add($"<dd>{t["more.noProof"]}</dd>");
        }
        html.Add($"</dl>");
        RouteMap.Draw(html, extras.Map, t);
        Requests(html, extras.Changes, extras.Today, frame);
        if (extras.CanChange) html.Add($"<p><a class=\"button\" href=\"{frame.Path}/change?lang={t.Tag}\">{t["change.title"]}</a></p>");
        html.Add($"<p class=\"small\">{t[extras.Level == VisitLevel.Known ? "more.known" : "more.proven"]}</p>");
        if (extras.Level == VisitLevel.Known && extras.HasMore) html.Add($"<p><a href=\"{frame.Path}/prove?lang={t.Tag}\">{t["more.prove"]}</a></p>");
        html.Add($"<form method=\"post\" action=\"{frame.Path}/prove?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{extras.Form}\"><button name=\"forget\" value=\"1\">{t["more.forget"]}</button></form></section>\n");
    }
}
