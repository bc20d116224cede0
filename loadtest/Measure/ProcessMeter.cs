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
