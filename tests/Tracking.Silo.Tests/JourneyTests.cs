using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using Microsoft.Playwright;
using Tracking.Testing;

namespace Tracking.Silo.Tests;

/// <summary>
/// The README's own lines, against the real program, in a real browser: a carrier's message, an aggregator's webhook and a file of scans come back, and
/// each moves an open page without a reload.
/// </summary>
public sealed class JourneyTests
{
    private static readonly string Root = Path.GetFullPath(typeof(JourneyTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(a => a.Key == "RepositoryRoot").Value!);

    [Fact]
    public async Task The_curl_lines_of_the_readme_bring_shipments_that_can_be_asked_for()
    {
        Requires.Part("curl", Requires.OnPath("curl"), "apt-get install curl");
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder);

        var lines = CurlLines();
        lines.Count.ShouldBeGreaterThanOrEqualTo(4);
        foreach (var line in lines.Where(l => l.Contains("--data-binary", StringComparison.Ordinal)))
        {
            var answer = await BashAsync(line.Replace("http://localhost:5080", silo.Address.ToString().TrimEnd('/'), StringComparison.Ordinal));
            answer.ShouldContain("accepted", customMessage: line);
            answer.ShouldNotContain("rejected", customMessage: line);
            answer.ShouldNotContain("quarantined", customMessage: line);
        }
        foreach (var line in lines.Where(l => l.Contains("/v1/shipments/", StringComparison.Ordinal)))
        {
            var answer = await BashAsync(line.Replace("http://localhost:5080", silo.Address.ToString().TrimEnd('/'), StringComparison.Ordinal));
            using var view = JsonDocument.Parse(answer);
            view.RootElement.GetProperty("events").GetArrayLength().ShouldBeGreaterThan(0, line);
        }
    }

    [Fact]
    public async Task Each_message_moves_an_open_page_without_a_reload()
    {
        Requires.Part("Chromium", File.Exists("/usr/bin/chromium"), "apt-get install chromium");
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder);
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        });

        await MovesAsync(browser, silo, "/v1/scans", "application/x-ndjson", "fedex", "612904551027",
            """{"carrier":"fedex","trackingNumber":"612904551027","status":"IN_TRANSIT","occurredAt":"2026-11-20T18:05:00-06:00"}""",
            """{"carrier":"fedex","trackingNumber":"612904551027","status":"OUT_FOR_DELIVERY","occurredAt":"2026-11-21T08:05:00-05:00"}""", "Out for delivery");
        await MovesAsync(browser, silo, "/v1/feeds/ups", "application/json", "ups", "1Z7X904E0342100870",
            UpsAlert("I", "AR", "005", "20261119", "074502"), UpsAlert("D", "KB", "011", "20261120", "134502"), "Delivered");
        await MovesAsync(browser, silo, "/v1/feeds/easypost", "application/json", "usps", "9400111899560440177222",
            EasyPost("in_transit", "2026-11-19T08:10:00Z"), EasyPost("out_for_delivery", "2026-11-20T08:10:00Z"), "Out for delivery");
    }

    [Fact]
    public async Task The_demo_prints_the_link_of_a_page_that_moves_at_once()
    {
        Requires.Part("Chromium", File.Exists("/usr/bin/chromium"), "apt-get install chromium");
        using var scratch = new Scratch();
        await using var silo = await SiloProcess.StartAsync(scratch.Folder, "--demo", "--Demo:StepSeconds=3");
        string? link = null;
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while ((link = System.Text.RegularExpressions.Regex.Match(silo.Output, @"http://\S+/t/\S+").Value) == "") await Task.Delay(50, patience.Token);   // printed once its first parcel is stored

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 390, Height = 844 }, DeviceScaleFactor = 2, ColorScheme = ColorScheme.Light });
        await page.GotoAsync(link);
        await page.EvaluateAsync("window.stillTheSamePage = true");
        var lines = page.Locator("#lines");
        var before = await lines.GetAttributeAsync("data-n") ?? "";   // how many there are; of many only the newest are drawn

        await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Assertions.Expect(lines).Not.ToHaveAttributeAsync("data-n", before, new() { Timeout = 60_000 });
        await Assertions.Expect(page.Locator("[data-s=status]").First).ToHaveTextAsync("Out for delivery", new() { Timeout = 120_000 });

        (await page.EvaluateAsync<bool>("window.stillTheSamePage === true")).ShouldBeTrue();
        var shots = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "screenshots")).FullName;
        await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(shots, "demo.png") });
    }

    private static async Task MovesAsync(IBrowser browser, SiloProcess silo, string door, string type, string carrier, string number, string first, string then, string says)
    {
        await PostAsync(silo, door, type, first);
        using var view = JsonDocument.Parse(await silo.Client.GetStringAsync(new Uri($"/v1/shipments/{carrier}/{number}", UriKind.Relative)));
        var page = await browser.NewPageAsync();
        await page.GotoAsync(view.RootElement.GetProperty("trackingUrl").GetString()!);
        var status = page.Locator("[data-s=status]").First;
        (await status.InnerTextAsync()).ShouldNotBe(says);
        await page.EvaluateAsync("window.stillTheSamePage = true");
        await Assertions.Expect(page.Locator("#live")).ToBeVisibleAsync(new() { Timeout = 60_000 });   // the socket is open

        await PostAsync(silo, door, type, then);

        await Assertions.Expect(status).ToHaveTextAsync(says, new() { Timeout = 60_000 });
        (await page.EvaluateAsync<bool>("window.stillTheSamePage === true")).ShouldBeTrue();
        await page.CloseAsync();
    }

    private static async Task PostAsync(SiloProcess silo, string door, string type, string body)
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, type);
        using var answer = await silo.Client.PostAsync(new Uri(door, UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        text.ShouldContain("accepted");
    }

    private static string UpsAlert(string type, string code, string descriptionCode, string day, string time) => $$$"""
        {"trackingNumber":"1Z7X904E0342100870","localActivityDate":"{{{day}}}","localActivityTime":"{{{time}}}","gmtActivityDate":"{{{day}}}","gmtActivityTime":"{{{time}}}","gmtOffset":"+00.00",
         "activityLocation":{"city":"DULUTH","stateProvince":"MN","postalCode":"","country":"US"},"activityStatus":{"type":"{{{type}}}","code":"{{{code}}}","description":"","descriptionCode":"{{{descriptionCode}}}"}}
        """;

    private static string EasyPost(string status, string at) => $$$"""
        {"id":"evt_{{{status}}}","object":"Event","mode":"test","description":"tracker.updated","previous_attributes":{},"created_at":"2026-11-20T18:07:02.000Z",
         "result":{"id":"trk_1","object":"Tracker","tracking_code":"9400111899560440177222","carrier":"USPS","status":"{{{status}}}","status_detail":"{{{status}}}","est_delivery_date":null,"signed_by":null,
          "tracking_details":[{"object":"TrackingDetail","message":"","status":"{{{status}}}","status_detail":"{{{status}}}","datetime":"{{{at}}}","source":"USPS","carrier_code":"",
           "tracking_location":{"city":"MACON","state":"GA","country":null,"zip":"31201"}}],"carrier_detail":null,"finalized":false,"is_return":false}}
        """;

    private static List<string> CurlLines()
    {
        var lines = new List<string>();
        foreach (var line in File.ReadAllText(Path.Combine(Root, "README.md")).Replace("\\\n", " ", StringComparison.Ordinal).Split('\n'))
            if (line.TrimStart().StartsWith("curl ", StringComparison.Ordinal))
                lines.Add(line.Trim());
        return lines;
    }

    private static async Task<string> BashAsync(string line)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", line]) { WorkingDirectory = Root, RedirectStandardOutput = true })!;
        var output = await bash.StandardOutput.ReadToEndAsync();
        await bash.WaitForExitAsync();
        return output;
    }
}
