using System.Text.Json;
using System.Text.RegularExpressions;
using Tracking.Testing;
using YamlDotNet.RepresentationModel;

namespace Tracking.Deploy.Tests;

/// <summary>What operators are given to watch with asks only for what a running silo tells, and every alarm says what to do.</summary>
public sealed partial class ObservabilityTests(RunningSilo silo) : IClassFixture<RunningSilo>
{
    private const string Alerts = "deploy/prometheus/alerts.yml", Recording = "deploy/prometheus/recording.yml";

    /// <summary>What Prometheus itself knows of its targets and alerts.</summary>
    private static readonly string[] Prometheus = ["up", "ALERTS"];

    public static TheoryData<string> Dashboards() => [.. Repository.Files("deploy/grafana/dashboards", "*.json")];

    [Fact]
    public void Every_alert_and_every_rule_names_a_metric_that_a_running_silo_exports()
    {
        var known = Known(silo.ScrapeOrSkip());
        foreach (var rule in Rules(Alerts).Concat(Rules(Recording)))
            Unknown(rule.Text("expr")!, known).ShouldBeEmpty($"{rule.Text("alert") ?? rule.Text("record")}: {rule.Text("expr")}");
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Every_query_of_a_dashboard_names_a_metric_that_a_running_silo_exports(string dashboard)
    {
        var known = Known(silo.ScrapeOrSkip());
        var queries = Panels(dashboard).SelectMany(static panel => panel.GetProperty("targets").EnumerateArray().Select(target => (Title: panel.GetProperty("title").GetString(), Query: target.GetProperty("expr").GetString()!))).ToList();
        queries.Count.ShouldBeGreaterThan(5);
        foreach (var (title, query) in queries) Unknown(query, known).ShouldBeEmpty($"{dashboard}, {title}: {query}");
    }

    [Fact]
    public void There_are_six_dashboards_each_with_an_id_of_its_own_and_the_data_source_as_a_variable()
    {
        var all = Dashboards().Select(row => JsonDocument.Parse(Repository.Read(row.Data)).RootElement).ToList();
        all.Count.ShouldBe(6);
        all.Select(static d => d.GetProperty("uid").GetString()).Distinct().Count().ShouldBe(6);
        all.Select(static d => d.GetProperty("title").GetString()).Distinct().Count().ShouldBe(6);
        foreach (var dashboard in all)
        {
            dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().ShouldContain(static v => v.GetProperty("name").GetString() == "datasource" && v.GetProperty("type").GetString() == "datasource");
            Sources(dashboard).ShouldAllBe(static uid => uid == "${datasource}");
        }
    }

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Panels_have_an_id_each_say_what_they_show_and_lie_side_by_side(string dashboard)
    {
        var panels = JsonDocument.Parse(Repository.Read(dashboard)).RootElement.GetProperty("panels").EnumerateArray().ToList();
        panels.Select(static p => p.GetProperty("id").GetInt32()).Distinct().Count().ShouldBe(panels.Count);
        var taken = new HashSet<(int, int)>();
        foreach (var panel in panels)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y, w, h) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32(), place.GetProperty("w").GetInt32(), place.GetProperty("h").GetInt32());
            (x + w).ShouldBeLessThanOrEqualTo(24);
            for (var i = 0; i < w * h; i++) taken.Add((x + i % w, y + i / w)).ShouldBeTrue($"{panel.GetProperty("title").GetString()} lies on another panel");
            if (panel.GetProperty("type").GetString() != "row") panel.GetProperty("description").GetString().ShouldEndWith(".");
        }
    }

    [Fact]
    public async Task Promtool_accepts_the_rules_the_configuration_and_their_tests()
    {
        Requires.Part("promtool", Requires.OnPath("promtool"), "apt-get install prometheus");
        foreach (var arguments in (string[][])[["check", "rules", "alerts.yml", "recording.yml"], ["check", "config", "prometheus.yml"], ["test", "rules", "alerts_test.yml"]])
        {
            var (code, output) = await Repository.RunAsync("promtool", arguments, "deploy/prometheus");
            code.ShouldBe(0, output);
            output.ShouldContain("SUCCESS");
        }
    }

    [Fact]
    public async Task Promtool_has_nothing_to_say_against_the_names_we_chose()
    {
        Requires.Part("promtool", Requires.OnPath("promtool"), "apt-get install prometheus");
        var (_, output) = await Repository.RunAsync("promtool", ["check", "metrics"], input: silo.ScrapeOrSkip());
        // .NET, Npgsql and Orleans named theirs themselves.
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line.StartsWith("tracking_", StringComparison.Ordinal) || line.StartsWith("error", StringComparison.Ordinal)).ShouldBeEmpty(output);
    }

    [Fact]
    public void Every_alert_is_proved_by_a_test_and_has_a_severity_and_a_page_that_says_what_to_do()
    {
        var tests = Repository.Read("deploy/prometheus/alerts_test.yml");
        var alerts = Rules(Alerts).ToList();
        alerts.Count.ShouldBeGreaterThan(20);
        foreach (var alert in alerts)
        {
            var name = alert.Text("alert")!;
            tests.ShouldContain($"ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}}");
            alert.Text("labels", "severity").ShouldBeOneOf("page", "ticket");
            alert.Text("annotations", "summary").ShouldNotBeNullOrEmpty();
            File.Exists(Repository.At("deploy/" + alert.Text("annotations", "runbook_url"))).ShouldBeTrue($"{name}: {alert.Text("annotations", "runbook_url")}");
        }
    }

    [Fact]
    public void A_runbook_is_one_page_that_says_what_it_means_where_to_look_what_to_do_and_when_it_is_over()
    {
        foreach (var book in Repository.Files("deploy/runbooks", "*.md"))
        {
            var text = Repository.Read(book);
            foreach (var part in (string[])["# ", "**What it means.**", "## Look", "## Do", "## When it is over"]) text.ShouldContain(part, customMessage: book);
            text.Split('\n').Length.ShouldBeLessThanOrEqualTo(60, book);
        }
    }

    [Fact]
    public void A_runbook_names_metrics_and_settings_that_exist()
    {
        var known = Known(silo.ScrapeOrSkip());
        foreach (var book in Repository.Files("deploy/runbooks", "*.md"))
            foreach (Match quoted in Quoted().Matches(Repository.Read(book)))
                if (quoted.Groups[1].Value.StartsWith("tracking_", StringComparison.Ordinal) || quoted.Groups[1].Value.StartsWith("tracking:", StringComparison.Ordinal))
                    Unknown(quoted.Groups[1].Value, known, histogramsToo: true).ShouldBeEmpty($"{book}: {quoted.Value}");
    }

    [Fact]
    public void Every_runbook_is_reached_from_an_alert_or_from_a_page()
    {
        var named = Rules(Alerts).Select(static alert => "deploy/" + alert.Text("annotations", "runbook_url")).ToHashSet(StringComparer.Ordinal);
        var readme = Repository.Read("deploy/README.md");
        foreach (var book in Repository.Files("deploy/runbooks", "*.md"))
            (named.Contains(book) || readme.Contains(book["deploy/".Length..], StringComparison.Ordinal)).ShouldBeTrue(book);
    }

    [Fact]
    public void Labels_stay_few_whatever_is_sent()
    {
        // Never a grain key, a number, a link or a trace.
        foreach (Match label in Regex.Matches(silo.ScrapeOrSkip(), "[{,]([a-zA-Z_]+)=\"([^\"]*)\"").Where(static label => label.Groups[2].Value.Contains("METRIC1", StringComparison.Ordinal) || label.Groups[2].Value == "couriers-of-nowhere")) label.Value.ShouldBeNull();
        silo.ScrapeOrSkip().ShouldContain("tracking_carrier_silence_seconds{carrier=\"other\"}");
    }

    private static IEnumerable<YamlNode> Rules(string file) => Repository.Yaml(file).Single().Items("groups").SelectMany(static group => group.Items("rules"));

    private static IEnumerable<JsonElement> Panels(string dashboard)
        => JsonDocument.Parse(Repository.Read(dashboard)).RootElement.GetProperty("panels").EnumerateArray().Where(static panel => panel.GetProperty("type").GetString() != "row");

    private static IEnumerable<string?> Sources(JsonElement dashboard) => dashboard.GetProperty("panels").EnumerateArray()
        .SelectMany(static panel => panel.TryGetProperty("targets", out var targets) ? targets.EnumerateArray().Append(panel) : [])
        .Select(static part => part.GetProperty("datasource").GetProperty("uid").GetString());

    /// <summary>What the silo exports, what Orleans was recorded to export, what our rules record.</summary>
    private static Dictionary<string, string> Known(string scrape)
    {
        var known = new Dictionary<string, string>(MetricNames.Families(scrape), StringComparer.Ordinal);
        foreach (var (name, kind) in OrleansMetrics.Recorded) known.TryAdd(name, kind);
        foreach (var rule in Rules(Recording)) known.TryAdd(rule.Text("record")!, "gauge");
        foreach (var name in Prometheus) known.TryAdd(name, "gauge");
        return known;
    }

    private static List<string> Unknown(string expression, Dictionary<string, string> known, bool histogramsToo = false)
        => [.. MetricNames.In(expression).Where(name => !MetricNames.IsMadeBy(name, known) && !(histogramsToo && known.ContainsKey(name)))];

    [GeneratedRegex("`([^`]+)`")] private static partial Regex Quoted();
}
