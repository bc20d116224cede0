using System.Collections.Immutable;
using Tracking.Contracts.Changes;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Changes;
using Tracking.Domain.Orders;
using Tracking.Domain.Recovery;
using Tracking.Domain.Shipments;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Orders;

namespace Tracking.Web.Pages;

/// <summary>The gallery's forms, and pages of visitors who proved more. No real person.</summary>
internal static class GalleryMore
{
    private static readonly DateOnly Today = DateOnly.FromDateTime(GalleryViews.Now.UtcDateTime);

    private static readonly ImmutableArray<ParcelItem> Items = [new("Berlin Hat", 1), new("Hamburg Scarf", 2)];

    private static readonly PageExtras Known = new() { Level = VisitLevel.Known, HasMore = true, CanChange = true, Form = "form", Today = Today, Items = Items, OrderPath = "/o/gallery" };

    private static readonly ImmutableArray<ChangeView> Asked =
    [
        new("a", ChangeKind.Redirect, null, "Hannover 12", ChangeState.Refused, "Berlin", GalleryViews.Now.AddHours(-20), GalleryViews.Now.AddHours(-19)),
        new("b", ChangeKind.Reschedule, Today.AddDays(3), null, ChangeState.Asked, null, GalleryViews.Now.AddMinutes(-5), null),
    ];

    private static readonly OfferView Offer = new()
    {
        Id = "offer", Order = new OrderKey("demo", "2026-4711"), State = OfferState.Open, Currency = "EUR", ExpiresAt = GalleryViews.Now.AddDays(7),
        Remedies = [new Remedy(RemedyKind.Discount, 500, Percent: 10), new Remedy(RemedyKind.FreeShipping, 490), new Remedy(RemedyKind.RefundShipping, 490)],
    };

    public static string? Draw(string name, PageFrame frame) => name switch
    {
        "prove" => TrackingPage.DrawProve(new ProveForm("form", "", VisitLevel.Link, Codes: true), frame),
        "prove-wrong" => TrackingPage.DrawProve(new ProveForm("form", "", VisitLevel.Link, Codes: true, "prove.wrong", IsWrong: true), frame),
        "find" => TrackingPage.DrawFind(new FindForm("/track/demo", "form"), frame with { Path = "" }),
        "find-none" => TrackingPage.DrawFind(new FindForm("/track/demo", "form", "find.none"), frame with { Path = "" }),
        "change" => TrackingPage.DrawChange(new ChangePage(Asked[..1], [.. DeliveryChanges.Possible(Milestone.InTransit).Select(k => (k, "form"))], Today, Open: ChangeKind.SafePlace), frame),
        "change-asked" => TrackingPage.DrawChange(new ChangePage(Asked, [], Today, "change.asked"), frame),
        "known" => Page("moving", frame with { Extras = Known }),
        "proven" => Page("delivered", frame with
        {
            Extras = Known with
            {
                Level = VisitLevel.Proven, CanChange = false, Recipient = ["M••• S•••", "Ham•••", "10115 Berlin"], Phone = "•••67", Proof = new DeliveryProof("Hannover", "Leipzig", Images: ["x"]),
                Map = [new MapPoint(53.55, 9.99, "Hamburg"), new MapPoint(52.37, 9.73, "Hannover"), new MapPoint(52.52, 13.4, "Berlin")],
            },
        }),
        "gift" => Page("moving", frame with { Extras = Known with { IsGift = true, Occasion = Today.AddDays(30), OrderPath = null } }),
        "offer" => Page("delayed", frame with { Extras = Known with { Offers = [Offer] } }),
        "offer-taken" => Page("delayed", frame with { Extras = Known with { Offers = [Offer with { State = OfferState.Accepted, Accepted = RemedyKind.Discount, Code = "HAT-10-OFF" }], OfferSaid = "accepted" } }),
        "shared" => Page("moving", frame with { IsShared = true }),
        "embed" => TrackingPage.DrawEmbed(Tell("moving", frame), frame),
        "order" => TrackingPage.DrawOrder(new OrderPage("2026-4711",
            [.. new[] { "delivered", "out-for-delivery", "address" }.Select(s => new OrderParcel(Tell(s, frame), GalleryViews.Find(s)!.Key, "/dev/gallery/" + s, s == "delivered" ? Items : []))], 1, VisitLevel.Known, false), frame),
        "order-empty" => TrackingPage.DrawOrder(new OrderPage("2026-4711", [], 0, VisitLevel.Link, true), frame),
        "claims" => TrackingPage.DrawClaims(new ClaimPage([], "form"), frame),
        "survey" => TrackingPage.DrawSurvey(new SurveyPage("form", false), frame),
        _ => null,
    };

    private static Story Tell(string state, PageFrame frame) => StoryTeller.Tell(GalleryViews.Find(state)!, frame.Texts, frame.Brand.Shop, GalleryViews.Now, LiveMessage.Lines);

    private static string Page(string state, PageFrame frame) => TrackingPage.Draw(Tell(state, frame), GalleryViews.Find(state)!.Key, frame);
}
