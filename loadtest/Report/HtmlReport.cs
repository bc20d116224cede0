using System.Globalization;
using System.Text;
using Tracking.LoadTest.Measure;

namespace Tracking.LoadTest.Report;

/// <summary>One self-contained page: verdict first, then what was promised, what was seen, and how to see it again. No script, nothing fetched.</summary>
public static class HtmlReport
{
    private const string Style = """
        :root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--soft:#57606a;--line:#d8dee4;--card:#f6f8fa;--ok:#116329;--bad:#a40e26;--warn:#7d4e00;--c1:#0b62c4;--c2:#c2410c;--c3:#15803d;--c4:#7e22ce}
        @media(prefers-color-scheme:dark){:root{--bg:#0e1116;--fg:#e6edf3;--soft:#9aa4af;--line:#2d333b;--card:#161b22;--ok:#56d364;--bad:#ff7b72;--warn:#e3b341;--c1:#6cb6ff;--c2:#ff9e64;--c3:#6bd98a;--c4:#d2a8ff}}
        body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}main{max-width:1100px;margin:0 auto;padding:24px 16px 64px}
        h1{font-size:1.6rem;margin:0 0 4px}h2{font-size:1.15rem;margin:32px 0 8px}p{margin:4px 0}.soft{color:var(--soft)}
        .verdict{border:2px solid;border-radius:10px;padding:12px 16px;margin:16px 0;font-size:1.1rem}.ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}
        .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(160px,1fr));gap:12px}.card{background:var(--card);border-radius:10px;padding:10px 14px}.card b{display:block;font-size:1.35rem;font-variant-numeric:tabular-nums}
        table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:4px 10px;border-bottom:1px solid var(--line);text-align:right}th:first-child,td:first-child{text-align:left}.wide{overflow-x:auto}
        .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:16px}svg{width:100%;height:auto;background:var(--card);border-radius:10px}
        .t{font:600 14px system-ui,sans-serif;fill:var(--fg)}.n{font:11px system-ui,sans-serif;fill:var(--soft)}.g{stroke:var(--line)}.m{stroke:var(--bad);stroke-dasharray:3 3}
        .l{fill:none;stroke-width:2}.d{stroke-dasharray:6 4}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}.c4{stroke:var(--c4)}code{background:var(--card);padding:2px 6px;border-radius:6px;overflow-wrap:anywhere}
        """;

    public static string Page(string title, string body) =>
        $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>{T(title)}</title><style>{Style}</style></head><body><main>{body}</main></body></html>\n";

    public static string Of(RunResult run)
    {
        var html = new StringBuilder();
        html.Append($"<h1>{T(run.Scenario)}</h1><p>{T(run.Sentence)}</p><p class=\"soft\">{run.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC · {T(run.Server)}</p>");
        var (mood, words) = Words(run);
        html.Append($"<div class=\"verdict {mood}\" role=\"status\">{T(words)}</div><div class=\"cards\">");
        Card("served", N(run.Metrics.GetValueOrDefault("served")) + " scans/s");
        Card("scans sent", N(run.Scans));
        Card("ack p99", Ms(run.Ack.P99));
        if (run.PageUpdate is { } page) Card("scan to glass p99", Ms(page.P99));
        Card("errors", run.Metrics.GetValueOrDefault("errors").ToString("P2", CultureInfo.InvariantCulture));
        Card("lost", run.Verification is { } v ? N(v.Lost) : "not read back");
        Card("duplicates", run.Verification is { } w ? N(w.Duplicates) : "not read back");
        html.Append("</div>");

        if (run.Thresholds.Count > 0)
        {
            html.Append("<h2>What had to hold</h2><div class=\"wide\"><table><tr><th>threshold</th><th>measured</th><th>holds</th></tr>");
            foreach (var t in run.Thresholds)
                html.Append($"<tr><td>{T(t.Text)}</td><td>{(t.Measured is { } m ? Measured(t.Text, m) : "not measured")}</td><td class=\"{(t.Holds ? "ok" : "bad")}\">{(t.Holds ? "yes" : "no")}</td></tr>");
            html.Append("</table></div>");
        }

        var marks = run.Faults.Select(f => (f.At, Short(f.What))).ToList();
        IReadOnlyList<(double, double)> Over(Func<Second, double> of) => [.. run.Series.Select(s => ((double)s.At, of(s)))];
        html.Append("<h2>Over time</h2><div class=\"charts\">");
        html.Append(Chart.Svg("Offered and served", "scans/s", "seconds", [new("offered", 2, Over(s => s.Offered), Dashed: true), new("served", 1, Over(s => s.Served)), new("errors", 4, Over(s => s.Errors))], marks: marks));
        html.Append(Chart.Svg("Ack, from when it was due", "ms", "seconds", [new("p50", 1, Over(s => s.AckP50)), new("p99", 2, Over(s => s.AckP99))], marks: marks));
        if (run.PageUpdate is not null)
        {
            html.Append(Chart.Svg("Scan acked to visible in an open page, p99", "ms", "seconds", [new("p99", 3, Over(s => s.PageP99))], marks: marks));
            html.Append(Chart.Svg("Pages open", "pages", "seconds", [new("connected", 3, Over(s => s.Watchers))], marks: marks));
        }
        if (run.Series.Any(s => s.ServerMb > 0)) html.Append(Chart.Svg("Server memory (resident)", "MB", "seconds", [new("server", 1, Over(s => s.ServerMb))], marks: marks));
        html.Append(Chart.Svg("Processor", "% of all cores", "seconds", [new("server", 1, Over(s => s.ServerCpu * 100)), new("generator", 4, Over(s => s.GeneratorCpu * 100))], marks: marks));
        html.Append(Percentiles(run));
        html.Append("</div>");

        html.Append("<h2>By phase</h2><div class=\"wide\"><table><tr><th>phase</th><th>seconds</th><th>offered/s</th><th>served/s</th><th>ack p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th><th>errors</th><th>server CPU</th><th>our CPU</th></tr>");
        foreach (var p in run.Phases)
            html.Append($"<tr><td>{T(p.Name)}</td><td>{p.Seconds:0.#}</td><td>{N(p.OfferedPerSecond)}</td><td>{N(p.ServedPerSecond)}</td><td>{Ms(p.Ack.P50)}</td><td>{Ms(p.Ack.P90)}</td><td>{Ms(p.Ack.P99)}</td><td>{Ms(p.Ack.P999)}</td><td>{Ms(p.Ack.Max)}</td><td>{p.ErrorShare.ToString("P2", CultureInfo.InvariantCulture)}</td><td>{p.ServerCpu.ToString("P0", CultureInfo.InvariantCulture)}</td><td>{p.GeneratorCpu.ToString("P0", CultureInfo.InvariantCulture)}</td></tr>");
        html.Append("</table></div>");

        if (run.Faults.Count > 0)
        {
            html.Append("<h2>What went wrong on purpose</h2><ul>");
            foreach (var f in run.Faults) html.Append($"<li>{f.At:0.#} s: {T(f.What)}; last bad second {(f.RecoveryMs is > 0 and { } r ? $"{r / 1000:0.#} s later" : "none")}</li>");
            html.Append("</ul>");
        }
        html.Append("<h2>Was it really so?</h2><ul>");
        html.Append($"<li>{T(run.Generator.ToString())}; {N(run.Sends.Dropped)} sends dropped, the latest {run.Sends.LatestMicros / 1000.0:0.#} ms late.</li>");
        html.Append($"<li>{T(run.Verification is { } r2 ? $"Read back: {N(r2.Acked)} acked, {N(r2.Stored)} stored, {N(r2.Lost)} lost, {N(r2.Duplicates)} stored twice, {N(r2.StoredUnacked)} stored whose ack never arrived." : run.NotReadBack ?? "Not read back.")}</li>");
        html.Append($"<li>Outcomes: {T(string.Join(", ", run.Outcomes.Where(o => o.Value > 0).Select(o => $"{o.Key} {N(o.Value)}")))}.</li>");
        foreach (var (problem, times) in run.Problems) html.Append($"<li>{N(times)} ×: {T(problem)}</li>");
        html.Append($"</ul><h2>Where, and how to see it again</h2><p>{T(run.Machine.ToString())}</p><p>version {T(run.Version)}, commit {T(run.Commit)}, seed {run.Seed}, run {run.Run:D6}</p><p><code>{T(run.Command)}</code></p>");
        return Page($"{run.Scenario}: {words}", html.ToString());

        void Card(string name, string figure) => html.Append($"<div class=\"card\"><span class=\"soft\">{T(name)}</span><b>{T(figure)}</b></div>");
    }

    internal static (string Mood, string Words) Words(RunResult run) => run.Verdict switch
    {
        Verdict.Passed => ("ok", "Passed: everything that had to hold held."),
        Verdict.InvariantBroken => ("bad", "Broken promise: " + string.Join(", ", new[]
        {
            run.Verification is { Lost: > 0 } l ? $"{N(l.Lost)} acked scans lost" : null,
            run.Verification is { Duplicates: > 0 } d ? $"{N(d.Duplicates)} scans stored twice" : null,
            run.Verification is { Foreign: > 0 } f ? $"{N(f.Foreign)} scans stored that were never sent" : null,
            run.Metrics.GetValueOrDefault("offers_twice") is > 0 and var twice ? $"{N(twice)} offers made twice" : null,
            run.Metrics.GetValueOrDefault("backwards") > 0 ? $"{N(run.Metrics["backwards"])} pages went backwards" : null,
            run.Metrics.GetValueOrDefault("stale") > 0 ? $"{N(run.Metrics["stale"])} pages stayed behind" : null,
        }.Where(w => w is not null)) + "."),
        Verdict.GeneratorLimited => ("warn", $"No verdict about the server: {run.Generator}."),
        Verdict.Interrupted => ("warn", "Interrupted: figures up to that moment, no verdict."),
        _ => ("bad", run.AbortedBy is { } by ? $"Stopped early: {by} did not hold."
            : "Failed: " + string.Join(", ", run.Thresholds.Where(t => !t.Holds).Select(t => t.Text)) + " did not hold."),
    };

    private static string Percentiles(RunResult run)
    {
        IReadOnlyList<(double, double)> Curve(Latencies l)
        {
            var (seen, points) = (0L, new List<(double, double)>());
            foreach (var bucket in l.Buckets)
            {
                seen += bucket[1];
                var left = Math.Max(l.Count - seen, 1) / (double)l.Count;
                points.Add((Math.Min(1 / left, 100_000), bucket[0] / 1000.0));
            }
            return points.Count == 0 ? points : [(1, points[0].Item2), .. points];
        }
        List<Line> lines = [new("ack", 1, Curve(run.Ack))];
        if (run.PageUpdate is { } page) lines.Add(new Line("scan to glass", 3, Curve(page)));
        return Chart.Svg("By percentile", "ms", "percentile", lines, logX: true, xLabel: x => x <= 1 ? "0" : (100 - 100 / x).ToString("0.####", CultureInfo.InvariantCulture));
    }

    private static string Measured(string threshold, double value)
    {
        var unit = Scenarios.Threshold.Metrics.GetValueOrDefault(threshold.Split(' ', '<', '>', '=')[0], "");
        return unit switch
        {
            "ms" => Ms(value),
            "%" => value.ToString("P3", CultureInfo.InvariantCulture),
            "MB" => value.ToString("N1", CultureInfo.InvariantCulture) + " MB",
            _ => N(value),
        };
    }

    private static string Short(string what) => what.Split(',', '(')[0].Trim();
    private static string N(double n) => n.ToString("N0", CultureInfo.InvariantCulture);
    private static string Ms(double ms) => ms.ToString(ms < 10 ? "0.0#" : "N0", CultureInfo.InvariantCulture) + " ms";
    private static string T(string text) => Chart.Text(text);
}
