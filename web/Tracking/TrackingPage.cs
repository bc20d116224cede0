using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Live;

namespace Tracking.Web.Pages;

/// <summary>What a page is drawn for, beside its story.</summary>
/// <param name="Path">The page's own path, <c>/t/{token}</c>.</param>
/// <param name="Address">The full address that may be shared.</param>
/// <param name="All">The whole history instead of its newest lines.</param>
/// <param name="Script">False leaves out script and live parts: the gallery's frozen pages.</param>
public sealed record PageFrame(string Path, string Address, Brand Brand, Texts Texts, bool All = false, bool Script = true)
{
    /// <summary>Somebody else's: opened by a shared link, which shows less and leads no further.</summary>
    public bool IsShared { get; init; }

    /// <summary>What this visitor sees beyond the link's own view; null for the link alone.</summary>
    public PageExtras? Extras { get; init; }
    /// <summary>Who must be home, what was asked, where a problem is reported; null leaves all of it away.</summary>
    public CarePart? Care { get; init; }
}

/// <summary>Draws pages. Pure: the same story and frame give the same bytes. Readable without script; each line a script may fill has its place already.</summary>
public static partial class TrackingPage
{
    /// <summary>A parcel's page.</summary>
    public static string Draw(Story story, ShipmentKey key, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        Head(html, frame, Title(story, frame.Brand), refreshSeconds: frame.Script ? 60 : 0);
        Body(html, story, frame);
        html.Add($"<a class=\"vh skip\" href=\"#happened\">{t["page.skip"]}</a>");
        Top(html, frame);
        html.Add($"<main>\n");
        if (frame.IsShared) html.Add($"<p class=\"shared\">{t["share.title"]}</p>");
        Hero(html, story, frame);
        if (story.Pieces.Count > 0) Pieces(html, story, t);
        Offers(html, frame);
        More(html, frame);
        Care(html, story, frame);
        Tools(html, story, key, frame);
        Lines(html, story, frame);
        Place(html, frame);
        html.Add($"</main>\n");
        Foot(html, frame);
        Live(html, frame);
        return html.ToString();
    }

    /// <summary>The parcel as a card, to stand inside a shop's own page.</summary>
    public static string DrawEmbed(Story story, PageFrame frame)
    {
        var html = new Html();
        Head(html, frame, Title(story, frame.Brand), refreshSeconds: frame.Script ? 60 : 0);
        Body(html, story, frame, " class=\"embed\"");
        html.Add($"<main>");
        Hero(html, story, frame);
        html.Add($"<p><a class=\"button\" href=\"{frame.Path}?lang={frame.Texts.Tag}\" target=\"_blank\" rel=\"noopener\">{frame.Texts["embed.open"]}</a></p></main>");
        Live(html, frame);
        return html.ToString();
    }

    /// <summary>A page that says calmly why there is nothing to see.</summary>
    /// <param name="what"><c>gone</c>, <c>trouble</c> or <c>busy</c>.</param>
    public static string DrawCalm(string what, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        Head(html, frame, t[what + ".title"], refreshSeconds: what == "trouble" ? 30 : 0);
        html.Add($"<body>");
        Top(html, frame);
        html.Add($"<main><article class=\"card hero calm\" data-tone=\"4\"><h1>{t[what + ".title"]}</h1><p>{t[what + ".body"]}</p></article></main></body></html>\n");
        return html.ToString();
    }

    private static void Body(Html html, Story story, PageFrame frame, string more = "")
    {
        html.Add($"<body{new Raw(more)} data-base=\"{frame.Path}\" data-v=\"{story.Version}\" data-at=\"{story.Now.ToUnixTimeMilliseconds()}\" data-refresh=\"{story.RefreshAt.ToUnixTimeMilliseconds()}\"");
        if (story.HeardAt is { } heardAt) html.Add($" data-heard=\"{heardAt.ToUnixTimeMilliseconds()}\"");
        if (story.Zone is { } zone) html.Add($" data-zone=\"{zone}\"");
        html.Add($">\n");
    }

    private static void Live(Html html, PageFrame frame)
    {
        html.Add($"<p id=\"say\" class=\"vh\" aria-live=\"polite\"></p><div id=\"bar\" role=\"status\" hidden></div>");
        if (frame.Script) html.Add($"<script src=\"{Assets.Script.Path}\" defer fetchpriority=\"low\"></script>");
        html.Add($"</body></html>\n");
    }

    private static void Hero(Html html, Story story, PageFrame frame)
    {
        var t = frame.Texts;
        // Where the journey is over nothing will be filled in any more, and no room is kept for it.
        html.Add($"<article class=\"card hero{new Raw(story.Milestone.IsTerminal() ? " ended" : "")}\" data-s=\"hero\" data-tone=\"{(int)story.Tone}\">");
        html.Add($"<p class=\"top\"><strong class=\"pill\" data-s=\"status\">{story.Status}</strong><span id=\"live\" hidden data-on=\"{t["live.on"]}\" data-often=\"{t["live.often"]}\" data-paused=\"{t["live.paused"]}\" data-pause=\"{t["live.pause"]}\" data-resume=\"{t["live.resume"]}\" data-copied=\"{t["action.copied"]}\" data-now=\"{t["ago.now"]}\" data-gone=\"{t["live.gone"]}\" data-lost=\"{t.Say("live.lost", ("time", Story.AgeMark))}\"></span></p>");
        html.Add($"<h1><span class=\"lead\" data-s=\"lead\">{story.Lead}</span> <span class=\"when\" data-s=\"when\">{story.When}</span></h1>");
        Progress(html, story, t);
        html.Add($"<p class=\"sure\" data-s=\"sure\">{story.Sure}</p>");
        html.Add($"<p class=\"change\"><s data-s=\"before\">{story.Before}</s> <span data-s=\"change\">{story.Change}</span></p>");
        html.Add($"<dl class=\"asks\"><div><dt>{t["ask.where"]} <small data-s=\"whereAt\">{story.WhereAt}</small></dt><dd><span data-s=\"where\">{story.Where}</span></dd></div>");
        html.Add($"<div><dt>{t["ask.next"]}</dt><dd><span data-s=\"next\">{story.Next}</span></dd></div>");
        html.Add($"<div data-s=\"must\" class=\"{(story.MustAct ? "must" : "")}\"><dt>{t["ask.act"]}</dt><dd><span data-s=\"act\">{story.Act}</span></dd></div></dl>");
        var age = story.HeardAt is { } heard ? t.Ago(story.Now - heard) : "";
        html.Add($"<p class=\"fresh\"><span data-s=\"fresh\" data-text=\"{story.Fresh}\">{story.Fresh.Replace(Story.AgeMark.ToString(), age)}</span> <span data-s=\"note\">{story.Note}</span></p></article>\n");
    }

    public static string Title(Story story, Brand brand) => brand.Shop.Length == 0 ? story.Status : $"{story.Status} · {brand.Shop}";

    /// <summary>The words of the link to the whole history.</summary>
    public static string AllWords(Story story, Texts texts) => texts.Say("events.all", ("n", story.LineCount));

    /// <summary>The style that a brand adds, and its digest for the content security policy.</summary>
    public static (string Style, string Digest) BrandStyle(Brand brand)
    {
        var style = $":root{{--brand:{brand.Light}}}@media(prefers-color-scheme:dark){{:root{{--brand:{brand.Dark}}}}}";
        return (style, Assets.Digest(style));
    }

    private static void Head(Html html, PageFrame frame, string title, int refreshSeconds)
    {
        var t = frame.Texts;
        html.Add($"<!doctype html>\n<html lang=\"{t.Tag}\" dir=\"{(t.IsRightToLeft ? "rtl" : "ltr")}\"><head><meta charset=\"utf-8\"><title>{title}</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">");
        if (refreshSeconds > 0) html.Add($"<noscript><meta http-equiv=\"refresh\" content=\"{refreshSeconds}\"></noscript>");
        html.Add($"<style>{new Raw(BrandStyle(frame.Brand).Style)}</style><style>{new Raw(Assets.Style)}</style></head>\n");
    }

    private static void Top(Html html, PageFrame frame)
    {
        var t = frame.Texts;
        html.Add($"<header><p class=\"shop\">");
        if (frame.Brand.Logo is { } logo) html.Add($"<img src=\"{logo.File.Path}\" alt=\"{frame.Brand.Shop}\" width=\"{logo.ShownWidth}\" height=\"{Logo.Shown}\">");
        else html.AddText(frame.Brand.Shop);
        html.Add($"</p><form class=\"lang\" method=\"get\"{new Raw(frame.Path.Length == 0 ? "" : " action=\"")}{frame.Path}{new Raw(frame.Path.Length == 0 ? "" : "\"")}><label class=\"vh\" for=\"lang\">{t["page.language"]}</label><select id=\"lang\" name=\"lang\">");
        foreach (var offered in Languages.All)
            html.Add($"<option value=\"{offered.Tag}\" lang=\"{offered.Tag}\"{new Raw(offered.Tag == t.Tag ? " selected" : "")}>{offered.Name}</option>");
        html.Add($"</select><button>{t["page.change"]}</button></form></header>\n");
    }

    private static void Foot(Html html, PageFrame frame)
    {
        if (frame.Brand.Links.IsEmpty) return;
        html.Add($"<footer>");
        foreach (var link in frame.Brand.Links) html.Add($"<a href=\"{link.Address}\" rel=\"noopener\">{frame.Texts.Say(link.Key, ("shop", frame.Brand.Shop))}</a>");
        html.Add($"</footer>\n");
    }

    private static void Progress(Html html, Story story, Texts t)
    {
        html.Add($"<ol class=\"steps\" data-s=\"steps\" data-step=\"{story.Step}\" aria-label=\"{t["step.label"]}\">");
        for (var i = 0; i < story.Steps.Count; i++)
            html.Add($"<li{new Raw(i + 1 == story.Step ? " aria-current=\"step\"" : "")}><span>{story.Steps[i]}</span></li>");
        html.Add($"</ol>");
    }

    private static void Pieces(Html html, Story story, Texts t)
    {
        html.Add($"<section class=\"card pieces\"><h2>{t["pieces.title"]} <span class=\"done\" data-s=\"done\">{story.PiecesDone}</span></h2><ul data-s=\"pieces\">");
        foreach (var piece in story.Pieces) html.Add($"<li data-tone=\"{(int)piece.Tone}\"><span>{piece.Name}</span><b>{piece.Status}</b></li>");
        html.Add($"</ul></section>\n");
    }

    private static void Tools(Html html, Story story, ShipmentKey key, PageFrame frame)
    {
        var t = frame.Texts;
        var title = t.Say("calendar.title", ("shop", frame.Brand.Shop));
        html.Add($"<div class=\"toolbox\"><div class=\"tools\">");
        if (story.Days is not null) html.Add($"<a class=\"button\" href=\"{frame.Path}/calendar.ics?lang={t.Tag}\" download>{t["action.calendar"]}</a>");
        html.Add($"<a class=\"button\" id=\"share\" data-url=\"{frame.Address}\" href=\"mailto:?subject={Uri.EscapeDataString(title)}&amp;body={Uri.EscapeDataString(frame.Address)}\">{t["action.share"]}</a>");
        html.Add($"<a class=\"button\" href=\"{frame.Path}?lang={t.Tag}\">{t["action.refresh"]}</a><button id=\"print\" hidden>{t["action.print"]}</button>");
        html.Add($"<button id=\"pause\" hidden aria-pressed=\"false\">{t["live.pause"]}</button></div>");
        html.Add($"<p class=\"small\">");
        if (!frame.IsShared)
        {
            var number = CarrierText.Clean(key.Number, TrackingNumber.MaxLength) ?? "";
            html.Add($"{t.Say("page.number", ("carrier", CarrierText.Clean(Carrier.DisplayName(key.Carrier), CarrierText.MaxPlace) ?? ""), ("number", number))}<br>");
        }
        html.AddText(story.Zone is { } zone ? t.Say("page.zone", ("zone", zone.Replace('_', ' '))) : t["page.zoneUnknown"]);
        html.Add($"</p></div>\n");
    }

    private static void Lines(Html html, Story story, PageFrame frame)
    {
        var t = frame.Texts;
        html.Add($"<section class=\"card events\"><h2 id=\"happened\">{t["events.title"]}</h2>");
        if (story.Lines.Count == 0) html.Add($"<p id=\"none\">{t["events.none"]}</p>");
        html.Add($"<ol id=\"lines\" data-n=\"{story.LineCount}\"{new Raw(frame.All ? " data-all" : "")}>");
        foreach (var line in frame.All ? story.Lines : story.Lines.Take(LiveMessage.Lines))
        {
            html.Add($"<li><span class=\"what\">");
            if (line.Struck) html.Add($"<s>{line.Text}</s>"); else html.AddText(line.Text);
            html.Add($"</span><span class=\"meta\">{line.Meta}</span>");
            if (line.Words is { } words) html.Add($"<details><summary>{t["events.words"]}</summary><bdi>{words}</bdi></details>");
            html.Add($"</li>");
        }
        html.Add($"</ol>");
        var more = story.LineCount > LiveMessage.Lines;
        if (frame.All) html.Add($"<a href=\"{frame.Path}?lang={t.Tag}\">{t["events.fewer"]}</a>");
        else html.Add($"<a data-s=\"all\" href=\"{frame.Path}?all=1&amp;lang={t.Tag}\"{new Raw(more ? "" : " hidden")}>{AllWords(story, t)}</a>");
        html.Add($"</section>");
    }
}
