namespace Tracking.LoadTest.Measure;

/// <summary>
/// Was it the generator that was slow? Then nothing can be said about the server, and the run says so instead of giving a verdict.
/// </summary>
/// <param name="LateShare">Share of sends the generator itself started more than 5 ms late.</param>
/// <param name="CpuShare">Share of one core's time, per core of the machine, that the generator used (1 = all cores).</param>
public sealed record GeneratorCheck(double LateShare, double CpuShare)
{
    /// <summary>More than one send in a hundred late: percentiles from the 99th on would be the generator's own.</summary>
    public const double MostLate = 0.01;

    /// <summary>Above this the generator competes with itself for the processor.</summary>
    public const double MostCpu = 0.85;

    public bool Limited => LateShare > MostLate || CpuShare > MostCpu;

    public static GeneratorCheck Of(OpenModelOutcome outcome, double cpuShare) =>
        new(outcome.Due == 0 ? 0 : (double)outcome.Late / outcome.Due, cpuShare);

    public override string ToString() => Limited
        ? $"generator limited: {LateShare:P1} of sends left late, own CPU {CpuShare:P0}"
        : $"generator kept up: {LateShare:P2} of sends left late, own CPU {CpuShare:P0}";
}
