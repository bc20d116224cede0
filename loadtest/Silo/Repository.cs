using System.Diagnostics;

namespace Tracking.LoadTest.Silo;

/// <summary>Something the tool needs is not there or does not start. The message is one line for a person; the exit code is 2.</summary>
public sealed class SetUpException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The clone the tool runs in.</summary>
public static class Repository
{
    /// <summary>The folder with <c>Tracking.Actors.sln</c>, above the tool's own binary or the current directory.</summary>
    public static string Root { get; } = Find(AppContext.BaseDirectory) ?? Find(Environment.CurrentDirectory) ?? Environment.CurrentDirectory;

    private static string? Find(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Tracking.Actors.sln")))
                return folder.FullName;
        return null;
    }

    /// <summary>The commit checked out, with <c>+changes</c> when files differ from it; "unknown" outside a clone.</summary>
    public static string Commit()
    {
        var head = Git("rev-parse --short=12 HEAD");
        if (head.Length == 0) return "unknown";
        return Git("status --porcelain --untracked-files=no").Length > 0 ? head + "+changes" : head;
    }

    private static string Git(string arguments)
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", arguments)
            {
                WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var said = git.StandardOutput.ReadToEnd();
            return git.WaitForExit(5_000) && git.ExitCode == 0 ? said.Trim() : "";
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "";      // no git on this machine
        }
    }
}
