using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
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
using Tracking.Web.Changes;

namespace Tracking.Web.Pages;

/// <summary>What a page shows beyond the link's own view. Holds only what the visitor has proven to be entitled to.</summary>
public sealed record PageExtras
{
    public VisitLevel Level { get; init; }
    /// <summary>Sealed id for the forms on the page; empty where it has none.</summary>
    public string Form { get; init; } = "";
    /// <summary>False where nothing more is known, so that nobody is asked to prove something for nothing.</summary>
    public bool HasMore { get; init; }
    /// <summary>From <see cref="VisitLevel.Known"/>: what is in the parcel.</summary>
    public ImmutableArray<ParcelItem> Items { get; init; } = [];
    /// <summary>From <see cref="VisitLevel.Proven"/>: where it goes, already masked.</summary>
    public ImmutableArray<string> Recipient { get; init; } = [];
    public string? Phone { get; init; }
    /// <summary>From <see cref="VisitLevel.Proven"/>, once delivered.</summary>
    public DeliveryProof? Proof { get; init; }
    /// <summary>The delivery can be changed now, by whoever can be sent a code.</summary>
    public bool CanChange { get; init; }
    /// <summary>From <see cref="VisitLevel.Known"/>: what was asked of the carrier, without what was written.</summary>
    public ImmutableArray<ChangeView> Changes { get; init; } = [];
    public DateOnly Today { get; init; }
    public PlacementChoice? Placement { get; init; }
    /// <summary>From <see cref="VisitLevel.Known"/>: what the shop offers to put it right, open or taken. Never for who is given a present.</summary>
    public ImmutableArray<OfferView> Offers { get; init; } = [];
    /// <summary>Something is offered, to whoever proves more.</summary>
    public bool HasOffer { get; init; }
    /// <summary>How the last answer to an offer went: the key of a sentence.</summary>
    public string? OfferSaid { get; init; }
    /// <summary>From <see cref="VisitLevel.Known"/>: the page of all parcels of the order; null when this is the only one.</summary>
    public string? OrderPath { get; init; }
    /// <summary>From <see cref="VisitLevel.Proven"/>: positions that the carrier told.</summary>
    public ImmutableArray<MapPoint> Map { get; init; } = [];
    public bool IsGift { get; init; }
    /// <summary>From <see cref="VisitLevel.Known"/>: the day it is for.</summary>
    public DateOnly? Occasion { get; init; }
}

/// <summary>Gathers what a visitor may see beyond the link's own view.</summary>
public sealed partial class PageParts(
    IShipmentReader reader, IRecipients recipients, IChangeBooks changes, IPlacements placements, IEnumerable<IOrderReader> orders, StepUp steps, PageSeal seal, IConfiguration configuration, TimeProvider clock, ILogger<PageParts> log)
{
    /// <summary>The view to tell the story from, and the rest. Trouble with the rest never takes the page away.</summary>
    public async Task<(ShipmentView View, PageExtras Extras)> GatherAsync(Visit visit, string token, string language, string? offerSaid, CancellationToken cancel)
    {
        var view = visit.Found;
        if (visit.IsShared) return (view, new PageExtras());
        try
        {
            var facts = await recipients.FindAsync(view.Key, view.UseId, cancel).ConfigureAwait(false);
            var extras = new PageExtras { Level = visit.Level, Form = visit.Level > VisitLevel.Link ? seal.Form(token) : "", HasMore = facts is { PostalCode: not null } or { Email: not null } or { Phone: not null } };
            extras = extras with
            {
                Today = StoryTeller.Today(view, clock.GetUtcNow()),
                CanChange = steps.SendsCodes && facts is { Email: not null } or { Phone: not null } && !DeliveryChanges.Possible(view.Status).IsEmpty
                    && RetailerWebhook.Of(configuration, view.Key.Retailer).Offered,
            };
            if (visit.Level >= VisitLevel.Known)
            {
                var asked = await changes.Of(view.Key, view.UseId).List().WaitAsync(cancel).ConfigureAwait(false);
                extras = extras with { Items = facts?.Items ?? [], IsGift = facts?.IsGift == true, Occasion = facts?.Occasion, Changes = [.. asked.Select(c => c with { Words = null })] };
            }
            if (orders.FirstOrDefault() is { } book)
            {
                if (facts is not { IsGift: true })
                {
                    var offers = await book.OffersOfAsync(view.Key, cancel).ConfigureAwait(false);
                    extras = visit.Level >= VisitLevel.Known ? extras with { Offers = [.. offers], OfferSaid = offerSaid } : extras with { HasOffer = offers.Any(o => o.State == OfferState.Open) };
                }
                if (visit.Level >= VisitLevel.Known && facts?.Order is { } number && await book.ReadAsync(new OrderKey(view.Key.Retailer, number), cancel).ConfigureAwait(false) is { Shipments.Length: > 1 } whole)
                    extras = extras with { OrderPath = "/o/" + seal.Order(whole.Order.Key) };
            }
            if (facts is not { IsGift: true })   // nothing is sold to somebody who is given a present
            {
                var known = visit.Level >= VisitLevel.Known;
                ImmutableArray<string> before = known && facts?.Order is { } bought ? await recipients.BoughtBeforeAsync(new OrderKey(view.Key.Retailer, bought), cancel).ConfigureAwait(false) : [];
                extras = extras with
                {
                    Placement = await placements.ChooseAsync(new PlacementQuestion(
                        view.Key.Retailer, view.Status, (view.Modifiers & (Modifiers.Damaged | Modifiers.Delayed | Modifiers.Held | Modifiers.Customs | Modifiers.Contradiction)) != 0, language,
                        known ? [.. (facts?.Items ?? []).Select(i => i.Category).OfType<string>()] : [], before), cancel).ConfigureAwait(false),
                };
            }
            if (visit.Level < VisitLevel.Proven) return (view, extras);

            LogSeen(log, view.Key.Retailer, view.Key.Carrier);
            view = await reader.ReadFullAsync(view.Key, use: view.UseId, cancel: cancel).ConfigureAwait(false) ?? view;
            return (view, extras with { Recipient = Mask.Recipient(facts), Phone = Mask.Phone(facts?.Phone), Map = RouteMap.Points(view), Proof = view.Status == Milestone.Delivered ? ProofOf(view) : null });
        }
        catch (Exception trouble) when (!cancel.IsCancellationRequested)
        {
            LogTrouble(log, trouble);
            return (view, new PageExtras { Level = visit.Level });
        }
    }

    private static DeliveryProof? ProofOf(ShipmentView view)
    {
        foreach (var e in view.Events)
            if (!e.Retracted && e.Status == Milestone.Delivered && e.Proof is { } proof)
                return proof;
        return null;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A visitor who gave a one-time code saw the personal side of a parcel of {Retailer} with {Carrier}.")]
    private static partial void LogSeen(ILogger log, string retailer, string carrier);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What a page shows beyond its link could not be read; the page was shown without it.")]
    private static partial void LogTrouble(ILogger log, Exception trouble);
}

/// <summary>Shows enough to be recognised by whoever knows it, and not enough to be used by anybody else.</summary>
public static class Mask
{
    private const string Dots = "•••";
    // A house number in front is what a thief lacks.
    private static readonly char[] NoLetters = [.. "0123456789 -/.,#"];

    /// <summary>Name, street, postcode and city: first letters of the first two, the rest as it is.</summary>
    public static ImmutableArray<string> Recipient(RecipientFacts? facts)
    {
        if (facts is null) return [];
        var lines = ImmutableArray.CreateBuilder<string>();
        if (CarrierText.Clean(facts.Name, 80) is { } name) lines.Add(string.Join(' ', name.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(3).Select(part => Head(part, 1))));
        if (!facts.Address.IsDefaultOrEmpty && CarrierText.Clean(facts.Address[0], 80) is { } street) lines.Add(Head(street.TrimStart(NoLetters), 3));
        if (CarrierText.Clean(string.Join(' ', new[] { facts.PostalCode, facts.City }.Where(p => !string.IsNullOrWhiteSpace(p))), 80) is { } town) lines.Add(town);
        return lines.ToImmutable();
    }

    /// <summary>The last two digits.</summary>
    public static string? Phone(string? phone)
    {
        var digits = phone is null ? "" : string.Concat(phone.Where(char.IsAsciiDigit));
        return digits.Length < 5 ? null : Dots + digits[^2..];
    }

    private static string Head(string text, int letters)
    {
        var taken = new System.Text.StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (letters-- == 0) break;
            taken.Append(rune.ToString());
        }
        return taken.Append(Dots).ToString();
    }
}
