using System.CommandLine;
using System.Reflection;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary>What several commands share.</summary>
internal static class CommandLine
{
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    /// <summary>How to run the same again, without secrets: the password of a connection string is left out.</summary>
    public static string Repeat(IEnumerable<string> arguments) =>
        "dotnet run --project loadtest -- " + string.Join(' ', arguments.Select(a => Quote(HidePassword(a))));

    public static string HidePassword(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, @"(?i)\b(password|pwd)\s*=\s*[^;]*", "$1=…");

    private static string Quote(string argument) => argument.Any(c => char.IsWhiteSpace(c) || c is ';' or '&' or '"') ? $"\"{argument.Replace("\"", "\\\"")}\"" : argument;

    /// <summary><c>--set Name=Value</c>, as often as wanted.</summary>
    public static Option<string[]> Settings() => new("--set")
    {
        Description = "A setting of the silo that is started, as Name=Value (Journal__MaxBatch=250); may be repeated.", DefaultValueFactory = _ => [],
    };

    public static Dictionary<string, string> ParseSettings(IEnumerable<string> settings)
    {
        var parsed = new Dictionary<string, string>();
        foreach (var setting in settings)
        {
            var at = setting.IndexOf('=');
            if (at <= 0) throw new SetUpException($"--set {setting}: it is written Name=Value.");
            parsed[setting[..at].Replace(":", "__", StringComparison.Ordinal)] = setting[(at + 1)..];
        }
        return parsed;
    }

    /// <summary>A run's number when none is told: it changes every second and repeats after eleven days.</summary>
    public static int RunNow() => (int)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() % 1_000_000);

    public static void WriteFile(string path, string text)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
        File.WriteAllText(path, text);
    }
}
