using Tracking.Domain.Estimates;
using Tracking.Web.Language;

namespace Tracking.Web.Promises;

/// <summary>A promise in sentences. Times of day are the warehouse's, because that is where the order must be in time.</summary>
internal static class PromiseWords
{
    public static DateOnly Today(Promise promise, DateTimeOffset at) => DateOnly.FromDateTime(Local(promise, at));

    /// <summary>"Order by 16:00 to have it by Thu, 26 Nov."</summary>
    public static string Line(Promise promise, DateTimeOffset at, Texts texts)
    {
        var today = Today(promise, at);
        if (promise.By is not { } by) return texts["promise.none"];
        if (promise.OrderBy is not { } orderBy) return texts.Say("promise.arrivesBy", ("day", texts.Day(by.Day, today)));
        return texts.Say("promise.by", ("time", texts.Moment(Local(promise, orderBy), today)), ("day", texts.Day(by.Day, today)));
    }

    /// <summary>The same with a place for the time that is left, which only a clock that runs can fill: <c>{left}</c>.</summary>
    public static string? Within(Promise promise, DateTimeOffset at, Texts texts)
        => promise is { By: { } by, OrderBy: not null } ? texts.Say("promise.within", ("left", "{left}"), ("day", texts.Day(by.Day, Today(promise, at)))) : null;

    /// <summary>"Arrives Tue, 24 Nov to Thu, 26 Nov."</summary>
    public static string Arrives(Promise promise, DateTimeOffset at, Texts texts)
        => promise.Window is { } window ? texts.Say("promise.arrives", ("window", texts.Range(window.From, window.To, Today(promise, at)))) : texts["promise.none"];

    public static string? Sure(Promise promise, Texts texts)
        => promise.Window is { } window ? texts.Say(promise.Basis == EstimateBasis.Published ? "promise.surePublished" : "promise.sure", ("percent", Math.Clamp((int)Math.Floor(window.Mass * 100 + 1e-9), 1, 99))) : null;

    public static string Occasion(OrderByDate occasion, Promise promise, DateTimeOffset at, Texts texts)
    {
        var key = "promise.name." + occasion.Name.ToLowerInvariant();
        var name = texts.Has(key) ? texts[key] : occasion.Name;
        return occasion.OrderBy is { } orderBy
            ? texts.Say("promise.occasion", ("time", texts.Moment(Local(promise, orderBy), Today(promise, at))), ("occasion", name))
            : texts.Say("promise.tooLate", ("occasion", name));
    }

    public static string? Notice(NoticeKind notice, Texts texts) => notice switch
    {
        NoticeKind.None => null, NoticeKind.Storm => texts["change.storm"], NoticeKind.Strike => texts["change.strike"], NoticeKind.Peak => texts["change.peak"], _ => texts["change.announced"],
    };

    public static string Basis(EstimateBasis basis) => basis switch
    {
        EstimateBasis.AllParcels => "all-parcels", EstimateBasis.Carrier => "carrier", EstimateBasis.Service => "service", EstimateBasis.CountryPair => "country-pair",
        EstimateBasis.DestinationRegion => "region", EstimateBasis.Lane => "lane", EstimateBasis.Postcode => "postcode", _ => "published",
    };

    private static DateTime Local(Promise promise, DateTimeOffset instant) => promise.Warehouse is { } warehouse ? TimeZoneInfo.ConvertTime(instant, warehouse.Zone).DateTime : instant.UtcDateTime;
}
