using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Tracking.Journal;

/// <summary>
/// One numbered script, applied once. Scripts only expand: code of the release before still works on the schema after. The schema row holds the newest version applied and the oldest
/// code that may use it; code refuses only a database that asks for newer code.
/// </summary>
internal sealed record Migration(int Version, string Name, string Sql)
{
    /// <summary>What this code is, to a database: the newest schema version it was written for.</summary>
    public const int Code = 2;

    /// <summary>Hex SHA-256 of the script with LF line ends, so that a checkout on Windows has the same one.</summary>
    public string Checksum => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql)));

    /// <summary>The scripts embedded under <c>{folder}/Sql/</c>, in order.</summary>
    public static IReadOnlyList<Migration> In(string folder)
    {
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Select(name => (Resource: name, Path: name.Replace('\\', '/')))
            .Where(at => at.Path.StartsWith(folder + "/Sql/", StringComparison.Ordinal))
            .Select(at => Read(assembly, at.Resource, Path.GetFileName(at.Path)))
            .OrderBy(script => script.Version)];
    }

    private static Migration Read(Assembly assembly, string resource, string file)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
        return new(int.Parse(file.AsSpan(0, 4), System.Globalization.CultureInfo.InvariantCulture), file, reader.ReadToEnd().ReplaceLineEndings("\n"));
    }

    /// <summary>Which scripts are still to be applied; throws where the database asks for newer code or an applied script was changed.</summary>
    public static IReadOnlyList<Migration> Missing(IReadOnlyList<Migration> known, IReadOnlyDictionary<int, string> applied, int oldestCompatibleCode, string place)
    {
        if (oldestCompatibleCode > Code)
        {
            throw new StorageStartException($"{place} was changed by newer code and asks for schema version {oldestCompatibleCode} or later; this code knows {Code}. Start the newer release.");
        }
        foreach (var script in known)
        {
            if (applied.TryGetValue(script.Version, out var checksum) && checksum != script.Checksum)
            {
                throw new StorageStartException($"{place} was set up by another text of {script.Name} (checksum {checksum[..12]}, here {script.Checksum[..12]}); an applied migration must not be edited.");
            }
        }
        return [.. known.Where(script => !applied.ContainsKey(script.Version))];
    }
}
