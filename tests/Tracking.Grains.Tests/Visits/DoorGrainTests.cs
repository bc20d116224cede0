using Tracking.Contracts.Visits;
using Tracking.Domain.Visits;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Visits;

public sealed class DoorGrainTests
{
    [Fact]
    public async Task A_hundred_wrong_answers_at_once_are_counted_as_five()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var door = silo.Silo.Grains.GetGrain<IDoorGrain>(A.Key.ToString());
        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => door.Answer(false)));
        answers.Count(a => a == DoorAnswer.Wrong).ShouldBe(Door.WrongAnswers);
        answers.Count(a => a == DoorAnswer.Locked).ShouldBe(95);
    }

    [Fact]
    public async Task The_count_survives_a_restart()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        for (var i = 0; i < 5; i++) await silo.Silo.Grains.GetGrain<IDoorGrain>(A.Key.ToString()).Answer(false);
        await silo.Silo.RestartAsync();
        (await silo.Silo.Grains.GetGrain<IDoorGrain>(A.Key.ToString()).Answer(true)).ShouldBe(DoorAnswer.Locked);
    }

    [Fact]
    public async Task What_cannot_be_counted_opens_nothing()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var door = silo.Silo.Grains.GetGrain<IDoorGrain>(A.Key.ToString());
        silo.Journal.Refuse = _ => new JournalUnavailableException("full");
        (await door.Answer(true)).ShouldBe(DoorAnswer.Trouble);
        silo.Journal.Refuse = _ => null;
        (await door.Answer(true)).ShouldBe(DoorAnswer.Opened);
    }

    [Fact]
    public async Task A_code_opens_once_even_when_it_is_given_fifty_times_at_once()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var door = silo.Silo.Grains.GetGrain<IDoorGrain>(A.Key.ToString());
        (await door.SendCode([7, 7])).ShouldBe(new CodeReceipt(DoorAnswer.Opened, 1));
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => door.TryCode([7, 7])));
        answers.Count(a => a == DoorAnswer.Opened).ShouldBe(1);
    }
}
