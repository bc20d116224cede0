using System.Diagnostics;
using System.Reflection;
using YamlDotNet.RepresentationModel;

namespace Tracking.Deploy.Tests;

/// <summary>The files as they are in the checkout, and the programs that judge them.</summary>
internal static class Repository
{
    public static string Root { get; } = Path.GetFullPath(typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(static a => a.Key == "RepositoryRoot").Value!);

    public static string At(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(At(path));

    public static IReadOnlyList<string> Files(string folder, string pattern) => [.. Directory.EnumerateFiles(At(folder), pattern, SearchOption.AllDirectories).Select(static path => Path.GetRelativePath(Root, path)).Order(StringComparer.Ordinal)];

    /// <summary>Every document of a YAML file. A key that stands twice is an error, as it is to Kubernetes.</summary>
    public static IReadOnlyList<YamlNode> Yaml(string path)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(Read(path));
        stream.Load(reader);
        return [.. stream.Documents.Select(static document => document.RootNode)];
    }

    public static YamlNode? Find(this YamlNode? node, params string[] path)
    {
        foreach (var key in path)
        {
            if (node is not YamlMappingNode map || !map.Children.TryGetValue(new YamlScalarNode(key), out node)) return null;
        }
        return node;
    }

    public static string? Text(this YamlNode? node, params string[] path) => (node.Find(path) as YamlScalarNode)?.Value;

    public static IEnumerable<YamlNode> Items(this YamlNode? node, params string[] path) => node.Find(path) as YamlSequenceNode ?? (IEnumerable<YamlNode>)[];

    public static IEnumerable<(string Key, YamlNode Value)> Entries(this YamlNode? node, params string[] path)
        => node.Find(path) is YamlMappingNode map ? map.Children.Select(static entry => (((YamlScalarNode)entry.Key).Value!, entry.Value)) : [];

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(string program, string[] arguments, string folder = "", string? input = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = At(folder), RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = input is not null };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        var said = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, said[0] + said[1]);
    }
}
