using Tracking.LoadTest.Commands;
using Tracking.LoadTest.Report;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Tests.Commands;

public sealed class TargetTests
{
    [Theory]
    [InlineData("http://localhost:5080")]
    [InlineData("http://127.0.0.1:80")]
    [InlineData("http://[::1]:5080")]
    public void Loopback_needs_no_permission(string address) => Should.NotThrow(() => TargetOptions.Require(new Uri(address), owned: false));

    [Theory]
    [InlineData("https://tracking.example.com")]
    [InlineData("http://10.0.0.1")]
    [InlineData("http://localhost.example.com")]
    public void Anything_else_needs_its_owners_word(string address)
    {
        Should.Throw<SetUpException>(() => TargetOptions.Require(new Uri(address), owned: false)).Message.ShouldContain("--i-own-this-target");
        Should.NotThrow(() => TargetOptions.Require(new Uri(address), owned: true));
    }

    [Fact]
    public void Only_web_addresses_are_targets() => Should.Throw<SetUpException>(() => TargetOptions.Require(new Uri("ftp://localhost"), owned: true));

    [Fact]
    public void A_command_to_repeat_is_quoted_and_keeps_no_password() =>
        CommandLine.Repeat(["throughput", "--postgres", "Host=127.0.0.1;Password=hush;Database=x"])
            .ShouldBe("dotnet run --project loadtest -- throughput --postgres \"Host=127.0.0.1;Password=…;Database=x\"");

    [Fact]
    public void Settings_are_names_and_values()
    {
        CommandLine.ParseSettings(["Journal:MaxBatch=1", "A__B=c=d"]).ShouldBe(new Dictionary<string, string> { ["Journal__MaxBatch"] = "1", ["A__B"] = "c=d" });
        Should.Throw<SetUpException>(() => CommandLine.ParseSettings(["oops"]));
    }

    [Theory]
    [InlineData(Verdict.Passed, 0)]
    [InlineData(Verdict.ThresholdCrossed, 99)]
    [InlineData(Verdict.InvariantBroken, 3)]
    [InlineData(Verdict.GeneratorLimited, 2)]
    [InlineData(Verdict.Interrupted, 2)]
    public void A_verdict_is_an_exit_code(Verdict verdict, int code) => RunCommand.ExitCode(verdict).ShouldBe(code);
}
