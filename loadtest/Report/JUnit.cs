using System.Globalization;
using System.Xml.Linq;

namespace Tracking.LoadTest.Report;

/// <summary>A run as a JUnit file: each threshold, the read-back and the generator are test cases. A run without verdict is an error, not a failure.</summary>
public static class JUnit
{
    public static string Of(RunResult run)
    {
        var cases = run.Thresholds.Select(t => Case(t.Text, t.Holds ? null : new XElement("failure", new XAttribute("message",
            t.Measured is { } m ? $"measured {m.ToString("0.###", CultureInfo.InvariantCulture)}" : "not measured")))).ToList();
        cases.Add(Case("every acked scan is stored once", run.Verification switch
        {
            { Holds: true } => null,
            null => new XElement("skipped", new XAttribute("message", run.NotReadBack ?? "not read back")),
            { } v => new XElement("failure", new XAttribute("message", $"lost {v.Lost}, duplicates {v.Duplicates}, never sent {v.Foreign}")),
        }));
        cases.Add(Case("the generator kept up", run.Verdict == Verdict.GeneratorLimited ? new XElement("error", new XAttribute("message", run.Generator.ToString())) : null));
        if (run.Verdict == Verdict.Interrupted) cases.Add(Case("the run reached its end", new XElement("error", new XAttribute("message", "interrupted"))));
        if (run.AbortedBy is { } by) cases.Add(Case("the run was not stopped early", new XElement("failure", new XAttribute("message", by))));
        return new XDeclaration("1.0", "utf-8", null) + "\n" + new XElement("testsuites", new XElement("testsuite",
            new XAttribute("name", "loadtest " + run.Scenario), new XAttribute("tests", cases.Count),
            new XAttribute("failures", cases.Count(c => c.Element("failure") is not null)), new XAttribute("errors", cases.Count(c => c.Element("error") is not null)),
            new XAttribute("skipped", cases.Count(c => c.Element("skipped") is not null)),
            new XAttribute("timestamp", run.StartedAt.UtcDateTime.ToString("s", CultureInfo.InvariantCulture)),
            new XAttribute("time", run.Seconds.ToString("0.###", CultureInfo.InvariantCulture)), cases)) + "\n";

        XElement Case(string name, XElement? trouble) =>
            new("testcase", new XAttribute("classname", "loadtest." + run.Scenario), new XAttribute("name", name), trouble);
    }
}
