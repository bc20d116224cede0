using System.Diagnostics;

namespace Tracking.LoadTest.Measure;

/// <summary>One look at a process: resident bytes, and processor time used since it started.</summary>
public readonly record struct ProcessReading(long ResidentBytes, TimeSpan Cpu, int Threads)
{
    /// <summary>Reads a process; all zero when it is gone.</summary>
    public static ProcessReading Of(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return new ProcessReading(process.WorkingSet64, process.TotalProcessorTime, process.Threads.Count);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return default;
        }
    }
}

/// <summary>Share of the machine's processors a process used between two looks: 1 is all cores.</summary>
public sealed class CpuMeter(int pid)
{
    private TimeSpan _cpu = ProcessReading.Of(pid).Cpu;
    private long _at = Stopwatch.GetTimestamp();

    public double Share()
    {
        var (cpu, at) = (ProcessReading.Of(pid).Cpu, Stopwatch.GetTimestamp());
        var wall = Stopwatch.GetElapsedTime(_at, at).TotalSeconds;
        var share = wall <= 0 ? 0 : (cpu - _cpu).TotalSeconds / wall / Environment.ProcessorCount;
        (_cpu, _at) = (cpu, at);
        return Math.Max(0, share);
    }
}

/// <summary>
/// What the work of one phase cost, per scan: processor time of the silo, of PostgreSQL and of ourselves, and bytes the silo allocated. Unlike rates
/// these hardly move with whatever else the machine does. Null where it cannot be told (a database on another machine).
/// </summary>
public sealed record ScanCost(double SiloMicros, double? PostgresMicros, double GeneratorMicros, double? AllocatedBytes)
{
    public override string ToString() => FormattableString.Invariant(
        $"{SiloMicros:F1} µs silo, {(PostgresMicros is { } p ? $"{p:F1} µs" : "unknown")} PostgreSQL, {GeneratorMicros:F1} µs generator, {(AllocatedBytes is { } b ? $"{b:N0} bytes" : "unknown")} allocated");
}

/// <summary>Reads those counters before and after.</summary>
public sealed class CostMeter
{
    private readonly int _silo;
    private readonly int? _postmaster;
    private readonly Func<Task<double?>> _allocated;
    private readonly TimeSpan _siloCpu, _ourCpu;
    private readonly TimeSpan? _postgresCpu;
    private readonly double? _bytes;

    private CostMeter(int silo, int? postmaster, Func<Task<double?>> allocated, double? bytes)
    {
        (_silo, _postmaster, _allocated, _bytes) = (silo, postmaster, allocated, bytes);
        (_siloCpu, _ourCpu, _postgresCpu) = (ProcessReading.Of(silo).Cpu, ProcessReading.Of(Environment.ProcessId).Cpu, postmaster is { } pid ? ProcessFamily.CpuOf(pid) : null);
    }

    /// <param name="allocated">Bytes the silo has allocated since it started, by its own account.</param>
    public static async Task<CostMeter> StartAsync(int silo, int? postmaster, Func<Task<double?>> allocated) => new(silo, postmaster, allocated, await allocated());

    public async Task<ScanCost?> PerScanAsync(long scans)
    {
        if (scans == 0) return null;
        var (silo, ours) = (ProcessReading.Of(_silo).Cpu - _siloCpu, ProcessReading.Of(Environment.ProcessId).Cpu - _ourCpu);
        var postgres = _postmaster is { } pid ? ProcessFamily.CpuOf(pid) - _postgresCpu : null;
        var bytes = await _allocated() - _bytes;
        return new ScanCost(Each(silo), postgres is { } p ? Each(p) : null, Each(ours), bytes is { } b ? Math.Round(b / scans) : null);

        double Each(TimeSpan cpu) => Math.Round(cpu.TotalMicroseconds / scans, 2);
    }
}

/// <summary>A process and its children, as Linux accounts for them.</summary>
public static class ProcessFamily
{
    // USER_HZ, which Linux fixes at 100 for everything it shows.
    private const double TicksPerSecond = 100;

    /// <summary>Processor time of a process, its living children and those it has buried. Null where there is no /proc.</summary>
    public static TimeSpan? CpuOf(int parent)
    {
        if (StatOf(parent) is not { } own) return null;
        var ticks = own.User + own.System + own.BuriedUser + own.BuriedSystem;
        foreach (var child in ChildrenOf(parent))
            if (StatOf(child) is { } stat)
                ticks += stat.User + stat.System + stat.BuriedUser + stat.BuriedSystem;
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }

    public static IEnumerable<int> ChildrenOf(int parent)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), out var pid) && StatOf(pid) is { } stat && stat.Parent == parent)
                yield return pid;
    }

    /// <summary>The parent of a process, if it is called that; null otherwise.</summary>
    public static int? ParentNamed(int pid, string name) => StatOf(pid) is { } stat && stat.Name == name ? stat.Parent : null;

    private sealed record Stat(string Name, int Parent, long User, long System, long BuriedUser, long BuriedSystem);

    private static Stat? StatOf(int pid)
    {
        string line;
        try
        {
            line = File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        // The name stands in parentheses and may hold anything, also a parenthesis.
        var (open, close) = (line.IndexOf('('), line.LastIndexOf(')'));
        var rest = line[(close + 2)..].Split(' ');
        return new Stat(line[(open + 1)..close], (int)Number(1), Number(11), Number(12), Number(13), Number(14));

        long Number(int index) => long.Parse(rest[index], System.Globalization.CultureInfo.InvariantCulture);
    }
}
