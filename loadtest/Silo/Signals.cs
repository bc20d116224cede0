using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tracking.LoadTest.Silo;

/// <summary>Signals to a process by its id. Only ever to processes this tool started, or was given the data directory of.</summary>
public static partial class Signals
{
    public const int Kill = 9, Term = 15;
    public static int Stop => OperatingSystem.IsMacOS() ? 17 : 19;
    public static int Continue => OperatingSystem.IsMacOS() ? 19 : 18;

    /// <summary>False when there is no such process. On Windows everything but killing is refused with <see cref="PlatformNotSupportedException"/>.</summary>
    public static bool Send(int pid, int signal)
    {
        if (!OperatingSystem.IsWindows()) return SendUnix(pid, signal) == 0;
        if (signal is not (Kill or Term)) throw new PlatformNotSupportedException("Windows has no such signal.");
        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill();
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendUnix(int pid, int signal);
}
