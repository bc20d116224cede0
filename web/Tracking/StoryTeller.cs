using System.Globalization;
using Tracking.Carriers.Zones;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>
/// Turns what we know of a parcel into what we say about it. Pure: the same view, language, shop and moment give the same words. It says only what the
/// view holds; where the view is silent it says that.
/// </summary>
public static class StoryTeller
{
    /// <summary>Tells the story of a view.</summary>
    /// <param name="shop">The shop's name as shoppers know it.</param>
    /// <param name="lines">At most so many lines of history.</param>
    public static Story Tell(ShipmentView view, Texts texts, string shop, DateTimeOffset now, int lines = int.MaxValue)
        => new Teller(view, texts, shop, now).Tell(lines);

    /// <summary>The day it is at the door.</summary>
    public static DateOnly Today(ShipmentView view, DateTimeOffset now) => DateOnly.FromDateTime(Local(view, ZoneOf(view), now));

    /// <summary>The zone of the door: as known, else by the place it goes to; null when nobody can tell.</summary>
    internal static TimeZoneInfo? ZoneOf(ShipmentView view)
    {
        if (view.DestinationZone is { } id && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var known)) return known;
        var found = view.DestinationCountry is null ? null : PlaceZones.Find(new Place(City: view.DestinationCity, Region: view.DestinationRegion, Country: view.DestinationCountry));
        return found is not null && TimeZoneInfo.TryFindSystemTimeZoneById(found.Id, out var zone) ? zone : null;
    }

    private readonly struct Teller
    {
        private readonly ShipmentView _view;
        private readonly Texts _t;
        private readonly string _shop;
        private readonly string _carrier;
        private readonly DateTimeOffset _now;
        private readonly TimeZoneInfo? _zone;
        private readonly DateOnly _today;
        private readonly (DateOnly From, DateOnly To)? _window;
        private readonly bool _silent;

        public Teller(ShipmentView view, Texts texts, string shop, DateTimeOffset now)
        {
            (_view, _t, _shop, _now) = (view, texts, shop, now);
            _carrier = CarrierText.Clean(Carrier.DisplayName(view.Key.Carrier), CarrierText.MaxPlace) ?? "";
            _zone = ZoneOf(view);
            _today = DateOnly.FromDateTime(Local(view, _zone, now));
            _window = IsComing(view.Status) ? view.Window?.VisibleOn(_today) : null;
            _silent = view.SilentSince is { } since && since <= now && !view.Status.IsTerminal();
        }

        public Story Tell(int lines)
        {
            var status = Status();
            var (lead, when) = Lead();
            var (act, must) = Act();
            var (before, change) = Change();
            var speaking = Speaking();
            return new Story
            {
                Version = _view.Version,
                Now = _now,
                Tone = Feel(must),
                Step = Step(),
                Steps = Steps(),
                Status = status,
                Lead = lead,
                When = when,
                Sure = Sure(),
                Before = before,
                Change = change,
                Where = Where(speaking),
                WhereAt = speaking is null ? null : Told(speaking.Occurred),
                Next = Next(),
                Act = act,
                MustAct = must,
                Fresh = Fresh(),
                HeardAt = _view.LastHeardAt,
                Note = Note(),
                PiecesDone = PiecesDone(),
                Pieces = Pieces(),
                Lines = Lines(lines),
                LineCount = Math.Max(_view.EventCount, _view.Events.Length),
                Say = _t.Say("say.update", ("status", status), ("lead", lead), ("when", when)),
                RefreshAt = RefreshAt(),
                Days = _window,
                Zone = _zone?.Id,
                Milestone = _view.Status,
            };
        }

        // ---- in short ----------------------------------------------------------------------------------------------------

        private string Status()
        {
            var key = _view.Status switch
            {
                Milestone.Failed when _view.Reason == Reason.CarrierLost => "lost",
                Milestone.Delivered when Has(Modifiers.Damaged) => "damaged",   // that it is there stands beneath, with the day
                Milestone.Delivered or Milestone.Failed or Milestone.Cancelled or Milestone.Returned or Milestone.Returning => null,
                _ when Has(Modifiers.Partial) => "partial",
                Milestone.AvailableForPickup or Milestone.AttemptFailed => null,
                _ when Has(Modifiers.Damaged) => "damaged",
                _ when Has(Modifiers.Customs) => "customs",
                _ when Has(Modifiers.Held) => "held",
                Milestone.Exception or Milestone.OutForDelivery => null,
                _ when _silent => "silent",
                _ when Has(Modifiers.Delayed) => "delayed",
                _ => null,
            };
            return _t["status." + (key ?? _view.Status.Name())];
        }

        private Tone Feel(bool must) => _view.Status switch
        {
            Milestone.AvailableForPickup => Tone.Calm,   // something to do, nothing wrong
            _ when must => Tone.Act,
            Milestone.Delivered => Tone.Good,
            Milestone.Failed or Milestone.Cancelled or Milestone.Returned or Milestone.Returning => Tone.Over,
            Milestone.AttemptFailed or Milestone.Exception => Tone.Watch,
            _ when _silent || Has(Modifiers.Delayed | Modifiers.Damaged | Modifiers.Customs | Modifiers.Held) || IsOverdue => Tone.Watch,
            _ => Tone.Calm,
        };

        private int Step() => _view.Status switch
        {
            Milestone.Unknown => 0,
            Milestone.LabelCreated or Milestone.Cancelled => 1,
            Milestone.Accepted => 2,
            Milestone.InTransit or Milestone.Exception or Milestone.Failed => 3,
            Milestone.OutForDelivery or Milestone.AttemptFailed or Milestone.AvailableForPickup or Milestone.Returning => 4,
            _ => 5,
        };

        private string[] Steps()
        {
            var (fourth, fifth) = _view.Status switch
            {
                Milestone.AvailableForPickup => ("step.pickup", "step.collected"),
                Milestone.Returning or Milestone.Returned => ("status.RETURNING", "step.back"),
                _ => ("step.out", "step.delivered"),
            };
            return [_t["step.announced"], _t["step.accepted"], _t["step.moving"], _t[fourth], _t[fifth]];
        }

        // ---- when --------------------------------------------------------------------------------------------------------

        private (string Lead, string When) Lead() => _view.Status switch
        {
            Milestone.AvailableForPickup => (_t["lead.ready"], _t["when.ready"]),
            Milestone.Delivered => (_t["lead.delivered"], EndedOn()),
            Milestone.Returning => (_t["lead.returning"], _t["when.never"]),
            Milestone.Returned => (_t["lead.returned"], EndedOn()),
            Milestone.Cancelled => (_t["lead.cancelled"], EndedOn()),
            Milestone.Failed => (_t["lead.failed"], _t["when.never"]),
            _ when _window is { } days => (_t["lead.arriving"], _t.Days(days.From, days.To, _today)),
            _ when IsOverdue => (_t["lead.arriving"], _t["when.overdue"]),
            _ => (_t["lead.arriving"], _t["when.noDate"]),
        };

        // The moment at the place where it happened, as told; else the fold's instant, in the destination's zone.
        private string EndedOn()
        {
            if (Speaking() is { } event_ && Told(event_.Occurred) is { } told) return told;
            return _view.Since is { } since && since > DateTimeOffset.UnixEpoch ? _t.Day(DateOnly.FromDateTime(Local(_view, _zone, since)), _today) : _t["when.unknownDay"];
        }

        private string Sure()
        {
            if (!IsComing(_view.Status)) return "";
            if (_window is { } days)
            {
                var percent = _view.Window!.Confidence is > 0 and var mass
                    ? _t.Say("sure.percent", ("percent", Math.Clamp((int)Math.Floor(mass * 100 + 1e-9), 1, 99)))   // nobody is ever 100 % sure
                    : "";
                if (days.From == days.To && _view.Estimate is { HourFrom: { } from, HourTo: { } to } estimate && estimate.From == days.From)
                    return Join(_t.Say("sure.hours", ("from", Texts.Clock(from)), ("to", Texts.Clock(to))), percent);
                return percent;
            }
            return _t[IsOverdue ? "sure.overdue" : "sure.none"];
        }

        private (string? Before, string? Change) Change()
        {
            if (_view.Status.IsTerminal()) return (null, _view.Status == Milestone.Delivered ? null : Why(_view.Reason));
            var coming = IsComing(_view.Status);
            var window = _view.Window;
            if (coming && window is { Revisions: > 0 } && window.Reason != WindowReason.First)
            {
                var old = _view.WindowBefore;
                var before = old is { From: { } from, To: { } to } && (from, to) != _window ? _t.Say("change.before", ("window", _t.Range(from, to, _today))) : null;
                var why = window.Reason switch
                {
                    WindowReason.StageReached => Why(_view.Reason) ?? _t["change.stage"],
                    WindowReason.Disruption => Why(_view.Reason) ?? _t["change.disruption"],
                    WindowReason.EndPassed => _t["change.passed"],
                    WindowReason.NotScanned => _t["change.silent"],
                    WindowReason.RouteSlower => _t["change.slower"],
                    WindowReason.RouteFaster => _t["change.faster"],
                    WindowReason.Overdue => _t["change.overdue"],
                    WindowReason.BehindOthers => _t["change.behind"],
                    WindowReason.Storm => _t["change.storm"],
                    WindowReason.Strike => _t["change.strike"],
                    WindowReason.Peak => _t["change.peak"],
                    WindowReason.Announced => _t["change.announced"],
                    _ => null,
                };
                if (before is not null || why is not null) return (before, why);
            }
            if (Why(_view.Reason) is { } held) return (null, held);
            if (coming && _view.CarrierDate is { } says && _window is { } ours && (says.To < ours.From || says.From > ours.To))
                return (null, _t.Say("sure.carrier", ("date", _t.Days(says.From, says.To, _today))));
            return (null, null);
        }

        private bool IsOverdue => IsComing(_view.Status) && _window is null && (_view.Window is { To: null } || _view.Estimate is { IsOverdue: true });

        // ---- where, what next, do I need to act --------------------------------------------------------------------------

        private string Where(TrackingEvent? speaking)
        {
            var place = Place(speaking?.Place);
            var key = _view.Status switch
            {
                Milestone.Unknown => "where.none",
                Milestone.LabelCreated => "where.sender",
                Milestone.Accepted or Milestone.InTransit or Milestone.Exception when Has(Modifiers.Customs) => "where.customs",
                Milestone.Accepted => "where.accepted",
                Milestone.InTransit => "where.moving",
                Milestone.OutForDelivery => "where.out",
                Milestone.AttemptFailed => "where.attempt",
                Milestone.AvailableForPickup => "where.pickup",
                Milestone.Exception => "where.stopped",
                Milestone.Returning => "where.returning",
                Milestone.Delivered => "where.delivered",
                Milestone.Returned => "where.returned",
                Milestone.Cancelled => "where.cancelled",
                _ => "where.failed",
            };
            return _t.Say(key, ("has", place is null ? "no" : "yes"), ("place", place ?? ""), ("carrier", _carrier));
        }

        private string Next()
        {
            var left = Left();
            if (Has(Modifiers.Partial) && left > 0 && !_view.Status.IsTerminal()) return _t.Say("next.partial", ("n", left));
            if (_silent && _view.Status <= Milestone.OutForDelivery) return _t["next.silent"];
            return _view.Status switch
            {
                Milestone.Unknown or Milestone.LabelCreated => Say("next.label"),
                Milestone.Accepted or Milestone.InTransit when Has(Modifiers.Customs) => _t["next.customs"],
                Milestone.Accepted or Milestone.InTransit when Has(Modifiers.Held) => _t["next.held"],
                Milestone.Accepted or Milestone.InTransit when _view.NextScanExpectedBy is { } by
                    => _t.Say(by > _now ? "next.scan" : "next.late", ("time", Moment(by))),
                Milestone.Accepted or Milestone.InTransit => _t["next.moving"],
                Milestone.OutForDelivery => _t["next.out"],
                Milestone.AttemptFailed => Say("next.attempt"),
                Milestone.AvailableForPickup => _t["next.pickup"],
                Milestone.Exception => Has(Modifiers.Customs) ? _t["next.customs"] : Has(Modifiers.Held) ? _t["next.held"] : Say("next.stopped"),
                Milestone.Returning => _t["next.returning"],
                Milestone.Returned => Say("next.returned"),
                Milestone.Delivered => _t["next.delivered"],
                Milestone.Cancelled => _t["next.cancelled"],
                _ => Say("next.failed"),
            };
        }

        private (string Act, bool Must) Act() => _view.Status switch
        {
            Milestone.Delivered => Has(Modifiers.Damaged) ? (Say("act.damaged"), true) : (Say("act.delivered"), false),
            Milestone.Returned or Milestone.Returning => (Say("act.returned"), false),
            Milestone.Cancelled => (Say("act.unexpected"), false),
            Milestone.Failed => (Say("act.shop"), true),
            Milestone.AvailableForPickup => (_t["act.pickup"], true),
            _ => _view.Reason switch
            {
                Reason.RecipientAddress or Reason.RecipientMoved => (Say("act.address"), true),
                Reason.RecipientPayment or Reason.CustomsDuties => (_t["act.payment"], true),
                Reason.RecipientIdentity => (_t["act.identity"], true),
                Reason.CustomsDocuments => (_t["act.documents"], true),
                _ when Has(Modifiers.ActionRequired) => (_t["act.carrier"], true),
                _ when _view.Status == Milestone.AttemptFailed => (Say("act.attempt"), false),
                _ => (_t["act.no"], false),
            },
        };

        // ---- how fresh ---------------------------------------------------------------------------------------------------

        private string Fresh()
        {
            if (_view.LastHeardAt is null) return _t["fresh.never"];
            var over = _view.Status.IsTerminal();
            var key = over ? "fresh.heard" : _silent ? "fresh.silent" : _view.NextScanExpectedBy is { } by ? by > _now ? "fresh.next" : "fresh.late" : "fresh.heard";
            return _t.Say(key, ("ago", Story.AgeMark), ("time", _view.NextScanExpectedBy is { } at ? Moment(at) : ""));
        }

        private string? Note()
        {
            if (_view.Status.IsTerminal() && !Has(Modifiers.Contradiction)) return _view.Uses.Length > 1 ? _t["note.uses"] : null;
            return Has(Modifiers.Contradiction) ? _t["note.contradiction"]
                : Has(Modifiers.Future) ? _t["note.future"]
                : Has(Modifiers.Redirected) ? _t["note.redirected"]
                : Has(Modifiers.Rescheduled) ? _t["note.rescheduled"]
                : Has(Modifiers.HandedOver) ? _t["note.handedOver"]
                : _view.Uses.Length > 1 ? _t["note.uses"]
                : null;
        }

        private DateTimeOffset RefreshAt()
        {
            var local = Local(_view, _zone, _now);
            var next = _now + (local.Date.AddDays(1) - local) + TimeSpan.FromSeconds(1);   // an hour off on two nights a year: it only looks again
            if (_view.NextScanExpectedBy is { } by && by > _now && by < next) next = by.AddSeconds(1);
            return next;
        }

        // ---- pieces and history ------------------------------------------------------------------------------------------

        private int Left()
        {
            var left = 0;
            foreach (var piece in _view.Pieces)
                if (!piece.Status.IsTerminal())
                    left++;
            return left;
        }

        private string PiecesDone()
        {
            if (_view.Pieces.Length < 2) return "";
            var done = 0;
            foreach (var piece in _view.Pieces)
                if (piece.Status == Milestone.Delivered)
                    done++;
            return _t.Say("pieces.done", ("done", done), ("total", _view.Pieces.Length));
        }

        private StoryPiece[] Pieces()
        {
            if (_view.Pieces.Length < 2) return [];
            var pieces = new StoryPiece[_view.Pieces.Length];
            for (var i = 0; i < pieces.Length; i++)
            {
                var piece = _view.Pieces[i];
                var tone = piece.Status switch
                {
                    Milestone.Delivered => Tone.Good,
                    Milestone.Failed or Milestone.Cancelled or Milestone.Returned or Milestone.Returning => Tone.Over,
                    Milestone.Exception or Milestone.AttemptFailed => Tone.Watch,
                    _ => Tone.Calm,
                };
                pieces[i] = new StoryPiece(_t.Say("pieces.name", ("n", i + 1)), _t["status." + piece.Status.Name()], tone);
            }
            return pieces;
        }

        private StoryLine[] Lines(int most)
        {
            var events = InOrder();
            var lines = new StoryLine[Math.Min(most, events.Count)];
            for (var i = 0; i < lines.Length; i++) lines[i] = Line(events[i]);
            return lines;
        }

        // A carrier's date or note without a time of its own stands where we heard it; the fold, which has no such place, put it at an end.
        private List<TrackingEvent> InOrder()
        {
            var events = new List<TrackingEvent>(_view.Events.Length);
            foreach (var e in _view.Events)
                if (!IsPlaceless(e))
                    events.Add(e);
            if (events.Count == _view.Events.Length) return events;
            foreach (var e in _view.Events)
            {
                if (!IsPlaceless(e)) continue;
                var at = events.FindIndex(other => other.ReceivedAt <= e.ReceivedAt);
                events.Insert(at < 0 ? events.Count : at, e);
            }
            return events;
        }

        private static bool IsPlaceless(TrackingEvent e) => e.Status is null && e.Kind != ScanKind.Retraction && !e.Occurred.IsTold;

        private StoryLine Line(TrackingEvent e)
        {
            var text = Happened(e);
            if (PieceNumber(e.PieceId) is { } number) text = $"{_t.Say("pieces.name", ("n", number))}: {text}";
            var told = Told(e.Occurred) ?? _t["date.untold"];
            var meta = Place(e.Place) is { } place ? $"{told} · {place}" : told;
            if (e.Retracted) meta += " · " + _t["event.retracted"];
            else if ((e.Modifiers & Modifiers.Future) != 0) meta += " · " + _t["event.future"];
            else if (e.Status is not null && e.Status != Milestone.Delivered && Why(e.Reason) is { } why) meta += " · " + why;
            var at = e.Occurred.IsExact ? e.Occurred.Utc!.Value.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture) : null;
            return new StoryLine(text, meta, e.Retracted, CarrierText.Clean(e.Raw?.Text, CarrierText.MaxText), at);
        }

        private string Happened(TrackingEvent e)
        {
            var date = e.Eta?.From is { } from ? _t.Day(DateOnly.FromDateTime(from), _today) : null;
            (string, object)[] day = [("has", date is null ? "no" : "yes"), ("date", date ?? "")];
            return e.Kind switch
            {
                ScanKind.Retraction => _t["event.retraction"],
                ScanKind.Estimate => _t.Say("event.estimate", day),
                ScanKind.Appointment => _t.Say("event.appointment", day),
                _ when e.Status is null && (e.Modifiers & Modifiers.Unmapped) != 0 => _t["event.unmapped"],
                _ when e.Status is not { } status => _t["event.information"],
                _ => e.Status switch
                {
                    Milestone.Accepted => _t.Say("event.ACCEPTED", ("carrier", _carrier)),
                    Milestone.InTransit or Milestone.Exception => _t["event." + (Aside(e.Modifiers) ?? e.Status.Value.Name())],
                    Milestone.Unknown => _t["event.information"],
                    var status_ => _t["event." + status_.Value.Name()],
                },
            };
        }

        private static string? Aside(Modifiers modifiers)
            => (modifiers & Modifiers.Damaged) != 0 ? "damaged"
                : (modifiers & Modifiers.Customs) != 0 ? "customs"
                : (modifiers & Modifiers.Held) != 0 ? "held"
                : (modifiers & Modifiers.HandedOver) != 0 ? "handedOver"
                : (modifiers & Modifiers.Redirected) != 0 ? "redirected"
                : (modifiers & Modifiers.Rescheduled) != 0 ? "rescheduled"
                : (modifiers & Modifiers.Delayed) != 0 ? "delayed"
                : null;

        private int? PieceNumber(string? id)
        {
            if (id is null || _view.Pieces.Length < 2) return null;
            for (var i = 0; i < _view.Pieces.Length; i++)
                if (_view.Pieces[i].PieceId == id)
                    return i + 1;
            return null;
        }

        // ---- small words -------------------------------------------------------------------------------------------------

        private bool Has(Modifiers any) => (_view.Modifiers & any) != 0;

        private string Say(string key) => _t.Say(key, ("carrier", _carrier), ("shop", _shop));

        private string Moment(DateTimeOffset instant) => _t.Moment(Local(_view, _zone, instant), _today);

        private string? Why(Reason reason)
        {
            var key = "why." + reason.Name();
            return _t.Has(key) ? _t[key] : null;
        }

        /// <summary>The scan that speaks for the status: the newest that states it, else the newest that happened at all.</summary>
        private TrackingEvent? Speaking()
        {
            TrackingEvent? newest = null;
            foreach (var e in _view.Events)
            {
                if (e.Retracted || (e.Modifiers & Modifiers.Future) != 0 || e.Status is null) continue;
                if (e.Status == _view.Status) return e;
                newest ??= e;
            }
            return newest;
        }

        /// <summary>A time as it was told, at its precision: a day stays a day. Null when none was told.</summary>
        private string? Told(OccurredTime time)
        {
            if (time.Local is not { } local) return null;
            var day = _t.Day(DateOnly.FromDateTime(local), _today);
            return time.Precision == Precision.Day ? day : _t.Say("date.time", ("date", day), ("time", Texts.Clock(TimeOnly.FromDateTime(local))));
        }

        /// <summary>City and, where it tells more, region and country: never a postal code, a street or a depot's name (security: the shared view).</summary>
        private string? Place(Place? place)
        {
            if (place is null) return null;
            var city = CarrierText.Clean(place.City, CarrierText.MaxPlace);
            var country = CarrierText.Clean(place.Country, 3);
            if (city is null) return country;
            var region = place.Country is "US" or "CA" or "AU" ? CarrierText.Clean(place.Region, 10) : null;
            var text = region is null ? city : $"{city}, {region}";
            return country is null || country == _view.DestinationCountry ? text : $"{text}, {country}";
        }

        private static string Join(string first, string second) => second.Length == 0 ? first : $"{first} {second}";
    }

    private static bool IsComing(Milestone status) => status is not Milestone.AvailableForPickup and not Milestone.Returning && !status.IsTerminal();

    /// <summary>The clock at the door; without a known door, the clock of the newest scan; without that, UTC.</summary>
    private static DateTime Local(ShipmentView view, TimeZoneInfo? zone, DateTimeOffset instant)
    {
        if (zone is not null) return TimeZoneInfo.ConvertTime(instant, zone).DateTime;
        foreach (var e in view.Events)
            if (e.Occurred.Offset is { } offset)
                return instant.ToOffset(offset).DateTime;
        return instant.UtcDateTime;
    }
}
