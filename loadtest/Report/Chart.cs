using System.Globalization;
using System.Net;
using System.Text;

namespace Tracking.LoadTest.Report;

/// <summary>One line of a chart: its name, colour slot (1 to 4) and points. A point without a number leaves a gap.</summary>
public sealed record Line(string Name, int Colour, IReadOnlyList<(double X, double Y)> Points, bool Dashed = false);

/// <summary>A line chart as inline SVG: axes with round numbers, a legend, a title that says what to see. No script, colours by CSS variables.</summary>
public static class Chart
{
    private const int Width = 720, Height = 260, Left = 62, Right = 14, Top = 34, Bottom = 36, MostPoints = 600;

    /// <param name="xTitle">What the horizontal axis counts.</param>
    /// <param name="logX">Horizontal axis by powers (for percentiles: give x as 1/(1-p)).</param>
    /// <param name="marks">Vertical lines with a word: faults.</param>
    public static string Svg(string title, string unit, string xTitle, IReadOnlyList<Line> lines, bool logX = false,
        IReadOnlyList<(double X, string Name)>? marks = null, Func<double, string>? xLabel = null)
    {
        var points = lines.SelectMany(l => l.Points).Where(p => double.IsFinite(p.Y) && double.IsFinite(p.X)).ToList();
        if (points.Count == 0) return "";
        var (minX, maxX) = (points.Min(p => p.X), points.Max(p => p.X));
        if (maxX <= minX) maxX = minX + 1;
        var ticksY = RoundTicks(0, points.Max(p => p.Y), 5);
        var maxY = ticksY[^1];
        double X(double x) => Left + (Width - Left - Right) * (logX ? Math.Log(x / minX) / Math.Log(maxX / minX) : (x - minX) / (maxX - minX));
        double Y(double y) => Top + (Height - Top - Bottom) * (1 - y / maxY);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Text(title)}\"><title>{Text(title)}</title>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"t\" x=\"{Left}\" y=\"16\">{Text(title)}, {Text(unit)}</text>");
        foreach (var tick in ticksY)
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"g\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):F1}\" y2=\"{Y(tick):F1}\"/><text class=\"n\" x=\"{Left - 6}\" y=\"{Y(tick) + 4:F1}\" text-anchor=\"end\">{Number(tick)}</text>");
        foreach (var tick in logX ? PowerTicks(minX, maxX) : RoundTicks(minX, maxX, 7).Where(t => t >= minX && t <= maxX))
            svg.Append(CultureInfo.InvariantCulture, $"<text class=\"n\" x=\"{X(tick):F1}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{Text(xLabel is null ? Number(tick) : xLabel(tick))}</text>");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"n\" x=\"{Width - Right}\" y=\"{Height - 4}\" text-anchor=\"end\">{Text(xTitle)}</text>");
        foreach (var (x, name) in marks ?? [])
            if (x >= minX && x <= maxX)
                svg.Append(CultureInfo.InvariantCulture, $"<line class=\"m\" x1=\"{X(x):F1}\" x2=\"{X(x):F1}\" y1=\"{Top}\" y2=\"{Height - Bottom}\"/><text class=\"n\" x=\"{X(x) + 3:F1}\" y=\"{Top + 10}\">{Text(name)}</text>");
        var legend = (double)Left;
        foreach (var line in lines)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"l c{line.Colour}{(line.Dashed ? " d" : "")}\" d=\"");
            var pen = false;
            foreach (var (x, y) in Thin(line.Points))
            {
                if (!double.IsFinite(y)) { pen = false; continue; }
                svg.Append(CultureInfo.InvariantCulture, $"{(pen ? 'L' : 'M')}{X(x):F1} {Y(y):F1}");
                pen = true;
            }
            svg.Append(CultureInfo.InvariantCulture, $"\"/><path class=\"l c{line.Colour}{(line.Dashed ? " d" : "")}\" d=\"M{legend:F0} {Height - 9}h18\"/><text class=\"n\" x=\"{legend + 23:F0}\" y=\"{Height - 5}\">{Text(line.Name)}</text>");
            legend += 36 + line.Name.Length * 6.6;
        }
        return svg.Append("</svg>").ToString();
    }

    // A long run keeps its peaks: of each group of neighbours the highest is drawn.
    private static IEnumerable<(double X, double Y)> Thin(IReadOnlyList<(double X, double Y)> points)
    {
        var group = (points.Count + MostPoints - 1) / MostPoints;
        return group <= 1 ? points : points.Chunk(group).Select(g => g.MaxBy(p => double.IsFinite(p.Y) ? p.Y : double.MinValue));
    }

    /// <summary>Round numbers that cover a range, about as many as asked, never more than a hundred; a range of nothing counts as one wide.</summary>
    internal static IReadOnlyList<double> RoundTicks(double from, double to, int about)
    {
        if (!(to - from > 1e-9)) to = from + 1;
        var raw = (to - from) / about;
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = power * (raw / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 };
        var first = Math.Floor(from / step);
        var count = (int)Math.Clamp(Math.Ceiling(to / step - 1e-9) - first, 1, 99);
        return [.. Enumerable.Range(0, count + 1).Select(i => Math.Round((first + i) * step, 12))];
    }

    private static IEnumerable<double> PowerTicks(double from, double to)
    {
        var tick = Math.Max(from, 1e-9);
        for (var i = 0; i < 20 && tick <= to * 1.0001; i++, tick *= 10) yield return tick;
    }

    internal static string Number(double n) => n switch
    {
        0 => "0",
        >= 10_000_000 => (n / 1e6).ToString("0.#", CultureInfo.InvariantCulture) + " M",
        >= 10_000 => (n / 1e3).ToString("0.#", CultureInfo.InvariantCulture) + " k",
        _ => n.ToString("0.###", CultureInfo.InvariantCulture),
    };

    internal static string Text(string text) => WebUtility.HtmlEncode(text);
}
