using System.Text.RegularExpressions;

namespace Tracking.Tidy.Tests;

public sealed class ReadmeTests
{
    public static TheoryData<string> Readmes() => [.. Repository.Files(".", "*.md")];

    [Fact]
    public void The_walk_of_a_scan_names_four_files_that_exist()
    {
        var readme = Repository.Read("README.md");
        var at = readme.IndexOf("## Follow a scan", StringComparison.Ordinal);
        at.ShouldBeGreaterThan(0);
        var walk = readme[at..readme.IndexOf("\n## ", at + 5, StringComparison.Ordinal)];
        var files = Regex.Matches(walk, @"`([\w./-]+\.cs)`").Select(m => m.Groups[1].Value).Distinct().ToList();
        files.Count.ShouldBe(4);
        foreach (var file in files) Repository.Has(file).ShouldBeTrue(file);
    }

    [Theory]
    [MemberData(nameof(Readmes))]
    public void Every_command_and_path_in_a_document_exists(string document)
    {
        var text = Repository.Read(document);
        var wrong = new List<string>();

        // dotnet run --project X [-- command]
        foreach (Match match in Regex.Matches(text, @"dotnet run (?:-c \w+ )?--project (\S+?)(?: -- (\S+))?(?=[\s`])"))
        {
            var project = match.Groups[1].Value;
            if (!Repository.Has(project)) wrong.Add(match.Value);
            var word = match.Groups[2].Value.Trim('`', '.', ',', '…');
            if (word.Length > 0 && !word.StartsWith('-') && !Knows(project, word)) wrong.Add($"{match.Value}: no command '{word}'");
        }
        // bash some/file
        foreach (Match match in Regex.Matches(text, @"\bbash ([\w./-]+)"))
            if (!Repository.Has(match.Groups[1].Value)) wrong.Add(match.Value);
        // [text](relative/path)
        foreach (Match match in Regex.Matches(text, @"\]\((?!https?:|#|mailto:)([^)#\s]+)"))
            if (!Repository.Has(Path.Combine(Path.GetDirectoryName(document)!, match.Groups[1].Value))) wrong.Add(match.Value);
        // curl … --data-binary @path
        foreach (Match match in Regex.Matches(text, @"--data(?:-binary)? @([\w./-]+)"))
            if (!Repository.Has(match.Groups[1].Value)) wrong.Add(match.Value);
        wrong.ShouldBeEmpty();
    }

    private static bool Knows(string project, string word)
        => Repository.Files(project, "*.cs").Any(f => Regex.IsMatch(Repository.Read(f), $"new(?: Command)?\\(\"{Regex.Escape(word)}\""))
        || Repository.Has(Path.Combine(project, "Scenarios", word + ".json"));
}
