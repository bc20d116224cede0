using System.Text.RegularExpressions;

namespace Tracking.Tidy.Tests;

/// <summary>The table in tests/README.md says which test stands for which number of the reliability contract: all thirty numbers, and only tests that are there.</summary>
public sealed class ReliabilityTableTests
{
    private static readonly string[] Rows = [.. Repository.Read("tests/README.md").Split('\n').Where(static line => line.StartsWith("| R-", StringComparison.Ordinal))];

    [Fact]
    public void Every_number_from_1_to_30_has_its_row()
        => Rows.SelectMany(static row => Regex.Matches(row.Split('|')[1], @"R-(\d\d)")).Select(static m => int.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).ShouldBe(Enumerable.Range(1, 30));

    [Fact]
    public void Every_test_that_is_named_exists()
    {
        var sources = string.Join('\n', Repository.Files("tests", "*.cs").Select(Repository.Read));
        var named = Rows.SelectMany(static row => Regex.Matches(row.Split('|')[2], @"`(\w+_\w+|\w+Tests)`")).Select(static m => m.Groups[1].Value).ToList();

        named.Count.ShouldBeGreaterThan(30);
        named.Where(name => !Regex.IsMatch(sources, $@"\b{name}\b(\(|\s*(\(|:|$))", RegexOptions.Multiline)).ShouldBeEmpty();
    }

    // A test that bears a number belongs into the number's row.
    [Fact]
    public void Every_test_that_bears_a_number_stands_in_its_row()
    {
        var bearing = Repository.Files("tests", "*.cs").SelectMany(static file => Regex.Matches(Repository.Read(file), @"public (?:async Task|void) (R(\d\d)_\w+)\(")).ToList();

        bearing.Count.ShouldBeGreaterThan(10);
        bearing.Where(static test => !Rows.Any(row => row.StartsWith($"| R-{test.Groups[2].Value}", StringComparison.Ordinal) && row.Contains($"`{test.Groups[1].Value}`", StringComparison.Ordinal))).Select(static test => test.Groups[1].Value).ShouldBeEmpty();
    }
}
