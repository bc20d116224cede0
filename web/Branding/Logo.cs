using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml;
using System.Xml.Linq;

namespace Tracking.Web.Pages;

/// <summary>
/// A shop's logo, written anew from what it was given: of an SVG the shapes and nothing else, of a PNG the picture and nothing else. What could act (script,
/// style, links to elsewhere, entities) is refused with its name, not quietly taken out: the shop should know what it uploaded.
/// </summary>
public sealed partial record Logo(Asset File, int Width, int Height)
{
    /// <summary>As given, in bytes. A page has 60 kB altogether.</summary>
    public const int MaxBytes = 24 * 1024;
    public const int MaxSide = 2_000;
    /// <summary>Its height on the page, in CSS pixels.</summary>
    public const int Shown = 28;

    private static readonly FrozenSet<string> Elements = new[]
    {
        "svg", "g", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "defs", "linearGradient", "radialGradient", "stop", "clipPath", "title", "desc",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Attributes = new[]
    {
        "viewBox", "width", "height", "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "fx", "fy", "points", "transform", "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin",
        "stroke-miterlimit", "stroke-dasharray", "stroke-dashoffset", "fill-rule", "clip-rule", "opacity", "fill-opacity", "stroke-opacity", "id", "offset", "stop-color", "stop-opacity", "gradientUnits",
        "gradientTransform", "spreadMethod", "clip-path", "clipPathUnits", "preserveAspectRatio", "version", "role", "aria-hidden", "aria-label", "color",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Width on the page when shown <see cref="Shown"/> high, at most 160.</summary>
    public int ShownWidth => Math.Clamp((int)Math.Round(Shown * (double)Width / Height), 8, 160);

    /// <summary>Reads <c>data:image/svg+xml;base64,…</c> or <c>data:image/png;base64,…</c>.</summary>
    /// <returns>False with a sentence.</returns>
    public static bool TryRead(string text, out Logo? logo, out string? problem)
    {
        logo = null;
        var svg = text.StartsWith("data:image/svg+xml;base64,", StringComparison.Ordinal);
        var png = text.StartsWith("data:image/png;base64,", StringComparison.Ordinal);
        problem = "is no data:image/svg+xml;base64,… or data:image/png;base64,…";
        if (!svg && !png) return false;
        var bytes = new byte[MaxBytes + 4];
        if (text.Length > MaxBytes * 4 / 3 + 64 || !Convert.TryFromBase64String(text[(text.IndexOf(',', StringComparison.Ordinal) + 1)..], bytes, out var length) || length > MaxBytes)
        {
            problem = $"is no base64, or is larger than {MaxBytes / 1024} kB";
            return false;
        }
        return svg ? TrySvg(bytes.AsMemory(0, length), out logo, out problem) : TryPng(bytes.AsSpan(0, length), out logo, out problem);
    }

    private static bool TrySvg(ReadOnlyMemory<byte> bytes, out Logo? logo, out string? problem)
    {
        logo = null;
        XElement root;
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes.ToArray()), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = MaxBytes * 2, IgnoreComments = true, IgnoreProcessingInstructions = true });
            root = XElement.Load(reader);
        }
        catch (XmlException wrong)
        {
            problem = $"is no readable SVG: {wrong.Message}";
            return false;
        }
        XNamespace ns = "http://www.w3.org/2000/svg";
        if (root.Name != ns + "svg")
        {
            problem = "is no SVG: its first element is not svg in the SVG namespace";
            return false;
        }
        foreach (var element in root.DescendantsAndSelf())
        {
            if (element.Name.Namespace != ns || !Elements.Contains(element.Name.LocalName))
            {
                problem = $"holds <{element.Name.LocalName}>; a logo may hold shapes and gradients only";
                return false;
            }
            foreach (var attribute in element.Attributes())
            {
                if (attribute.IsNamespaceDeclaration) continue;
                var name = attribute.Name.LocalName;
                if (attribute.Name.Namespace != XNamespace.None || !Attributes.Contains(name) || Risky().IsMatch(attribute.Value))
                {
                    problem = $"holds the attribute {name} on <{element.Name.LocalName}>; a logo may hold shapes and gradients only";
                    return false;
                }
            }
        }
        if (Size(root) is not var (width, height) || width is <= 0 or > 100_000 || height is <= 0 or > 100_000)
        {
            problem = "has neither a viewBox nor a width and height";
            return false;
        }
        var written = new XElement(ns + "svg", root.Attributes().Where(a => !a.IsNamespaceDeclaration), root.Nodes());
        foreach (var declaration in written.DescendantsAndSelf().Attributes().Where(a => a.IsNamespaceDeclaration).ToList()) declaration.Remove();
        logo = new Logo(new Asset("logo", "svg", "image/svg+xml", Encoding.UTF8.GetBytes(written.ToString(SaveOptions.DisableFormatting))), (int)Math.Ceiling(width), (int)Math.Ceiling(height));
        problem = null;
        return true;
    }

    private static (double Width, double Height)? Size(XElement root)
    {
        var box = root.Attribute("viewBox")?.Value.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        if (box is [_, _, var w, var h] && Number(w) is { } width && Number(h) is { } height) return (width, height);
        return Number(root.Attribute("width")?.Value) is { } x && Number(root.Attribute("height")?.Value) is { } y ? (x, y) : null;
    }

    private static double? Number(string? text)
        => double.TryParse(text?.Replace("px", "", StringComparison.Ordinal), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number : null;

    // Only what draws is kept: the frame, the palette, transparency and the pixels. Texts, times, places and profiles go.
    private static bool TryPng(ReadOnlySpan<byte> bytes, out Logo? logo, out string? problem)
    {
        logo = null;
        problem = "is no readable PNG";
        ReadOnlySpan<byte> signature = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A];
        if (!bytes.StartsWith(signature)) return false;
        var output = new MemoryStream(bytes.Length);
        output.Write(signature);
        var (width, height, at, ended) = (0, 0, 8, false);
        while (at + 12 <= bytes.Length && !ended)
        {
            var length = BinaryPrimitives.ReadInt32BigEndian(bytes[at..]);
            if (length < 0 || length > bytes.Length - at - 12) return false;
            var kind = Encoding.ASCII.GetString(bytes.Slice(at + 4, 4));
            if (kind == "IHDR" && length == 13) (width, height) = (BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 8)..]), BinaryPrimitives.ReadInt32BigEndian(bytes[(at + 12)..]));
            if (kind is "IHDR" or "PLTE" or "tRNS" or "IDAT" or "IEND" or "sRGB" or "gAMA") output.Write(bytes.Slice(at, length + 12));
            ended = kind == "IEND";
            at += length + 12;
        }
        if (!ended || width <= 0 || height <= 0) return false;
        if (width > MaxSide || height > MaxSide)
        {
            problem = $"is {width} × {height} pixels; {MaxSide} × {MaxSide} is the most";
            return false;
        }
        logo = new Logo(new Asset("logo", "png", "image/png", output.ToArray()), width, height);
        problem = null;
        return true;
    }

    // url(#own) is a gradient of its own; any other url, and anything that could be an address, is not a shape's business.
    [GeneratedRegex(@"url\s*\((?!\s*#[\w-]+\s*\))|:\s*/|javascript|data\s*:|expression|@import|&", RegexOptions.IgnoreCase)]
    private static partial Regex Risky();
}
