using System.Collections.Immutable;

namespace Tracking.Carriers.Mapping;

/// <summary>The mapping files of a folder as formats: what an operator adds, beside <see cref="FeedDecoders.BuiltIn"/>.</summary>
/// <param name="Decoders">A decoder for every mapping file that is right.</param>
/// <param name="Problems">File name and what is wrong in it.</param>
public sealed record MappedFormats(ImmutableArray<FeedDecoder> Decoders, ImmutableArray<(string File, MappingProblem Problem)> Problems)
{
    public static readonly MappedFormats None = new([], []);
    private const int MaxFile = 1024 * 1024;

    /// <summary>Reads every <c>*.json</c> of a folder, in order of name; a folder that is not there holds none. Two files with one format name: the second is refused.</summary>
    public static MappedFormats Load(string folder)
    {
        if (!Directory.Exists(folder)) return None;
        var decoders = ImmutableArray.CreateBuilder<FeedDecoder>();
        var problems = ImmutableArray.CreateBuilder<(string, MappingProblem)>();
        foreach (var path in Directory.EnumerateFiles(folder, "*.json").Order(StringComparer.Ordinal))
        {
            var decoder = LoadFile(path, out var wrong);
            foreach (var problem in wrong) problems.Add((Path.GetFileName(path), problem));
            if (decoder is null) continue;
            if (decoders.Any(d => d.Format == decoder.Format)) problems.Add((Path.GetFileName(path), new MappingProblem(0, "format", $"'{decoder.Format}' is the format of another file.", "Choose another name.")));
            else decoders.Add(decoder);
        }
        return new MappedFormats(decoders.ToImmutable(), problems.ToImmutable());
    }

    /// <summary>One mapping file; null with its problems when it is wrong or cannot be opened.</summary>
    public static FeedDecoder? LoadFile(string path, out ImmutableArray<MappingProblem> problems)
    {
        try
        {
            if (new FileInfo(path).Length > MaxFile) { problems = [new MappingProblem(0, "file", "The file is longer than 1 MB.", "A mapping is a few hundred lines at most.")]; return null; }
            return MappingReader.Read(File.ReadAllBytes(path), out problems);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems = [new MappingProblem(0, "file", e.Message, "")];
            return null;
        }
    }

    /// <summary>A format by name: mapped ones beside the built-in ones.</summary>
    public FeedDecoder? Find(string format)
        => FeedDecoders.Find(format) ?? Decoders.FirstOrDefault(d => d.Format.Equals(format, StringComparison.OrdinalIgnoreCase));
}
