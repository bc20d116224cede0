using System.CommandLine;
using System.Text.Json;
using Tracking.Carriers;
using Tracking.Carriers.Files;
using Tracking.Carriers.Mapping;
using Tracking.Domain.Shipments;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>Prints the normalised scans of carrier files as JSON lines, for people who wire a feed. Unreadable items are lines with <c>error</c>.</summary>
internal static class DecodeCommand
{
    public static Command Create()
    {
        var format = new Argument<string>("format") { Description = "Format of the files, or a mapping file (*.json). Built in: " + string.Join(", ", FeedDecoders.BuiltIn.Select(d => d.Format)) };
        var files = new Argument<FileInfo[]>("file") { Description = "Files to decode; none: standard input.", Arity = ArgumentArity.ZeroOrMore };
        var zone = new Option<string?>("--zone") { Description = "IANA zone of local times whose place does not tell." };
        var carrier = new Option<string?>("--carrier") { Description = "Carrier slug for formats that do not name one." };
        var command = new Command("decode", "Prints the normalised scans of carrier files as JSON lines.") { format, files, zone, carrier };
        command.SetAction((parsed, cancel) => RunAsync(parsed.GetValue(format)!, parsed.GetValue(files)!, parsed.GetValue(zone), parsed.GetValue(carrier), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string format, FileInfo[] files, string? zone, string? carrier, CancellationToken cancel)
    {
        FeedDecoder? decoder;
        if (format.EndsWith(".json", StringComparison.OrdinalIgnoreCase) && File.Exists(format))
        {
            // A mapping file under way: tried before it is put into the formats folder.
            decoder = MappedFormats.LoadFile(format, out var problems);
            foreach (var problem in problems) await Console.Error.WriteLineAsync($"{format}: {problem}");
            if (decoder is null) return 2;
        }
        else decoder = FeedDecoders.Find(format) ?? MappedFormats.Load(Path.Combine(SiloConfiguration.DefaultDataFolder, "formats")).Find(format);
        if (decoder is null)
        {
            await Console.Error.WriteLineAsync($"There is no format '{format}'. Known: {string.Join(", ", FeedDecoders.BuiltIn.Select(d => d.Format))}.");
            return 2;
        }
        if (zone is not null && Carriers.Zones.EventTimes.FindZone(zone) is null)
        {
            await Console.Error.WriteLineAsync($"--zone is '{zone}', which is no IANA zone.");
            return 2;
        }
        var context = new FeedContext { Feed = decoder.Format, Channel = "cli", ReceivedAt = DateTimeOffset.UtcNow, Zone = zone, Carrier = carrier, MaxMessageBytes = MaxDocument };
        await using var output = new BufferedStream(Console.OpenStandardOutput(), 64 * 1024);
        var unreadable = 0;
        if (files.Length == 0)
        {
            await using var input = Console.OpenStandardInput();
            unreadable += await DecodeAsync(decoder, input, context, output, _ => { }, cancel);
        }
        foreach (var path in files)
        {
            if (!path.Exists)
            {
                await Console.Error.WriteLineAsync($"{path.FullName} does not exist.");
                return 2;
            }
            using var file = FeedFile.Open(path.FullName);
            using var progress = new DecodeProgress(file, path.Name);
            try
            {
                foreach (var part in file.Parts())
                {
                    if (part.Refusal is { } refused) { Refuse(refused.Code, refused.Detail, part.Name); continue; }
                    unreadable += await DecodeAsync(decoder, part.Content, context with { FileName = part.Name }, output, progress.Told, cancel);
                }
            }
            catch (FeedFileException broken) { Refuse(broken.Code, broken.Message, path.Name); }
        }
        await output.FlushAsync(cancel);
        return unreadable == 0 ? 0 : 1;

        void Refuse(string code, string detail, string name)
        {
            unreadable++;
            using var json = new Utf8JsonWriter(output, Writing);
            json.WriteStartObject();
            json.WriteString("error", code);
            json.WriteString("detail", detail);
            json.WriteString("file", name);
            json.WriteEndObject();
            json.Flush();
            output.WriteByte((byte)'\n');
        }
    }

    /// <summary>A JSON or XML document is held whole while it is read; files of rows, sets, segments and documents a line are not.</summary>
    private const int MaxDocument = 256 * 1024 * 1024;

    private static readonly JsonWriterOptions Writing = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };   // for terminals and files, not for pages

    private static async Task<int> DecodeAsync(FeedDecoder decoder, Stream input, FeedContext context, Stream output, Action<int> told, CancellationToken cancel)
    {
        var unreadable = 0;
        await using var json = new Utf8JsonWriter(output, Writing);
        await foreach (var item in decoder.DecodeAsync(input, context, cancel))
        {
            told(item.Scans.Length);
            foreach (var scan in item.Scans)
            {
                ScanJson.Write(json, scan.Evidence is null ? scan with { Evidence = new Evidence(null, item.Pointer) } : scan);
                Line();
            }
            if (item.Problem is { } problem)
            {
                unreadable++;
                json.WriteStartObject();
                json.WriteString("error", problem.Code);
                json.WriteString("detail", problem.Detail);
                json.WriteString("pointer", item.Pointer);
                if (context.FileName is not null) json.WriteString("file", context.FileName);
                json.WriteEndObject();
                Line();
            }
            if (item.Notes.IsDefaultOrEmpty) continue;
            foreach (var note in item.Notes) await Console.Error.WriteLineAsync($"note: {item.Pointer}: {note.Code}: {note.Detail}");
        }
        return unreadable;

        void Line()
        {
            json.Flush();
            json.Reset();
            output.WriteByte((byte)'\n');
        }
    }
}
