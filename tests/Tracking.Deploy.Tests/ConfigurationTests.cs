using System.Text.RegularExpressions;

namespace Tracking.Deploy.Tests;

/// <summary>Every setting stands in one page that is made from the sources, and whatever a file of deploy/ sets is a setting.</summary>
public sealed partial class ConfigurationTests
{
    private const string Page = "deploy/CONFIGURATION.md";

    [Fact]
    public void The_page_of_settings_is_what_the_options_classes_say()
    {
        var made = ConfigurationReference.Write();
        if (Environment.GetEnvironmentVariable("TRACKING_WRITE") == "1") File.WriteAllText(Repository.At(Page), made);
        var committed = File.Exists(Repository.At(Page)) ? Repository.Read(Page).ReplaceLineEndings("\n") : "";
        committed.ShouldBe(made, $"{Page} is stale: run this test with TRACKING_WRITE=1, read the difference and commit it");
    }

    [Fact]
    public void Every_setting_says_what_it_is() => ConfigurationReference.Silent().ShouldBeEmpty();

    [Fact]
    public void No_class_of_options_is_left_out()
    {
        var known = ConfigurationReference.Sections.Select(static s => s.Class).Concat(ConfigurationReference.NotConfigured).ToHashSet(StringComparer.Ordinal);
        foreach (var folder in (string[])["grains", "web", "silo"])
            foreach (var file in Repository.Files(folder, "*.cs"))
                foreach (Match one in OptionsClass().Matches(Repository.Read(file))) known.ShouldContain(one.Groups[1].Value, $"{file}: add it to ConfigurationReference.Sections, and to Configured.Sections so that `check` looks at it");
    }

    [Fact]
    public void Every_section_is_validated_at_start_and_by_check()
    {
        var configured = Repository.Read("silo/Hosting/Configured.cs") + Repository.Read("silo/Hosting/OrleansHost.cs");
        foreach (var (section, name, _) in ConfigurationReference.Sections.Where(static s => !s.Section.Contains('{', StringComparison.Ordinal)))
            Regex.IsMatch(configured, $@"\(""{section}"", typeof\((\w+\.)?{name}\)\)").ShouldBeTrue($"{section}: {name}");
    }

    [Fact]
    public void Every_setting_that_code_reads_by_name_is_on_the_page()
    {
        var sections = ConfigurationReference.Names();
        foreach (var folder in (string[])["grains", "web", "silo"])
            foreach (var file in Repository.Files(folder, "*.cs"))
                foreach (Match read in ReadByName().Matches(Repository.Read(file)))
                    sections.Any(name => name == read.Groups[1].Value || name.EndsWith(":" + read.Groups[1].Value, StringComparison.Ordinal) || name.Contains($":{read.Groups[1].Value}:", StringComparison.Ordinal) || name.StartsWith(read.Groups[1].Value + ":", StringComparison.Ordinal)).ShouldBeTrue($"{file}: {read.Groups[1].Value}");
    }

    [Theory]
    [InlineData("deploy/compose.yaml")]
    [InlineData("deploy/docker/Dockerfile")]
    [InlineData("deploy/systemd/tracking.service")]
    [InlineData("deploy/k8s/base/deployment.yaml")]
    [InlineData("deploy/k8s/base/kustomization.yaml")]
    [InlineData("deploy/k8s/overlays/small/kustomization.yaml")]
    [InlineData("deploy/k8s/overlays/production/kustomization.yaml")]
    public void What_a_file_sets_in_the_environment_is_a_setting(string file)
    {
        var names = ConfigurationReference.Names();
        var set = EnvironmentName().Matches(Repository.Read(file)).Select(static m => m.Value.Replace("__", ":", StringComparison.Ordinal)).Distinct().ToList();
        set.ShouldNotBeEmpty();
        foreach (var name in set) (names.Contains(name) || name.StartsWith("Logging:LogLevel:", StringComparison.Ordinal)).ShouldBeTrue($"{file}: {name}");
    }

    [Fact]
    public void What_a_page_names_as_a_setting_is_one()
    {
        var names = ConfigurationReference.Names();
        var tops = names.Where(static n => n.Contains(':', StringComparison.Ordinal)).Select(static n => n.Split(':')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var page in Repository.Files("deploy", "*.md").Append("README.md"))
            foreach (Match quoted in Quoted().Matches(Repository.Read(page)))
            {
                var name = quoted.Groups[1].Value;
                if (!tops.Contains(name.Split(':')[0]) || name.EndsWith('*')) continue;
                names.Any(known => known == name || Regex.IsMatch(name, "^" + Regex.Escape(known).Replace("\\{id}", "[^:]+", StringComparison.Ordinal).Replace("\\{feedId}", "[^:]+", StringComparison.Ordinal).Replace("\\{category}", ".+", StringComparison.Ordinal).Replace("\\{name}", "[^:]+", StringComparison.Ordinal).Replace("\\{n}", "[^:]+", StringComparison.Ordinal) + "$") || known.StartsWith(name + ":", StringComparison.Ordinal)).ShouldBeTrue($"{page}: {name}");
            }
    }

    [GeneratedRegex(@"^(?:public|internal) sealed (?:partial )?class (\w+Options)\b", RegexOptions.Multiline)] private static partial Regex OptionsClass();
    [GeneratedRegex(@"(?:onfiguration\[|GetSection\()""([A-Za-z_:]+)""")] private static partial Regex ReadByName();
    [GeneratedRegex(@"\b[A-Z][A-Za-z]+__[A-Za-z_]+")] private static partial Regex EnvironmentName();
    [GeneratedRegex("`([A-Z][A-Za-z]+(?::[A-Za-z0-9{}-]+)+)`")] private static partial Regex Quoted();
}
