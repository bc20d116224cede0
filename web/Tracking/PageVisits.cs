using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>How opening a link ended.</summary>
public enum VisitOutcome : byte
{
    Found = 0,
    /// <summary>Never issued, cut short, expired or revoked: nobody is told which.</summary>
    Gone = 1,
    /// <summary>Too many links that led nowhere came from this address.</summary>
    Busy = 2,
    /// <summary>Storage does not answer.</summary>
    Trouble = 3,
}

public sealed record Visit(VisitOutcome Outcome, LinkTarget? Target, ShipmentView? View, Brand Brand)
{
    /// <summary>The view is set whenever the outcome is <see cref="VisitOutcome.Found"/>.</summary>
    public ShipmentView Found => View!;

    /// <summary>Opened by a shared link: shows less, and nothing can be proven there.</summary>
    public bool IsShared { get; init; }

    /// <summary>What this visitor has proven so far.</summary>
    public VisitLevel Level { get; init; }
}

/// <summary>Opens links: token to view, with the limits that make guessing pointless. One path for pages, JSON, events and hub.</summary>
public sealed partial class PageVisits(
    IShipmentReader reader, IPageBrands brands, TokenGuesses guesses, PageSeal seal, PageMetrics metrics, TimeProvider clock, ILogger<PageVisits> log)
{
    /// <summary>Says what a browser has proven for one link; its path is the link's, so each link has its own.</summary>
    public const string LevelCookie = "seen";

    public static readonly TimeSpan AfterEnd = TimeSpan.FromDays(60), AfterSilence = TimeSpan.FromDays(180);

    internal static readonly Brand Nobody = MakeNobody();

    /// <summary>Opens a link and reads its shipment.</summary>
    public async Task<Visit> OpenAsync(string token, HttpContext http, CancellationToken cancel)
    {
        var visit = await TryOpenAsync(token, http, cancel).ConfigureAwait(false);
        metrics.Opened(visit.Outcome);
        return visit;
    }

    private async Task<Visit> TryOpenAsync(string token, HttpContext http, CancellationToken cancel)
    {
        var address = http.Connection.RemoteIpAddress;
        if (!guesses.MayTry(address)) return new Visit(VisitOutcome.Busy, null, null, Nobody);
        try
        {
            var target = await FindAsync(token, cancel).ConfigureAwait(false);
            seal.Inner(token, out var isShared);
            // On a shop's own host name only its own links open.
            if (target is not null && brands.OfHost(http.Request.Host.Host) is { } owner && owner != target.Key.Retailer) target = null;
            if (target is null)
            {
                guesses.Missed(address);
                return new Visit(VisitOutcome.Gone, null, null, Nobody);
            }
            var view = await reader.ReadAsync(target.Key, use: target.UseId, cancel: cancel).ConfigureAwait(false)
                ?? new ShipmentView { Key = target.Key, UseId = target.UseId };   // issued before the first scan
            if (IsOver(target, view, clock.GetUtcNow())) return new Visit(VisitOutcome.Gone, null, null, Nobody);
            return new Visit(VisitOutcome.Found, target, view, brands.For(target.Key.Retailer))
            {
                IsShared = isShared, Level = isShared ? VisitLevel.Link : seal.LevelOf(token, http.Request.Cookies[LevelCookie]),
            };
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { throw; }
        catch (Exception trouble)
        {
            LogTrouble(log, trouble);
            return new Visit(VisitOutcome.Trouble, null, null, Nobody);
        }
    }

    /// <summary>What a token opens, shared or not; null for one that opens nothing.</summary>
    public async Task<LinkTarget?> FindAsync(string token, CancellationToken cancel)
        => seal.Inner(token, out _) is { } inner ? await reader.OpenLinkAsync(inner, cancel).ConfigureAwait(false) : null;

    /// <summary>Withdrawn, or long past its use: 60 days after the parcel's end, 180 after the last news of one that never ended.</summary>
    private static bool IsOver(LinkTarget target, ShipmentView view, DateTimeOffset now)
        => target.Generation < view.LinkGeneration || view.Version > 0 && now - view.RecordedAt > (view.Status.IsTerminal() ? AfterEnd : AfterSilence);

    /// <summary>The reader's language: asked for, else the browser's, else the shop's.</summary>
    public static Texts TextsFor(HttpContext http, Brand brand)
        => brand.Speak(Languages.Choose(http.Request.Query["lang"], http.Request.Headers.AcceptLanguage, brand.Locale));

    private static Brand MakeNobody()
    {
        Brand.TryCreate("", null, null, out var brand, out _);
        return brand;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A tracking page could not be read; the visitor was asked to wait.")]
    private static partial void LogTrouble(ILogger log, Exception trouble);
}
