using System.Collections.Immutable;
using Tracking.Domain.Visits;

namespace Tracking.Domain.Tests.Visits;

public sealed class DoorTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
    private static readonly ImmutableArray<byte> Code = [1, 2, 3], Other = [4, 5, 6];

    private static Door Take(Door door, DoorDecision decided, DateTimeOffset at) => decided.Event is { } happened ? door.Apply(happened, at) : door;

    private static Door Wrong(Door door, int times, DateTimeOffset at)
    {
        for (var i = 0; i < times; i++) door = Take(door, door.Answer(false, at), at);
        return door;
    }

    [Fact]
    public void The_fifth_wrong_answer_locks_and_the_right_one_then_opens_nothing()
    {
        var door = Wrong(Door.Untouched, 4, Noon);
        door.Answer(true, Noon).Answer.ShouldBe(DoorAnswer.Opened);
        door = Wrong(door, 1, Noon);
        door.Answer(true, Noon).ShouldBe(new DoorDecision(DoorAnswer.Locked, null));
        door.Answer(false, Noon).ShouldBe(new DoorDecision(DoorAnswer.Locked, null));
    }

    [Fact]
    public void A_day_after_the_first_of_five_it_opens_again()
    {
        var door = Wrong(Wrong(Door.Untouched, 1, Noon), 4, Noon.AddHours(10));
        door.IsLocked(Noon.AddHours(23)).ShouldBeTrue();
        door.IsLocked(Noon.AddHours(24)).ShouldBeFalse();
        Wrong(door, 1, Noon.AddHours(25)).IsLocked(Noon.AddHours(33)).ShouldBeTrue();
    }

    [Fact]
    public void A_code_opens_a_locked_door_once_and_the_count_starts_afresh()
    {
        var door = Wrong(Door.Untouched, 5, Noon);
        door = Take(door, door.SendCode(Code, Noon), Noon);
        door.TryCode(Code, Noon.AddMinutes(9)).Answer.ShouldBe(DoorAnswer.Opened);
        door = Take(door, door.TryCode(Code, Noon), Noon);
        door.TryCode(Code, Noon).ShouldBe(new DoorDecision(DoorAnswer.Wrong, null));
        door.IsLocked(Noon).ShouldBeFalse();
    }

    [Fact]
    public void A_code_dies_after_ten_minutes_and_after_five_wrong_tries()
    {
        var door = Take(Door.Untouched, Door.Untouched.SendCode(Code, Noon), Noon);
        door.TryCode(Code, Noon.AddMinutes(10)).Answer.ShouldBe(DoorAnswer.Wrong);
        for (var i = 0; i < Door.WrongCodes; i++) door = Take(door, door.TryCode(Other, Noon), Noon);
        door.TryCode(Code, Noon).ShouldBe(new DoorDecision(DoorAnswer.Wrong, null));
        door.IsLocked(Noon).ShouldBeTrue("wrong codes are wrong answers too");
    }

    [Fact]
    public void Nobody_can_flood_a_mailbox()
    {
        var door = Door.Untouched;
        var sent = 0;
        for (var minute = 0; minute < 60 * 24; minute++)
        {
            var decided = door.SendCode(Code, Noon.AddMinutes(minute));
            if (decided.Answer == DoorAnswer.Opened) sent++;
            door = Take(door, decided, Noon.AddMinutes(minute));
        }
        sent.ShouldBe(Door.CodesPerDay);
        door.SendCode(Code, Noon.AddHours(24)).Answer.ShouldBe(DoorAnswer.Opened);
        Take(Door.Untouched, Door.Untouched.SendCode(Code, Noon), Noon).SendCode(Code, Noon.AddSeconds(59)).Answer.ShouldBe(DoorAnswer.NotNow);
    }

    [Fact]
    public void Tries_without_a_living_code_store_nothing()
        => Door.Untouched.TryCode(Code, Noon).ShouldBe(new DoorDecision(DoorAnswer.Wrong, null));

    [Fact]
    public void Every_event_reads_back_equal()
    {
        DoorEvent[] events = [new AnswerWrong(false), new AnswerWrong(true), new VisitorAdmitted(VisitLevel.Proven), new CodeSent(3, Code, Noon)];
        foreach (var happened in events)
        {
            var read = DoorJson.Read(DoorJson.Write(happened));
            if (happened is CodeSent sent) ((CodeSent)read).ShouldSatisfyAllConditions(r => r.Number.ShouldBe(3), r => r.Until.ShouldBe(sent.Until), r => r.Digest.AsSpan().SequenceEqual(sent.Digest.AsSpan()).ShouldBeTrue());
            else read.ShouldBe(happened);
        }
    }
}
