using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Tracking.Tidy.Tests;

public sealed class LayoutTests
{
    // Who may lean on whom. Arrows only ever point towards Domain.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Tracking.Runtime.Abstractions"] = [],
        ["Tracking.Runtime"] = ["Tracking.Runtime.Abstractions"],
        ["Tracking.Domain"] = ["Tracking.Runtime.Abstractions"],
        ["Tracking.Contracts"] = ["Tracking.Domain", "Tracking.Runtime"],
        ["Tracking.Carriers"] = ["Tracking.Domain"],
        ["Tracking.Journal"] = ["Tracking.Domain", "Tracking.Contracts"],
        ["Tracking.Grains"] = ["Tracking.Contracts", "Tracking.Journal"],
        ["Tracking.Backtest"] = ["Tracking.Domain"],
        ["Tracking.Web"] = ["Tracking.Contracts", "Tracking.Carriers"],
    };

    [Fact]
    public void Projects_lean_only_towards_the_domain()
    {
        var wrong = new List<string>();
        foreach (var path in Repository.Files("grains", "*.csproj").Concat(Repository.Files("web", "*.csproj")))
        {
            var name = Path.GetFileNameWithoutExtension(path);
            Allowed.ShouldContainKey(name, $"{path} is new: say here what it may lean on");
            foreach (var reference in XDocument.Parse(Repository.Read(path)).Descendants("ProjectReference"))
            {
                var target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
                if (!Allowed[name].Contains(target)) wrong.Add($"{name} -> {target}");
            }
        }
        wrong.ShouldBeEmpty();
    }

    // The first two belong to the Orleans build: its generator must run where the messages are (grains/Tracking.Domain/Tracking.Domain.csproj).
    [Fact]
    public void The_domain_needs_no_package_but_the_actor_runtimes_serializer()
    {
        var packages = XDocument.Parse(Repository.Read("grains/Tracking.Domain/Tracking.Domain.csproj")).Descendants("PackageReference").Select(p => p.Attribute("Include")!.Value);
        packages.ShouldBe(["Microsoft.Orleans.Serialization", "Microsoft.Orleans.CodeGenerator", "Microsoft.CodeAnalysis.BannedApiAnalyzers"]);
    }

    [Fact]
    public void The_load_tool_references_nothing_of_ours()
    {
        foreach (var reference in XDocument.Parse(Repository.Read("loadtest/Tracking.LoadTest.csproj")).Descendants("ProjectReference"))
            reference.Attribute("ReferenceOutputAssembly")?.Value.ShouldBe("false");
    }

    [Fact]
    public void Package_versions_are_central_and_exact()
    {
        foreach (var path in Repository.Files(".", "*.csproj"))
            foreach (var package in XDocument.Parse(Repository.Read(path)).Descendants("PackageReference"))
                package.Attribute("Version").ShouldBeNull($"{path}: {package}");
        foreach (var version in XDocument.Parse(Repository.Read("Directory.Packages.props")).Descendants("PackageVersion").Select(v => v.Attribute("Version")!.Value))
            Regex.IsMatch(version, @"^(\d+\.\d+\.\d+(\.\d+)?|\$\(OrleansVersion\))$").ShouldBeTrue(version);
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Read("Tracking.Actors.sln").Replace('\\', '/');
        foreach (var path in Repository.Files(".", "*.csproj")) solution.ShouldContain(path);
    }

    [Fact]
    public void The_top_level_holds_what_was_agreed_and_nothing_else()
    {
        string[] known =
        [
            "silo", "grains", "web", "loadtest", "tests", "deploy", "Tracking.Actors.sln", "README.md", "CHANGELOG.md", "global.json", "Directory.Build.props", "Directory.Build.targets",
            "Directory.Packages.props", ".editorconfig", ".gitattributes", ".gitignore", ".config", ".ci", ".github",
        ];
        var wrong = Directory.EnumerateFileSystemEntries(Repository.Root).Select(e => Path.GetFileName(e)!)
            .Except([.. known, ".git", "artifacts", "data", "TestResults", "BenchmarkDotNet.Artifacts", ".vs", ".idea", ".vscode"]).ToList();
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Runtime_specific_code_is_chosen_by_project_files_and_never_by_preprocessor()
    {
        var wrong = Repository.Files("grains", "*.cs").Concat(Repository.Files("web", "*.cs")).Concat(Repository.Files("silo", "*.cs"))
            .Where(f => Regex.IsMatch(Repository.Read(f), @"^\s*#if\b", RegexOptions.Multiline)).ToList();
        wrong.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(@"\.ConfigureAwait\(false\)", "leaves the grain's turn")]
    [InlineData(@"\.Result\b(?!s)", "blocks a turn")]
    [InlineData(@"\.GetAwaiter\(\)\.GetResult\(\)", "blocks a turn")]
    [InlineData(@"Task\.Run\(", "leaves the grain's turn")]
    [InlineData(@"DateTime(Offset)?\.(Utc)?Now\b", "is the wall clock; the clock is an argument")]
    [InlineData(@"^\s*(public|private|internal)?\s*static\s+(?!readonly|class|partial|extern|async|void|implicit|explicit)[\w<>?,\[\] ]+\s+_\w+\s*(=|;)", "is static state: several silos share a process in tests")]
    public void Grains_keep_to_their_turn(string pattern, string because)
    {
        var wrong = Repository.Files("grains/Tracking.Grains", "*.cs").Where(f => Regex.IsMatch(Repository.Read(f), pattern, RegexOptions.Multiline)).ToList();
        wrong.ShouldBeEmpty(because);
    }
}
