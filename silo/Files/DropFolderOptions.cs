using System.ComponentModel.DataAnnotations;

namespace Tracking.Silo.Files;

/// <summary>The watched folder for carriers that deliver files. Section <c>Feeds</c>.</summary>
public sealed class DropFolderOptions
{
    /// <summary>The folder, laid out <c>{retailer}/{feedId}/</c>; not set (the default): none is watched.</summary>
    public string? DropFolder { get; set; }
    /// <summary>Seconds between two looks. Default 2.</summary>
    [Range(0.1, 3600)] public double LookSeconds { get; set; } = 2;
    /// <summary>Seconds for which a file must neither grow nor change before it is read. Default 5: senders that write slowly should write <c>x.csv.part</c> and rename.</summary>
    [Range(0, 86_400)] public double SettleSeconds { get; set; } = 5;
    /// <summary>Feeds whose files are read at once; files of one feed are read one after the other. Default 2.</summary>
    [Range(1, 64)] public int FeedsAtOnce { get; set; } = 2;
    /// <summary>Bytes that one archive may unpack to. Default 16 GiB.</summary>
    [Range(1_000_000, 1_000_000_000_000_000)] public long MaxUnpackedBytes { get; set; } = 17_179_869_184;

    /// <summary>What is wrong, one sentence each.</summary>
    public IEnumerable<string> Problems()
    {
        if (string.IsNullOrWhiteSpace(DropFolder)) yield break;
        if (File.Exists(DropFolder)) yield return $"Feeds:DropFolder is '{DropFolder}', which is a file; it is a folder.";
    }
}
