using System.Security.Cryptography;

namespace Tracking.Silo.Hosting;

/// <summary>The key that tracking links are made with: <c>Security:LinkKey</c> (base64, at least 32 bytes), else a file of this machine, made when missing.</summary>
internal static class LinkKey
{
    public static byte[] Load(IConfiguration configuration, string dataFolder)
    {
        if (configuration["Security:LinkKey"] is { Length: > 0 } configured)
        {
            Span<byte> bytes = stackalloc byte[256];
            if (!Convert.TryFromBase64String(configured, bytes, out var length) || length < 32) throw new StartException("Security:LinkKey is not base64 of at least 32 bytes.");
            return bytes[..length].ToArray();
        }
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
