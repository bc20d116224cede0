using Tracking.LoadTest.Scenarios;

namespace Tracking.LoadTest.Tests.Scenarios;

public sealed class KneeSearchTests
{
    private static Task<KneeFound> Search(double truth, double start = 1_000, double most = 1_000_000, double generator = double.MaxValue) =>
        KneeSearch.FindAsync(start, most, rate => Task.FromResult(new KneeStep(rate, rate <= truth && rate <= generator, rate > generator, rate, 1, 1, 0)));

    [Theory]
    [InlineData(31_000)]
    [InlineData(1_000)]
    [InlineData(64_000)]
    [InlineData(150)]
    public async Task A_knee_is_found_within_five_per_cent_from_above_or_below(double truth)
    {
        var found = await Search(truth);

        found.Rate.ShouldBeLessThanOrEqualTo(truth);
        found.Rate.ShouldBeGreaterThanOrEqualTo(truth * 0.90);
        found.Steps.Count.ShouldBeLessThan(16);
    }

    [Fact]
    public async Task A_server_better_than_the_fence_gets_the_fence()
    {
        var found = await Search(truth: 1e9, most: 5_000);
        found.Rate.ShouldBe(5_000);
        found.GeneratorLimited.ShouldBeFalse();
    }

    [Fact]
    public async Task A_generator_that_gives_up_first_ends_the_search_and_says_so()
    {
        var found = await Search(truth: 1e9, generator: 10_000);
        found.GeneratorLimited.ShouldBeTrue();
        found.Rate.ShouldBe(8_000);
    }

    [Fact]
    public async Task A_generator_that_was_disturbed_once_tries_again()
    {
        var tries = 0;
        var found = await KneeSearch.FindAsync(1_000, 4_000, rate => Task.FromResult(new KneeStep(rate, tries > 0, tries++ == 0, rate, 1, 1, 0)));
        found.Rate.ShouldBe(4_000);
        found.GeneratorLimited.ShouldBeFalse();
    }

    [Fact]
    public async Task A_server_that_holds_nothing_has_no_knee() => (await Search(truth: 0)).Rate.ShouldBe(0);

    [Fact]
    public void The_median_of_repeats_is_the_middle_one()
    {
        KneeSearch.Median([3, 1, 2]).ShouldBe(2);
        KneeSearch.Median([1, 2]).ShouldBe(1.5);
        KneeSearch.Median([]).ShouldBe(0);
    }
}
