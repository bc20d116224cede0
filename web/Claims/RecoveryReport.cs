using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tracking.Contracts.Claims;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Claims;

/// <summary>One line of the report: all recoveries of a cause by a remedy.</summary>
public sealed record RecoveryLine(string Cause, string Remedy, string Currency)
{
    public int Recoveries { get; init; }
    public int Accepted { get; init; }
    public long CostMinor { get; init; }
    public int Answers { get; init; }
    public int ScoreSum { get; init; }
    /// <summary>Answers of 4 and 5.</summary>
    public int Satisfied { get; init; }
    public int BoughtAgain { get; init; }

    public double? Acceptance => Recoveries == 0 ? null : (double)Accepted / Recoveries;
    /// <summary>Share of 4s and 5s among the answers.</summary>
    public double? Csat => Answers == 0 ? null : (double)Satisfied / Answers;
    public double? MeanScore => Answers == 0 ? null : (double)ScoreSum / Answers;
    public double? Repurchase => Accepted == 0 ? null : (double)BoughtAgain / Accepted;
}

/// <summary><c>GET /v1/reports/recovery</c>: what putting things right cost, how often it was taken, how people liked it and whether they came back, by cause and remedy.</summary>
public static class RecoveryReport
{
    /// <summary>Cases read for one report; beyond them it says that it is not whole.</summary>
    public const int MaxCases = 20_000;
    private const int PageSize = 500;

    public static IEndpointRouteBuilder MapReports(this IEndpointRouteBuilder app)
    {
        app.MapGet("/v1/reports/recovery", GetAsync)
            .WithName("RecoveryReport").WithTags("Reports").WithSummary("Cost, acceptance, satisfaction and repurchase by cause and remedy; ?from= and ?to= instants, ?format=csv for a table.")
            .Produces(200, contentType: "application/json").ProducesProblem(400).ProducesProblem(401);
        return app;
    }

    private static async Task<IResult> GetAsync(string? from, string? to, string? format, HttpContext http, RetailerDirectory retailers, ICaseReader cases)
    {
        if (BearerKey.Of(http, retailers, out var refusal) is not { } retailer) return refusal!;
        if (!ClaimEndpoints.TryInstant(from, out var since) || !ClaimEndpoints.TryInstant(to, out var until)) return Problems.Of(400, "time-unreadable", "from and to are RFC 3339 instants with an offset, such as 2026-12-24T18:00:00Z.");
        if (since >= until) return Problems.Of(400, "time-order", "from is not before to.");
        if (format is not (null or "json" or "csv")) return Problems.Of(400, "format-unknown", "format is json or csv.");

        var (read, whole, before) = (new List<Recovery>(), true, (DateTimeOffset?)null);
        for (var count = 0; ; count += PageSize)
        {
            if (count >= MaxCases) { whole = false; break; }
            var page = await cases.RecoveriesAsync(retailer.Id, before, PageSize, http.RequestAborted);
            foreach (var parcel in page) read.AddRange(parcel.Recoveries.Where(r => (since is null || r.At >= since) && (until is null || r.At < until)));
            // A case changes with each recovery, so a case that changed last before the time asked for holds none of it.
            if (page.Count < PageSize || page[^1].RecordedAt < since) break;
            before = page[^1].RecordedAt;
        }
        var lines = Sum(read);
        http.Response.Headers.CacheControl = "private, no-store";
        if (format == "csv" || (format is null && http.Request.Headers.Accept.ToString().StartsWith("text/csv", StringComparison.OrdinalIgnoreCase)))
        {
            http.Response.Headers.ContentDisposition = "attachment; filename=\"recovery.csv\"";
            return Results.Text(Csv(lines), "text/csv; charset=utf-8");
        }
        await using var json = JsonAnswer.Start(http);
        json.WriteStartObject();
        if (since is { } a) json.WriteString("from", a.UtcDateTime);
        if (until is { } b) json.WriteString("to", b.UtcDateTime);
        json.WriteBoolean("whole", whole);
        json.WriteStartArray("lines");
        foreach (var line in lines)
        {
            json.WriteStartObject();
            json.WriteString("cause", line.Cause);
            json.WriteString("remedy", line.Remedy);
            json.WriteNumber("recoveries", line.Recoveries);
            json.WriteNumber("accepted", line.Accepted);
            if (line.Currency.Length > 0) ClaimDocuments.Amount(json, "cost", new Money(line.CostMinor, line.Currency));
            json.WriteNumber("answers", line.Answers);
            json.WriteNumber("boughtAgain", line.BoughtAgain);
            foreach (var (name, share) in new[] { ("acceptance", line.Acceptance), ("csat", line.Csat), ("meanScore", line.MeanScore), ("repurchase", line.Repurchase) })
                if (share is { } told) json.WriteNumber(name, Math.Round(told, 4));
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
        return Results.Empty;
    }

    /// <summary>Adds up recoveries. Costs of different currencies are never added.</summary>
    public static IReadOnlyList<RecoveryLine> Sum(IEnumerable<Recovery> recoveries)
        =>
        [
            .. recoveries.GroupBy(r => (r.Cause, r.Remedy, Currency: r.Cost?.Currency ?? ""))
                .Select(g => new RecoveryLine(g.Key.Cause, g.Key.Remedy, g.Key.Currency)
                {
                    Recoveries = g.Count(),
                    Accepted = g.Count(r => r.Accepted),
                    CostMinor = g.Where(r => r.Accepted).Sum(r => r.Cost?.Minor ?? 0),
                    Answers = g.Count(r => r.Score is not null),
                    ScoreSum = g.Sum(r => r.Score ?? 0),
                    Satisfied = g.Count(r => r.Score >= 4),
                    BoughtAgain = g.Count(r => r.BoughtAgain),
                })
                .OrderBy(l => l.Cause, StringComparer.Ordinal).ThenBy(l => l.Remedy, StringComparer.Ordinal).ThenBy(l => l.Currency, StringComparer.Ordinal),
        ];

    /// <summary>RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe before it.</summary>
    public static string Csv(IReadOnlyList<RecoveryLine> lines)
    {
        var csv = new StringBuilder("cause,remedy,recoveries,accepted,cost,currency,answers,bought_again,acceptance,csat,mean_score,repurchase\r\n");
        foreach (var line in lines)
            csv.Append(string.Join(',', Cell(line.Cause), Cell(line.Remedy), Number(line.Recoveries), Number(line.Accepted), line.Currency.Length == 0 ? "" : new Money(line.CostMinor, line.Currency).Amount.ToString("F" + (Currencies.Digits(line.Currency) ?? 2), CultureInfo.InvariantCulture),
                Cell(line.Currency), Number(line.Answers), Number(line.BoughtAgain), Share(line.Acceptance), Share(line.Csat), Share(line.MeanScore), Share(line.Repurchase))).Append("\r\n");
        return csv.ToString();
    }

    private static string Cell(string text)
    {
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t' or '\r') text = "'" + text;
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Share(double? share) => share?.ToString("0.####", CultureInfo.InvariantCulture) ?? "";
}
