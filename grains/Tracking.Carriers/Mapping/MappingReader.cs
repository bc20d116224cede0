using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using NodaTime;
using Tracking.Carriers.Flat;
using Tracking.Carriers.Zones;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Mapping;

/// <summary>Reads and checks a mapping file. All problems at once, each with its line and what to write instead.</summary>
public static class MappingReader
{
    private static readonly string[] General =
    [
        "format", "partner", "description", "form", "carrier", "separator", "quote", "escape", "charset", "header", "columns", "fields", "skipLines", "only", "ignore", "items",
        "number", "code", "codes", "status", "date", "publishedAt", "eta", "weightUnit", "zone", "table", "midnightIsDay", "$schema", "comment",
    ];

    // All that an IFTSTA partner may differ in; everything else stands in the messages.
    private static readonly string[] OfEdifact = ["format", "partner", "description", "form", "carrier", "zone", "table", "number", "date", "eta", "codes", "midnightIsDay", "$schema", "comment"];

    /// <summary>The decoder for a mapping file, or null and every problem found.</summary>
    public static FeedDecoder? Read(ReadOnlyMemory<byte> file, out ImmutableArray<MappingProblem> problems) => Read(file, builtIn: false, out problems);

    private static FeedDecoder? Read(ReadOnlyMemory<byte> file, bool builtIn, out ImmutableArray<MappingProblem> problems)
    {
        if (file.Span.StartsWith("\ufeff"u8)) file = file[3..];
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(file, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 16 });
        }
        catch (JsonException e)
        {
            problems = [new MappingProblem((int)(e.LineNumber ?? 0) + 1, "file", "This is not JSON.", $"Look at byte {e.BytePositionInLine + 1} of that line.")];
            return null;
        }
        using (document)
        {
            var reading = new Reading(file, builtIn);
            var mapping = reading.Mapping(document.RootElement);
            problems = [.. reading.Problems.OrderBy(p => p.Line)];
            if (problems.Length > 0) return null;
            if (reading.Iftsta is { } partner) return partner;
            if (mapping is null) return null;
            return mapping.Form is MappingForm.Delimited or MappingForm.Fixed ? new MappedRows(mapping) : new MappedTree(mapping);
        }
    }

    /// <summary>An embedded mapping of our own (<c>Flat/dpd.map.json</c>); throws when it is wrong.</summary>
    internal static FeedDecoder Embedded(string resource)
    {
        using var stream = typeof(MappingReader).Assembly.GetManifestResourceStream(resource) ?? throw new FormatException($"There is no embedded mapping {resource}.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Read(bytes.ToArray(), builtIn: true, out var problems) ?? throw new FormatException($"{resource}: {problems[0]}");
    }

    private sealed class Reading(ReadOnlyMemory<byte> file, bool builtIn)
    {
        public List<MappingProblem> Problems { get; } = [];

        /// <summary>The decoder of a mapping of form <c>edifact</c>.</summary>
        public Edifact.EdifactDecoder? Iftsta { get; private set; }

        private MappingForm _form;
        private HashSet<string> _columns = [];

        public FeedMapping? Mapping(JsonElement root)
        {
            if (root.ValueKind != JsonValueKind.Object) { Wrong(root, "file", "A mapping is one JSON object.", "Begin with { and name the form."); return null; }
            foreach (var member in root.EnumerateObject())
            {
                if (General.Contains(member.Name, StringComparer.Ordinal) || FeedMapping.TextSettings.Contains(member.Name)) continue;
                var like = General.Concat(FeedMapping.TextSettings).MinBy(n => Distance(n, member.Name))!;
                Wrong(member.Value, Shorten(member.Name), "There is no such setting.", Distance(like, member.Name) <= 3 ? $"Did you mean {like}?" : "The README lists them all.");
            }

            var name = Text(root, "format") ?? Text(root, "partner");
            if (name is null) Wrong(root, "format", "The format has no name.", "Write \"format\": \"my-partner\"; it becomes /v1/feeds/my-partner.");
            else if (!IsSlug(name)) Wrong(root, "format", $"'{Shorten(name)}' cannot be part of an address.", "Use lower-case letters, digits and hyphens, at most 40.");
            else if (!builtIn && FeedDecoders.Find(name) is not null) Wrong(root, "format", $"'{name}' is a built-in format.", "Choose another name.");

            var form = Text(root, "form");
            if (form is null || !Enum.TryParse(form, ignoreCase: true, out _form) || char.IsAsciiDigit(form[0]))
            {
                Wrong(Member(root, "form") ?? root, "form", form is null ? "The form is missing." : $"'{Shorten(form)}' is no form.", "It is delimited, fixed, json, xml or edifact.");
                return null;
            }
            if (_form == MappingForm.Edifact) { Iftsta = Partner(root, name); return null; }
            var isRows = _form is MappingForm.Delimited or MappingForm.Fixed;

            var charset = Text(root, "charset");
            if (charset is not null && CarrierText.FindEncoding(charset) is null) Wrong(root, "charset", $"'{Shorten(charset)}' is no charset.", "Common ones: utf-8, windows-1252, iso-8859-1. Leave it away to have UTF-8 and Windows-1252 told apart.");
            var syntax = Syntax(root, charset);
            var hasHeader = Flag(root, "header", _form == MappingForm.Delimited && Member(root, "columns") is null);
            var columns = Names(root, "columns");
            var positions = Positions(root);
            if (_form == MappingForm.Delimited && !hasHeader && columns.IsEmpty) Wrong(root, "columns", "Without a header nobody knows the columns.", "List their names in order: \"columns\": [\"NUMBER\", \"CODE\"], or refer to them as #1, #2.", onlyIf: UsesNames(root));
            if (_form == MappingForm.Fixed && positions.IsEmpty) Wrong(root, "fields", "A fixed-width form needs its fields.", "Write \"fields\": {\"NUMBER\": [1, 14], \"CODE\": [15, 2]} with position (from 1) and length.");
            _columns = [.. columns, .. positions.Select(p => p.Name)];

            var items = ImmutableArray<string>.Empty;
            if (!isRows)
            {
                var path = Text(root, "items");
                if (path is null) Wrong(root, "items", "The repeating element is missing.", _form == MappingForm.Xml ? "Write its path: \"items\": \"Shipments/Shipment/Event\"." : "Write its path: \"items\": \"shipments.events\"; \"\" where the document is the event.", onlyIf: Member(root, "items") is null);
                else items = [.. Steps(path)];
            }

            if (Member(root, "number") is null) Wrong(root, "number", "Nothing says where the tracking number is.", "Write \"number\": and the column or path.");
            var code = Fields(root, "code");
            if (code.Length > 3) Wrong(Member(root, "code") ?? root, "code", "At most three columns make a code.", "Keep event, reason and sub-code.");
            var status = Field(root, "status");
            if (code.IsEmpty && status is null && Member(root, "eta") is null) Wrong(root, "code", "Nothing says what happened.", "Write \"code\": and the column or path of the event code, with \"codes\" for their meaning; or \"status\" where the file speaks our thirteen statuses.");
            var codes = Codes(root);
            if (!code.IsEmpty && codes.Count == 0 && !(Member(root, "codes") is { ValueKind: JsonValueKind.Object } told && told.EnumerateObject().Any())) Wrong(Member(root, "codes") ?? root, "codes", "No code has a meaning.", "Write \"codes\": {\"50\": \"DELIVERED\", \"71/NHOME\": \"ATTEMPT_FAILED(recipient.unavailable)\"}.");

            var zone = Member(root, "zone") is { } z ? Zone(z, "zone") : MappedZone.Place;
            var date = Date(root, "date", zone);
            if (date is null && Member(root, "date") is null && Member(root, "eta") is null) Wrong(root, "date", "Nothing says when it happened.", "Write \"date\": {\"columns\": [\"DATE\", \"TIME\"], \"format\": \"dd.MM.yyyy HHmm\"}.");
            var eta = Member(root, "eta");
            MappedDate? etaFrom = null, etaTo = null;
            var etaKind = EtaKind.Estimated;
            if (eta is { ValueKind: JsonValueKind.Object } window && (window.TryGetProperty("from", out _) || window.TryGetProperty("to", out _)))
            {
                Known(window, "eta", "from", "to", "kind");
                etaFrom = Date(window, "from", MappedZone.Place, "eta.from");
                etaTo = Date(window, "to", MappedZone.Place, "eta.to");
                if (Text(window, "kind") is { } kind && (!Enum.TryParse(kind, ignoreCase: true, out etaKind) || !Enum.IsDefined(etaKind) || char.IsAsciiDigit(kind[0])))
                    Wrong(window, "eta.kind", $"'{Shorten(kind)}' is no kind of date.", "It is estimated, scheduled, rescheduled, guaranteed or predicted.");
            }
            else if (eta is not null) etaFrom = etaTo = Date(root, "eta", MappedZone.Place);

            string? slug = null;
            MappedField? carrierField = null;
            if (Member(root, "carrier") is { } carrier)
            {
                if (carrier.ValueKind == JsonValueKind.Object) { Known(carrier, "carrier", "field"); carrierField = Field(carrier, "field"); }
                else if (carrier.ValueKind != JsonValueKind.String || !Domain.Vocabulary.Carrier.TryNormalize(carrier.GetString(), out slug!)) Wrong(carrier, "carrier", "This can be no carrier.", "Write its name or slug (\"dpd\"), or {\"field\": \"COLUMN\"} where the file names it.");
            }
            else if (name is not null && Domain.Vocabulary.Carrier.TryNormalize(name, out var own)) slug = own;

            var texts = new Dictionary<string, MappedField>(StringComparer.Ordinal);
            foreach (var setting in FeedMapping.TextSettings)
                if (Field(root, setting) is { } field)
                    texts.Add(setting, field);
            var unit = Text(root, "weightUnit");
            if (unit is not null && unit.ToLowerInvariant() is not ("g" or "kg" or "lb" or "oz")) Wrong(root, "weightUnit", $"'{Shorten(unit)}' is no unit of weight.", "It is g, kg, lb or oz.");
            if (texts.ContainsKey("weight") && unit is null) Wrong(root, "weightUnit", "A weight without its unit says nothing.", "Write \"weightUnit\": \"kg\" (or g, lb, oz).");

            var number = Field(root, "number");
            if (Problems.Count > 0 || number is null) return null;
            return new FeedMapping
            {
                Format = name!,
                Description = Text(root, "description") ?? $"{name}: a {_form.ToString().ToLowerInvariant()} format from a mapping file",
                Form = _form,
                CarrierSlug = slug,
                Carrier = carrierField,
                Syntax = syntax,
                HasHeader = hasHeader,
                Columns = columns,
                Positions = positions,
                SkipLines = Number(root, "skipLines"),
                Only = Member(root, "only") is { } only ? Values(only, "only").FirstOrDefault() is { Field: not null } o ? o : null : null,
                Ignore = Member(root, "ignore") is { } ignore ? Values(ignore, "ignore") : [],
                Items = items,
                Number = number,
                Code = code,
                Status = status,
                Date = date,
                PublishedAt = Date(root, "publishedAt", zone),
                EtaFrom = etaFrom,
                EtaTo = etaTo,
                EtaKind = etaKind,
                Codes = codes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
                Texts = texts.ToFrozenDictionary(StringComparer.Ordinal),
                WeightUnit = unit?.ToLowerInvariant(),
            };
        }

        private Edifact.EdifactDecoder? Partner(JsonElement root, string? name)
        {
            foreach (var member in root.EnumerateObject())
                if (General.Concat(FeedMapping.TextSettings).Contains(member.Name) && !OfEdifact.Contains(member.Name))
                    Wrong(member.Value, member.Name, "An EDIFACT partner has no such setting.", $"Known are {string.Join(", ", OfEdifact[..^2])}.");
            var usual = Edifact.IftstaProfile.Default;
            var table = Text(root, "table") ?? usual.Partner;
            if (table is not ("un" or "ups" or "87")) Wrong(root, "table", $"'{Shorten(table)}' is no code table.", "It is un, ups or 87 (Nordic post); \"codes\" come before it.");
            var zone = Text(root, "zone");
            if (zone is not null && EventTimes.FindZone(zone) is null) Wrong(root, "zone", $"'{Shorten(zone)}' is no zone.", "Write an IANA name: Europe/Stockholm.");
            string? slug = null;
            if (Member(root, "carrier") is { } carrier && (carrier.ValueKind != JsonValueKind.String || !Domain.Vocabulary.Carrier.TryNormalize(carrier.GetString(), out slug!)))
                Wrong(carrier, "carrier", "This can be no carrier.", "Write its name or slug, or leave it away where NAD+CA or the sender names it.");
            var number = Qualifiers(root, "number", usual.NumberQualifiers.Insert(0, "CNI"));
            var codes = Codes(root);
            var profile = new Edifact.IftstaProfile
            {
                Partner = table,
                Meanings = codes.Count == 0 ? null : codes.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase),
                NumberFromConsignment = number.Contains("CNI"),
                NumberQualifiers = number.Remove("CNI"),
                TimeQualifiers = Qualifiers(root, "date", usual.TimeQualifiers),
                EtaQualifiers = Qualifiers(root, "eta", usual.EtaQualifiers),
                MidnightIsDateOnly = Flag(root, "midnightIsDay", usual.MidnightIsDateOnly),
            };
            return Problems.Count > 0 ? null : new Edifact.EdifactDecoder(name!, Text(root, "description") ?? $"{name}: IFTSTA of one partner, from a mapping file", profile, slug, zone);
        }

        private ImmutableArray<string> Qualifiers(JsonElement root, string setting, ImmutableArray<string> otherwise)
        {
            if (Member(root, setting) is not { } list) return otherwise;
            var told = list.ValueKind == JsonValueKind.String ? [list.GetString()!]
                : list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(q => q.ValueKind == JsonValueKind.String) ? list.EnumerateArray().Select(q => q.GetString()!).ToImmutableArray() : [];
            if (told.IsEmpty || told.Any(q => q.Length is < 1 or > 3 || !q.All(char.IsAsciiLetterOrDigit)))
                Wrong(list, setting, "These are qualifiers of the messages.", setting == "number" ? "Write [\"CNI\", \"SRN\"]: the number of CNI, then RFF qualifiers, the first present wins." : "Write [\"334\", \"7\"]: DTM qualifiers, the first present wins.");
            return [.. told.Select(q => q.ToUpperInvariant())];
        }

        private RowSyntax Syntax(JsonElement root, string? charset)
        {
            if (_form == MappingForm.Fixed) return new RowSyntax('\0', '\0', Charset: charset);
            var separator = ';';
            if (Member(root, "separator") is { } s)
            {
                var text = s.ValueKind == JsonValueKind.String ? s.GetString() : null;
                separator = text switch { "tab" or "TAB" or "\\t" => '\t', { Length: 1 } one when one[0] < 128 && one[0] is not ('\n' or '\r' or '"') => one[0], _ => '\0' };
                if (separator == '\0') { Wrong(s, "separator", "A separator is one character.", "Write \";\", \",\", \"|\" or \"tab\"."); separator = ';'; }
            }
            else if (_form == MappingForm.Delimited) Wrong(root, "separator", "The separator is missing.", "Write \";\", \",\", \"|\" or \"tab\".");
            var quote = '"';
            if (Member(root, "quote") is { } q)
            {
                if (q.ValueKind is JsonValueKind.Null or JsonValueKind.False || q.ValueKind == JsonValueKind.String && q.GetString() is "" or "none") quote = '\0';
                else if (q.ValueKind == JsonValueKind.String && q.GetString() is { Length: 1 } one && one[0] < 128) quote = one[0];
                else Wrong(q, "quote", "A quote is one character.", "Write \"\\\"\", or null where fields are not quoted.");
            }
            var escape = Text(root, "escape");
            if (escape is not (null or "doubled" or "backslash" or "\\")) Wrong(root, "escape", $"'{Shorten(escape)}' is no way to escape a quote.", "It is doubled or backslash.");
            return new RowSyntax(separator, quote, escape is "backslash" or "\\", charset);
        }

        private ImmutableArray<(string Name, int Start, int Length)> Positions(JsonElement root)
        {
            if (Member(root, "fields") is not { } fields) return [];
            if (fields.ValueKind != JsonValueKind.Object) { Wrong(fields, "fields", "Fields are an object.", "Write \"fields\": {\"NUMBER\": [1, 14]}."); return []; }
            var positions = ImmutableArray.CreateBuilder<(string, int, int)>();
            foreach (var field in fields.EnumerateObject())
            {
                if (field.Value.ValueKind == JsonValueKind.Array && field.Value.GetArrayLength() == 2
                    && field.Value[0].ValueKind == JsonValueKind.Number && field.Value[0].TryGetInt32(out var start) && field.Value[1].ValueKind == JsonValueKind.Number && field.Value[1].TryGetInt32(out var length)
                    && start is >= 1 and <= 100_000 && length is >= 1 and <= 100_000)
                    positions.Add((field.Name, start - 1, length));
                else Wrong(field.Value, $"fields.{Shorten(field.Name)}", "A field is its first position, counted from 1, and its length.", "Write [1, 14].");
            }
            return positions.ToImmutable();
        }

        private MappedDate? Date(JsonElement root, string setting, MappedZone zone, string? shown = null)
        {
            shown ??= setting;
            if (Member(root, setting) is not { } date) return null;
            ImmutableArray<MappedField> columns;
            ImmutableArray<string> formats = ["iso"], noTime = [];
            if (date.ValueKind != JsonValueKind.Object) columns = FieldsOf(date, shown);
            else
            {
                Known(date, shown, "columns", "column", "path", "format", "noTime", "zone");
                columns = Member(date, "columns") is not null ? Fields(date, "columns") : Fields(date, Member(date, "column") is not null ? "column" : "path");
                // One place may be a list of alternatives; columns are date and time, one each.
                if (Member(date, "columns") is null && columns.Length > 1) columns = [new MappedField([.. columns.SelectMany(c => c.Paths)])];
                if (Member(date, "format") is { } format) formats = format.ValueKind == JsonValueKind.Array ? [.. format.EnumerateArray().Where(f => f.ValueKind == JsonValueKind.String).Select(f => f.GetString()!)] : format.ValueKind == JsonValueKind.String ? [format.GetString()!] : [];
                if (formats.IsEmpty) Wrong(date, $"{shown}.format", "The pattern is missing.", "Write dd.MM.yyyy HH:mm, or iso, unix or unixMillis.");
                foreach (var pattern in formats) Pattern(date, $"{shown}.format", pattern);
                if (Member(date, "noTime") is { } none) noTime = none.ValueKind == JsonValueKind.Array ? [.. none.EnumerateArray().Select(n => n.ToString())] : [none.ToString()];
                if (Member(date, "zone") is { } z) zone = Zone(z, $"{shown}.zone");
            }
            if (columns.IsEmpty) { Wrong(date, shown, "Nothing says where the date is.", "Write \"columns\": [\"DATE\", \"TIME\"], or \"path\"."); return null; }
            if (columns.Length > 2) { Wrong(date, shown, "A time is one column or two.", "Write the date's and the time's."); return null; }
            return new MappedDate(columns, formats, noTime, zone);
        }

        private void Pattern(JsonElement at, string setting, string pattern)
        {
            if (pattern is "iso" or "unix" or "unixMillis") return;
            var day = pattern.Contains('d', StringComparison.Ordinal) && pattern.Contains('M', StringComparison.Ordinal) && pattern.Contains('y', StringComparison.Ordinal);
            if (!day) { Wrong(at, setting, $"'{Shorten(pattern)}' has no day, month and year.", "Use d, M and y: dd.MM.yyyy HH:mm. (MM is the month, mm the minute.)"); return; }
            if (pattern.Contains('h', StringComparison.Ordinal) && !pattern.Contains('t', StringComparison.Ordinal)) Wrong(at, setting, $"'{Shorten(pattern)}' has an hour of twelve without AM or PM.", "Write HH, or hh with tt.");
            try
            {
                var sample = new DateTime(2025, 12, 24, 21, 43, 56);
                var written = sample.ToString(pattern, CultureInfo.InvariantCulture);
                if (!DateTime.TryParseExact(written, pattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out _)) Wrong(at, setting, $"'{Shorten(pattern)}' is no pattern that can be read back.", "Look at dd.MM.yyyy HH:mm:ss or yyyyMMddHHmmss.");
            }
            catch (FormatException) { Wrong(at, setting, $"'{Shorten(pattern)}' is no date pattern.", "Look at dd.MM.yyyy HH:mm:ss or yyyyMMddHHmmss."); }
        }

        private MappedZone Zone(JsonElement zone, string setting)
        {
            if (zone.ValueKind == JsonValueKind.String)
            {
                var name = zone.GetString()!;
                if (name is "place") return MappedZone.Place;
                if (EventTimes.FindZone(name) is { } found) return new MappedZone(found, null, null, false);
                Wrong(zone, setting, $"'{Shorten(name)}' is no zone.", "Write an IANA name (Europe/Berlin), or place to find it by the event's place.");
                return MappedZone.Place;
            }
            if (zone.ValueKind == JsonValueKind.Object && Member(zone, "by") is not null && Member(zone, "zones") is { ValueKind: JsonValueKind.Object } table)
            {
                Known(zone, setting, "by", "zones", "else");
                var zones = new Dictionary<string, DateTimeZone>(StringComparer.OrdinalIgnoreCase);
                foreach (var entry in table.EnumerateObject())
                {
                    if (entry.Value.ValueKind == JsonValueKind.String && EventTimes.FindZone(entry.Value.GetString()) is { } found) zones[entry.Name] = found;
                    else Wrong(entry.Value, $"{setting}.zones.{Shorten(entry.Name)}", $"{Shorten(entry.Value.ToString())} is no zone.", "Write an IANA name: Europe/Berlin.");
                }
                DateTimeZone? fallback = null;
                if (Text(zone, "else") is { } other && (fallback = EventTimes.FindZone(other)) is null) Wrong(zone, $"{setting}.else", $"'{Shorten(other)}' is no zone.", "Write an IANA name: Europe/Berlin.");
                return new MappedZone(fallback, Field(zone, "by"), zones.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase), fallback is null);
            }
            Wrong(zone, setting, "This is no rule for a zone.", "Write \"Europe/Berlin\", \"place\", or {\"by\": \"DEPOT\", \"zones\": {\"D-SUED\": \"Europe/Berlin\"}}.");
            return MappedZone.Place;
        }

        private Dictionary<string, CodeMeaning> Codes(JsonElement root)
        {
            var codes = new Dictionary<string, CodeMeaning>(StringComparer.OrdinalIgnoreCase);
            if (Member(root, "codes") is not { } table) return codes;
            if (table.ValueKind != JsonValueKind.Object) { Wrong(table, "codes", "Codes are an object.", "Write \"codes\": {\"50\": \"DELIVERED\"}."); return codes; }
            foreach (var entry in table.EnumerateObject())
            {
                var setting = $"codes.{Shorten(entry.Name)}";
                var meaning = Meaning(entry.Value, setting);
                if (meaning is not null && !codes.TryAdd(entry.Name.Trim(), meaning)) Wrong(entry.Value, setting, "This code is mapped twice.", "Keep one of the two.");
            }
            return codes;
        }

        private CodeMeaning? Meaning(JsonElement value, string setting)
        {
            string? status, subStatus = null, modifiers = null, reason = null, kind = null;
            if (value.ValueKind == JsonValueKind.Object)
            {
                Known(value, setting, "status", "subStatus", "modifiers", "reason", "kind");
                status = Text(value, "status"); subStatus = Text(value, "subStatus"); reason = Text(value, "reason"); kind = Text(value, "kind");
                if (Member(value, "modifiers") is { } list) modifiers = list.ValueKind == JsonValueKind.Array ? string.Join('|', list.EnumerateArray().Select(m => m.ToString())) : list.ToString();
            }
            else if (value.ValueKind is JsonValueKind.String)
            {
                // STATUS(word, word): every word a reason, a modifier or a kind.
                var text = value.GetString()!.Trim();
                var open = text.IndexOf('(', StringComparison.Ordinal);
                if (open >= 0 && !text.EndsWith(')')) { Wrong(value, setting, "The bracket is not closed.", "Write ATTEMPT_FAILED(recipient.unavailable)."); return null; }
                status = (open < 0 ? text : text[..open]).Trim();
                foreach (var word in open < 0 ? [] : text[(open + 1)..^1].Split([',', ' ', '|'], StringSplitOptions.RemoveEmptyEntries))
                {
                    if (ModifierNames.TryParse(word, out _)) modifiers = modifiers is null ? word : $"{modifiers}|{word}";
                    else if (Reasons.TryParse(word, out _)) reason = word;
                    else if (Enum.TryParse<ScanKind>(word, ignoreCase: true, out _) && !char.IsAsciiDigit(word[0])) kind = word;
                    else { Wrong(value, setting, $"'{Shorten(word)}' is no reason and no modifier.", "Reasons look like recipient.unavailable, modifiers like delayed; the README lists both."); return null; }
                }
                if (status is "-" or "none") status = "";
                else if (status.Equals("information", StringComparison.OrdinalIgnoreCase)) { status = ""; kind = "information"; }
            }
            else if (value.ValueKind == JsonValueKind.Null) return new CodeMeaning(null, Kind: ScanKind.Information);
            else { Wrong(value, setting, "A code's meaning is a status.", "Write \"DELIVERED\", or \"\" for a code that changes nothing."); return null; }

            var meaning = CodeTable.ReadMeaning(status, subStatus, modifiers, reason, kind, null, out var problem);
            if (problem is not null)
            {
                var near = status is null ? null : Enum.GetValues<Milestone>().Skip(1).Select(m => m.Name()).MinBy(n => Distance(n, status.ToUpperInvariant()));
                Wrong(value, setting, char.ToUpperInvariant(problem[0]) + problem[1..], near is not null && Distance(near, status!.ToUpperInvariant()) <= 4 ? $"Did you mean {near}?" : "The README lists statuses, reasons, modifiers and kinds.");
                return null;
            }
            if (meaning!.Kind == ScanKind.Retraction) { Wrong(value, setting, "A mapping cannot take back events: nothing would say which.", "Use another kind."); return null; }
            return meaning;
        }

        private ImmutableArray<(MappedField Field, FrozenSet<string> Values)> Values(JsonElement table, string setting)
        {
            if (table.ValueKind != JsonValueKind.Object) { Wrong(table, setting, "This is a column with its values.", $"Write \"{setting}\": {{\"TYPE\": [\"EV\"]}}."); return []; }
            var found = ImmutableArray.CreateBuilder<(MappedField, FrozenSet<string>)>();
            foreach (var entry in table.EnumerateObject())
            {
                IEnumerable<string> values = entry.Value.ValueKind == JsonValueKind.Array ? entry.Value.EnumerateArray().Select(v => v.ToString().Trim()) : [entry.Value.ToString().Trim()];
                found.Add((Checked(entry.Name, entry.Value, setting), values.ToFrozenSet(StringComparer.OrdinalIgnoreCase)));
            }
            return found.ToImmutable();
        }

        private MappedField? Field(JsonElement root, string setting)
        {
            var found = Fields(root, setting);
            return found.IsEmpty ? null : found.Length == 1 ? found[0] : new MappedField([.. found.SelectMany(f => f.Paths)]);
        }

        private ImmutableArray<MappedField> Fields(JsonElement root, string setting) => Member(root, setting) is { } value ? FieldsOf(value, setting) : [];

        private ImmutableArray<MappedField> FieldsOf(JsonElement value, string setting)
        {
            if (value.ValueKind == JsonValueKind.String) return [Checked(value.GetString()!, value, setting)];
            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var index) && index > 0) return [Checked($"#{index}", value, setting)];
            if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0) return [.. value.EnumerateArray().SelectMany(v => FieldsOf(v, setting))];
            Wrong(value, setting, "This is no column or path.", "Write its name in quotes, or \"=text\" for a constant.");
            return [];
        }

        private MappedField Checked(string path, JsonElement at, string setting)
        {
            if (path.StartsWith('=')) return new MappedField([], path[1..]);
            if (_form is MappingForm.Delimited or MappingForm.Fixed && _columns.Count > 0 && !_columns.Contains(path) && !path.StartsWith('#'))
                Wrong(at, setting, $"There is no field '{Shorten(path)}'.", $"Known are {string.Join(", ", _columns.Take(12))}{(_columns.Count > 12 ? ", …" : "")}.");
            if (path.Length == 0) Wrong(at, setting, "The name is empty.", "Write the column or path.");
            return new MappedField([path]);
        }

        private ImmutableArray<string> Names(JsonElement root, string setting)
        {
            if (Member(root, setting) is not { } list) return [];
            if (list.ValueKind == JsonValueKind.Array && list.EnumerateArray().All(n => n.ValueKind == JsonValueKind.String)) return [.. list.EnumerateArray().Select(n => n.GetString()!)];
            Wrong(list, setting, "Column names are a list of texts.", "Write [\"NUMBER\", \"CODE\"].");
            return [];
        }

        private static bool UsesNames(JsonElement root) => Member(root, "number") is not { ValueKind: JsonValueKind.Number } and not { ValueKind: JsonValueKind.String } || !(root.GetProperty("number").ToString().StartsWith('#') || root.GetProperty("number").ValueKind == JsonValueKind.Number);

        private bool Flag(JsonElement root, string setting, bool otherwise)
        {
            if (Member(root, setting) is not { } flag) return otherwise;
            if (flag.ValueKind is JsonValueKind.True or JsonValueKind.False) return flag.GetBoolean();
            Wrong(flag, setting, "This is true or false.", "");
            return otherwise;
        }

        private int Number(JsonElement root, string setting)
        {
            if (Member(root, setting) is not { } number) return 0;
            if (number.ValueKind == JsonValueKind.Number && number.TryGetInt32(out var value) && value is >= 0 and <= 1000) return value;
            Wrong(number, setting, "This is a number from 0 to 1000.", "");
            return 0;
        }

        private void Known(JsonElement part, string setting, params ReadOnlySpan<string> names)
        {
            foreach (var member in part.EnumerateObject())
                if (!names.Contains(member.Name))
                    Wrong(member.Value, $"{setting}.{Shorten(member.Name)}", "There is no such setting.", $"Known are {string.Join(", ", names.ToArray())}.");
        }

        private string? Text(JsonElement root, string setting)
        {
            if (Member(root, setting) is not { } value) return null;
            if (value.ValueKind == JsonValueKind.String) return value.GetString();
            Wrong(value, setting, "This is a text.", "Write it in quotes.");
            return null;
        }

        private static JsonElement? Member(JsonElement root, string setting) => root.TryGetProperty(setting, out var value) ? value : null;

        private void Wrong(JsonElement at, string setting, string problem, string fix, bool onlyIf = true)
        {
            if (onlyIf && Problems.Count < 50) Problems.Add(new MappingProblem(LineOf(at), setting, problem, fix));
        }

        private int LineOf(JsonElement at)
            => file.Span.Overlaps(JsonMarshal.GetRawUtf8Value(at), out var offset) ? file.Span[..offset].Count((byte)'\n') + 1 : 0;
    }

    /// <summary>The steps of a path: <c>a.b.c</c>, <c>a/b/c</c>, with <c>[]</c> for lists allowed and ignored.</summary>
    internal static IEnumerable<string> Steps(string path)
        => path.Replace("[]", "", StringComparison.Ordinal).Split(['.', '/'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static bool IsSlug(string name)
        => name.Length is > 0 and <= 40 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static string Shorten(string? text) => text is null ? "" : text.Length <= 60 ? text : text[..60] + "…";

    // Edits between two short words, for "did you mean".
    private static int Distance(string a, string b)
    {
        if (Math.Abs(a.Length - b.Length) > 6 || b.Length > 60) return 99;
        Span<int> row = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++) row[j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
