using System.Collections.Immutable;
using System.Globalization;
using Tracking.Contracts.Shipments;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>A position that a carrier told, with the town it told.</summary>
public readonly record struct MapPoint(double Lat, double Lon, string? Town);

/// <summary>
/// The parcel's way as a small drawing of our own: no tiles, no request, only positions that carriers told, joined in their order. Without two real positions
/// there is no drawing; a made-up one would be believed.
/// </summary>
public static class RouteMap
{
    private const int Width = 320, Margin = 24, MaxPoints = 24;

    /// <summary>Told positions, oldest first, neighbours closer than about a kilometre taken as one.</summary>
    public static ImmutableArray<MapPoint> Points(ShipmentView view)
    {
        var points = new List<MapPoint>();
        for (var i = view.Events.Length - 1; i >= 0; i--)
        {
            var e = view.Events[i];
            if (e.Retracted || e.Place is not { Lat: { } lat, Lon: { } lon } place || !double.IsFinite(lat) || !double.IsFinite(lon) || Math.Abs(lat) > 85 || Math.Abs(lon) > 180 || (lat == 0 && lon == 0)) continue;
            if (points.Count > 0 && Math.Abs(points[^1].Lat - lat) < 0.01 && Math.Abs(points[^1].Lon - lon) < 0.01) continue;
            points.Add(new MapPoint(lat, lon, CarrierText.Clean(place.City, CarrierText.MaxPlace)));
        }
        return points.Count < 2 ? [] : [.. points.TakeLast(MaxPoints)];
    }

    public static void Draw(Html html, ImmutableArray<MapPoint> points, Texts t)
    {
        if (points.IsDefaultOrEmpty) return;
        var (south, north) = (points.Min(p => p.Lat), points.Max(p => p.Lat));
        // Degrees of longitude are shorter away from the equator; over a parcel's way one factor is true enough for a sketch.
        var shrink = Math.Cos((south + north) / 2 * Math.PI / 180);
        var (west, east) = (points.Min(p => p.Lon) * shrink, points.Max(p => p.Lon) * shrink);
        var scale = Math.Min((Width - 2 * Margin) / Math.Max(east - west, 1e-6), 132 / Math.Max(north - south, 1e-6));
        var height = (int)Math.Clamp((north - south) * scale + 2 * Margin, 72, 180);
        var placed = points.Select(p => (X: Width / 2 + (p.Lon * shrink - (west + east) / 2) * scale, Y: height / 2 - (p.Lat - (south + north) / 2) * scale, p.Town)).ToArray();
        var towns = string.Join(" → ", points.Select(p => p.Town).OfType<string>().Distinct());
        html.Add($"<svg class=\"map\" viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"{t.Say("map.label", ("towns", towns))}\"><polyline class=\"way\" points=\"{new Raw(string.Join(' ', placed.Select(p => Number(p.X) + "," + Number(p.Y))))}\" fill=\"none\" stroke-width=\"2\" stroke-linejoin=\"round\"/>");
        for (var i = 0; i < placed.Length; i++)
        {
            var (x, y, town) = placed[i];
            var last = i == placed.Length - 1;
            html.Add($"<circle cx=\"{new Raw(Number(x))}\" cy=\"{new Raw(Number(y))}\" r=\"{(last ? 6 : 4)}\"{new Raw(last ? " class=\"last\"" : " fill=\"currentColor\"")}/>");
            if ((i == 0 || last) && town is not null)
                html.Add($"<text x=\"{new Raw(Number(Math.Clamp(x, 40, Width - 40)))}\" y=\"{new Raw(Number(y < 30 ? y + 20 : y - 11))}\" text-anchor=\"middle\" font-size=\"12\" fill=\"currentColor\">{town}</text>");
        }
        html.Add($"</svg>");
    }

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
