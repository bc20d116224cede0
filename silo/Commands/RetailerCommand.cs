using System.Buffers.Text;
using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json;
using Tracking.Silo.Hosting;
using Tracking.Web.Retailers;

namespace Tracking.Silo.Commands;

/// <summary>Makes a retailer's file with fresh keys. Keys are shown once and stored as digests only.</summary>
internal static class RetailerCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "1 to 40 of a-z, 0-9 and hyphen." };
        var add = new Command("add", "Makes data/retailers/<id>.json with a fresh API key, which is shown once.") { id };
        add.TreatUnmatchedTokensAsErrors = false;
        add.SetAction(parsed => Add(parsed.GetValue(id)!, SiloConfiguration.CreateBuilder([.. parsed.UnmatchedTokens]).Configuration));
        return new Command("retailer", "Manages retailers.") { add };
    }

    private static int Add(string id, IConfiguration configuration)
    {
        if (!RetailerDirectory.IsId(id))
        {
            Console.Error.WriteLine($"'{id}' is no retailer id: 1 to 40 of a-z, 0-9 and hyphen.");
            return 2;
        }
        var folder = Path.Combine(SiloConfiguration.DataFolder(configuration), "retailers");
        var path = Path.Combine(folder, id + ".json");
        if (File.Exists(path))
        {
            Console.Error.WriteLine($"{path} exists already; nothing was changed.");
            return 1;
        }
        // Recognisable by secret scanners: what it is, whose, and 256 random bits.
        var key = $"tak_live_{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32))}";
        var publishable = $"tap_live_{id}_{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24))}";
        var feed = "ups-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        var credential = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(24));
        var text = JsonSerializer.Serialize(new
        {
            Name = id,
            Zone = "Etc/UTC",
            Currency = "EUR",
            Locale = "en",
            Keys = new[] { "sha256:" + RetailerDirectory.Digest(key) },
            PublishableKeys = new[] { new { Key = publishable, Origins = Array.Empty<string>() } },
            Feeds = new Dictionary<string, object> { [feed] = new { Format = "ups", Secrets = new[] { credential }, Header = "credential" } },
        }, Indented);
        Directory.CreateDirectory(folder);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new StreamWriter(new FileStream(path, options))) file.WriteLine(text);

        Console.WriteLine($"{path} was made; a running silo knows it within seconds.");
        Console.WriteLine($"  API key, shown once: {key}");
        Console.WriteLine($"  publishable key:     {publishable}");
        Console.WriteLine($"  UPS Track Alert:     POST /v1/feeds/ups/{feed}, credential {credential}");
        return 0;
    }

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
}
