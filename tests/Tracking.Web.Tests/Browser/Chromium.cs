using System.Runtime.CompilerServices;
using Microsoft.Playwright;
using Tracking.Testing;

[assembly: AssemblyFixture(typeof(Tracking.Web.Tests.Browser.Chromium))]

namespace Tracking.Web.Tests.Browser;

/// <summary>Debian's Chromium, started once, when the first test asks for it. Each test has a visitor of its own, so classes of browser tests run side by side.</summary>
public sealed class Chromium : IAsyncDisposable
{
    public const string Path = "/usr/bin/chromium";

    private readonly Lazy<Task<(IPlaywright Playwright, IBrowser Browser)>> _started = new(StartAsync);

    public static bool IsThere => File.Exists(Path);

    /// <summary><c>TRACKING_FULL=1</c>, which <c>tests/run --full</c> sets: every combination instead of a choice.</summary>
    public static bool IsFull => Environment.GetEnvironmentVariable("TRACKING_FULL") == "1";

    /// <summary>Screenshots go here, to be looked at and kept by CI.</summary>
    public static string Screenshots { get; } = Directory.CreateDirectory(
        Environment.GetEnvironmentVariable("TRACKING_SCREENSHOTS") is { Length: > 0 } folder ? folder : System.IO.Path.Combine(AppContext.BaseDirectory, "screenshots")).FullName;

    private static async Task<(IPlaywright, IBrowser)> StartAsync()
    {
        var playwright = await Playwright.CreateAsync();
        return (playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Path,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
        }));
    }

    public async ValueTask DisposeAsync()
    {
        if (!_started.IsValueCreated) return;
        var (playwright, browser) = await _started.Value;
        await browser.DisposeAsync();
        playwright.Dispose();
    }

    /// <summary>A fresh visitor. Skips the test, by name, on a machine without Chromium.</summary>
    public async Task<IBrowserContext> VisitorAsync(BrowserNewContextOptions? options = null, [CallerMemberName] string test = "", [CallerFilePath] string file = "")
    {
        Requires.Part("Chromium", IsThere, "apt-get install chromium", test, file);
        options ??= new BrowserNewContextOptions();
        options.ViewportSize ??= new ViewportSize { Width = 360, Height = 640 };
        options.Locale ??= "en-GB";
        var visitor = await (await _started.Value).Browser.NewContextAsync(options);
        visitor.SetDefaultTimeout(60_000);
        return visitor;
    }
}
