using System.Globalization;
using System.Text;

namespace Tracking.Backtest;

/// <summary>The report as one self-contained page: tables, and the reliability curves as inline SVG.</summary>
internal static class BacktestHtml
{
    public static string Render(BacktestReport report)
    {
        var html = new StringBuilder();
        html.Append("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Delivery estimates against what happened</title><style>")
            .Append("body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430;background:#fff}")
            .Append("table{border-collapse:collapse;margin:1rem 0}th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #d5dae2}th:first-child,td:first-child{text-align:left}")
            .Append("figure{display:inline-block;margin:1rem 2rem 1rem 0}svg{max-width:100%;height:auto}</style>");
        html.Append(CultureInfo.InvariantCulture, $"<h1>Delivery estimates against what happened</h1><p>Purchases {report.From:yyyy-MM-dd} to {report.To:yyyy-MM-dd}, replayed in time order; ")
            .Append(CultureInfo.InvariantCulture, $"{report.Learned:N0} waits learned, {report.Snapshots:N0} snapshots, {report.MicrosecondsPerEstimate:F2} µs per estimate.</p>");

        html.Append("<table><caption>Errors and widths in days</caption><tr><th>stage<th>parcels<th>mean error<th>median<th>P90<th>80 % band kept<th>width<th>90 % band kept<th>width<th>pinball<th>revisions<th>flips</tr>");
        foreach (var s in report.Stages)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{s.Stage}<td>{s.Count}<td>{s.Mae:F2}<td>{s.P50:F2}<td>{s.P90:F2}<td>{s.Cover80:P1}<td>{s.Width80:F1}<td>{s.Cover90:P1}<td>{s.Width90:F1}<td>{s.Pinball:F2}<td>{s.RevisionsPerParcel:F2}<td>{s.FlipShare:P1}</tr>");
        html.Append("</table>");

        for (var i = 0; i < report.Stages.Count; i++) Curve(html, report.Stages[i].Stage, report.Curves[i]);

        Table(html, "Destination region, at hand-over", report.ByRegion);
        html.Append("<table><caption>Still out k days after hand-over</caption><tr><th>k<th>parcels<th>stored: error<th>kept<th>later than P90<th>recomputed: error<th>kept<th>later than P90</tr>");
        foreach (var (days, stored, now) in report.StillOut)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{days}<td>{now.Count}<td>{stored.Mae:F2}<td>{stored.Cover80:P1}<td>{stored.LaterThanP90:P1}<td>{now.Mae:F2}<td>{now.Cover80:P1}<td>{now.LaterThanP90:P1}</tr>");
        html.Append("</table>");
        if (report.Strike.Length > 0) Table(html, "By hand-over, around the strike of May 2018", report.Strike);
        return html.Append("</html>\n").ToString();
    }

    private static void Table(StringBuilder html, string title, IEnumerable<Slice> slices)
    {
        html.Append(CultureInfo.InvariantCulture, $"<table><caption>{title}</caption><tr><th><th>parcels<th>mean error<th>80 % band kept<th>width<th>later than P90</tr>");
        foreach (var s in slices)
            html.Append(CultureInfo.InvariantCulture, $"<tr><td>{s.Name}<td>{s.Count}<td>{s.Mae:F2}<td>{s.Cover80:P1}<td>{s.Width80:F1}<td>{s.LaterThanP90:P1}</tr>");
        html.Append("</table>");
    }

    // Stated share to the right, kept share upwards; the diagonal is an honest engine.
    private static void Curve(StringBuilder html, string stage, Reliability[] points)
    {
        const int Size = 320, Edge = 40;
        string X(double share) => (Edge + share * Size).ToString("F1", CultureInfo.InvariantCulture);
        string Y(double share) => (Edge / 2 + (1 - share) * Size).ToString("F1", CultureInfo.InvariantCulture);
        html.Append(CultureInfo.InvariantCulture, $"<figure><svg width=\"{Size + Edge * 2}\" height=\"{Size + Edge * 2}\" role=\"img\" aria-label=\"Reliability at {stage}: stated against kept share\">")
            .Append(CultureInfo.InvariantCulture, $"<rect x=\"{Edge}\" y=\"{Edge / 2}\" width=\"{Size}\" height=\"{Size}\" fill=\"none\" stroke=\"#8893a5\"/>")
            .Append(CultureInfo.InvariantCulture, $"<line x1=\"{X(0)}\" y1=\"{Y(0)}\" x2=\"{X(1)}\" y2=\"{Y(1)}\" stroke=\"#8893a5\" stroke-dasharray=\"4 4\"/>");
        html.Append("<polygon fill=\"#1a6fb5\" fill-opacity=\".18\" points=\"");
        foreach (var p in points) html.Append(CultureInfo.InvariantCulture, $"{X(p.Stated)},{Y(p.High)} ");
        foreach (var p in points.Reverse()) html.Append(CultureInfo.InvariantCulture, $"{X(p.Stated)},{Y(p.Low)} ");
        html.Append("\"/><polyline fill=\"none\" stroke=\"#1a6fb5\" stroke-width=\"2\" points=\"");
        foreach (var p in points) html.Append(CultureInfo.InvariantCulture, $"{X(p.Stated)},{Y(p.Kept)} ");
        html.Append("\"/>");
        foreach (var share in new[] { 0, 0.25, 0.5, 0.75, 1 })
            html.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(share)}\" y=\"{Size + Edge}\" font-size=\"12\" text-anchor=\"middle\">{share:P0}</text><text x=\"{Edge - 6}\" y=\"{Y(share)}\" font-size=\"12\" text-anchor=\"end\" dominant-baseline=\"middle\">{share:P0}</text>");
        html.Append(CultureInfo.InvariantCulture, $"</svg><figcaption>{stage}: share that arrived by the stated level (band: 95 % interval)</figcaption></figure>");
    }
}
