using System.Runtime.CompilerServices;
using Xunit;

namespace Tracking.Testing;

/// <summary>
/// For tests that need a part the machine may lack. Without the part the test is skipped, and the reason names the test and what to install; with
/// <c>TRACKING_REQUIRE_ALL=1</c> it fails instead, so that nothing is left out where everything should be there.
/// </summary>
public static class Requires
{
    /// <param name="name">The part, as a reader would say it: "PostgreSQL".</param>
    /// <param name="present">Whether this machine has it.</param>
    /// <param name="howToInstall">What to type or set: "apt-get install postgresql, or set TRACKING_TEST_POSTGRES".</param>
    /// <param name="test">The test that asks; left to the compiler.</param>
    /// <param name="file">Its file; left to the compiler.</param>
    public static void Part(string name, bool present, string howToInstall, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        if (present) return;
        var reason = Reason(name, howToInstall, test, file);
        if (MissingPartsFail(Environment.GetEnvironmentVariable("TRACKING_REQUIRE_ALL"))) Assert.Fail(reason);
        Assert.Skip(reason);
    }

    /// <summary>Whether a program of that name is on the path.</summary>
    public static bool OnPath(string program) => OnPath(program, Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static bool OnPath(string program, string path) => path.Split(Path.PathSeparator)
        .Any(folder => folder.Length > 0 && (File.Exists(Path.Combine(folder, program)) || File.Exists(Path.Combine(folder, program + ".exe"))));

    internal static string Reason(string name, string howToInstall, string test, string file) =>
        $"{Path.GetFileNameWithoutExtension(file)}.{test} did not run: it needs {name} ({howToInstall}).";

    internal static bool MissingPartsFail(string? requireAll) => requireAll is "1" or "true";
}
