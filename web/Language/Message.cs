using System.Globalization;
using System.Text;

namespace Tracking.Web.Language;

/// <summary>
/// One text of the page in the part of ICU's MessageFormat that we use: <c>{name}</c>, <c>{n, plural, =0 {…} one {# …} other {…}}</c> and
/// <c>{has, select, yes {…} other {…}}</c>, nested as deep as one likes. Parsed once; a text that cannot be parsed stops the program at start.
/// </summary>
public sealed class Message
{
    private readonly Part[] _parts;

    private Message(Part[] parts) => _parts = parts;

    /// <exception cref="FormatException">The text is not a message; says where.</exception>
    public static Message Parse(string text)
    {
        var at = 0;
        var parts = ParseParts(text, ref at, nested: false);
        return new Message(parts);
    }

    /// <summary>The names a message asks for, and for each plural its categories.</summary>
    public IEnumerable<(string Name, IReadOnlyList<string>? Forms)> Arguments() => Walk(_parts);

    public string Format(string language, ReadOnlySpan<(string Name, object Value)> arguments)
    {
        if (_parts is [{ Kind: PartKind.Text } only]) return only.Text;
        var output = new StringBuilder(64);
        Write(output, _parts, language, arguments, null);
        return output.ToString();
    }

    /// <summary>The same message with every literal letter passed through a function; what it says about arguments stays.</summary>
    public Message Transform(Func<string, string> letters) => new(Array.ConvertAll(_parts, p => p.Transform(letters)));

    private enum PartKind : byte { Text, Argument, Plural, Select, Number }

    private sealed record Part(PartKind Kind, string Text, (string Key, Part[] Parts)[]? Forms = null)
    {
        public Part Transform(Func<string, string> letters) => Kind == PartKind.Text
            ? this with { Text = letters(Text) }
            : Forms is null ? this : this with { Forms = Array.ConvertAll(Forms, f => (f.Key, Array.ConvertAll(f.Parts, p => p.Transform(letters)))) };
    }

    private static IEnumerable<(string, IReadOnlyList<string>?)> Walk(Part[] parts)
    {
        foreach (var part in parts)
        {
            if (part.Kind == PartKind.Argument) yield return (part.Text, null);
            if (part.Forms is null) continue;
            yield return (part.Text, part.Kind == PartKind.Plural ? Array.ConvertAll(part.Forms, f => f.Key) : null);
            foreach (var form in part.Forms)
                foreach (var inner in Walk(form.Parts))
                    yield return inner;
        }
    }

    private static void Write(StringBuilder output, Part[] parts, string language, ReadOnlySpan<(string Name, object Value)> arguments, string? number)
    {
        foreach (var part in parts)
        {
            switch (part.Kind)
            {
                case PartKind.Text: output.Append(part.Text); break;
                case PartKind.Number: output.Append(number ?? "#"); break;
                case PartKind.Argument: output.Append(Convert.ToString(Find(arguments, part.Text), CultureInfo.InvariantCulture)); break;
                default:
                    var value = Find(arguments, part.Text);
                    var spelled = Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
                    var form = part.Kind == PartKind.Select
                        ? Choose(part, spelled)
                        : Choose(part, "=" + spelled, PluralRules.Category(language, Convert.ToInt64(value, CultureInfo.InvariantCulture)));
                    Write(output, form, language, arguments, part.Kind == PartKind.Plural ? spelled : number);
                    break;
            }
        }
    }

    private static Part[] Choose(Part part, params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
            foreach (var form in part.Forms!)
                if (form.Key == key)
                    return form.Parts;
        return part.Forms![^1].Parts;   // "other" comes last: Parse saw to it
    }

    private static object Find(ReadOnlySpan<(string Name, object Value)> arguments, string name)
    {
        foreach (var argument in arguments)
            if (argument.Name == name)
                return argument.Value;
        throw new ArgumentException($"The message asks for {{{name}}}, which was not given.");
    }

    private static Part[] ParseParts(string text, ref int at, bool nested)
    {
        var parts = new List<Part>();
        var literal = new StringBuilder();
        void Flush()
        {
            if (literal.Length == 0) return;
            parts.Add(new Part(PartKind.Text, literal.ToString()));
            literal.Clear();
        }
        while (at < text.Length)
        {
            var c = text[at];
            if (c == '}')
            {
                if (!nested) throw new FormatException($"'}}' without '{{' at {at} of \"{text}\".");
                Flush();
                return [.. parts];
            }
            if (c == '{') { Flush(); parts.Add(ParseArgument(text, ref at)); continue; }
            if (c == '#' && nested) { Flush(); parts.Add(new Part(PartKind.Number, "#")); at++; continue; }
            literal.Append(c);
            at++;
        }
        if (nested) throw new FormatException($"'{{' is never closed in \"{text}\".");
        Flush();
        return [.. parts];
    }

    private static Part ParseArgument(string text, ref int at)
    {
        at++;
        var name = Word(text, ref at);
        if (Take(text, ref at, '}')) return new Part(PartKind.Argument, name);
        Expect(text, ref at, ',');
        var kind = Word(text, ref at) switch
        {
            "plural" => PartKind.Plural,
            "select" => PartKind.Select,
            var other => throw new FormatException($"'{other}' is neither plural nor select, in \"{text}\"."),
        };
        Expect(text, ref at, ',');
        var forms = new List<(string, Part[])>();
        while (!Take(text, ref at, '}'))
        {
            var key = Word(text, ref at);
            Expect(text, ref at, '{');
            forms.Add((key, ParseParts(text, ref at, nested: true)));
            Expect(text, ref at, '}');
        }
        if (forms.Count == 0 || forms[^1].Item1 != "other") throw new FormatException($"The last form of {{{name}}} must be 'other', in \"{text}\".");
        return new Part(kind, name, [.. forms]);
    }

    private static string Word(string text, ref int at)
    {
        while (at < text.Length && text[at] == ' ') at++;
        var from = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '=')) at++;
        if (at == from) throw new FormatException($"A name was expected at {at} of \"{text}\".");
        return text[from..at];
    }

    private static bool Take(string text, ref int at, char c)
    {
        while (at < text.Length && text[at] == ' ') at++;
        if (at >= text.Length || text[at] != c) return false;
        at++;
        return true;
    }

    private static void Expect(string text, ref int at, char c)
    {
        if (!Take(text, ref at, c)) throw new FormatException($"'{c}' was expected at {at} of \"{text}\".");
    }
}
