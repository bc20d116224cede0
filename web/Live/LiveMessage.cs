using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using Tracking.Web.Pages;

namespace Tracking.Web.Live;

/// <summary>
/// A story as the page's script takes it in: a snapshot with a version, never a delta, so that any message may be lost and the last one is enough.
/// </summary>
public static class LiveMessage
{
    /// <summary>A pushed message is at most this long, in bytes of UTF-8; the oldest lines of its history give way.</summary>
    public const int MaxBytes = 2_048;

    /// <summary>How many of the newest lines a page shows and a message carries.</summary>
    public const int Lines = 5;

    private const int MaxPieces = 6;

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.Create(UnicodeRanges.All), SkipValidation = true };

    /// <summary>Writes a message of at most <see cref="MaxBytes"/>.</summary>
    public static byte[] Write(Story story, string title, string all)
    {
        for (var lines = Lines; ; lines--)
        {
            var bytes = Write(story, title, all, lines, MaxPieces, whole: false, withTime: true);
            if (bytes.Length <= MaxBytes || lines == 0) return bytes;
        }
    }

    /// <summary>Writes the snapshot that <c>view.json</c> answers: all pieces, the newest lines uncut.</summary>
    /// <param name="withTime">False leaves out the moment it was told at, for comparing what is said.</param>
    public static byte[] WriteWhole(Story story, string title, string all, bool withTime = true) => Write(story, title, all, Lines, int.MaxValue, whole: true, withTime);

    private static byte[] Write(Story story, string title, string all, int lines, int pieces, bool whole, bool withTime)
    {
        var output = new ArrayBufferWriter<byte>(1_536);
        using (var json = new Utf8JsonWriter(output, Options))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, story.Version);
            if (withTime) json.WriteNumber("at"u8, story.Now.ToUnixTimeMilliseconds());
            json.WriteNumber("tone"u8, (int)story.Tone);
            json.WriteNumber("step"u8, story.Step);
            json.WriteStartArray("steps"u8);
            foreach (var step in story.Steps) json.WriteStringValue(step);
            json.WriteEndArray();
            json.WriteString("title"u8, title);
            json.WriteString("status"u8, story.Status);
            json.WriteString("lead"u8, story.Lead);
            json.WriteString("when"u8, story.When);
            Optional(json, "sure"u8, story.Sure);
            Optional(json, "before"u8, story.Before);
            Optional(json, "change"u8, story.Change);
            json.WriteString("where"u8, story.Where);
            Optional(json, "whereAt"u8, story.WhereAt);
            json.WriteString("next"u8, story.Next);
            json.WriteString("act"u8, story.Act);
            if (story.MustAct) json.WriteBoolean("must"u8, true);
            json.WriteString("fresh"u8, story.Fresh);
            if (story.HeardAt is { } heard) json.WriteNumber("heard"u8, heard.ToUnixTimeMilliseconds());
            Optional(json, "note"u8, story.Note);
            Optional(json, "done"u8, story.PiecesDone);
            if (story.Pieces.Count > 0)
            {
                json.WriteStartArray("pieces"u8);
                foreach (var piece in story.Pieces.Take(pieces))
                {
                    json.WriteStartArray();
                    json.WriteStringValue(piece.Name);
                    json.WriteStringValue(piece.Status);
                    json.WriteNumberValue((int)piece.Tone);
                    json.WriteEndArray();
                }
                json.WriteEndArray();
            }
            json.WriteStartArray("lines"u8);
            foreach (var line in story.Lines.Take(lines))
            {
                json.WriteStartArray();
                json.WriteStringValue(line.Text);
                json.WriteStringValue(line.Meta);
                if (line.Struck) json.WriteNumberValue(1);
                json.WriteEndArray();
            }
            json.WriteEndArray();
            json.WriteNumber("count"u8, story.LineCount);
            json.WriteString("all"u8, all);
            if (whole) json.WriteBoolean("whole"u8, true);
            json.WriteString("say"u8, story.Say);
            json.WriteNumber("refresh"u8, story.RefreshAt.ToUnixTimeMilliseconds());
            json.WriteEndObject();
        }
        return output.WrittenSpan.ToArray();
    }

    private static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (!string.IsNullOrEmpty(value)) json.WriteString(name, value);
    }
}
