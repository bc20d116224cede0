using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace Tracking.Testing;

/// <summary>A disk of a few megabytes for one test, in memory, to be filled to the last byte. Linux, and only whoever may mount.</summary>
public sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    /// <summary>Skips the calling test, by name and with the reason, where nobody may mount: that is a right, not a part one could install.</summary>
    public static SmallDisk OrSkip(int megabytes, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        var folder = Directory.CreateTempSubdirectory("tracking-disk-").FullName;
        var said = OperatingSystem.IsLinux() ? Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=1777", "tmpfs", folder) : "there are no such disks here";
        if (said is null) return new SmallDisk(folder);
        Directory.Delete(folder);
        Assert.Skip($"{Path.GetFileNameWithoutExtension(file)}.{test} did not run: it needs the right to mount a small disk ({said.Trim()}).");
        return null!;
    }

    /// <summary>Not one more byte finds room.</summary>
    public void Fill()
    {
        using var filler = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (var piece = new byte[1 << 20]; piece.Length > 0;)
        {
            try { filler.Write(piece); }
            catch (IOException) { piece = piece.Length > 1 ? new byte[piece.Length / 4] : []; }
        }
    }

    public void Free() => File.Delete(Filler);

    public void Dispose()
    {
        Run("umount", "-l", Folder);
        try { Directory.Delete(Folder); }
        catch (IOException) { }   // somebody still holds it; it goes with the machine's temporary files
    }

    // Null when it worked, else what it said.
    private static string? Run(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            var said = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? null : said;
        }
        catch (System.ComponentModel.Win32Exception missing) { return missing.Message; }
    }
}
