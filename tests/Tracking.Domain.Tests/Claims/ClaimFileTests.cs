using System.Text;
using System.Text.RegularExpressions;
using Tracking.Domain.Claims;

namespace Tracking.Domain.Tests.Claims;

public sealed class ClaimFileTests
{
    private static readonly DateTimeOffset At = new(2026, 12, 1, 15, 0, 0, 123, TimeSpan.Zero);

    private static List<string> File(out ClaimFile file, string extra = "")
    {
        file = new ClaimFile();
        var lines = new List<string> { file.Header("demo", "ups/1Z1") };
        for (var i = 1; i <= 6; i++)
            lines.Add(file.Append(i % 2 == 0 ? "case" : "parcel", i, At.AddHours(i), Encoding.UTF8.GetBytes($$"""{"v":1,"n":{{i}}.50,"text":"né <b> \u00e9 😀{{extra}}","z":null,"a":[1,2e3,{"y":1,"x":true}]}"""), i == 3 ? new byte[] { 1, 2, 3 } : []));
        lines.Add(file.End());
        return lines;
    }

    private static List<string> File() => File(out _);

    [Fact]
    public void A_file_as_it_was_written_is_whole_and_each_of_its_digests_can_be_expected()
    {
        var lines = File(out var file);
        ClaimFile.Verify(lines).ShouldBeNull();
        ClaimFile.Verify(lines, file.Hash).ShouldBeNull();
        foreach (var line in lines) ClaimFile.Verify(lines, Regex.Match(line, "\"hash\":\"(\\w+)\"}$").Groups[1].Value.ToUpperInvariant()).ShouldBeNull();
    }

    [Fact]
    public void The_same_facts_make_the_same_file() => File().ShouldBe(File());

    [Fact]
    public void Every_single_changed_character_is_found_on_its_line_or_the_next()
    {
        var lines = File();
        var (changes, dice) = (0, new Random(2026));
        for (var n = 0; n < lines.Count; n++)
            for (var at = 0; at < lines[n].Length; at++)
            {
                var other = "0a \"{},:9é"[dice.Next(10)];
                if (lines[n][at] == other) continue;
                var changed = new List<string>(lines) { [n] = lines[n][..at] + other + lines[n][(at + 1)..] };
                ClaimFile.Verify(changed).ShouldNotBeNull().Line.ShouldBe(n + 1, changed[n]);
                changes++;
            }
        changes.ShouldBeGreaterThan(1_500);
    }

    [Fact]
    public void A_removed_line_is_found_where_it_stood()
    {
        for (var n = 0; n < File().Count - 1; n++)
        {
            var lines = File();
            lines.RemoveAt(n);
            ClaimFile.Verify(lines).ShouldNotBeNull().Line.ShouldBe(n + 1);
        }
    }

    [Fact]
    public void A_file_cut_short_anywhere_is_found()
    {
        for (var keep = 0; keep < File().Count; keep++)
        {
            var fault = ClaimFile.Verify(File().Take(keep)).ShouldNotBeNull();
            fault.Line.ShouldBe(keep + 1);
            fault.Why.ShouldContain(keep == 0 ? "empty" : "cut short");
        }
    }

    [Fact]
    public void Two_lines_that_changed_places_are_found_at_the_first()
    {
        for (var n = 0; n < File().Count - 1; n++)
        {
            var lines = File();
            (lines[n], lines[n + 1]) = (lines[n + 1], lines[n]);
            ClaimFile.Verify(lines).ShouldNotBeNull().Line.ShouldBe(n + 1);
        }
    }

    [Fact]
    public void A_line_said_twice_and_a_line_appended_later_are_found()
    {
        var twice = File();
        twice.Insert(3, twice[3]);
        ClaimFile.Verify(twice).ShouldNotBeNull().Line.ShouldBe(5);
        var appended = File();
        appended.Add(appended[^1]);
        ClaimFile.Verify(appended).ShouldNotBeNull().ShouldBe(new ClaimFileFault(9, "stands after the end of the file; it was appended later."));
    }

    [Fact]
    public void A_file_written_anew_from_changed_facts_is_whole_in_itself_and_lacks_the_expected_digest()
    {
        File(out var original);
        var forged = File(out _, "!");
        ClaimFile.Verify(forged).ShouldBeNull();
        ClaimFile.Verify(forged, original.Hash).ShouldNotBeNull().Why.ShouldContain("written anew");
    }

    [Fact]
    public void A_line_of_another_parcels_file_does_not_fit()
    {
        var lines = File();
        lines[4] = File(out _, "!")[4];
        ClaimFile.Verify(lines).ShouldNotBeNull().Line.ShouldBe(5);
    }

    [Theory]
    [InlineData(""), InlineData("x"), InlineData("[]"), InlineData("null"), InlineData("{}"), InlineData("{\"hash\":1}"), InlineData("{\"hash\":\"\\ud800\"}"), InlineData("{\"a\":1,\"a\":2,\"hash\":\"0\"}")]
    public void What_is_no_claim_file_is_said_so_at_line_1(string line) => ClaimFile.Verify([line]).ShouldNotBeNull().Line.ShouldBe(1);

    [Fact]
    public void Deep_nesting_is_refused_and_does_no_harm()
        => ClaimFile.Verify([new string('[', 10_000)]).ShouldNotBeNull().Line.ShouldBe(1);
}
