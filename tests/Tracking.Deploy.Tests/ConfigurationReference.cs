using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Tracking.Deploy.Tests;

/// <summary>Writes deploy/CONFIGURATION.md from the options classes as they stand in the sources: name, type, default, bounds, and the comment that says why. Reads sources, so that it knows both builds.</summary>
internal static partial class ConfigurationReference
{
    /// <summary>Section, class, and where the class is. A class missing here is found by a test.</summary>
    public static readonly (string Section, string Class, string File)[] Sections =
    [
        ("Storage", "StorageOptions", "grains/Tracking.Journal/StorageOptions.cs"),
        ("Storage:Shards:{name}", "ShardOptions", "grains/Tracking.Journal/StorageOptions.cs"),
        ("Journal", "JournalOptions", "grains/Tracking.Journal/StorageOptions.cs"),
        ("Ingest", "IngestOptions", "web/Scans/IngestOptions.cs"),
        ("Feeds", "DropFolderOptions", "silo/Files/DropFolderOptions.cs"),
        ("Live", "LiveOptions", "web/Live/LiveOptions.cs"),
        ("Partitions", "PartitionOptions", "grains/Tracking.Grains/Partitions/PartitionOptions.cs"),
        ("Recovery", "RecoveryOptions", "grains/Tracking.Grains/Recovery/RecoveryOptions.cs"),
        ("Learning", "LearningOptions", "grains/Tracking.Grains/Estimates/LearningOptions.cs"),
        ("Notifications", "NotificationOptions", "web/Notifications/NotificationOptions.cs"),
        ("Runtime", "RuntimeOptions", "silo/Hosting/Configured.cs"),
        ("Orleans", "OrleansOptions", "silo/Hosting/OrleansHost.cs"),
        ("Telemetry", "TelemetryOptions", "silo/Telemetry/ProcessMetrics.cs"),
        ("Retailers:{id}", "RetailerOptions", "web/Retailers/RetailerOptions.cs"),
        ("Retailers:{id}:Branding", "BrandOptions", "web/Branding/BrandOptions.cs"),
        ("Retailers:{id}:Branding:Placements:{n}", "PlacementOptions", "web/Branding/BrandOptions.cs"),
        ("Retailers:{id}:Claims", "ClaimPolicy", "grains/Tracking.Domain/Claims/ClaimPolicy.cs"),
        ("Retailers:{id}:Signature", "SignaturePolicy", "grains/Tracking.Domain/Claims/SignaturePolicy.cs"),
        ("Retailers:{id}:Changes", "ChangeOptions", "web/Changes/ChangeOptions.cs"),
        ("Retailers:{id}:Promotions", "PromotionOptions", "web/Promotions/PromotionOptions.cs"),
        ("Retailers:{id}:Shipping", "ShippingOptions", "web/Retailers/ShippingOptions.cs"),
        ("Retailers:{id}:Shipping:Warehouses:{name}", "WarehouseOptions", "web/Retailers/ShippingOptions.cs"),
        ("Retailers:{id}:PublishableKeys:{n}", "PublishableKeyOptions", "web/Retailers/ShippingOptions.cs"),
        ("Retailers:{id}:Feeds:{feedId}", "FeedOptions", "web/Retailers/RetailerOptions.cs"),
        ("Retailers:{id}:Polls:{name}", "PollAccount", "grains/Tracking.Carriers/Polling/PollAccount.cs"),
    ];

    /// <summary>Options that no configuration reaches: what code gives to code.</summary>
    public static readonly string[] NotConfigured = ["EmbeddedActorsOptions"];

    /// <summary>Settings that stand alone, with what a class would say of them.</summary>
    public static readonly (string Name, string Default, string Text)[] Alone =
    [
        ("Urls", "`http://localhost:5080`", "Addresses to listen on, separated by semicolons. Beyond loopback there must be retailers, because the demo retailer's key is known to everyone."),
        ("Admin:Urls", "none", "Where operators are answered (`/metrics`, `/ops`, `/dev`) when `Urls` goes beyond loopback; they are nowhere else then. Never public."),
        ("Data:Folder", "`data`", "Where state lies that is not in the database: retailers, formats, the link key, and SQLite's file."),
        ("Security:LinkKey", "`link.key` in the data folder", "What tracking links are made with: base64 of 32 to 256 bytes (`openssl rand -base64 32`). Every node of a cluster needs the same one. Changing it breaks every link given out."),
        ("Operators:Keys", "none", "Keys of whoever runs this installation, as digests (`sha256:…`) or themselves; a list. With one retailer that retailer is its own operator."),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "none", "Sends traces and metrics there by OTLP, beside `/metrics`. The other `OTEL_` variables of OpenTelemetry hold as well."),
        ("Logging:LogLevel:{category}", "`Information`", "As in every .NET program. A parcel's routine is `Debug`."),
        ("Demo:Key", "`demo`", "With `--demo`: the key that the played evening is sent with, where retailers are configured."),
        ("Demo:StepSeconds", "2", "With `--demo`: pause between two events of the evening that is played."),
    ];

    public static string Write()
    {
        var text = new StringBuilder("""
            # Every setting

            Made from the options classes by a test; do not edit. Settings come from `appsettings.json`, the data folder's `retailers/*.json`, the environment (`Journal__MaxBatch=500`) and the command line (`--Journal:MaxBatch=500`); the later wins.
            `dotnet run --project silo -- check` prints everything wrong with them at once, misspelt names too.


            """.ReplaceLineEndings("\n"));
        text.Append("## Alone\n\n| Setting | Default | |\n|---|---|---|\n");
        foreach (var (name, fallback, what) in Alone) text.Append($"| `{name}` | {fallback} | {what} |\n");
        foreach (var (section, name, file) in Sections)
        {
            var options = Class(name, file);
            text.Append($"\n## {section}\n\n{Summary(options)}\n\n| Setting | Type | Default | Bounds | |\n|---|---|---|---|---|\n");
            foreach (var property in Properties(options))
                text.Append($"| `{section}:{property.Identifier.Text}` | {TypeOf(property)} | {DefaultOf(property)} | {BoundsOf(property)} | {Summary(property)} |\n");
        }
        return text.ToString();
    }

    /// <summary>Names of every setting, with <c>{…}</c> where there may be many.</summary>
    public static IReadOnlyList<string> Names() =>
        [.. Alone.Select(static one => one.Name), .. Sections.SelectMany(static section => Properties(Class(section.Class, section.File)).Select(property => section.Section + ":" + property.Identifier.Text))];

    /// <summary>What has no comment or no default that can be read: every setting must have both.</summary>
    public static IEnumerable<string> Silent() => Sections.SelectMany(static section => Properties(Class(section.Class, section.File)).Where(static property => Summary(property).Length == 0).Select(property => section.Section + ":" + property.Identifier.Text));

    private static ClassDeclarationSyntax Class(string name, string file)
        => CSharpSyntaxTree.ParseText(Repository.Read(file)).GetRoot().DescendantNodes().OfType<ClassDeclarationSyntax>().Single(one => one.Identifier.Text == name);

    // Public properties that can be set, but not those that code sets for itself (delegates, options inside options, who may share).
    private static IEnumerable<PropertyDeclarationSyntax> Properties(ClassDeclarationSyntax options) => options.Members.OfType<PropertyDeclarationSyntax>()
        .Where(static p => p.Modifiers.Any(SyntaxKind.PublicKeyword) && p.AccessorList?.Accessors.Any(SyntaxKind.SetAccessorDeclaration) == true
            && p.Type.ToString() is var type && !type.StartsWith("Func<", StringComparison.Ordinal) && !type.EndsWith("Options", StringComparison.Ordinal) && !type.Contains("Options>", StringComparison.Ordinal) && type != "StorageAccess");

    private static string Summary(SyntaxNode node)
    {
        var lines = node.GetLeadingTrivia().ToFullString().Split('\n').Select(static line => line.Trim()).Where(static line => line.StartsWith("///", StringComparison.Ordinal)).Select(static line => line[3..]);
        var xml = string.Join(' ', lines);
        if (xml.Length == 0) return "";
        var root = XElement.Parse($"<doc>{xml}</doc>");
        var summary = root.Element("summary");
        return summary is null ? "" : Spaces().Replace(string.Concat(summary.Nodes().Select(Say)), " ").Trim().Replace("|", "\\|", StringComparison.Ordinal);
    }

    private static string Say(XNode node) => node switch
    {
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "see" } see => $"`{(see.Attribute("cref")?.Value ?? see.Attribute("langword")?.Value ?? "").Split('.')[^1]}`",
        XElement other => string.Concat(other.Nodes().Select(Say)),
        XText words => words.Value,
        _ => "",
    };

    private static string TypeOf(PropertyDeclarationSyntax property) => property.Type.ToString().TrimEnd('?') switch
    {
        "int" or "long" => "whole number",
        "double" or "decimal" => "number",
        "bool" => "true, false",
        "TimeSpan" => "time, `00:00:01.5`",
        "string" => "text",
        var list when list.StartsWith("List<", StringComparison.Ordinal) => "list",
        var map when map.StartsWith("Dictionary<", StringComparison.Ordinal) => "by name",
        var other => $"`{other}`",
    };

    private static string DefaultOf(PropertyDeclarationSyntax property)
    {
        var type = property.Type.ToString();
        return property.Initializer?.Value switch
        {
            null => type switch { "bool" => "`false`", "int" or "long" or "double" or "decimal" => "`0`", _ => "none" },
            LiteralExpressionSyntax literal => literal.Token.ValueText.Length == 0 ? "none" : $"`{literal.Token.Text.Trim('"').Replace("_", literal.IsKind(SyntaxKind.NumericLiteralExpression) ? "" : "_", StringComparison.Ordinal)}`",
            CollectionExpressionSyntax { Elements.Count: 0 } => "none",
            ObjectCreationExpressionSyntax or ImplicitObjectCreationExpressionSyntax => "none",
            InvocationExpressionSyntax call when call.Expression.ToString().StartsWith("TimeSpan.From", StringComparison.Ordinal) => $"`{call.ArgumentList.Arguments[0]} {call.Expression.ToString()["TimeSpan.From".Length..].ToLowerInvariant()}`",
            { } other => $"`{other}`",
        };
    }

    private static string BoundsOf(PropertyDeclarationSyntax property)
        => property.AttributeLists.SelectMany(static list => list.Attributes).FirstOrDefault(static attribute => attribute.Name.ToString() == "Range")?.ArgumentList is { } range
            ? $"{range.Arguments[0].ToString().Replace("_", "", StringComparison.Ordinal)} to {range.Arguments[1].ToString().Replace("_", "", StringComparison.Ordinal)}" : "";

    [GeneratedRegex(@"\s+")] private static partial Regex Spaces();
}
