namespace Tracking.Carriers.Flat;

/// <summary>Files that are not what they were put in the folder for: an archive named .txt, a picture, a PDF, an empty file.</summary>
public static class Decoy
{
    /// <summary>Why these bytes are no text file of any kind; null when nothing speaks against it. The first few hundred bytes are enough.</summary>
    public static DecodeProblem? Refuse(ReadOnlySpan<byte> start, string? fileName = null)
    {
        var file = string.IsNullOrEmpty(fileName) ? "The message" : fileName;
        if (start.Trim(" \t\r\n\0"u8).IsEmpty || start.SequenceEqual("\ufeff"u8)) return new DecodeProblem("message.empty", $"{file} is empty.");
        string? what = start switch
        {
            [0x50, 0x4B, 0x03 or 0x05, 0x04 or 0x06, ..] => "a ZIP archive",
            [0x1F, 0x8B, ..] => "gzip-compressed",
            [0x25, 0x50, 0x44, 0x46, ..] => "a PDF document",
            [0x89, 0x50, 0x4E, 0x47, ..] => "a PNG image",
            [0xFF, 0xD8, 0xFF, ..] => "a JPEG image",
            [0x47, 0x49, 0x46, 0x38, ..] => "a GIF image",
            [0x49, 0x49, 0x2A, 0x00, ..] or [0x4D, 0x4D, 0x00, 0x2A, ..] => "a TIFF image",
            [0xD0, 0xCF, 0x11, 0xE0, ..] => "an old Office document",
            _ => null,
        };
        return what is null ? null : new DecodeProblem("file.not-text", $"{file} is {what}, not a text file.");
    }
}
