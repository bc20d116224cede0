using System.Net;
using System.Text.RegularExpressions;
using Tracking.Testing;
using YamlDotNet.RepresentationModel;

namespace Tracking.Deploy.Tests;

/// <summary>No container engine runs here: what its files name must exist, and they must agree with each other.</summary>
public sealed partial class ComposeTests
{
    private const string Compose = "deploy/compose.yaml", Dockerfile = "deploy/docker/Dockerfile";

    private static readonly YamlNode File = Repository.Yaml(Compose).Single();

    public static TheoryData<string> YamlFiles() => [.. Repository.Files("deploy", "*.yaml").Concat(Repository.Files("deploy", "*.yml"))];

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Every_yaml_file_is_yaml_with_no_key_twice(string path) => Repository.Yaml(path).Count.ShouldBeGreaterThan(0);

    [Fact]
    public void Every_image_is_pinned_to_a_version()
    {
        var images = Repository.Files("deploy", "*.yaml").SelectMany(static path => Image().Matches(Repository.Read(path)).Select(static match => match.Groups[1].Value))
            .Where(static image => image != "tracking")   // kustomize gives it its name and tag
            .Select(static image => image.Replace("${TRACKING_VERSION:-0.1.0}", "0.1.0", StringComparison.Ordinal))
            .Concat(Bases()).Distinct().ToList();
        images.Count.ShouldBeGreaterThan(5);
        images.ShouldAllBe(static image => Regex.IsMatch(image, @":v?\d+\.\d+(\.\d+)?(-[a-z.-]+)?$"));
    }

    [Fact]
    public void Every_file_it_mounts_or_builds_from_exists()
    {
        foreach (var (name, service) in File.Entries("services"))
        {
            foreach (var volume in Merged(service).Items("volumes").Select(static v => ((YamlScalarNode)v).Value!).Where(static v => v.StartsWith("./", StringComparison.Ordinal)))
            {
                var source = volume.Split(':')[0];
                if (source == "./data/retailers") continue;   // the operator's own; README.md makes it
                Path.Exists(Repository.At("deploy/" + source)).ShouldBeTrue($"{name}: {volume}");
            }
            if (Merged(service).Find("build") is not { } build) continue;
            System.IO.File.Exists(Repository.At("deploy/" + build.Text("context") + "/" + build.Text("dockerfile"))).ShouldBeTrue();
            foreach (var (argument, _) in build.Entries("args")) Repository.Read(Dockerfile).ShouldContain($"ARG {argument}=");
        }
    }

    [Fact]
    public void The_nodes_differ_in_name_and_address_and_share_the_rest()
    {
        var silos = File.Entries("services").Where(static s => s.Key.StartsWith("silo", StringComparison.Ordinal)).ToList();
        silos.Count.ShouldBe(3);
        var subnet = IPNetwork.Parse(File.Find("networks", "tracking", "ipam").Items("config").Single().Text("subnet")!);
        foreach (var (name, silo) in silos)
        {
            var address = silo.Text("networks", "tracking", "ipv4_address");
            subnet.Contains(IPAddress.Parse(address!)).ShouldBeTrue();
            silo.Text("environment", "Orleans__AdvertisedIP").ShouldBe(address);
            silo.Text("environment", "Orleans__NodeName").ShouldBe(name);
        }
        silos.Select(static s => s.Value.Text("environment", "Orleans__AdvertisedIP")).Distinct().Count().ShouldBe(3);
        File.Text("x-silo-environment", "Telemetry__ExpectedNodes").ShouldBe("3");
    }

    [Fact]
    public void A_node_has_longer_to_leave_than_it_takes()
    {
        // 25 s: HostOptions.ShutdownTimeout in silo/Commands/ServeCommand.cs, and three to hand over.
        int.Parse(File.Text("x-silo", "stop_grace_period")!.TrimEnd('s'), System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(25);
        Repository.Read("silo/Commands/ServeCommand.cs").ShouldContain("ShutdownTimeout = TimeSpan.FromSeconds(22)");
    }

    [Fact]
    public void Nginx_and_prometheus_speak_to_the_nodes_on_ports_the_image_opens()
    {
        var services = File.Entries("services").Select(static s => s.Key).ToHashSet(StringComparer.Ordinal);
        var open = Regex.Match(Repository.Read(Dockerfile), "^EXPOSE (.+)$", RegexOptions.Multiline).Groups[1].Value.Split(' ');
        var upstream = Regex.Matches(Repository.Read("deploy/nginx/cluster.conf"), @"server (\w+):(\d+)").Select(static m => (Host: m.Groups[1].Value, Port: m.Groups[2].Value)).ToList();
        var scraped = Repository.Yaml("deploy/prometheus/prometheus.yml").Single().Items("scrape_configs").SelectMany(static job => job.Items("static_configs")).SelectMany(static c => c.Items("targets"))
            .Select(static t => ((YamlScalarNode)t).Value!.Split(':')).Select(static t => (Host: t[0], Port: t[1])).ToList();
        upstream.Count.ShouldBe(3);
        scraped.Count.ShouldBe(3);
        foreach (var (host, port) in upstream.Concat(scraped))
        {
            services.ShouldContain(host);
            open.ShouldContain(port);
        }
        Repository.Read(Dockerfile).ShouldContain($"Urls=http://0.0.0.0:{upstream[0].Port} Admin__Urls=http://0.0.0.0:{scraped[0].Port}");
        Regex.Match(Repository.Read("deploy/nginx/cluster.conf"), @"listen (\d+)").Groups[1].Value.ShouldBe(File.Find("services", "nginx").Items("ports").Select(static p => ((YamlScalarNode)p).Value!.Split(':')[2]).Single());
        Repository.Read("deploy/grafana/provisioning/datasources/prometheus.yaml").ShouldContain("http://prometheus:9090");
    }

    [Fact]
    public void Every_secret_is_asked_for_by_name_and_none_stands_in_a_file()
    {
        var example = Repository.Read("deploy/.env.example");
        var asked = Regex.Matches(Repository.Read(Compose), @"\$\{(\w+)").Select(static m => m.Groups[1].Value).Distinct().ToList();
        asked.ShouldContain("LINK_KEY");
        foreach (var name in asked) Regex.IsMatch(example, $"^{name}=", RegexOptions.Multiline).ShouldBeTrue(name);
        Regex.Matches(example, @"^(\w*(?:PASSWORD|KEY)\w*)=(.*)$", RegexOptions.Multiline).ShouldAllBe(static m => m.Groups[2].Value.Trim().Length == 0);
        Regex.Matches(Repository.Read(Compose), @"\$\{(\w*(?:PASSWORD|KEY))(:\?)?").ShouldAllBe(static m => m.Groups[2].Success);   // missing: refused, not empty
        Repository.Read(".gitignore").Split('\n').ShouldContain(".env");
    }

    [Fact]
    public void The_image_is_built_in_stages_from_what_the_build_needs_and_runs_without_root_or_shell()
    {
        var text = Repository.Read(Dockerfile);
        Regex.Count(text, "^FROM ", RegexOptions.Multiline).ShouldBe(2);
        Bases().Last().ShouldContain("chiseled");
        text.ShouldContain("USER $APP_UID");
        text.ShouldContain("ARG ACTOR_RUNTIME=orleans");
        text.IndexOf("USER $APP_UID", StringComparison.Ordinal).ShouldBeLessThan(text.IndexOf("ENTRYPOINT", StringComparison.Ordinal));
        // The check inside asks with a command that exists.
        Regex.Match(text, @"HEALTHCHECK.*""(\w+)""\]").Groups[1].Value.ShouldBe("health");
        Repository.Read("silo/Commands/HealthCommand.cs").ShouldContain("new Command(\"health\"");

        var allowed = Repository.Read(Dockerfile + ".dockerignore").Split('\n').Where(static line => line.StartsWith('!')).Select(static line => line[1..].Replace("/**", "/", StringComparison.Ordinal)).ToList();
        var needed = new List<string> { "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", "global.json", ".editorconfig" };
        foreach (var project in Closure("silo/Tracking.Silo.csproj")) needed.Add(project);
        foreach (var path in needed) allowed.Any(entry => path == entry || entry.EndsWith('/') && path.StartsWith(entry, StringComparison.Ordinal)).ShouldBeTrue(path);
    }

    [Fact]
    public async Task Docker_accepts_the_file_where_its_compose_client_is_installed()
    {
        if (!Requires.OnPath("docker") || (await Repository.RunAsync("docker", ["compose", "version"])).Code != 0) Assert.Skip("docker compose is not installed here; the file was checked by the other tests of this class only.");
        var secrets = new Dictionary<string, string> { ["POSTGRES_PASSWORD"] = "x", ["LINK_KEY"] = "x", ["GRAFANA_PASSWORD"] = "x" };
        var (code, output) = await Repository.RunAsync("docker", ["compose", "-f", "deploy/compose.yaml", "config", "-q"], environment: secrets);
        code.ShouldBe(0, output);
    }

    [Fact]
    public async Task The_systemd_unit_is_one_and_gives_the_process_time_to_leave()
    {
        const string unit = "deploy/systemd/tracking.service";
        var lines = Repository.Read(unit).Split('\n').Where(static line => line.Contains('=', StringComparison.Ordinal) && line[0] != '#').Select(static line => line.Split('=', 2)).ToLookup(static parts => parts[0], static parts => parts[1]);
        int.Parse(lines["TimeoutStopSec"].Single(), System.Globalization.CultureInfo.InvariantCulture).ShouldBeGreaterThan(25);
        lines["KillSignal"].Single().ShouldBe("SIGTERM");
        lines["ExecStart"].Single().ShouldContain("Tracking.Silo.dll");
        lines["NoNewPrivileges"].Single().ShouldBe("yes");
        lines["WantedBy"].ShouldNotBeEmpty();
        if (!Requires.OnPath("systemd-analyze")) return;   // then systemd has said nothing against it, and nothing for it
        var (_, output) = await Repository.RunAsync("systemd-analyze", ["verify", Repository.At(unit)]);
        // What is not installed here (the program itself, another service) is not the unit's fault.
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line.Contains("tracking.service:", StringComparison.Ordinal) && !line.Contains("not executable", StringComparison.Ordinal)).ShouldBeEmpty(output);
    }

    // YAML's merge key is compose's, not the parser's.
    private static YamlNode Merged(YamlNode service)
    {
        if (service.Find("<<") is not YamlMappingNode shared) return service;
        var whole = new YamlMappingNode(shared.Children.Concat(((YamlMappingNode)service).Children).GroupBy(static entry => entry.Key).Select(static same => same.Last()).ToArray());
        return whole;
    }

    /// <summary>The images the Dockerfile starts from, with its arguments filled in.</summary>
    private static IEnumerable<string> Bases()
    {
        var text = Repository.Read(Dockerfile);
        var values = Regex.Matches(text, @"^ARG (\w+)=(\S+)$", RegexOptions.Multiline).ToDictionary(static m => m.Groups[1].Value, static m => m.Groups[2].Value);
        return Regex.Matches(text, @"^FROM (\S+)", RegexOptions.Multiline).Select(m => Regex.Replace(m.Groups[1].Value, @"\$\{(\w+)\}", name => values[name.Groups[1].Value]));
    }

    private static HashSet<string> Closure(string project)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Queue<string>([project]);
        while (waiting.TryDequeue(out var one))
        {
            if (!found.Add(one)) continue;
            foreach (Match reference in Regex.Matches(Repository.Read(one), "<ProjectReference Include=\"([^\"]+)\""))
                waiting.Enqueue(Path.GetRelativePath(Repository.Root, Path.GetFullPath(Repository.At(Path.Combine(Path.GetDirectoryName(one)!, reference.Groups[1].Value.Replace("$(MSBuildThisFileDirectory)", "", StringComparison.Ordinal))))));
        }
        return found;
    }

    [GeneratedRegex(@"^\s*image:\s*(\S+)", RegexOptions.Multiline)] private static partial Regex Image();
}
