using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using Tracking.Testing;

namespace Tracking.Web.Tests.Browser;

/// <summary>Debian's Chromium, started once for all browser tests.</summary>
public sealed class Chromium : IAsyncLifetime
{
    public const string Path = "/usr/bin/chromium";

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public static bool IsThere => File.Exists(Path);

    /// <summary><c>TRACKING_FULL=1</c>, which <c>tests/run --full</c> sets: every combination instead of a choice.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("TRACKING_FULL") == "1";

    /// <summary>Screenshots go here, to be looked at and kept by CI.</summary>
    public static string Screenshots { get; } = Directory.CreateDirectory(
        Environment.GetEnvironmentVariable("TRACKING_SCREENSHOTS") is { Length: > 0 } folder ? folder : System.IO.Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;

    public async ValueTask InitializeAsync()
    {
        if (!IsThere) return;
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null) await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A fresh visitor. Skips the test, by name, on a machine without Chromium.</summary>
    public async Task<IBrowserContext> VisitorAsync(BrowserNewContextOptions? options = null, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Requires.Part("Chromium", IsThere, "apt-get install chromium", test, file);
        options ??= new BrowserNewContextOptions();
        options.ViewportSize ??= new ViewportSize { Width = 360, Height = 640 };
        options.Locale ??= "en-GB";
        var visitor = await _browser!.NewContextAsync(options);
        visitor.SetDefaultTimeout(60_000);
        return visitor;
    }
}

[CollectionDefinition(nameof(Chromium))]
public sealed class ChromiumCollection : ICollectionFixture<Chromium>;
