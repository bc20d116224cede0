using System.Security.Cryptography;
using System.Text.Json;

namespace Tracking.Silo.Files;

/// <summary>
/// How far a dropped file was read, beside it in <c>.progress/</c>, so that a restart goes on where it was. It counts parts that are stored; a part stored twice is a
/// duplicate, so an old progress costs time and never a scan.
/// </summary>
internal sealed class FileProgress
{
    private const int HeadBytes = 64 * 1024;

    /// <summary>Length, time and first bytes of the file that this is about: another file of the same name starts anew.</summary>
    public string Identity { get; set; } = "";
    /// <summary>The file of an archive being read, from 0; 0 for a plain file.</summary>
    public int Entry { get; set; }
    /// <summary>Parts of that entry (rows, sets, documents) that are stored.</summary>
    public long Parts { get; set; }
    /// <summary>Where the last of them stands, for people.</summary>
    public string? Pointer { get; set; }
    public long Accepted { get; set; }
    public long Duplicate { get; set; }
    public long Quarantined { get; set; }
    public long Rejected { get; set; }
    /// <summary>When the file was first read: what its scans were received at.</summary>
    public DateTimeOffset ReceivedAt { get; set; }

    // Of the moment, not stored.
    internal long Position { get; set; }
    internal long Length { get; set; }

    public static string IdentityOf(FileInfo file)
    {
        using var stream = file.Open(FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var head = new byte[(int)Math.Min(HeadBytes, stream.Length)];
        var held = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        return $"{stream.Length}-{file.LastWriteTimeUtc.Ticks}-{Convert.ToHexStringLower(SHA256.HashData(head.AsSpan(0, held)).AsSpan(0, 8))}";
    }

    /// <summary>The stored progress of this very file; a fresh one where there is none, or none that can be read.</summary>
    public static FileProgress Load(string path, string identity, DateTimeOffset now)
    {
        try
        {
            if (File.Exists(path) && JsonSerializer.Deserialize<FileProgress>(File.ReadAllBytes(path)) is { } known && known.Identity == identity) return known;
        }
        catch (Exception unreadable) when (unreadable is JsonException or IOException) { }
        return new FileProgress { Identity = identity, ReceivedAt = now };
    }

    public static void Forget(string path)
    {
        if (File.Exists(path)) File.Delete(path);
    }

    /// <summary>Whole or not at all: a crash while it is written leaves the one before.</summary>
    public void Save(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var fresh = path + ".new";
        File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(this));
        File.Move(fresh, path, overwrite: true);
    }
}
