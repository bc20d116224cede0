using System.Text.RegularExpressions;
using Tracking.Testing;
using YamlDotNet.RepresentationModel;

namespace Tracking.Deploy.Tests;

/// <summary>The manifests as they lie there, and as Kustomize makes them where kubectl is installed.</summary>
public sealed class KubernetesTests
{
    private const string Folder = "deploy/k8s";

    private static readonly IReadOnlyList<YamlNode> Base = [.. Repository.Files(Folder + "/base", "*.yaml").Where(static path => !path.EndsWith("kustomization.yaml", StringComparison.Ordinal)).SelectMany(Repository.Yaml)];

    public static TheoryData<string> Kustomizations() => [.. Repository.Files(Folder, "kustomization.yaml").Select(static path => Path.GetDirectoryName(path)!)];

    [Theory]
    [MemberData(nameof(Kustomizations))]
    public void Every_file_a_kustomization_names_exists_and_every_file_beside_it_is_named(string folder)
    {
        var kustomization = Repository.Yaml(folder + "/kustomization.yaml").Single();
        var named = kustomization.Items("resources").Select(static r => ((YamlScalarNode)r).Value!).ToList();
        named.ShouldAllBe(resource => Path.Exists(Repository.At(folder + "/" + resource)));
        Repository.Files(folder, "*.yaml").Where(path => Path.GetDirectoryName(path) == folder).Select(static path => Path.GetFileName(path)).Except(named).ShouldBe(["kustomization.yaml"]);
    }

    [Fact]
    public void Every_object_says_what_it_is_and_selects_pods_that_exist()
    {
        foreach (var one in Base)
        {
            one.Text("apiVersion").ShouldNotBeNullOrEmpty();
            one.Text("metadata", "name")!.ShouldMatch("^[a-z][a-z0-9-]*$");
            foreach (var selector in new[] { one.Find("spec", "selector", "matchLabels"), one.Text("kind") == "Service" ? one.Find("spec", "selector") : null, one.Find("spec", "podSelector", "matchLabels") })
                if (selector is not null) selector.Text("app.kubernetes.io/name").ShouldBe("silo");
        }
        Deployment.Text("spec", "template", "metadata", "labels", "app.kubernetes.io/name").ShouldBe("silo");
        Base.Select(static one => one.Text("kind")).ShouldBe(["Deployment", "Namespace", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "ServiceAccount"], ignoreOrder: true);
    }

    [Fact]
    public void A_rollout_adds_one_and_misses_none_and_gives_a_node_time_to_leave()
    {
        var rolling = Deployment.Find("spec", "strategy", "rollingUpdate");
        (rolling.Text("maxSurge"), rolling.Text("maxUnavailable")).ShouldBe(("1", "0"));
        var grace = Number(Deployment.Text("spec", "template", "spec", "terminationGracePeriodSeconds"));
        grace.ShouldBeGreaterThan(Number(Silo.Text("lifecycle", "preStop", "sleep", "seconds")) + 25 + 10);
        Number(Base.Single(static one => one.Text("kind") == "PodDisruptionBudget").Text("spec", "maxUnavailable")).ShouldBe(1);
        Number(Deployment.Text("spec", "replicas")).ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public void A_node_has_memory_set_aside_and_no_processor_limit()
    {
        Silo.Text("resources", "limits", "memory").ShouldBe(Silo.Text("resources", "requests", "memory"));
        Silo.Text("resources", "requests", "cpu").ShouldNotBeNull();
        Silo.Find("resources", "limits", "cpu").ShouldBeNull();
        foreach (var overlay in Repository.Files(Folder + "/overlays", "*.yaml")) Regex.IsMatch(Repository.Read(overlay), @"limits:\s*\{[^}]*cpu").ShouldBeFalse(overlay);
    }

    [Fact]
    public void Probes_ask_routes_that_exist_on_ports_that_are_open()
    {
        var ports = Silo.Items("ports").ToDictionary(static p => p.Text("name")!, static p => p.Text("containerPort")!);
        var routes = Repository.Read("silo/Hosting/Readiness.cs");
        foreach (var probe in (string[])["readinessProbe", "livenessProbe", "startupProbe"])
        {
            routes.ShouldContain($"MapGet(\"{Silo.Text(probe, "httpGet", "path")}\"");
            ports.ShouldContainKey(Silo.Text(probe, "httpGet", "port")!);
        }
        Silo.Text("readinessProbe", "httpGet", "path").ShouldBe("/health/ready");
        Silo.Text("livenessProbe", "httpGet", "path").ShouldBe("/health/live");   // a database that is away must not get nodes killed
        var image = Regex.Match(Repository.Read("deploy/docker/Dockerfile"), "^EXPOSE (.+)$", RegexOptions.Multiline).Groups[1].Value.Split(' ');
        ports.Values.ShouldBe(image, ignoreOrder: true);
        foreach (var service in Base.Where(static one => one.Text("kind") == "Service"))
            foreach (var port in service.Items("spec", "ports")) ports.ShouldContainKey(port.Text("targetPort")!);
    }

    [Fact]
    public void Only_nodes_reach_the_silo_port_and_only_monitoring_the_admin_port()
    {
        var policy = Base.Single(static one => one.Text("kind") == "NetworkPolicy");
        policy.Items("spec", "policyTypes").Select(static t => ((YamlScalarNode)t).Value).ShouldBe(["Ingress", "Egress"]);
        foreach (var rule in policy.Items("spec", "ingress"))
        {
            var port = rule.Items("ports").Select(static p => p.Text("port")).Single();
            var from = rule.Items("from").SingleOrDefault();
            if (port == "11111") from.Text("podSelector", "matchLabels", "app.kubernetes.io/name").ShouldBe("silo");
            else if (port == "8081") from.Text("namespaceSelector", "matchLabels", "kubernetes.io/metadata.name").ShouldBe("monitoring");
            else port.ShouldBe("8080");
        }
    }

    [Fact]
    public void Secrets_come_by_reference_and_the_pod_can_do_nothing_it_need_not()
    {
        foreach (var file in Repository.Files(Folder, "*.yaml"))
            foreach (var one in Repository.Yaml(file)) one.Text("kind").ShouldNotBe("Secret", file);
        foreach (var name in (string[])["Storage__Postgres", "Security__LinkKey"])
            Silo.Items("env").Single(e => e.Text("name") == name).Text("valueFrom", "secretKeyRef", "name").ShouldBe("tracking");
        Deployment.Text("spec", "template", "spec", "securityContext", "runAsNonRoot").ShouldBe("true");
        Silo.Text("securityContext", "allowPrivilegeEscalation").ShouldBe("false");
        Silo.Text("securityContext", "readOnlyRootFilesystem").ShouldBe("true");
        Silo.Items("securityContext", "capabilities", "drop").Select(static c => ((YamlScalarNode)c).Value).ShouldBe(["ALL"]);
        var volumes = Deployment.Items("spec", "template", "spec", "volumes").Select(static v => v.Text("name")).ToList();
        Silo.Items("volumeMounts").ShouldAllBe(mount => volumes.Contains(mount.Text("name")));
    }

    [Theory]
    [MemberData(nameof(Kustomizations))]
    public async Task Kustomize_makes_it_where_kubectl_is_installed(string folder)
    {
        if (!Requires.OnPath("kubectl")) Assert.Skip("kubectl is not installed here; the manifests were checked as they lie there only.");
        var (code, output) = await Repository.RunAsync("kubectl", ["kustomize", folder]);
        code.ShouldBe(0, output);
        var stream = new YamlStream();
        using var reader = new StringReader(output);
        stream.Load(reader);
        var made = stream.Documents.Select(static d => d.RootNode).ToList();
        var deployment = made.Single(static one => one.Text("kind") == "Deployment");
        var container = deployment.Items("spec", "template", "spec", "containers").Single();
        container.Text("image")!.ShouldMatch(@":\d+\.\d+\.\d+$");
        container.Find("resources", "limits", "cpu").ShouldBeNull();
        // The generated map's name carries its content; the reference must follow.
        var map = made.Single(static one => one.Text("kind") == "ConfigMap");
        container.Items("envFrom").Single().Text("configMapRef", "name").ShouldBe(map.Text("metadata", "name"));
        map.Text("data", "Telemetry__ExpectedNodes").ShouldBe(deployment.Text("spec", "replicas"));
        made.Where(static one => one.Text("kind") != "Namespace").ShouldAllBe(static one => one.Text("metadata", "namespace") == "tracking");
    }

    private static YamlNode Deployment => Base.Single(static one => one.Text("kind") == "Deployment");

    private static YamlNode Silo => Deployment.Items("spec", "template", "spec", "containers").Single();

    private static int Number(string? text) => int.Parse(text!, System.Globalization.CultureInfo.InvariantCulture);
}
