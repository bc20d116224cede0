namespace Tracking.Tidy.Tests;

public sealed class CodeTableTests
{
    [Fact]
    public void No_carrier_code_is_mapped_twice()
    {
        // Loading refuses a key that stands twice; constructing every decoder loads every table.
        Tracking.Carriers.FeedDecoders.BuiltIn.Select(d => d.Format).ShouldBeUnique();
        var tables = Repository.Files("grains/Tracking.Carriers", "*-codes.csv").ToList();
        tables.ShouldNotBeEmpty();
        foreach (var table in tables)
        {
            var lines = Repository.Read(table).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith('#')).ToList();
            lines.Distinct().Count().ShouldBe(lines.Count, table);
        }
    }

    [Fact]
    public void Every_code_names_the_document_it_came_from()
    {
        foreach (var table in Repository.Files("grains/Tracking.Carriers", "*-codes.csv"))
        {
            var lines = Repository.Read(table).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(l => !l.StartsWith('#')).Select(l => l.TrimEnd('\r')).ToList();
            lines[0].ShouldEndWith("source", customMessage: table);
            foreach (var line in lines.Skip(1)) line.Split(',')[^1].Trim(' ', '"').ShouldNotBeEmpty($"{table}: {line}");
        }
    }
}
