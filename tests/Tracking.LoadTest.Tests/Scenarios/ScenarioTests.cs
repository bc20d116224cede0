using System.Text.Json;
using System.Text.RegularExpressions;
using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Tests.Scenarios;

public sealed class ScenarioTests
{
    private const string Small = """{ "name": "x", "sentence": "y", "load": { "phases": [ { "name": "a", "seconds": 10, "from": 100 } ] } }""";

    [Fact]
    public void Every_scenario_comes_with_the_tool_and_is_sound()
    {
        Scenario.Names().ShouldBe(["black-friday", "cold-start", "even-hour", "everything-twice", "one-famous-parcel", "reconnect-storm", "steady-day", "storm-at-the-hub", "ten-kills"], ignoreOrder: true);
        foreach (var name in Scenario.Names()) Scenario.Read(name).Name.ShouldBe(name);
    }

    [Fact]
    public void A_scenario_written_and_read_again_is_the_same()
    {
        foreach (var name in Scenario.Names()) Scenario.Parse(Scenario.Read(name).ToJson()).ToJson().ShouldBe(Scenario.Read(name).ToJson());
    }

    [Fact]
    public void Every_property_of_a_written_scenario_stands_in_the_published_schema()
    {
        var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Scenario.Folder, "scenario.schema.json"))).RootElement;
        var written = JsonDocument.Parse(Scenario.Read("reconnect-storm").ToJson()).RootElement;
        Check(written, schema, "scenario");

        static void Check(JsonElement value, JsonElement schema, string where)
        {
            if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
                foreach (var item in value.EnumerateArray()) Check(item, items, where + "[]");
            if (value.ValueKind != JsonValueKind.Object) return;
            foreach (var property in value.EnumerateObject())
            {
                schema.GetProperty("properties").TryGetProperty(property.Name, out var inner).ShouldBeTrue($"{where}.{property.Name} is not in scenario.schema.json");
                Check(property.Value, inner, $"{where}.{property.Name}");
            }
        }
    }

    [Fact]
    public void Every_threshold_of_the_shipped_scenarios_matches_the_schemas_pattern()
    {
        var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Scenario.Folder, "scenario.schema.json"))).RootElement;
        var pattern = new Regex(schema.GetProperty("$defs").GetProperty("threshold").GetProperty("pattern").GetString()!);
        foreach (var threshold in Scenario.Names().Select(Scenario.Read).SelectMany(s => s.Thresholds.Concat(s.AbortOn))) pattern.IsMatch(threshold).ShouldBeTrue(threshold);
    }

    [Fact]
    public void Rates_are_scans_and_the_curve_counts_requests()
    {
        var curve = Scenario.Parse(Small).Curve(rate: 2, stretch: 3);
        curve.Seconds.ShouldBe(30);
        curve.Total.ShouldBe(60);               // 30 s of 200 scans/s in batches of 100
    }

    [Theory]
    [InlineData("""{ "name": "x" }""", "required")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "phases": [] } }""", "load.phases is empty")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "phases": [ { "name": "a", "seconds": 0, "from": 1 } ] } }""", "Phase a")]
    [InlineData("""{ "name": "x", "sentence": "y", "loud": 1, "load": { "phases": [] } }""", "loud")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "batch": 5000, "phases": [ { "name": "a", "seconds": 1, "from": 1 } ] } }""", "load.batch is 5000")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "phases": [ { "name": "a", "seconds": 1, "from": 1 } ] }, "faults": [ { "at": 1, "do": "set-fire" } ] }""", "faults")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "phases": [ { "name": "a", "seconds": 1, "from": 1 } ] }, "thresholds": [ "speed < 1ms" ] }""", "speed")]
    [InlineData("""{ "name": "x", "sentence": "y", "load": { "phases": [ { "name": "a", "seconds": 1, "from": 1 } ] }, "workload": { "duplicates": 2 } }""", "duplicates is 2")]
    [InlineData("{ not json", "scenario")]
    public void A_scenario_that_makes_no_sense_is_refused_with_the_reason(string text, string reason) =>
        Should.Throw<SetUpException>(() => Scenario.Parse(text)).Message.ShouldContain(reason);

    [Fact]
    public void A_scenario_nobody_knows_is_answered_with_those_there_are() =>
        Should.Throw<SetUpException>(() => Scenario.Read("stedy-day")).Message.ShouldContain("steady-day");
}
