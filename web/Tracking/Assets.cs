using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Tracking.Web.Pages;

/// <summary>Our own style and script, built into the assembly; the script's address carries its digest, so that it may be kept for ever.</summary>
public static partial class Assets
{
    /// <summary>The style sheet, without comments and spare spaces.</summary>
    public static readonly string Style = Shrink(Read("tracking.css"));

    /// <summary>The digest that the content security policy names instead of allowing inline style.</summary>
    public static readonly string StyleDigest = Digest(Style);

    public static readonly Asset Script = new("tracking", "js", "text/javascript; charset=utf-8", Encoding.UTF8.GetBytes(Read("tracking.js")));

    /// <summary>The order page's script.</summary>
    public static readonly Asset Order = new("order", "js", "text/javascript; charset=utf-8", Encoding.UTF8.GetBytes(Read("order.js")));

    /// <summary>What a shop's page includes, at <c>/widget.js</c>.</summary>
    public static readonly Asset Widget = new("widget", "js", "text/javascript; charset=utf-8", Encoding.UTF8.GetBytes(Read("widget.js")));

    public static readonly FrozenDictionary<string, Asset> ByPath = new[] { Script, Order }.ToFrozenDictionary(a => a.Path, StringComparer.Ordinal);

    /// <summary><c>sha256-…</c> of an inline style's text.</summary>
    public static string Digest(string inline) => "sha256-" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(inline)));

    private static string Read(string name)
    {
        using var stream = typeof(Assets).Assembly.GetManifestResourceStream("Assets/" + name) ?? throw new FileNotFoundException($"Assets/{name} is not built in.");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    private static string Shrink(string css) => Spaces().Replace(Comments().Replace(css, ""), m => m.Groups[1].Success ? m.Groups[1].Value : " ").Replace(";}", "}").Trim();

    [GeneratedRegex(@"/\*.*?\*/", RegexOptions.Singleline)]
    private static partial Regex Comments();

    // Spaces around a colon stay: before it may stand a descendant selector.
    [GeneratedRegex(@"\s*([{};,>])\s*|\s+")]
    private static partial Regex Spaces();
}

/// <summary>A file that never changes under its address.</summary>
public sealed class Asset
{
    public Asset(string name, string extension, string contentType, byte[] bytes)
    {
        Bytes = bytes;
        ContentType = contentType;
        Path = $"/assets/{name}.{Convert.ToHexStringLower(SHA256.HashData(bytes))[..16]}.{extension}";
        Brotli = Compress(bytes);
    }

    public string Path { get; }
    public string ContentType { get; }
    public byte[] Bytes { get; }
    public byte[] Brotli { get; }

    private static byte[] Compress(byte[] bytes)
    {
        using var output = new MemoryStream();
        using (var brotli = new BrotliStream(output, CompressionLevel.SmallestSize)) brotli.Write(bytes);
        return output.ToArray();
    }
}
