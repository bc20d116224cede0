using System.Collections.Immutable;
using Tracking.Contracts.Orders;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Orders;

namespace Tracking.Web.Pages;

/// <summary>The order's page, and a parcel's offers.</summary>
public static partial class TrackingPage
{
    /// <summary>All parcels of an order: for each the same short answers as on its own page.</summary>
    public static string DrawOrder(OrderPage page, PageFrame frame)
    {
        var t = frame.Texts;
        var html = new Html();
        var done = page.Parcels.Length < 2 ? "" : t.Say("pieces.done", ("done", page.Delivered), ("total", page.Parcels.Length));
        Head(html, frame, t.Say("order.title", ("shop", frame.Brand.Shop)), refreshSeconds: frame.Script ? 60 : 0);
        html.Add($"<body data-order><a class=\"vh skip\" href=\"#parcels\">{t["order.skip"]}</a>");
        Top(html, frame);
        html.Add($"<main class=\"order\" id=\"parcels\"><h1><span class=\"when\">{t.Say("order.title", ("shop", frame.Brand.Shop))}</span> <span class=\"lead\">{t.Say("order.number", ("order", CarrierText.Clean(page.Number, OrderKey.MaxLength) ?? ""))} <b data-o=\"done\">{done}</b></span></h1>");
        if (page.IsGift) html.Add($"<p class=\"small\">{t["gift.note"]}</p>");
        if (page.Parcels.IsEmpty) html.Add($"<article class=\"card\"><p>{t["order.none"]}</p></article>");
        for (var i = 0; i < page.Parcels.Length; i++)
        {
            var parcel = page.Parcels[i];
            var story = parcel.Story;
            html.Add($"<article class=\"card hero\" data-o=\"tone{i}\" data-tone=\"{(int)story.Tone}\"><p class=\"top\"><strong class=\"pill\" data-o=\"status{i}\">{story.Status}</strong><span class=\"small\">{t.Say("pieces.name", ("n", i + 1))}</span></p>");
            html.Add($"<h2><span class=\"lead\" data-o=\"lead{i}\">{story.Lead}</span> <span class=\"when\" data-o=\"when{i}\">{story.When}</span></h2>");
            html.Add($"<p data-o=\"where{i}\">{story.Where}</p><p class=\"{(story.MustAct ? "must" : "")}\" data-o=\"act{i}\">{(story.MustAct ? story.Act : "")}</p>");
            if (!parcel.Items.IsEmpty)
            {
                html.Add($"<ul class=\"inside\">");
                foreach (var item in parcel.Items.Take(12)) html.Add($"<li>{(item.Quantity > 1 ? $"{item.Quantity} × " : "")}{CarrierText.Clean(item.Name, 120)}</li>");
                html.Add($"</ul>");
            }
            if (parcel.Path is { } path) html.Add($"<p><a class=\"button\" href=\"{path}?lang={t.Tag}\">{t["embed.open"]}<span class=\"vh\"> {t.Say("pieces.name", ("n", i + 1))}</span></a></p>");
            html.Add($"</article>\n");
        }
        html.Add($"</main>\n");
        Foot(html, frame);
        if (frame.Script) html.Add($"<script src=\"{Assets.Order.Path}\" defer fetchpriority=\"low\"></script>");
        html.Add($"</body></html>\n");
        return html.ToString();
    }

    private static void Offers(Html html, PageFrame frame)
    {
        if (frame.Extras is not { Offers.IsEmpty: false } extras) return;
        var t = frame.Texts;
        html.Add($"<section class=\"card more\" id=\"offers\">");
        if (extras.OfferSaid is { } said && t.Has("offer." + said)) html.Add($"<p class=\"said\" role=\"status\">{t["offer." + said]}</p>");
        foreach (var offer in extras.Offers)
        {
            if (offer.State == OfferState.Accepted)
            {
                html.Add($"<h2>{t["offer.taken"]}</h2><p>{(offer.Accepted is { } kind ? Words(offer.Remedies.FirstOrDefault(r => r.Kind == kind) ?? new Remedy(kind, 0), offer, t) : "")}</p>");
                if (CarrierText.Clean(offer.Code, 60) is { } code) html.Add($"<p>{t["offer.code"]} <b class=\"code\"><bdi>{code}</bdi></b></p>");
                continue;
            }
            html.Add($"<h2>{t["offer.title"]}</h2><p>{t.Say("offer.why", ("shop", frame.Brand.Shop))}</p><form class=\"offer\" method=\"post\" action=\"{frame.Path}/offers?lang={t.Tag}\"><input type=\"hidden\" name=\"form\" value=\"{extras.Form}\"><input type=\"hidden\" name=\"offer\" value=\"{offer.Id}\">");
            foreach (var remedy in offer.Remedies) html.Add($"<button name=\"remedy\" value=\"{remedy.Kind.Name()}\">{Words(remedy, offer, t)}</button>");
            html.Add($"<button class=\"quiet\" name=\"remedy\" value=\"none\">{t["offer.no"]}</button></form>");
            if (offer.ExpiresAt is { } until) html.Add($"<p class=\"small\">{t.Say("offer.until", ("day", t.Day(DateOnly.FromDateTime(until.UtcDateTime), extras.Today)))}</p>");
        }
        html.Add($"</section>\n");
    }

    // "A discount on your next order: 10 %". A remedy without words of its own is an apology.
    private static string Words(Remedy remedy, OfferView offer, Language.Texts t)
    {
        var key = "remedy." + remedy.Kind.Name();
        var words = t.Has(key) ? t[key] : t["remedy.apology"];
        var worth = remedy.Percent is { } percent ? t.Say("offer.percent", ("percent", percent))
            : remedy.Price is { } price ? new Money(price, offer.Currency).ToString()
            : remedy.Kind is RemedyKind.Discount or RemedyKind.Retroactive or RemedyKind.RefundShipping && remedy.Cost > 0 ? new Money(remedy.Cost, offer.Currency).ToString()
            : CarrierText.Clean(remedy.Item, 80);
        return worth is null ? words : $"{words}: {worth}";
    }
}
