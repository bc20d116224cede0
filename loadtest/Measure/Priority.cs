using System.Runtime.InteropServices;

namespace Tracking.LoadTest.Measure;

/// <summary>
/// A generator that shares the cores with what it loads must wake when a send is due, as one on a machine of its own would. It uses a twentieth of them, so going first costs the server nothing
/// that it would not lose to a later, larger burst. Only where the machine allows it (Linux, root); elsewhere lateness is counted and said, as always.
/// </summary>
public static partial class Priority
{
    private const int Process = 0, Steps = 10;

    /// <summary>What a child is started with to run as it would have without us; empty when nothing was raised.</summary>
    public static IReadOnlyList<string> ForChildren { get; private set; } = [];

    /// <summary>Call from the first thread before it starts others: they inherit what it has.</summary>
    public static void Raise()
    {
        if (OperatingSystem.IsLinux() && SetPriority(Process, 0, -Steps) == 0) ForChildren = ["nice", "-n", "10"];
    }

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, int who, int value);
}
