using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Tracking.Carriers.Edi;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Edifact;

/// <summary>
/// Reads IFTSTA messages of one file, one after the other. What stands before the first CNI holds for all consignments, what stands between a CNI and
/// its first STS for all its events, and what follows an STS for that event alone. Not for two threads.
/// </summary>
internal sealed class IftstaMessageDecoder(FeedContext context, IftstaProfile profile)
{
    private const int MaxScans = 10_000, MaxFacts = 1000, MaxNotes = 32;
    private static readonly CodeTable Table = CodeTable.Load("Edifact/edifact-codes.csv");

    private readonly TextPool _pool = new();
    private readonly List<DecodeProblem> _notes = [];
    private readonly ImmutableArray<Scan>.Builder _scans = ImmutableArray.CreateBuilder<Scan>(4);
    private readonly List<Event> _events = [];
    private byte[] _unescaped = [];

    private EdifactMessage _message;
    private ReadOnlyMemory<byte> _original;
    private Encoding _fallback = CarrierText.Windows1252;
    private bool _charsetNoted;
    private Facts _header = new(), _group = new();
    private string? _consignment, _carrierName, _reference;
    private bool _cancellation, _inGroup;
    private int _grams;

    /// <summary>Events that could not be read, each an item of its own behind its message's.</summary>
    public Queue<DecodedItem> Apart { get; } = new();

    private readonly record struct Named(string Qualifier, string Value);
    private readonly record struct Time(string Qualifier, string? Value, string? Format);
    private readonly record struct Where(string Qualifier, Place Place);
    private readonly record struct Said(string? Qualifier, string? Code, string? Text, string? Role, string? Lang);

    private sealed class Facts
    {
        public readonly List<Named> References = [];
        public readonly List<Time> Times = [];
        public readonly List<Where> Places = [];
        public readonly List<Said> Texts = [];
        public readonly List<string> Pieces = [];
        public string? ReceivedBy, FromCountry, FromPostal, ToCountry, ToPostal, ToCity;

        public string? Reference(string qualifier)
        {
            foreach (var reference in References) if (reference.Qualifier == qualifier) return reference.Value;
            return null;
        }
    }

    private sealed class Event(long segment)
    {
        public readonly long Segment = segment;
        public readonly Facts Facts = new();
        public string? Type, Code, Agency, Text, ReasonCode, ReasonText;
    }

    public DecodedItem Decode(EdifactMessage message)
    {
        Begin(message);
        var span = message.Bytes.Span;
        var separators = message.Separators;
        Span<int> room = stackalloc int[EdifactElements.Max];
        var number = message.FirstSegment - 1;
        string? type = null;
        var at = 0;
        while (at < span.Length)
        {
            while (at < span.Length && (span[at] <= (byte)' ' || span[at] == separators.Segment)) at++;
            if (at >= span.Length) break;
            var length = separators.EndOf(span[at..]);
            if (length < 0) length = span.Length - at;
            var elements = new EdifactElements(EdiText.Trim(span.Slice(at, length)), separators, room);
            at += length + 1;
            number++;

            var name = EdiText.Trim(elements.Component(0, 0));
            var facts = _events.Count > 0 ? _events[^1].Facts : _inGroup ? _group : _header;
            if (name.SequenceEqual("UNH"u8))
            {
                _reference = Get(elements, 1, 0);
                type = Get(elements, 2, 0);
                if (type is not null && !type.Equals("IFTSTA", StringComparison.OrdinalIgnoreCase)) break;
            }
            else if (name.SequenceEqual("UNT"u8))
            {
                if (EdiText.Digits(EdiText.Trim(elements[1])) != message.Segments)
                    Note("edifact.segment-count", $"UNT says {Get(elements, 1, 0) ?? "nothing"}; the message has {message.Segments} segments from UNH to UNT.");
                if (!string.Equals(Get(elements, 2, 0)?.TrimStart('0'), _reference?.TrimStart('0'), StringComparison.Ordinal))
                    Note("edifact.message-reference", $"UNT names {Get(elements, 2, 0)}; the message is {_reference}.");
            }
            else if (name.SequenceEqual("BGM"u8)) _cancellation = Get(elements, 3, 0) == "1";
            else if (name.SequenceEqual("CNI"u8))
            {
                Flush();
                _inGroup = true;
                _group = new Facts();
                _consignment = Get(elements, 2, 0);
            }
            else if (name.SequenceEqual("STS"u8))
            {
                if (_events.Count < MaxFacts) _events.Add(Status(elements, number));
                else Note("edifact.too-many-events", $"More than {MaxFacts:N0} events in one consignment; the rest is only in the original.");
            }
            else if (name.SequenceEqual("DTM"u8))
            {
                if (facts.Times.Count < MaxFacts && Get(elements, 1, 0) is { } qualifier)
                {
                    string? value = Get(elements, 1, 1), format = Get(elements, 1, 2);
                    // An offset's plus sign that was not released cuts the element in two.
                    if (format is null && value is { Length: 12 or 14 } && Get(elements, 2, 1) is "205" or "208" && Get(elements, 2, 0) is { } offset)
                        (value, format) = ($"{value}+{offset}", Get(elements, 2, 1));
                    facts.Times.Add(new Time(qualifier, value, format));
                }
            }
            else if (name.SequenceEqual("RFF"u8))
            {
                if (facts.References.Count < MaxFacts && Get(elements, 1, 0) is { } qualifier && Get(elements, 1, 1) is { } value)
                    facts.References.Add(new Named(qualifier, value));
            }
            else if (name.SequenceEqual("LOC"u8))
            {
                if (facts.Places.Count < MaxFacts && ReadPlace(elements) is { } place)
                    facts.Places.Add(new Where(Get(elements, 1, 0) ?? "", place));
            }
            else if (name.SequenceEqual("NAD"u8)) Party(elements, facts);
            else if (name.SequenceEqual("FTX"u8))
            {
                if (facts.Texts.Count < MaxFacts) facts.Texts.Add(ReadText(elements));
            }
            else if (name.SequenceEqual("GIN"u8))
            {
                for (var e = 2; e < elements.Count; e++)
                    for (var c = 0; c < 2; c++)
                        AddPiece(facts, Get(elements, e, c));
            }
            else if (name.SequenceEqual("PCI"u8))
            {
                if (Get(elements, 1, 0) is "30" or "33" or "33E")
                    for (var c = 0; c < 10; c++)
                        AddPiece(facts, Get(elements, 2, c));
            }
            else if (name.SequenceEqual("MEA"u8)) Weight(elements, separators);
        }

        var pointer = EdifactReader.Pointer(message.FirstSegment);
        if (!"IFTSTA".Equals(type, StringComparison.OrdinalIgnoreCase))
        {
            Note("edifact.message-ignored", $"A message of type {type ?? "unknown"} carries no transport status.");
            return Item(pointer);
        }
        Flush();
        if (_scans.Count == 0 && _notes.Count == 0 && Apart.Count == 0) Note("edifact.no-event", "The message holds no STS, so it says nothing about a parcel.");
        return Item(pointer);
    }

    private void Begin(EdifactMessage message)
    {
        _message = message;
        _original = default;
        _notes.Clear();
        _scans.Clear();
        _events.Clear();
        _header = new Facts();
        _group = new Facts();
        _consignment = _carrierName = _reference = null;
        _cancellation = _inGroup = _charsetNoted = false;
        _grams = 0;
        _fallback = message.Charset switch
        {
            "UNOD" => CarrierText.FindEncoding("iso-8859-2"),
            "UNOE" => CarrierText.FindEncoding("iso-8859-5"),
            "UNOF" => CarrierText.FindEncoding("iso-8859-7"),
            _ => null,
        } ?? CarrierText.Windows1252;
    }

    private DecodedItem Item(string pointer)
        => new(_scans.DrainToImmutable(), Original(), pointer, null, _notes.Count == 0 ? [] : [.. _notes])
        {
            Root = EdifactReader.Pointer(_message.FirstSegment), RootInOriginal = EdifactReader.Pointer(_message.Head.IsEmpty ? 1 : 2),
        };

    // The message in its interchange, once for all its items: the service characters, the character set and the sender stand there.
    private ReadOnlyMemory<byte> Original() => _original.IsEmpty ? _original = EdiText.WithHead(_message.Head, _message.Bytes) : _original;

    // Six shapes of one statement; see the samples of each.
    private Event Status(EdifactElements sts, long number)
    {
        var happened = new Event(number);
        if (Get(sts, 1, 1) is not null || Get(sts, 1, 2) is not null)
        {
            // STS+1:D2:21 - all in the first composite
            happened.Type = Get(sts, 1, 1);
            happened.Code = Get(sts, 1, 2) ?? Get(sts, 2, 0);
        }
        else
        {
            happened.Type = Get(sts, 1, 0);
            happened.Code = Get(sts, 2, 0);
            happened.Agency = Get(sts, 2, 2);
            happened.Text = Get(sts, 2, 3);
        }
        happened.ReasonCode = Get(sts, 3, 0);
        happened.ReasonText = Get(sts, 3, 3);
        return happened;
    }

    private CodeMeaning? Meaning(Event happened)
    {
        var code = happened.Code;
        if (Own(happened) is { } own) return own;
        // An agency owns its codes: what is not in its list is not in another's either. "6" is the United Nations.
        if (happened.Agency is { } agency && agency != "6") return Table.Find(agency, happened.Type, code);
        // Quantum View's types come before the UN list, which knows the same numbers for other things.
        if (happened.Type is "D2" or "E1" or "DS" && Table.Find("ups", happened.Type, code) is { } view) return view;
        return Table.Find(profile.Partner, happened.Type, code);
    }

    // The partner's own words, most exact first.
    private CodeMeaning? Own(Event happened)
    {
        if (profile.Meanings is not { } meanings) return null;
        var (type, code, reason) = (happened.Type, happened.Code, happened.ReasonCode);
        CodeMeaning? found = null;
        _ = type is not null && reason is not null && meanings.TryGetValue($"{type}:{code}/{reason}", out found)
            || reason is not null && meanings.TryGetValue($"{code}/{reason}", out found)
            || type is not null && meanings.TryGetValue($"{type}:{code}", out found)
            || code is not null && (meanings.TryGetValue($"{code}/*", out found) || meanings.TryGetValue(code, out found));
        return found;
    }

    private void Flush()
    {
        foreach (var happened in _events) Emit(happened);
        _events.Clear();
    }

    private void Emit(Event happened)
    {
        var own = happened.Facts;
        string? Reference(string qualifier)
        {
            if (own.Reference(qualifier) is { } mine) return mine;
            if (_group.Reference(qualifier) is { } shared) return shared;
            foreach (var other in _events) if (other.Facts.Reference(qualifier) is { } theirs) return theirs;
            return _header.Reference(qualifier);
        }

        if (context.Carrier is not { } carrier && !Carrier.TryNormalize(_carrierName, out carrier) && !Carrier.TryNormalize(_message.Sender, out carrier))
        {
            Bad(happened.Segment, "carrier.missing", "No carrier: neither NAD+CA nor the sender of UNB names one, and the feed has none configured.");
            return;
        }
        var pieces = own.Pieces.Count > 0 ? own.Pieces : _group.Pieces;
        string? number = null;
        string? numberQualifier = null;
        if (!(profile.NumberFromConsignment && TrackingNumber.TryNormalize(_consignment, out number)))
            foreach (var qualifier in profile.NumberQualifiers)
                if (TrackingNumber.TryNormalize(Reference(qualifier), out number)) { numberQualifier = qualifier; break; }
        if (string.IsNullOrEmpty(number) && TrackingNumber.TryNormalize(_consignment, out number)) numberQualifier = null;
        var numberIsPiece = string.IsNullOrEmpty(number);
        if (numberIsPiece && !(pieces.Count > 0 && TrackingNumber.TryNormalize(pieces[0], out _)))
        {
            Bad(happened.Segment, "number.missing", "No tracking number: CNI is empty and no reference of the profile is present.");
            return;
        }

        var place = Pick(own.Places) ?? Pick(_group.Places) ?? Pick(_header.Places);
        var occurred = OccurredTime.Untold;
        if (FindTime(profile.TimeQualifiers, own, _group, _header) is { } time)
        {
            var reading = EdifactTimes.TryRead(time.Value, time.Format, profile.MidnightIsDateOnly, out var told, out var note);
            if (note is not null) Note(note);
            switch (reading)
            {
                case DateReading.Impossible:
                    Bad(happened.Segment, "time.impossible", $"DTM+{time.Qualifier}:{time.Value} is no date and time.");
                    return;
                case DateReading.Told when EventTimes.Implausible(told.Local, context) is { } implausible:
                    Bad(happened.Segment, implausible.Code, implausible.Detail);
                    return;
                case DateReading.Told:
                    occurred = EdifactTimes.Occurred(told, place, context, out note);
                    if (note is not null) Note(note);
                    break;
                default:
                    Note("time.placeholder", $"DTM+{time.Qualifier}:{time.Value} stands for no date.");
                    break;
            }
        }
        var eta = ReadEta(own, happened);

        var meaning = Meaning(happened);
        if (meaning is null)
        {
            Note("code.unmapped", $"Status '{happened.Type}:{happened.Code}'{(happened.Agency is null ? "" : $" of agency {happened.Agency}")} is in no table of this partner.");
            meaning = CodeMeaning.Unmapped;
        }
        // An estimate is a statement about a date; where the date itself is missing, only the words are left.
        var kind = meaning.Kind == ScanKind.Estimate && eta is null ? ScanKind.Information : meaning.Kind;
        if (!occurred.IsTold && eta is null && kind == ScanKind.Scan) Note("time.missing", $"The event in segment {happened.Segment} has no time of its own.");

        string? reasonCode = happened.ReasonCode, resolution = null, lang = null;
        var texts = new List<string>();
        void AddText(string? text) { if (text is not null && texts.Count < 50 && !texts.Contains(text)) texts.Add(text); }
        AddText(happened.Text);
        AddText(happened.ReasonText);
        foreach (var said in own.Texts.Count > 0 ? own.Texts : _group.Texts)
        {
            if (said.Qualifier == "AVA" && said.Code is not null)
            {
                if (said.Role?.Contains("RESOLUTION", StringComparison.OrdinalIgnoreCase) == true) resolution ??= said.Code;
                else reasonCode ??= said.Code;
            }
            AddText(said.Text);
            lang ??= said.Lang;
        }

        var delivered = meaning.Status == Milestone.Delivered;
        var signedBy = own.ReceivedBy ?? own.Reference("AGY") ?? (delivered ? _group.ReceivedBy ?? _header.ReceivedBy ?? Reference("AGY") : null);
        var leftAt = own.Reference("AEL") ?? (delivered ? Reference("AEL") : null);
        var proof = signedBy is null && leftAt is null ? null : new DeliveryProof(SignedBy: signedBy, LeftAt: leftAt);

        var raw = new RawCodes(Type: happened.Type, Code: happened.Code, SubCode: happened.Agency, ReasonCode: reasonCode, ReasonSubCode: resolution,
            Text: texts.Count == 0 ? null : CarrierText.AsReceived(string.Join('\n', texts)), Lang: lang);
        var scan = new Scan
        {
            Carrier = carrier,
            TrackingNumber = number ?? "",
            Kind = _cancellation ? ScanKind.Retraction : kind,
            Status = _cancellation ? null : meaning.Status,
            SubStatus = meaning.SubStatus,
            Modifiers = meaning.Modifiers | (occurred.IsTold && occurred.Precision == Precision.Day ? Modifiers.DateOnly : Modifiers.None),
            Reason = meaning.Reason,
            Raw = raw,
            Occurred = occurred,
            PublishedAt = Published(),
            Place = place,
            Eta = eta,
            Delivery = proof,
            Retracts = _cancellation ? new RetractionTarget(Type: raw.Type, Code: raw.Code, Local: occurred.Local, Status: meaning.Status) : null,
            Links = Links(own, number, numberQualifier),
            Evidence = new Evidence(null, EdifactReader.Pointer(happened.Segment)),
            Source = context.Source($"{_message.Interchange}/{_reference}"),
            Journey = Journey(Reference("CU") ?? Reference("ON") ?? Reference("CR"), own),
        };
        if (pieces.Count == 0) { Add(scan); return; }
        foreach (var piece in pieces)
        {
            if (numberIsPiece)
            {
                if (TrackingNumber.TryNormalize(piece, out var alone)) Add(scan with { TrackingNumber = alone });
            }
            else Add(TrackingNumber.TryNormalize(piece, out var normal) && normal.Equals(number, StringComparison.Ordinal) ? scan : scan with { PieceId = piece });
        }
    }

    private void Add(Scan scan)
    {
        if (_scans.Count < MaxScans) _scans.Add(scan);
        else Note("edifact.too-many-events", $"More than {MaxScans:N0} events in one message; the rest is only in the original.");
    }

    private static Time? FindTime(ImmutableArray<string> qualifiers, params ReadOnlySpan<Facts> levels)
    {
        foreach (var level in levels)
            foreach (var qualifier in qualifiers)
                foreach (var time in level.Times)
                    if (time.Qualifier == qualifier && time.Value is not null)
                        return time;
        return null;
    }

    private EtaStatement? ReadEta(Facts own, Event happened)
    {
        if (FindTime(profile.EtaQualifiers, own, _group, _header) is not { } time) return null;
        var reading = EdifactTimes.TryRead(time.Value, time.Format, midnightIsDateOnly: true, out var told, out var note);
        if (note is not null) Note(note);
        if (reading == DateReading.Impossible) Note("time.impossible", $"DTM+{time.Qualifier}:{time.Value} is no date and time; the event was kept without it.");
        if (reading != DateReading.Told || EventTimes.Implausible(told.Local, context) is not null) return null;
        var kind = happened.Type == "DS" ? EtaKind.Rescheduled : EtaKind.Estimated;
        return new EtaStatement(told.Local, told.Local, told.Offset, told.Precision, kind, $"DTM+{time.Qualifier}");
    }

    // The header's clock is the sender's head office: an instant only where it says its zone, or the operator does.
    private DateTimeOffset? Published()
    {
        foreach (var time in _header.Times)
            if (time.Qualifier == "137" && EdifactTimes.TryRead(time.Value, time.Format, false, out var told, out _) == DateReading.Told && told.Precision != Precision.Day)
                return EdifactTimes.Occurred(told, null, context, out _).Utc;
        return null;
    }

    private static Place? Pick(List<Where> places)
    {
        foreach (var qualifier in (ReadOnlySpan<string>)["14", "175", "5", "9", "11", "13", "60", "1"])
            foreach (var where in places)
                if (where.Qualifier == qualifier)
                    return where.Place;
        foreach (var where in places) if (where.Qualifier is not ("7" or "8")) return where.Place;   // a destination is not where it happened
        return null;
    }

    private Place? ReadPlace(EdifactElements loc)
    {
        string? facility = Get(loc, 2, 0), city = Get(loc, 2, 3), country = null, region = null, told = null;
        // The last part that names a country is the country: "ID" before "US" is Idaho.
        for (var element = 2; element < Math.Min(loc.Count, 6); element++)
            for (var component = element == 2 ? 4 : 0; component < 6; component++)
            {
                if (element > 2 && component is 1 or 2) continue;   // code list and agency
                if (Get(loc, element, component) is not { } part) continue;
                if (part.Length is 2 or 3 && Countries.Alpha2(part) is { } alpha2)
                {
                    region ??= told;
                    country = alpha2;
                    told = part;
                }
                else region ??= part;
            }
        // UN/LOCODE begins with its country, where the message says that it is one (list 139, or agency 6).
        if (country is null && facility is { Length: 5 } && (Get(loc, 2, 1) == "139" || Get(loc, 2, 2) == "6")) country = Countries.Alpha2(facility[..2]);
        if (facility is null && city is null && country is null && region is null) return null;
        return new Place(City: city, Region: region, Country: country, FacilityId: facility);
    }

    private void Party(EdifactElements nad, Facts facts)
    {
        string? city = Get(nad, 6, 0), postal = Get(nad, 8, 0), country = Countries.Alpha2OrAsTold(Get(nad, 9, 0));
        switch (Get(nad, 1, 0))
        {
            case "AP":
                facts.ReceivedBy ??= All(nad, 4) ?? All(nad, 3) ?? Get(nad, 2, 0);
                break;
            case "CA":
                _carrierName ??= Named(All(nad, 4)) ?? Named(Get(nad, 2, 0)) ?? Named(All(nad, 3));
                break;
            case "CZ" or "CS":
                facts.FromCountry ??= country;
                facts.FromPostal ??= postal;
                break;
            case "CN" or "DP":
                facts.ToCity ??= city;
                facts.ToPostal ??= postal;
                facts.ToCountry ??= country;
                break;
        }

        static string? Named(string? name) => Carrier.TryNormalize(name, out _) ? name : null;
    }

    private Said ReadText(EdifactElements ftx)
    {
        // FTX+AVA+code++text:REASON carries its code in the second element or the third.
        var code = Get(ftx, 2, 0) ?? Get(ftx, 3, 0);
        var first = Get(ftx, 4, 0);
        if (Get(ftx, 1, 0) == "AVA") return new Said("AVA", code, first, Get(ftx, 4, 1), Get(ftx, 5, 0));
        return new Said(Get(ftx, 1, 0), code, All(ftx, 4), null, Get(ftx, 5, 0));
    }

    private static void AddPiece(Facts facts, string? piece)
    {
        if (piece is { Length: <= 100 } && facts.Pieces.Count < MaxFacts && !facts.Pieces.Contains(piece)) facts.Pieces.Add(piece);
    }

    private void Weight(EdifactElements mea, EdifactSeparators separators)
    {
        if (Get(mea, 3, 0) is not { } unit || Get(mea, 3, 1) is not { } text) return;
        text = text.Replace((char)separators.Decimal, '.').Replace(',', '.');
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var weight)) return;
        var grams = unit switch { "KGM" => weight * 1000, "GRM" => weight, "LBR" => weight * 453.59237, _ => 0 };
        if (grams is > 0 and < int.MaxValue && _grams == 0) _grams = (int)Math.Round(grams);
    }

    private ImmutableArray<TrackingLink> Links(Facts own, string? number, string? numberQualifier)
    {
        ImmutableArray<TrackingLink>.Builder? links = null;
        void Read(Facts facts)
        {
            foreach (var reference in facts.References)
            {
                if (reference.Qualifier is "AGY" or "AEL" or "AAN" || reference.Qualifier == numberQualifier || links?.Count >= 50 || reference.Value.Length > 100) continue;
                if (TrackingNumber.TryNormalize(reference.Value, out var normal) && normal.Equals(number, StringComparison.Ordinal)) continue;
                links ??= ImmutableArray.CreateBuilder<TrackingLink>();
                var link = new TrackingLink("reference", null, reference.Value);
                if (!links.Contains(link)) links.Add(link);
            }
        }
        Read(own);
        Read(_group);
        Read(_header);
        return links?.ToImmutable() ?? [];
    }

    private JourneyHints? Journey(string? shipperReference, Facts own)
    {
        var hints = new JourneyHints(
            OriginCountry: _group.FromCountry ?? _header.FromCountry ?? own.FromCountry, OriginPostalCode: _group.FromPostal ?? _header.FromPostal ?? own.FromPostal,
            DestinationCountry: own.ToCountry ?? _group.ToCountry ?? _header.ToCountry, DestinationPostalCode: own.ToPostal ?? _group.ToPostal ?? _header.ToPostal,
            DestinationCity: own.ToCity ?? _group.ToCity ?? _header.ToCity, WeightGrams: _grams == 0 ? null : _grams, ShipperReference: shipperReference);
        return hints == Nothing ? null : hints;
    }

    private static readonly JourneyHints Nothing = new();

    // All components of an element, as lines of an address or of a text are written.
    private string? All(EdifactElements elements, int element)
    {
        string? all = null;
        for (var component = 0; component < 10; component++)
            if (Get(elements, element, component) is { } part)
                all = all is null ? part : $"{all} {part}";
        return all;
    }

    private string? Get(EdifactElements elements, int element, int component)
    {
        var bytes = EdiText.Trim(elements.Component(element, component));
        if (bytes.IsEmpty) return null;
        var release = _message.Separators.Release;
        if ((release != (byte)' ' && bytes.Contains(release)) || bytes.IndexOfAny((byte)'\r', (byte)'\n', (byte)0) >= 0) bytes = EdiText.Trim(Unescape(bytes, release));
        if (bytes.Length > CarrierText.MaxText) bytes = bytes[..CarrierText.MaxText];
        if (!_charsetNoted && !Ascii.IsValid(bytes)) NoteCharset(bytes);
        return _pool.Get(bytes, _fallback);
    }

    private void NoteCharset(ReadOnlySpan<byte> bytes)
    {
        var utf8 = EdiText.IsUtf8(bytes);
        var lie = _message.Charset switch
        {
            "UNOA" or "UNOB" => true,
            "UNOY" or "UNOW" => !utf8,
            null => false,
            _ => utf8,
        };
        if (!lie) return;
        _charsetNoted = true;
        Note("edifact.charset", $"The interchange declares {_message.Charset}; its text was read as {(utf8 ? "UTF-8" : "Windows-1252")}.");
    }

    private ReadOnlySpan<byte> Unescape(ReadOnlySpan<byte> bytes, byte release)
    {
        if (_unescaped.Length < bytes.Length) _unescaped = new byte[Math.Max(256, bytes.Length)];
        var length = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var b = bytes[i];
            if (b == release && release != (byte)' ' && i + 1 < bytes.Length) b = bytes[++i];
            else if (b is (byte)'\r' or (byte)'\n' or 0) continue;   // a wrapped line
            _unescaped[length++] = b;
        }
        return _unescaped.AsSpan(0, length);
    }

    private void Bad(long segment, string code, string detail)
        => Apart.Enqueue(new DecodedItem([], Original(), EdifactReader.Pointer(segment), new DecodeProblem(code, detail), []));

    private void Note(string code, string detail) => Note(new DecodeProblem(code, detail));

    private void Note(DecodeProblem note)
    {
        if (_notes.Count < MaxNotes && !_notes.Contains(note)) _notes.Add(note);
    }
}
