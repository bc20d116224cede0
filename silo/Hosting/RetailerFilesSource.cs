using System.Text.Json;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;

namespace Tracking.Silo.Hosting;

/// <summary>
/// Every <c>*.json</c> of a folder as configuration below <c>Retailers:{file name}</c>, watched: a file that is added, changed or removed is known within
/// seconds. A file that cannot be read keeps what it said before, and says so once.
/// </summary>
public sealed class RetailerFilesSource(string folder) : IConfigurationSource
{
    public IConfigurationProvider Build(IConfigurationBuilder builder) => new RetailerFilesProvider(Path.GetFullPath(folder));
}

/// <inheritdoc cref="RetailerFilesSource"/>
public sealed class RetailerFilesProvider : ConfigurationProvider, IDisposable
{
    private readonly string _folder;
    private readonly Dictionary<string, Dictionary<string, string?>> _good = new(StringComparer.Ordinal);
    private PhysicalFileProvider? _files;
    private IDisposable? _watch;

    public RetailerFilesProvider(string folder) => _folder = folder;

    /// <summary>Files that could not be read, one sentence each; empty when all could.</summary>
    public static IReadOnlyList<string> Problems { get; private set; } = [];

    public override void Load()
    {
        ReadAll();
        if (_watch is not null || !Directory.Exists(_folder)) return;
        _files = new PhysicalFileProvider(_folder) { UseActivePolling = true, UsePollingFileWatcher = true };   // polling sees mounted volumes too
        _watch = ChangeToken.OnChange(() => _files.Watch("*.json"), () =>
        {
            ReadAll();
            OnReload();
        });
    }

    private void ReadAll()
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var problems = new List<string>();
        var paths = Directory.Exists(_folder) ? Directory.GetFiles(_folder, "*.json").Order(StringComparer.Ordinal).ToArray() : [];
        foreach (var path in paths)
        {
            var id = Path.GetFileNameWithoutExtension(path);
            try
            {
                using var document = JsonDocument.Parse(File.ReadAllBytes(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
                var flat = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
                Flatten(document.RootElement, "Retailers:" + id, flat);
                _good[id] = flat;
            }
            catch (Exception unreadable) when (unreadable is JsonException or IOException or UnauthorizedAccessException)
            {
                problems.Add($"{path} cannot be read: {unreadable.Message}");
            }
            if (_good.TryGetValue(id, out var known))
                foreach (var (key, value) in known)
                    data[key] = value;
        }
        foreach (var gone in _good.Keys.Except(paths.Select(p => Path.GetFileNameWithoutExtension(p)!)).ToList()) _good.Remove(gone);
        Problems = problems;
        Data = data;
    }

    private static void Flatten(JsonElement element, string path, Dictionary<string, string?> data)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject()) Flatten(property.Value, path + ":" + property.Name, data);
                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in element.EnumerateArray()) Flatten(item, $"{path}:{index++}", data);
                break;
            case JsonValueKind.Null: break;
            default: data[path] = element.ToString(); break;
        }
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _files?.Dispose();
    }
}
