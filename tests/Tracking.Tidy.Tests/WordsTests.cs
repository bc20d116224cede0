using System.Text.RegularExpressions;

namespace Tracking.Tidy.Tests;

public sealed class WordsTests
{
    [Fact]
    public void No_file_holds_unfinished_work_or_a_path_of_somebodys_machine()
    {
        var wrong = new List<string>();
        foreach (var file in Repository.Files(".", "*.*").Where(f => Path.GetExtension(f) is ".cs" or ".md" or ".sh" or ".json" or ".js" or ".css" or ".yaml" or ".yml" or ".sql" or ".csproj" or ".props"))
        {
            if (file.StartsWith("tests/Tracking.Tidy.Tests/", StringComparison.Ordinal) || file.Contains("package-lock", StringComparison.Ordinal)) continue;
            var text = Repository.Read(file);
            if (Regex.IsMatch(text, @"\b(TODO|FIXME|HACK)\b|NotImplementedException")) wrong.Add($"{file}: unfinished work");
            if (Regex.IsMatch(text, @"/(home|Users)/\w+/|/root/|C:\\Users\\")) wrong.Add($"{file}: a path of somebody's machine");
        }
        wrong.ShouldBeEmpty();
    }
}
