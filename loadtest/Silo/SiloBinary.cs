using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Tracking.LoadTest.Silo;

/// <summary>The silo as it is deployed, published for this platform and compiled ahead: what is measured, whatever configuration the tool itself was started in.</summary>
public static class SiloBinary
{
    private static readonly string[] Sources = ["silo", "web", "grains"];

    public static string Path => System.IO.Path.Combine(Repository.Root, "artifacts", "embedded", "publish", "Tracking.Silo", $"release_{RuntimeInformation.RuntimeIdentifier}", "Tracking.Silo.dll");

    /// <summary>Publishes the silo when that is missing or older than a source file; returns the path of the dll.</summary>
    public static async Task<string> EnsureAsync(Action<string> say, CancellationToken cancel)
    {
        if (IsFresh()) return Path;
        say("Publishing the silo (Release) …");
        var start = new ProcessStartInfo("dotnet")
        {
            WorkingDirectory = Repository.Root, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var argument in (string[])["publish", "silo", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false", "-v", "q", "--nologo"]) start.ArgumentList.Add(argument);
        start.Environment.Remove("MSBuildSDKsPath");         // of the `dotnet run` that started us
        using var build = Process.Start(start) ?? throw new SetUpException("dotnet could not be started to build the silo.");
        var said = build.StandardOutput.ReadToEndAsync(cancel);
        var errors = build.StandardError.ReadToEndAsync(cancel);
        try
        {
            await build.WaitForExitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            build.Kill(entireProcessTree: true);
            throw;
        }
        if (build.ExitCode != 0)
        {
            var first = (await said + await errors).Split('\n').FirstOrDefault(l => l.Contains("error", StringComparison.Ordinal))?.Trim();
            throw new SetUpException($"The silo does not build: {first ?? "see dotnet publish silo -c Release"}");
        }
        File.SetLastWriteTimeUtc(Path, DateTime.UtcNow);      // an incremental one may leave it as it was
        return Path;
    }

    private static bool IsFresh()
    {
        if (!File.Exists(Path)) return false;
        var built = File.GetLastWriteTimeUtc(Path);
        foreach (var folder in Sources)
        {
            var root = System.IO.Path.Combine(Repository.Root, folder);
            if (!Directory.Exists(root)) continue;
            foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
                if (File.GetLastWriteTimeUtc(file) > built)
                    return false;
        }
        return true;
    }
}
