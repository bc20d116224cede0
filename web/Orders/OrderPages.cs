using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Recovery;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Live;
using Tracking.Web.Pages;

namespace Tracking.Web.Orders;

/// <summary>Where a shopper answers an offer.</summary>
public interface IOfferDesk
{
    Task<OfferReply> AcceptAsync(OrderKey order, string offer, RemedyKind remedy);
    Task<OfferReply> DeclineAsync(OrderKey order, string offer);
}

/// <summary>Orders are grains: an offer is answered once over all nodes.</summary>
public sealed class GrainOfferDesk(IGrainFactory grains) : IOfferDesk
{
    public Task<OfferReply> AcceptAsync(OrderKey order, string offer, RemedyKind remedy) => grains.GetGrain<IOrderGrain>(order.ToString()).Accept(offer, remedy, "shopper");
    public Task<OfferReply> DeclineAsync(OrderKey order, string offer) => grains.GetGrain<IOrderGrain>(order.ToString()).Decline(offer, "shopper");
}

/// <summary>One parcel on the order's page.</summary>
/// <param name="Path">Of its own page; null when there is nothing to show yet.</param>
public sealed record OrderParcel(Story Story, ShipmentKey Key, string? Path, ImmutableArray<ParcelItem> Items);

/// <summary>An order as its page shows it.</summary>
/// <param name="Done">"2 of 3 delivered".</param>
public sealed record OrderPage(string Number, ImmutableArray<OrderParcel> Parcels, int Delivered, VisitLevel Level, bool IsGift);

/// <summary><c>GET /o/{token}</c>: all parcels of an order on one page; and the answer to an offer, below a parcel's link.</summary>
public static class OrderPages
{
    /// <summary>Parcels drawn; an order with more shows the first.</summary>
    public const int MaxParcels = 20;

    public static void MapOrderPages(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/o/{token}", [HttpMethods.Get, HttpMethods.Head], PageAsync).ExcludeFromDescription();
        app.MapPost("/t/{token}/offers", AnswerAsync).ExcludeFromDescription();
    }

    private static async Task PageAsync(HttpContext http, string token, PageSeal seal, IPageBrands brands, TokenGuesses guesses, IShipmentReader reader, TimeProvider clock)
    {
        var cancel = http.RequestAborted;
        var address = http.Connection.RemoteIpAddress;
        var frame = new PageFrame("", "", PageVisits.Nobody, PageVisits.TextsFor(http, PageVisits.Nobody));
        if (!guesses.MayTry(address))
        {
            await TrackingEndpoints.CalmAsync(http, VisitOutcome.Busy, frame).ConfigureAwait(false);
            return;
        }
        OrderView? order = null;
        try
        {
            if (seal.OpenOrder(token) is { } key && (brands.OfHost(http.Request.Host.Host) is not { } owner || owner == key.Retailer) && http.RequestServices.GetService<IOrderReader>() is { } orders)
                order = await orders.ReadAsync(key, cancel).ConfigureAwait(false);
            if (order is null)
            {
                guesses.Missed(address);
                await TrackingEndpoints.CalmAsync(http, VisitOutcome.Gone, frame).ConfigureAwait(false);
                return;
            }
            var brand = brands.For(order.Order.Key.Retailer);
            var path = "/o/" + token;
            frame = new PageFrame(path, $"{http.Request.Scheme}://{http.Request.Host}{path}", brand, PageVisits.TextsFor(http, brand));
            var level = seal.LevelOf(token, http.Request.Cookies[PageVisits.LevelCookie]);
            var page = await DrawAsync(http, order, level, frame, seal, reader, clock, cancel).ConfigureAwait(false);
            await TrackingEndpoints.WriteAsync(http, 200, TrackingPage.DrawOrder(page, frame), "text/html; charset=utf-8", brand).ConfigureAwait(false);
        }
        catch (Exception away) when (!cancel.IsCancellationRequested && !http.Response.HasStarted && away is not OutOfMemoryException)
        {
            await TrackingEndpoints.CalmAsync(http, VisitOutcome.Trouble, frame with { Path = "" }).ConfigureAwait(false);
        }
    }

    private static async Task<OrderPage> DrawAsync(HttpContext http, OrderView order, VisitLevel level, PageFrame frame, PageSeal seal, IShipmentReader reader, TimeProvider clock, CancellationToken cancel)
    {
        var (now, retailer) = (clock.GetUtcNow(), order.Order.Key.Retailer);
        var parcels = ImmutableArray.CreateBuilder<OrderParcel>();
        foreach (var shipment in order.Shipments.Take(MaxParcels))
        {
            var key = shipment.Shipment.KeyIn(retailer);
            var view = await reader.ReadAsync(key, use: shipment.UseId, cancel: cancel).ConfigureAwait(false);
            var token = view is null ? null : reader.LinkToken(key, view.UseId, "link", view.LinkGeneration);
            var story = StoryTeller.Tell(view ?? new ShipmentView { Key = key, UseId = "" }, frame.Texts, frame.Brand.Shop, now, 1);
            ImmutableArray<ParcelItem> items = [];
            if (level >= VisitLevel.Known && order.Order.Content is { } content)
                items = shipment.Shipment.Lines.IsDefaultOrEmpty ? [] : [.. shipment.Shipment.Lines.Select(l => (Shipped: l, Line: content.Lines.FirstOrDefault(o => o.Id == l.Line))).Where(l => l.Line is not null).Select(l => new ParcelItem(l.Line!.Name ?? l.Line.Id, l.Shipped.Quantity))];
            // What was proven for the order holds for its parcels.
            if (level >= VisitLevel.Known && !string.IsNullOrEmpty(token)) http.Response.Cookies.Append(PageVisits.LevelCookie, seal.Prove(token, VisitLevel.Known), TrackingEndpoints.CookieFor(http, "/t/" + token));
            parcels.Add(new OrderParcel(story, key, string.IsNullOrEmpty(token) ? null : "/t/" + token, items));
        }
        return new OrderPage(order.Order.Key.Order, parcels.ToImmutable(), order.Delivered, level, order.Order.Content?.Gift == true);
    }

    // "No thanks" or one of the remedies, from a form on the parcel's page.
    private static async Task AnswerAsync(HttpContext http, string token, PageVisits visits, PageSeal seal)
    {
        if (await TrackingEndpoints.VisitAsync(http, token, visits, own: true).ConfigureAwait(false) is not (var visit, var frame)) return;
        if (visit.Level < VisitLevel.Known)
        {
            TrackingEndpoints.See(http, $"{frame.Path}/prove?lang={frame.Texts.Tag}");
            return;
        }
        var form = await TrackingEndpoints.FormAsync(http).ConfigureAwait(false);
        var said = "stale";
        if (form is not null && TrackingEndpoints.IsOurs(http) && seal.TryForm(token, form["form"], out _)
            && http.RequestServices.GetService<IOrderReader>() is { } orders && http.RequestServices.GetService<IOfferDesk>() is { } desk)
        {
            var offer = TrackingEndpoints.Short(form["offer"], 64);
            // The offer must be of this parcel: an id alone opens nothing.
            var known = (await orders.OffersOfAsync(visit.Found.Key, http.RequestAborted).ConfigureAwait(false)).FirstOrDefault(o => o.Id == offer);
            said = known is null ? "over" : form["remedy"] == "none" ? Said(await desk.DeclineAsync(known.Order, offer).WaitAsync(http.RequestAborted).ConfigureAwait(false), "declined")
                : Remedies.TryParse(form["remedy"], out var remedy) ? Said(await desk.AcceptAsync(known.Order, offer, remedy).WaitAsync(http.RequestAborted).ConfigureAwait(false), "accepted")
                : "stale";
        }
        TrackingEndpoints.See(http, $"{frame.Path}?offer={said}&lang={frame.Texts.Tag}#offers");
    }

    private static string Said(OfferReply reply, string done) => reply.Refusal switch
    {
        OfferRefusal.None => done,
        OfferRefusal.NotStored => "trouble",
        _ => "over",
    };
}
