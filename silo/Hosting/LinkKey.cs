using System.Security.Cryptography;

namespace Tracking.Silo.Hosting;

/// <summary>The key that tracking links are made with: <c>Security:LinkKey</c> (base64, at least 32 bytes), else a file of this machine, made when missing.</summary>
internal static class LinkKey
{
    /// <summary>What is wrong with the configured key, or null.</summary>
    public static string? Problem(IConfiguration configuration)
    {
        if (configuration["Security:LinkKey"] is not { Length: > 0 } configured) return null;
        Span<byte> bytes = stackalloc byte[256];
        return !Convert.TryFromBase64String(configured, bytes, out var length) || length < 32 ? "Security:LinkKey is not base64 of 32 to 256 bytes." : null;
    }

    public static byte[] Load(IConfiguration configuration, string dataFolder)
    {
        if (Problem(configuration) is { } problem) throw new StartException(problem);
        if (configuration["Security:LinkKey"] is { Length: > 0 } configured) return Convert.FromBase64String(configured);
        var path = Path.Combine(dataFolder, "link.key");
        try
        {
            if (File.Exists(path))
            {
                var stored = File.ReadAllBytes(path);
                return stored.Length >= 32 ? stored : throw new StartException($"{path} is shorter than 32 bytes; restore it from a backup, or delete it and lose every link given out.");
            }
            Directory.CreateDirectory(dataFolder);
            var key = RandomNumberGenerator.GetBytes(32);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(key);
            file.Flush(flushToDisk: true);
            return key;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException) { throw new StartException($"{path} cannot be read or made: {refused.Message}"); }
    }
}

/// <summary>Something without which the silo does not start; its message is the one line that people read.</summary>
internal sealed class StartException(string message) : Exception(message);
