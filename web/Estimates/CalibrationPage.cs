using System.Globalization;
using Tracking.Contracts.Estimates;
using Tracking.Domain.Estimates;
using Tracking.Web.Pages;
using Tracking.Web.Retailers;

namespace Tracking.Web.Estimates;

/// <summary>The page: curves first, figures beside them. Drawn here as plain markup and inline SVG; it runs no script.</summary>
internal static class CalibrationPage
{
    private const int MostLanes = 200;

    private const string Style = "body{font:16px/1.5 system-ui,sans-serif;max-width:68rem;margin:2rem auto;padding:0 1rem;color:#1d2430;background:#fff}"
        + "table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}th,td{padding:.25rem .75rem;text-align:right;border-bottom:1px solid #d5dae2;white-space:nowrap}"
        + "th:first-child,td:first-child{text-align:left}figure{display:inline-block;margin:1rem 1.5rem 1rem 0;vertical-align:top}figcaption{max-width:22rem}svg{max-width:100%;height:auto}"
        + ".alarm{border-left:4px solid #b3261e;padding:.25rem 1rem;background:#fdecea}.quiet{color:#4a5568}h2{margin-top:2.5rem}";

    public static readonly string StyleDigest = Assets.Digest(Style);

    public static string Draw(IEstimates estimates, IReadOnlyList<CalibrationCell> cells, Retailer? retailer)
    {
        var html = new Html();
        var status = estimates.Status;
        html.Add($"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Stated and kept</title><style>{new Raw(Style)}</style></head><body>");
        html.Add($"<h1>Stated and kept</h1><p>Every delivery estimate says how sure it is. This page compares what was stated with what was kept, for each parcel that has arrived, drawn from the engine that is running. ");
        html.Add($"Machines read the same at <a href=\"/v1/calibration\">/v1/calibration</a>.</p>");
        html.Add($"<p class=\"quiet\">Snapshot {estimates.Current.Id}{When(estimates)}; {status.Learned.ToString("N0", CultureInfo.InvariantCulture)} waits learned, {status.Refused.ToString("N0", CultureInfo.InvariantCulture)} refused because their times are impossible; {status.Open.ToString("N0", CultureInfo.InvariantCulture)} parcels followed, ");
        html.Add($"{status.PastDeadline.ToString("N0", CultureInfo.InvariantCulture)} of them past the instant by which 97 of 100 like them had arrived: they are not in the curves until they arrive, the engine's own correction counts them as late already.</p>");
        if (estimates.Trouble is { } trouble) html.Add($"<p class=\"alarm\" role=\"alert\">{trouble}</p>");
        html.Add($"<p>{(retailer is null ? "Shown are cells of at least 200 parcels from at least three retailers that share their deliveries. A retailer's key shows its own cells." : $"Shown are the cells of {retailer.DisplayName}.")}</p>");
        if (cells.Count == 0)
        {
            html.Add($"<p><strong>There is nothing to show yet.</strong> {(retailer is null ? "No cell has enough parcels of enough retailers." : "No parcel of yours has arrived since the engine began to keep its book.")}</p></body></html>\n");
            return html.ToString();
        }
        Alarms(html, cells);

        html.Add($"<h2>Curves</h2><p class=\"quiet\">Right: the share stated. Up: the share kept, with its 95 % Wilson interval. On the dashed line the engine keeps its word; below it promises too much, above it too little. Lines: arrived by P10, P50 and P90. Squares: shown windows, by the mass they claimed.</p>");
        foreach (var cell in cells.Where(c => c.Lane.Length == 0).Take(24)) Curve(html, cell);

        html.Add($"<h2>All and by carrier</h2>");
        Table(html, cells.Where(c => c.Lane.Length == 0));
        if (cells.Any(c => c.Lane.Length > 0))
        {
            html.Add($"<h2>By lane</h2><p class=\"quiet\">How many of a hundred 80 % bands held, with the 95 % interval; the larger lanes first{(cells.Count(c => c.Lane.Length > 0) > MostLanes ? ", as many as fit here: the rest is in the JSON" : "")}.</p>");
            Lanes(html, [.. cells.Where(c => c.Lane.Length > 0).Take(40)]);
            Table(html, cells.Where(c => c.Lane.Length > 0).Take(MostLanes));
        }
        html.Add($"</body></html>\n");
        return html.ToString();
    }

    private static string When(IEstimates estimates) => estimates.Current.Id == 0 ? " (carriers' published days; nothing learned yet)" : estimates.Current.AsOf.UtcDateTime.ToString(" 'as of' yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static void Alarms(Html html, IReadOnlyList<CalibrationCell> cells)
    {
        foreach (var cell in cells.Where(c => c.Drifts).Take(20))
            html.Add($"<p class=\"alarm\">Drift: 80 % bands {Name(cell)} kept {Percent(cell.RecentCover80.Kept)} of the last {((long)cell.RecentCount).ToString(CultureInfo.InvariantCulture)} parcels.</p>");
    }

    private static string Name(CalibrationCell cell) => $"{(cell.Carrier.Length > 0 ? cell.Carrier : "all carriers")}{(cell.Lane.Length > 0 ? ", " + cell.Lane : "")}, at {CalibrationJson.Name(cell.Stage)}";

    private static void Table(Html html, IEnumerable<CalibrationCell> cells)
    {
        html.Add($"<table><tr><th>what<th>parcels<th>80 % band kept<th>interval<th>lately<th>width, days<th>mean error<th>bias<th>pinball<th>revisions<th>flips</tr>");
        foreach (var c in cells)
            html.Add($"<tr><td>{Name(c)}<td>{c.Count}<td>{Percent(c.Cover80.Kept)}<td>{Percent(c.Cover80.Low)} to {Percent(c.Cover80.High)}<td>{(c.RecentCount >= 50 ? Percent(c.RecentCover80.Kept) : "–")}<td>{Number(c.Width)}<td>{Number(c.Mae)}<td>{Number(c.Bias)}<td>{Number(c.Pinball)}<td>{(c.Parcels > 0 ? Number(c.RevisionsPerParcel) : "–")}<td>{(c.Parcels > 0 ? Percent(c.FlipShare) : "–")}</tr>");
        html.Add($"</table>");
    }

    private const int Size = 240, Edge = 36;

    private static void Curve(Html html, CalibrationCell cell)
    {
        html.Add($"<figure><svg width=\"{Size + 2 * Edge}\" height=\"{Size + 2 * Edge}\" viewBox=\"0 0 {Size + 2 * Edge} {Size + 2 * Edge}\" role=\"img\" aria-label=\"{Name(cell)}: stated against kept share\">");
        html.Add($"<rect x=\"{Edge}\" y=\"{Edge / 2}\" width=\"{Size}\" height=\"{Size}\" fill=\"none\" stroke=\"#8893a5\"/><line x1=\"{X(0)}\" y1=\"{Y(0)}\" x2=\"{X(1)}\" y2=\"{Y(1)}\" stroke=\"#8893a5\" stroke-dasharray=\"4 4\"/>");
        var points = cell.Levels.ToList();
        html.Add($"<polyline fill=\"none\" stroke=\"#1a6fb5\" stroke-width=\"2\" points=\"{X(0)},{Y(0)} ");
        foreach (var (stated, kept) in points) html.Add($"{X(stated)},{Y(kept.Kept)} ");
        html.Add($"{X(1)},{Y(1)}\"/>");
        foreach (var (stated, kept) in points)
            html.Add($"<line x1=\"{X(stated)}\" y1=\"{Y(kept.Low)}\" x2=\"{X(stated)}\" y2=\"{Y(kept.High)}\" stroke=\"#1a6fb5\" stroke-width=\"2\"/><circle cx=\"{X(stated)}\" cy=\"{Y(kept.Kept)}\" r=\"4\" fill=\"#1a6fb5\"/>");
        foreach (var (stated, _, kept) in cell.Windows)
            html.Add($"<line x1=\"{X(stated)}\" y1=\"{Y(kept.Low)}\" x2=\"{X(stated)}\" y2=\"{Y(kept.High)}\" stroke=\"#9a5b00\"/><rect x=\"{At(Edge + stated * Size - 3)}\" y=\"{At(Edge / 2 + (1 - kept.Kept) * Size - 3)}\" width=\"6\" height=\"6\" fill=\"#9a5b00\"/>");
        foreach (var share in new[] { 0, 0.5, 1 })
            html.Add($"<text x=\"{X(share)}\" y=\"{Size + Edge}\" font-size=\"12\" text-anchor=\"middle\">{Percent(share, 0)}</text><text x=\"{Edge - 4}\" y=\"{Y(share)}\" font-size=\"12\" text-anchor=\"end\" dominant-baseline=\"middle\">{Percent(share, 0)}</text>");
        html.Add($"</svg><figcaption>{Name(cell)}: {cell.Count} parcels, 80 % bands kept {Percent(cell.Cover80.Kept)}, {Number(cell.Width)} days wide</figcaption></figure>");
    }

    // One line for each lane: a dot with its interval on a scale from 50 to 100 %.
    private static void Lanes(Html html, IReadOnlyList<CalibrationCell> cells)
    {
        const int Row = 22, Left = 300, Wide = 420;
        var height = cells.Count * Row + 40;
        string Across(double share) => At(Left + (Math.Clamp(share, 0.5, 1) - 0.5) * 2 * Wide);
        html.Add($"<figure><svg width=\"{Left + Wide + 20}\" height=\"{height}\" viewBox=\"0 0 {Left + Wide + 20} {height}\" role=\"img\" aria-label=\"Kept share of 80 % bands by lane\">");
        html.Add($"<rect x=\"{Across(0.75)}\" y=\"0\" width=\"{At(Wide * 0.2)}\" height=\"{height - 30}\" fill=\"#1a6fb5\" fill-opacity=\".1\"/><line x1=\"{Across(0.8)}\" y1=\"0\" x2=\"{Across(0.8)}\" y2=\"{height - 30}\" stroke=\"#8893a5\" stroke-dasharray=\"4 4\"/>");
        for (var i = 0; i < cells.Count; i++)
        {
            var (cell, y) = (cells[i], i * Row + Row / 2);
            var colour = cell.Drifts ? "#b3261e" : "#1a6fb5";
            html.Add($"<text x=\"{Left - 8}\" y=\"{y}\" font-size=\"12\" text-anchor=\"end\" dominant-baseline=\"middle\">{Short(Name(cell))}</text><line x1=\"{Across(cell.Cover80.Low)}\" y1=\"{y}\" x2=\"{Across(cell.Cover80.High)}\" y2=\"{y}\" stroke=\"{colour}\" stroke-width=\"2\"/><circle cx=\"{Across(cell.Cover80.Kept)}\" cy=\"{y}\" r=\"4\" fill=\"{colour}\"/>");
        }
        foreach (var share in new[] { 0.5, 0.6, 0.7, 0.8, 0.9, 1 })
            html.Add($"<text x=\"{Across(share)}\" y=\"{height - 10}\" font-size=\"12\" text-anchor=\"middle\">{Percent(share, 0)}</text>");
        html.Add($"</svg><figcaption>80 % bands kept, by carrier, lane and stage; shaded: within five points</figcaption></figure>");
    }

    private static string Short(string name) => name.Length <= 44 ? name : name[..43] + "…";

    private static string X(double share) => At(Edge + share * Size);
    private static string Y(double share) => At(Edge / 2 + (1 - share) * Size);
    private static string At(double place) => place.ToString("F1", CultureInfo.InvariantCulture);
    private static string Percent(double share, int digits = 1) => (share * 100).ToString(digits == 0 ? "F0" : "F1", CultureInfo.InvariantCulture) + " %";
    private static string Number(double days) => days.ToString("F2", CultureInfo.InvariantCulture);
}
