using System.Collections.Immutable;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>One parcel in each state a page must be able to draw, at one fixed moment. For designers and tests; no real parcel.</summary>
public static class GalleryViews
{
    /// <summary>A Tuesday morning in Berlin: 24 November 2026, 10:26.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 9, 26, 0, TimeSpan.Zero);

    private static readonly TimeSpan Berlin = TimeSpan.FromHours(1);
    private static readonly DateOnly Today = new(2026, 11, 24);

    /// <summary>All states by name, in the order of a parcel's life.</summary>
    public static IReadOnlyList<(string Name, ShipmentView View)> All { get; } =
    [
        ("ordered", View(Milestone.Unknown, [])),
        ("label", View(Milestone.LabelCreated, [Label()], v => v with { Window = Days(2, 4, .86), NextScanExpectedBy = At(0, 18, 40) })),
        ("accepted", View(Milestone.Accepted, [Accepted(), Label()], v => v with { Window = Days(1, 3, .88), NextScanExpectedBy = At(0, 22, 0) })),
        ("moving", View(Milestone.InTransit, [Moving(), Accepted(), Label()], v => v with { Window = Days(0, 2, .91), NextScanExpectedBy = At(0, 18, 40) })),
        ("handed-over", View(Milestone.InTransit, [Scan(0, 8, 5, Milestone.InTransit, "Leipzig", modifiers: Modifiers.HandedOver), Moving(), Accepted(), Label()],
            v => v with { Modifiers = Modifiers.HandedOver, Window = Days(1, 2, .9), NextScanExpectedBy = At(0, 20, 0) })),
        ("scan-late", View(Milestone.InTransit, [Moving(), Accepted(), Label()], v => v with { Window = Days(0, 2, .81), NextScanExpectedBy = At(0, 9, 30) })),
        ("customs", View(Milestone.InTransit, [Scan(-1, 15, 20, Milestone.InTransit, "Leipzig", modifiers: Modifiers.Customs, reason: Reason.CustomsInspection), Moving(), Accepted()],
            v => v with { Modifiers = Modifiers.Customs, Reason = Reason.CustomsInspection, Window = Days(2, 5, .84), NextScanExpectedBy = At(1, 12, 0) })),
        ("customs-duties", View(Milestone.Exception, [Scan(-1, 15, 20, Milestone.Exception, "Leipzig", modifiers: Modifiers.Customs | Modifiers.ActionRequired, reason: Reason.CustomsDuties), Moving(), Accepted()],
            v => v with { Modifiers = Modifiers.Customs | Modifiers.ActionRequired, Reason = Reason.CustomsDuties, Window = Days(3, 6, .8) })),
        ("out-for-delivery", View(Milestone.OutForDelivery, [Out(), Moving(), Accepted(), Label()], v => v with
        {
            Window = Days(0, 0, .97),
            Estimate = new DeliveryEstimate(At(0, 14, 0), At(0, 16, 0), At(0, 18, 0), Today, Today, .97, 1, false, new TimeOnly(14, 0), new TimeOnly(18, 0)),
            NextScanExpectedBy = At(0, 18, 0),
        })),
        ("attempted", View(Milestone.AttemptFailed, [Scan(0, 10, 2, Milestone.AttemptFailed, "Berlin", reason: Reason.RecipientUnavailable), Out(), Moving(), Accepted(), Label()],
            v => v with { Reason = Reason.RecipientUnavailable, Window = Moved(1, 1, .83, WindowReason.Disruption), WindowBefore = Days(0, 0, .97) })),
        ("pickup", View(Milestone.AvailableForPickup, [Scan(0, 9, 50, Milestone.AvailableForPickup, "Berlin"), Scan(-1, 17, 2, Milestone.AttemptFailed, "Berlin", reason: Reason.RecipientUnavailable), Out(-1), Moving(-2)])),
        ("delayed", View(Milestone.InTransit, [Scan(0, 6, 30, Milestone.InTransit, "Hannover", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather), Moving(), Accepted(), Label()],
            v => v with { Modifiers = Modifiers.Delayed, Reason = Reason.ExternalWeather, Window = Moved(2, 3, .87, WindowReason.Disruption), WindowBefore = Days(0, 1, .91), NextScanExpectedBy = At(0, 23, 0) })),
        ("day-passed", View(Milestone.InTransit, [Moving(-1), Accepted(-3), Label(-4)], v => v with { Window = Moved(0, 2, .78, WindowReason.EndPassed), WindowBefore = Days(-2, -1, .9), NextScanExpectedBy = At(0, 21, 0) })),
        ("address", View(Milestone.Exception, [Scan(0, 7, 15, Milestone.Exception, "Berlin", reason: Reason.RecipientAddress, modifiers: Modifiers.ActionRequired), Moving(), Accepted()],
            v => v with { Reason = Reason.RecipientAddress, Modifiers = Modifiers.ActionRequired, Window = Moved(2, 4, .74, WindowReason.Disruption), WindowBefore = Days(0, 1, .9) })),
        ("held", View(Milestone.InTransit, [Scan(-1, 12, 0, Milestone.InTransit, "Berlin", modifiers: Modifiers.Held, reason: Reason.RecipientRequestedChange), Moving(-2)],
            v => v with { Modifiers = Modifiers.Held, Reason = Reason.RecipientRequestedChange, Window = Days(3, 3, .92) })),
        ("silent", View(Milestone.InTransit, [Moving(-3), Accepted(-4), Label(-5)], v => v with
        {
            SilentSince = At(-1, 6, 0), NextScanExpectedBy = At(-2, 20, 0), LastHeardAt = At(-3, 21, 12), Window = Moved(1, 4, .7, WindowReason.NotScanned), WindowBefore = Days(-1, 0, .9),
        })),
        ("overdue", View(Milestone.InTransit, [Moving(-12), Accepted(-14), Label(-15)], v => v with
        {
            SilentSince = At(-9, 6, 0), NextScanExpectedBy = At(-11, 20, 0), LastHeardAt = At(-12, 21, 12),
            Window = new ShownWindow(null, null, 0, At(-3, 6, 0), 1, WindowReason.Overdue, 3, 0, true), WindowBefore = Days(-6, -4, .8),
        })),
        ("contradiction", View(Milestone.Delivered, [Scan(0, 10, 9, Milestone.OutForDelivery, "Berlin", modifiers: Modifiers.Contradiction), Delivered(), Out(), Moving()],
            v => v with { Modifiers = Modifiers.Contradiction })),
        ("future", View(Milestone.InTransit, [Scan(2, 9, 0, Milestone.OutForDelivery, "Berlin", modifiers: Modifiers.Future), Moving(), Accepted()],
            v => v with { Modifiers = Modifiers.Future, Window = Days(1, 2, .85) })),
        ("untold", View(Milestone.InTransit, [Scan(0, 0, 0, Milestone.InTransit, null, untold: true), Scan(-1, 0, 0, Milestone.Accepted, "Hamburg", wholeDay: true), Unmapped()],
            v => v with { DestinationZone = null, DestinationCountry = null, Window = null, Modifiers = Modifiers.Unmapped })),
        ("pieces", View(Milestone.OutForDelivery, [Scan(0, 10, 11, Milestone.Delivered, "Berlin", piece: "p1"), Out(), Moving(), Accepted()], v => v with
        {
            Modifiers = Modifiers.Partial, Window = Days(0, 0, .95),
            Pieces = [new PieceView("p1", Milestone.Delivered, default), new PieceView("p2", Milestone.Delivered, default), new PieceView("p3", Milestone.OutForDelivery, default)],
        })),
        ("damaged", View(Milestone.Delivered, [Scan(0, 10, 2, Milestone.Delivered, "Berlin", modifiers: Modifiers.Damaged, reason: Reason.CarrierDamage), Out(), Moving()],
            v => v with { Modifiers = Modifiers.Damaged, Reason = Reason.CarrierDamage })),
        ("lost", View(Milestone.Failed, [Scan(0, 8, 0, Milestone.Failed, null, reason: Reason.CarrierLost), Moving(-9), Accepted(-10)], v => v with { Reason = Reason.CarrierLost })),
        ("returning", View(Milestone.Returning, [Scan(-1, 16, 0, Milestone.Returning, "Hannover", reason: Reason.RecipientRefused), Out(-2), Moving(-3)], v => v with { Reason = Reason.RecipientRefused })),
        ("returned", View(Milestone.Returned, [Scan(0, 8, 30, Milestone.Returned, "Hamburg"), Scan(-2, 16, 0, Milestone.Returning, "Hannover", reason: Reason.RecipientRefused), Moving(-4)], v => v with { Reason = Reason.RecipientRefused })),
        ("delivered", View(Milestone.Delivered, [Delivered(), Out(), Moving(), Accepted(), Label()])),
        ("cancelled", View(Milestone.Cancelled, [Scan(-1, 11, 0, Milestone.Cancelled, null, reason: Reason.ShipperRequestedChange), Label()], v => v with { Reason = Reason.ShipperRequestedChange })),
        ("number-reused", View(Milestone.InTransit, [Moving(), Accepted()], v => v with
        {
            Window = Days(1, 2, .9), Uses = [new UseView("u0", null, Milestone.Delivered, At(-200, 9, 0)), new UseView("u1", null, Milestone.InTransit, At(-1, 9, 0))],
        })),
        ("carrier-words", View(Milestone.InTransit,
            [Moving() with { Raw = new RawCodes("I", "DP", Text: "Departed from Facility <b>bold?</b> \u202Egnorw مرحبا ไทย 📦 " + new string('x', 10_000)) }, Accepted()], v => v with { Window = Days(1, 2, .9) })),
        ("four-hundred-scans", View(Milestone.InTransit,
            [.. Enumerable.Range(0, 400).Select(i => Scan(-i / 8, 20 - i % 8 * 2, i % 60, Milestone.InTransit, i % 2 == 0 ? "Hannover" : "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"))],
            v => v with { Window = Days(1, 2, .9) })),
    ];

    public static ShipmentView? Find(string name)
    {
        foreach (var (known, view) in All)
            if (known == name)
                return view;
        return null;
    }

    private static ShipmentView View(Milestone status, ImmutableArray<TrackingEvent> events, Func<ShipmentView, ShipmentView>? with = null)
    {
        var view = new ShipmentView
        {
            Key = new ShipmentKey("demo", "dhl-paket", "00340434161094042557"),
            UseId = "u1",
            Version = Math.Max(1, events.Length),
            RecordedAt = Now.AddMinutes(-14),
            Status = status,
            LastHeardAt = events.IsEmpty ? null : Now.AddMinutes(-14),
            Since = events.IsEmpty ? null : events[0].At,
            Events = events,
            EventCount = events.Length,
            DestinationCity = "Berlin",
            DestinationCountry = "DE",
            DestinationZone = "Europe/Berlin",
        };
        return with is null ? view : with(view);
    }

    private static DateTimeOffset At(int day, int hour, int minute) => new(Today.AddDays(day).ToDateTime(new TimeOnly(hour, minute)), Berlin);

    private static ShownWindow Days(int from, int to, double confidence) => new(Today.AddDays(from), Today.AddDays(to), confidence, Now, 1, WindowReason.First);

    private static ShownWindow Moved(int from, int to, double confidence, WindowReason why) => new(Today.AddDays(from), Today.AddDays(to), confidence, Now, 1, why, 1, 0, true);

    private static TrackingEvent Label(int day = -2) => Scan(day, 16, 45, Milestone.LabelCreated, null);
    private static TrackingEvent Accepted(int day = -1) => Scan(day, 17, 31, Milestone.Accepted, "Hamburg");
    private static TrackingEvent Moving(int day = -1) => Scan(day, 21, 12, Milestone.InTransit, "Hannover");
    private static TrackingEvent Out(int day = 0) => Scan(day, 8, 47, Milestone.OutForDelivery, "Berlin");
    private static TrackingEvent Delivered() => Scan(0, 10, 2, Milestone.Delivered, "Berlin");

    private static TrackingEvent Unmapped()
        => Scan(-1, 9, 0, null, "Hamburg", modifiers: Modifiers.Unmapped);

    private static TrackingEvent Scan(
        int day, int hour, int minute, Milestone? status, string? city, Modifiers modifiers = default, Reason reason = default, string? piece = null,
        bool wholeDay = false, bool untold = false)
    {
        var at = At(day, hour, minute);
        var occurred = untold ? OccurredTime.Untold : wholeDay ? OccurredTime.On(Today.AddDays(day)) : OccurredTime.At(at, Precision.Minute);
        var key = new DedupKey((ulong)at.UtcTicks, (ulong)(status ?? 0));
        var place = city is null ? null : new Place(City: city, Country: "DE");
        return new TrackingEvent(key, ScanKind.Scan, status, null, modifiers, reason, occurred, at, false, place, null, piece, at);
    }
}
