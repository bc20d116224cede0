using System.Text.Json;
using System.Text.Json.Serialization;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Silo;
using Tracking.LoadTest.Watch;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Scenarios;

/// <summary>A stretch of the day: scans per second, in a straight line from one rate to another.</summary>
public sealed record Phase
{
    public required string Name { get; init; }
    public required double Seconds { get; init; }
    public required double From { get; init; }
    /// <summary>Default: the same as <see cref="From"/>.</summary>
    public double? To { get; init; }
    /// <summary>False: pages arrive and caches fill; its latencies are in the curves and in no figure. What was acked is read back all the same. Default true.</summary>
    public bool Counted { get; init; } = true;
}

public sealed record LoadShape
{
    /// <summary>Scans per request. Default 100; 1 to 1,000.</summary>
    public int Batch { get; init; } = 100;
    /// <summary>Requests under way at once; further ones wait and their latency counts. Default 128.</summary>
    public int InFlight { get; init; } = 128;
    public Arrivals Arrivals { get; init; } = Arrivals.Even;
    public required IReadOnlyList<Phase> Phases { get; init; }
}

public sealed record WorkloadShape
{
    public int ActiveParcels { get; init; } = 20_000;
    public double Duplicates { get; init; } = 0.02;
    public double Disorder { get; init; } = 0.02;
    public double Late { get; init; } = 0.002;
    public double Missing { get; init; } = 0.01;
    public double Corrected { get; init; } = 0.001;
    public int HotParcels { get; init; }
    public double HotShare { get; init; }
    public CarrierMix Carriers { get; init; } = new();
    public FormatMix Formats { get; init; } = new();

    public FeedManners Manners() => new()
    {
        ActiveParcels = ActiveParcels, Duplicates = Duplicates, Disorder = Disorder, Late = Late, Missing = Missing, Corrected = Corrected,
        HotParcels = HotParcels, HotShare = HotShare,
    };
}

/// <summary>What happens at an instant of the run, to processes this tool started, to the feed, or to the watchers.</summary>
public enum FaultKind
{
    /// <summary>A storm stands over a hub / is over.</summary>
    Storm, Calm,
    /// <summary>The silo is killed (SIGKILL) and started again after <see cref="Fault.Seconds"/>.</summary>
    KillSilo,
    /// <summary>The silo is asked to end (SIGTERM) and started again at once.</summary>
    RestartSilo,
    /// <summary>The silo stands still (SIGSTOP) for <see cref="Fault.Seconds"/>.</summary>
    PauseSilo,
    /// <summary><c>pg_ctl restart -m fast</c> or <c>-m immediate</c>.</summary>
    RestartPostgresFast, RestartPostgresImmediate,
    /// <summary>PostgreSQL stands still for <see cref="Fault.Seconds"/>.</summary>
    PausePostgres,
    /// <summary>For <see cref="Fault.Seconds"/> every statement reaches PostgreSQL <see cref="Fault.Milliseconds"/> later. Needs no rights over the server: a proxy of the tool's own does it.</summary>
    SlowPostgres,
    /// <summary>For <see cref="Fault.Seconds"/> nothing passes between silo and PostgreSQL, as behind a dead switch; by proxy.</summary>
    HoldPostgres,
    /// <summary>Connections to PostgreSQL break, and new ones are refused for <see cref="Fault.Seconds"/>; by proxy.</summary>
    CutPostgres,
}

/// <param name="At">Seconds after the first send.</param>
/// <param name="Do">What happens.</param>
/// <param name="Seconds">How long, where it lasts.</param>
/// <param name="Milliseconds">How much later, for what only gets slow. Default 50.</param>
public sealed record Fault(double At, FaultKind Do, double Seconds = 0, double Milliseconds = 50)
{
    /// <summary>Whether it happens on the way to PostgreSQL, and so needs the tool's proxy there.</summary>
    internal bool IsOnTheWay => Do is FaultKind.SlowPostgres or FaultKind.HoldPostgres or FaultKind.CutPostgres;
}

/// <summary>One readable file: what is offered, who watches, what goes wrong, what must hold. <c>scenario.schema.json</c> says the same to an editor.</summary>
public sealed record Scenario
{
    [JsonPropertyName("$schema")]
    public string? Schema { get; init; }
    public required string Name { get; init; }
    /// <summary>What it rehearses, in a sentence.</summary>
    public required string Sentence { get; init; }
    public ulong Seed { get; init; } = 2026;
    public required LoadShape Load { get; init; }
    public WorkloadShape Workload { get; init; } = new();
    public CrowdOptions? Watchers { get; init; }
    /// <summary>Orders told beside the scans, each owed one offer. Only on a server of the tool's own: they need a policy there.</summary>
    public OrderShape? Orders { get; init; }
    public IReadOnlyList<Fault> Faults { get; init; } = [];
    public IReadOnlyList<string> Thresholds { get; init; } = [];
    /// <summary>Thresholds that end the run as soon as they are crossed, looked at every second from the fifth on.</summary>
    public IReadOnlyList<string> AbortOn { get; init; } = [];

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, PropertyNameCaseInsensitive = false, ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
        RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true,
    };

    /// <summary>Folder of the scenarios that come with the tool.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Scenarios");

    /// <summary>Names of those, in order.</summary>
    public static IReadOnlyList<string> Names() => !Directory.Exists(Folder) ? [] :
        [.. Directory.GetFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Where(n => n != "scenario.schema").Order(StringComparer.Ordinal)];

    /// <summary>Reads a scenario by name or path. Throws <see cref="SetUpException"/> with every problem of the file.</summary>
    public static Scenario Read(string nameOrPath)
    {
        var file = File.Exists(nameOrPath) ? nameOrPath : Path.Combine(Folder, nameOrPath + ".json");
        if (!File.Exists(file)) throw new SetUpException($"There is no scenario {nameOrPath}. There are: {string.Join(", ", Names())}; or name a file.");
        return Parse(File.ReadAllText(file), file);
    }

    public static Scenario Parse(string text, string where = "scenario")
    {
        Scenario scenario;
        try
        {
            scenario = JsonSerializer.Deserialize<Scenario>(text, Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new SetUpException($"{where}: {e.Message}");
        }
        var problems = scenario.Problems().ToList();
        return problems.Count == 0 ? scenario : throw new SetUpException($"{where}: {string.Join(" ", problems)}");
    }

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>Everything wrong with it, in sentences.</summary>
    public IEnumerable<string> Problems()
    {
        if (Load.Phases.Count == 0) yield return "load.phases is empty; there must be at least one.";
        if (Load.Batch is < 1 or > 1000) yield return $"load.batch is {Load.Batch}; it is 1 to 1000.";
        if (Load.InFlight is < 1 or > 4096) yield return $"load.inFlight is {Load.InFlight}; it is 1 to 4096.";
        foreach (var phase in Load.Phases)
        {
            if (!(phase.Seconds > 0) || phase.From < 0 || phase.To < 0) yield return $"Phase {phase.Name} must last longer than 0 s at no negative rate.";
        }
        if (Workload.ActiveParcels is < 1 or > 5_000_000) yield return $"workload.activeParcels is {Workload.ActiveParcels}; it is 1 to 5,000,000.";
        foreach (var (name, share) in new[]
        {
            ("duplicates", Workload.Duplicates), ("disorder", Workload.Disorder), ("late", Workload.Late), ("missing", Workload.Missing),
            ("corrected", Workload.Corrected), ("hotShare", Workload.HotShare),
        })
        {
            if (share is < 0 or > 0.95 || double.IsNaN(share)) yield return $"workload.{name} is {share}; it is a share from 0 to 0.95.";
        }
        if (Workload.HotShare > 0 && Workload.HotParcels == 0) yield return "workload.hotShare needs hotParcels.";
        if (Watchers is { Count: < 0 or > 100_000 }) yield return $"watchers.count is {Watchers.Count}; it is 0 to 100,000.";
        if (Watchers is { Famous: true } && Workload.HotParcels == 0) yield return "watchers.famous needs workload.hotParcels: the famous one is the first of them.";
        if (Orders is { } orders && (orders.Count is < 1 or > 900_000 || !(orders.PerSecond > 0))) yield return $"orders.count is {orders.Count} at {orders.PerSecond} a second; it is 1 to 900,000, at more than 0.";
        foreach (var fault in Faults)
        {
            if (fault.At < 0 || fault.Seconds is < 0 or > 600)
                yield return $"The fault {fault.Do} at {fault.At} s must not lie before the start nor last longer than 600 s.";
            if (fault.Milliseconds is < 1 or > 60_000) yield return $"The fault {fault.Do} at {fault.At} s has milliseconds {fault.Milliseconds}; it is 1 to 60,000.";
        }
        foreach (var text in Thresholds.Concat(AbortOn))
        {
            string? problem = null;
            try { Threshold.Parse(text); } catch (FormatException e) { problem = e.Message; }
            if (problem is not null) yield return problem;
        }
    }

    /// <summary>Sends per second over time: the phases' scans divided by the batch, times <paramref name="rate"/>.</summary>
    public RateCurve Curve(double rate = 1, double stretch = 1) =>
        new(Load.Phases.Select(p => new RateStep(p.Seconds * stretch, p.From * rate / Load.Batch, (p.To ?? p.From) * rate / Load.Batch)));
}
