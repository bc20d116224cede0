using System.Collections.Immutable;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class StoryTests
{
    private static Story Tell(string state, string lang = "en", Func<ShipmentView, ShipmentView>? with = null, DateTimeOffset? now = null)
    {
        var view = GalleryViews.Find(state)!;
        return StoryTeller.Tell(with is null ? view : with(view), Languages.Find(lang)!, "Maple & Thread", now ?? GalleryViews.Now);
    }

    public static TheoryData<string> States => [.. GalleryViews.All.Select(v => v.Name)];

    [Theory, MemberData(nameof(States))]
    public void Every_state_answers_when_where_what_next_and_whether_to_act(string state)
    {
        foreach (var texts in Languages.All)
        {
            var story = Tell(state, texts.Tag);
            story.When.ShouldNotBeNullOrWhiteSpace();
            story.Where.ShouldNotBeNullOrWhiteSpace();
            story.Next.ShouldNotBeNullOrWhiteSpace();
            story.Act.ShouldNotBeNullOrWhiteSpace();
        }
    }

    [Theory]
    [InlineData("moving", "On its way", "Tue, 24 Nov to Thu, 26 Nov", "Last seen in Hannover", "The next scan should come by 18:40.", "No, nothing.")]
    [InlineData("label", "Announced", "Thu, 26 Nov to Sat, 28 Nov", "With the sender. DHL Paket knows of it", "DHL Paket collects it, then the first scan appears here.", "No, nothing.")]
    [InlineData("out-for-delivery", "Out for delivery", "Today, Tue, 24 Nov", "In the delivery van, from Berlin", "The driver brings it to the address.", "No, nothing.")]
    [InlineData("pickup", "Ready to collect", "Collect it from now on", "At a collection point in Berlin", "It waits for a limited time; the carrier’s notice names the last day.", "Yes: collect it.")]
    [InlineData("delivered", "Delivered", "Tue, 24 Nov, 10:02", "Delivered in Berlin", "Nothing more to come.", "No. Not there? Ask the neighbours, then Maple & Thread.")]
    [InlineData("lost", "Lost", "Not arriving with you", "DHL Paket has given it up", "Maple & Thread can put it right.", "Yes: ask Maple & Thread for a new parcel or your money.")]
    [InlineData("address", "Stopped", "Thu, 26 Nov to Sat, 28 Nov", "Stopped in Berlin", "DHL Paket has to solve this before it travels on.", "Yes: give Maple & Thread the right address.")]
    [InlineData("ordered", "No news yet", "Day not known yet", "Nobody has scanned it yet", "DHL Paket collects it, then the first scan appears here.", "No, nothing.")]
    public void The_four_answers_are_plain_sentences(string state, string status, string when, string where, string next, string act)
    {
        var story = Tell(state);
        story.Status.ShouldBe(status);
        story.When.ShouldStartWith(when);
        story.Where.ShouldBe(where);
        story.Next.ShouldBe(next);
        story.Act.ShouldBe(act);
    }

    [Fact]
    public void The_window_names_weekdays_and_says_how_sure_it_is()
    {
        var story = Tell("moving");
        story.When.ShouldBe("Tue, 24 Nov to Thu, 26 Nov");
        story.Sure.ShouldBe("91 % sure, going by parcels like yours.");
    }

    [Theory]
    [InlineData(1.0, "99 %"), InlineData(.999, "99 %"), InlineData(.9149, "91 %"), InlineData(.001, "1 %")]
    public void Confidence_is_never_rounded_up_and_never_certain(double mass, string said)
        => Tell("moving", with: v => v with { Window = v.Window! with { Confidence = mass } }).Sure.ShouldContain(said);

    [Fact]
    public void The_delivery_day_has_hours() => Tell("out-for-delivery").Sure.ShouldStartWith("Between 14:00 and 18:00.");

    [Fact]
    public void A_changed_window_shows_the_old_days_and_the_plain_reason()
    {
        var story = Tell("delayed");
        story.Before.ShouldBe("Before: Tue, 24 Nov to Wed, 25 Nov");
        story.Change.ShouldBe("The weather holds it up.");
        story.When.ShouldBe("Thu, 26 Nov to Fri, 27 Nov");
        Tell("day-passed").Change.ShouldBe("That day has passed without a delivery. We are sorry.");
    }

    [Fact]
    public void Days_that_have_passed_are_not_shown_any_more()
        => Tell("moving", now: GalleryViews.Now.AddDays(1)).When.ShouldBe("Wed, 25 Nov to Thu, 26 Nov");

    [Fact]
    public void A_window_that_has_wholly_passed_is_not_repeated() => Tell("moving", now: GalleryViews.Now.AddDays(5)).When.ShouldBe("Day not known yet");

    [Fact]
    public void Overdue_names_no_day()
    {
        var story = Tell("overdue");
        story.When.ShouldBe("Later than usual");
        story.Sure.ShouldStartWith("Longer under way than almost any parcel on this route");
        story.Before.ShouldBe("Before: Wed, 18 Nov to Fri, 20 Nov");
    }

    [Theory]
    [InlineData("moving", "Carrier last heard *, next scan expected by 18:40.")]
    [InlineData("scan-late", "Carrier last heard *. A scan was expected by 09:30 and has not come.")]
    [InlineData("silent", "Carrier last heard *. That is longer than usual.")]
    [InlineData("delivered", "Carrier last heard *.")]
    [InlineData("ordered", "The carrier has not told us anything yet.")]
    public void Freshness_is_told_honestly(string state, string said) => Tell(state).Fresh.Replace(Story.AgeMark, '*').ShouldBe(said);

    [Fact]
    public void The_page_says_first_when_the_expected_scan_does_not_come()
    {
        Tell("moving").RefreshAt.ShouldBe(new DateTimeOffset(2026, 11, 24, 18, 40, 1, TimeSpan.FromHours(1)));
        Tell("moving", now: new DateTimeOffset(2026, 11, 24, 17, 41, 0, TimeSpan.Zero)).Next.ShouldStartWith("A scan was due by 18:40.");
    }

    [Fact]
    public void Two_of_three_are_delivered()
    {
        var story = Tell("pieces");
        story.PiecesDone.ShouldBe("2 of 3 delivered");
        story.Next.ShouldBe("1 more parcel is still on its way.");
        story.Pieces.Select(p => p.Status).ShouldBe(["Delivered", "Delivered", "Out for delivery"]);
        story.Lines[0].Text.ShouldBe("Parcel 1: Delivered");
    }

    [Theory]
    [InlineData("contradiction", "The carrier’s scans contradict each other; we show what fits best.")]
    [InlineData("future", "A scan dated in the future is kept until its time comes.")]
    [InlineData("number-reused", "This tracking number was used before for another parcel; this page shows yours.")]
    public void What_is_odd_is_said(string state, string note) => Tell(state).Note.ShouldBe(note);

    [Fact]
    public void Times_are_told_at_their_precision()
    {
        var story = Tell("untold");
        story.Lines[0].Meta.ShouldBe("time not told");
        story.Lines[1].Meta.ShouldBe("Mon, 23 Nov · Hamburg, DE");
        story.Lines[2].Text.ShouldBe("The carrier sent a code we do not know");
        story.Zone.ShouldBeNull();
    }

    [Fact]
    public void A_carriers_date_without_a_time_stands_where_we_heard_it()
    {
        var story = Tell("moving", with: v => v with
        {
            Events = v.Events.Insert(0, v.Events[0] with
            {
                Kind = ScanKind.Estimate, Status = null, Occurred = OccurredTime.Untold, ReceivedAt = v.Events[1].ReceivedAt.AddMinutes(1), Place = null,
                Eta = new EtaStatement(new DateTime(2026, 11, 25), new DateTime(2026, 11, 25), null, Precision.Day, EtaKind.Estimated),
            }),
        });
        story.Lines.Select(l => l.Text).ShouldBe(["On its way", "The carrier names a day: Wed, 25 Nov", "Taken over by DHL Paket", "Announced to the carrier"]);
    }

    [Fact]
    public void A_scan_taken_back_is_struck_and_stays()
    {
        var story = Tell("moving", with: v => v with { Events = v.Events.SetItem(0, v.Events[0] with { Retracted = true }) });
        story.Lines[0].Struck.ShouldBeTrue();
        story.Lines[0].Meta.ShouldEndWith("taken back by the carrier");
    }

    // 09:26 UTC on 24 November, and what the doorstep's clock and calendar say then.
    [Theory]
    [InlineData("Pacific/Kiritimati", "23:26"), InlineData("Pacific/Auckland", "22:26"), InlineData("Australia/Lord_Howe", "20:26"), InlineData("Australia/Adelaide", "19:56"), InlineData("Asia/Tokyo", "18:26")]
    [InlineData("Asia/Kathmandu", "15:11"), InlineData("Asia/Kolkata", "14:56"), InlineData("Asia/Dubai", "13:26"), InlineData("Africa/Nairobi", "12:26"), InlineData("Europe/Istanbul", "12:26")]
    [InlineData("Europe/Berlin", "10:26"), InlineData("Europe/London", "09:26"), InlineData("Atlantic/Azores", "08:26"), InlineData("America/Sao_Paulo", "06:26"), InlineData("America/St_Johns", "05:56")]
    [InlineData("America/New_York", "04:26"), InlineData("America/Denver", "02:26"), InlineData("America/Los_Angeles", "01:26"), InlineData("America/Anchorage", "00:26"), InlineData("Pacific/Honolulu", "Mon, 23 Nov, 23:26")]
    public void Times_are_those_of_the_delivery_address(string zone, string clock)
    {
        // One minute ahead of a moment that lies in the past of "now" in every zone: the expectation itself is told.
        var story = Tell("moving", with: v => v with { DestinationZone = zone, NextScanExpectedBy = GalleryViews.Now }, now: GalleryViews.Now.AddMinutes(zone == "Pacific/Honolulu" ? 40 : 1));
        story.Next.ShouldBe($"A scan was due by {clock}. One missing scan is common.");
    }

    [Theory]
    [InlineData("2026-10-25T00:30:00Z", "02:30"), InlineData("2026-10-25T01:30:00Z", "02:30"), InlineData("2026-10-25T02:30:00Z", "03:30")]   // the hour that comes twice
    [InlineData("2026-03-29T00:59:00Z", "01:59"), InlineData("2026-03-29T01:00:00Z", "03:00")]                                             // the hour that never comes
    public void On_the_days_clocks_change_the_doorstep_clock_is_told(string instant, string clock)
    {
        var by = DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture);
        Tell("moving", with: v => v with { NextScanExpectedBy = by }, now: by.AddMinutes(-5)).Next.ShouldBe($"The next scan should come by {clock}.");
    }

    [Fact]
    public void Today_is_the_day_at_the_door_not_here()
    {
        var late = new DateTimeOffset(2026, 11, 24, 23, 30, 0, TimeSpan.Zero);   // already Wednesday in Berlin
        Tell("out-for-delivery", now: late, with: v => v with { Window = v.Window! with { From = new DateOnly(2026, 11, 25), To = new DateOnly(2026, 11, 25) } }).When.ShouldBe("Today, Wed, 25 Nov");
    }

    [Fact]
    public void Nothing_personal_is_told_even_if_a_view_held_it()
    {
        var place = new Place(Line: "CANARY street 5", City: "Berlin", PostalCode: "CANARY-10115", Country: "DE", FacilityId: "CANARY-DEPOT", Lat: 52.5, Lon: 13.4);
        var story = Tell("delivered", with: v => v with
        {
            Events = [v.Events[0] with { Place = place, Proof = new DeliveryProof(SignedBy: "CANARY name", LeftAt: "CANARY porch", Images: ["CANARY.jpg"]), Raw = new RawCodes(LocationText: "CANARY hall") }],
        });
        TrackingPage.Draw(story, new ShipmentKey("demo", "ups", "1Z"), Frames.Of("en")).ShouldNotContain("CANARY");
    }

    [Fact]
    public void A_parcel_nobody_ever_scanned_has_a_page_too()
    {
        var story = StoryTeller.Tell(new ShipmentView { Key = new ShipmentKey("demo", "some-carrier", "X1"), UseId = "u" }, Languages.English, "Shop", GalleryViews.Now);
        story.Where.ShouldBe("Nobody has scanned it yet");
        story.Lines.ShouldBeEmpty();
    }
}

internal static class Frames
{
    public static PageFrame Of(string lang, bool all = false, string? colour = null)
    {
        Brand.TryCreate("Maple & Thread", colour, null, out var brand, out _);
        return new PageFrame("/t/tok0001AbCdEfGhIjKlMn", "https://track.example/t/tok0001AbCdEfGhIjKlMn", brand, Languages.Find(lang)!, all);
    }
}
