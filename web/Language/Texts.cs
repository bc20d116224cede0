using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tracking.Web.Language;

/// <summary>
/// All texts of one language, with its dates. Dates are spelled from our own short tables, not the machine's, so that a page reads the same on every
/// machine and in ten years.
/// </summary>
public sealed class Texts
{
    private readonly FrozenDictionary<string, Message> _messages;
    private readonly string[] _weekdays;
    private readonly string[] _months;

    /// <summary>The same language with some sentences in other words.</summary>
    public Texts With(IReadOnlyDictionary<string, Message> own)
        => new(Tag, IsRightToLeft, _messages.ToFrozenDictionary(m => m.Key, m => own.GetValueOrDefault(m.Key) ?? m.Value, StringComparer.Ordinal));

    private Texts(string tag, bool rightToLeft, FrozenDictionary<string, Message> messages)
    {
        Tag = tag;
        IsRightToLeft = rightToLeft;
        _messages = messages;
        _weekdays = messages["date.weekdays"].Format(tag, []).Split('|');
        _months = messages["date.months"].Format(tag, []).Split('|');
        if (_weekdays.Length != 7 || _months.Length != 12) throw new FormatException($"{tag}.json does not name 7 weekdays and 12 months.");
    }

    /// <summary>BCP 47: <c>en</c>, <c>ar</c>, <c>en-XA</c>.</summary>
    public string Tag { get; }
    public bool IsRightToLeft { get; }
    /// <summary>The language in its own words.</summary>
    public string Name => this["language.name"];
    public IEnumerable<string> Keys => _messages.Keys;

    /// <summary>A text without arguments.</summary>
    /// <exception cref="KeyNotFoundException">We have a bug: there is no such text.</exception>
    public string this[string key] => Get(key).Format(Tag, []);

    /// <summary>A text with its arguments. A sentence that ends with an abbreviation ("24 nov.") has one full stop, not two.</summary>
    public string Say(string key, params ReadOnlySpan<(string Name, object Value)> arguments)
    {
        var said = Get(key).Format(Tag, arguments);
        return said.EndsWith("..", StringComparison.Ordinal) ? said[..^1] : said;
    }

    public bool Has(string key) => _messages.ContainsKey(key);

    public Message Get(string key) => _messages.TryGetValue(key, out var message) ? message : throw new KeyNotFoundException($"{Tag} has no text '{key}'.");

    /// <summary>"Tue, 24 Nov"; the year is added when it is not the one people live in.</summary>
    public string Day(DateOnly day, DateOnly today)
    {
        // Six months either way nobody wonders which year is meant.
        var far = Math.Abs(day.DayNumber - today.DayNumber) > 183;
        return Say(far ? "date.dayYear" : "date.day",
            ("weekday", _weekdays[(int)day.DayOfWeek]), ("day", day.Day), ("month", _months[day.Month - 1]), ("year", day.Year));
    }

    /// <summary>"Tue, 24 Nov to Thu, 26 Nov"; "Today, Tue, 24 Nov" for one day that is today.</summary>
    public string Days(DateOnly from, DateOnly to, DateOnly today)
    {
        if (from != to) return Range(from, to, today);
        var key = from == today ? "date.today" : from == today.AddDays(1) ? "date.tomorrow" : null;
        return key is null ? Day(from, today) : Say(key, ("date", Day(from, today)));
    }

    /// <summary>The same without "today": for days that are only remembered.</summary>
    public string Range(DateOnly from, DateOnly to, DateOnly today)
        => from == to ? Day(from, today) : Say("date.range", ("from", Day(from, today)), ("to", Day(to, today)));

    /// <summary>"18:40", digits as everyone reads them.</summary>
    public static string Clock(TimeOnly time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);

    /// <summary>"Tue, 24 Nov, 18:40"; the clock alone on the same day.</summary>
    public string Moment(DateTime local, DateOnly today)
    {
        var day = DateOnly.FromDateTime(local);
        var clock = Clock(TimeOnly.FromDateTime(local));
        return day == today ? clock : Say("date.time", ("date", Day(day, today)), ("time", clock));
    }

    /// <summary>"14 minutes ago". A moment that lies ahead counts as now: clocks differ.</summary>
    public string Ago(TimeSpan past)
    {
        if (past < TimeSpan.FromMinutes(1)) return this["ago.now"];
        if (past < TimeSpan.FromHours(1)) return Say("ago.minutes", ("n", (int)past.TotalMinutes));
        if (past < TimeSpan.FromHours(48)) return Say("ago.hours", ("n", (int)past.TotalHours));
        return Say("ago.days", ("n", (int)past.TotalDays));
    }

    internal static Texts Load(string tag, bool rightToLeft)
    {
        // One file of the language itself, and one of each slice that has much to say: visits.de.json.
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var assembly = typeof(Texts).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Order(StringComparer.Ordinal))
        {
            if (name != $"Language/{tag}.json" && !(name.StartsWith("Language/", StringComparison.Ordinal) && name.EndsWith($".{tag}.json", StringComparison.Ordinal))) continue;
            using var stream = assembly.GetManifestResourceStream(name)!;
            foreach (var (key, text) in JsonSerializer.Deserialize<Dictionary<string, string>>(stream)!) texts.Add(key, text);
        }
        if (texts.Count == 0) throw new FileNotFoundException($"Language/{tag}.json is not built in.");
        return new Texts(tag, rightToLeft, texts.ToFrozenDictionary(t => t.Key, t => Message.Parse(t.Value), StringComparer.Ordinal));
    }

    /// <summary>
    /// English in letters that are longer and accented, between brackets: whatever still reads plainly was never translated, and what breaks the
    /// layout would break in Finnish.
    /// </summary>
    internal static Texts Pseudo(Texts english)
    {
        var tables = new[] { "date.weekdays", "date.months" };
        return new Texts("en-XA", false, english._messages.ToFrozenDictionary(
            m => m.Key, m => tables.Contains(m.Key) ? m.Value : m.Value.Transform(Stretch), StringComparer.Ordinal));
    }

    private static string Stretch(string text)
    {
        const string From = "aeiouAEIOUcnsyCNSY", To = "áéíöúÁÉÍÖÚçñšýÇÑŠÝ";
        var output = new StringBuilder(text.Length * 3 / 2);
        foreach (var c in text)
        {
            var at = From.IndexOf(c, StringComparison.Ordinal);
            output.Append(at < 0 ? c : To[at]);
            if (at is >= 0 and < 5) output.Append(To[at]);   // vowels twice: about a third longer
        }
        return output.ToString();
    }
}
