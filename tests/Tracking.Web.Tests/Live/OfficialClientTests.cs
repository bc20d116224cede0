using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;
using Tracking.Web.Tests.Pages;

namespace Tracking.Web.Tests.Live;

public sealed class OfficialClientTests
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private static string Folder([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(Path.GetDirectoryName(file))!, "npm");

    [Fact]
    public async Task The_official_client_understands_our_hub()
    {
        Requires.Part("Node and @microsoft/signalr", Requires.OnPath("node") && Directory.Exists(Path.Combine(Folder(), "node_modules", "@microsoft", "signalr")), "npm ci in tests/Tracking.Web.Tests/npm");
        await using var host = await PageHost.StartAsync();
        var (token, view) = host.Parcels.Add();
        using var node = Start(host.Address, token, view.Version);
        (await LineAsync(node)).ShouldBe("watching null");
        host.Parcels.Publish(view with { Version = view.Version + 1, Status = Milestone.Delivered });
        var line = (await LineAsync(node))!;
        line.ShouldStartWith("update ");
        var update = JsonDocument.Parse(line["update ".Length..]).RootElement;
        update.GetProperty("v").GetInt32().ShouldBe(view.Version + 1);
        update.GetProperty("status").GetString().ShouldBe("Zugestellt");
        await node.StandardInput.WriteLineAsync("stop");
        await node.WaitForExitAsync(Cancel);
        node.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task The_official_client_is_told_why_it_is_refused()
    {
        Requires.Part("Node and @microsoft/signalr", Requires.OnPath("node") && Directory.Exists(Path.Combine(Folder(), "node_modules", "@microsoft", "signalr")), "npm ci in tests/Tracking.Web.Tests/npm");
        await using var host = await PageHost.StartAsync();
        using var node = Start(host.Address, "nowhere", 0);
        (await LineAsync(node))!.ShouldMatch("^refused .*gone");
        await node.StandardInput.WriteLineAsync("stop");
        await node.WaitForExitAsync(Cancel);
    }

    private static Process Start(string address, string token, int version)
    {
        var start = new ProcessStartInfo("node") { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = Folder() };
        foreach (var word in new[] { "watch.mjs", address, token, version.ToString(System.Globalization.CultureInfo.InvariantCulture), "de" }) start.ArgumentList.Add(word);
        return Process.Start(start)!;
    }

    private static async Task<string?> LineAsync(Process node) => await node.StandardOutput.ReadLineAsync(Cancel);
}
