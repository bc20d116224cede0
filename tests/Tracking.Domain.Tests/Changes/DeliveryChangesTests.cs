using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Tests.Changes;

public sealed class DeliveryChangesTests
{
    private static readonly DateOnly Today = new(2026, 11, 24);
    private static readonly DateTimeOffset Now = new(2026, 11, 24, 9, 0, 0, TimeSpan.Zero);

    private static DeliveryChanges Take(DeliveryChanges changes, ChangeDecision decided)
    {
        decided.Answer.ShouldBe(ChangeAnswer.Taken);
        return changes.Apply(decided.Event!, Now);
    }

    private static ChangeDecision Shed(DeliveryChanges changes, string id, Milestone status = Milestone.InTransit) => changes.Ask(id, ChangeKind.SafePlace, null, "shed", status, Today);

    [Fact]
    public void Asking_twice_with_one_id_asks_once()
    {
        var changes = Take(DeliveryChanges.None, Shed(DeliveryChanges.None, "a"));
        Shed(changes, "a").ShouldBe(new ChangeDecision(ChangeAnswer.Known, null));
    }

    [Fact]
    public void While_one_is_open_no_other_can_contradict_it()
    {
        var changes = Take(DeliveryChanges.None, Shed(DeliveryChanges.None, "a"));
        Shed(changes, "b").Answer.ShouldBe(ChangeAnswer.Open);
        changes = Take(changes, changes.Answer("a", ChangeState.Refused, "no"));
        Shed(changes, "b").Answer.ShouldBe(ChangeAnswer.Taken);
    }

    [Theory]
    [InlineData(Milestone.Delivered), InlineData(Milestone.Returned), InlineData(Milestone.Cancelled), InlineData(Milestone.Failed), InlineData(Milestone.Returning), InlineData(Milestone.AvailableForPickup)]
    public void What_has_ended_cannot_be_changed(Milestone status) => Shed(DeliveryChanges.None, "a", status).Answer.ShouldBe(ChangeAnswer.TooLate);

    [Fact]
    public void In_the_van_only_a_safe_place_is_possible()
    {
        DeliveryChanges.Possible(Milestone.OutForDelivery).ShouldBe([ChangeKind.SafePlace]);
        DeliveryChanges.None.Ask("a", ChangeKind.Redirect, null, "elsewhere", Milestone.OutForDelivery, Today).Answer.ShouldBe(ChangeAnswer.TooLate);
    }

    [Theory]
    [InlineData(0, ChangeAnswer.NoDay), InlineData(1, ChangeAnswer.Taken), InlineData(30, ChangeAnswer.Taken), InlineData(31, ChangeAnswer.NoDay), InlineData(null, ChangeAnswer.NoDay)]
    public void A_day_lies_between_tomorrow_and_thirty_days_ahead(int? ahead, ChangeAnswer answer)
        => DeliveryChanges.None.Ask("a", ChangeKind.Hold, ahead is { } days ? Today.AddDays(days) : null, null, Milestone.InTransit, Today).Answer.ShouldBe(answer);

    [Fact]
    public void An_accepted_request_may_still_fail_at_the_door_and_a_refused_one_is_over()
    {
        var changes = Take(DeliveryChanges.None, Shed(DeliveryChanges.None, "a"));
        changes = Take(changes, changes.Answer("a", ChangeState.Accepted, null));
        changes.Answer("a", ChangeState.Accepted, null).Answer.ShouldBe(ChangeAnswer.Known);
        changes = Take(changes, changes.Answer("a", ChangeState.Refused, "The gate was locked."));
        changes.Answer("a", ChangeState.Done, null).Answer.ShouldBe(ChangeAnswer.Over);
        changes.Answer("b", ChangeState.Done, null).Answer.ShouldBe(ChangeAnswer.Unknown);
    }

    [Fact]
    public void Requests_are_bounded_in_number_and_length()
    {
        var changes = DeliveryChanges.None;
        for (var i = 0; i < DeliveryChanges.MaxRequests; i++)
        {
            changes = Take(changes, changes.Ask($"{i}", ChangeKind.SafePlace, null, new string('x', 5_000), Milestone.InTransit, Today));
            changes = Take(changes, changes.Answer($"{i}", ChangeState.Done, null));
        }
        Shed(changes, "more").Answer.ShouldBe(ChangeAnswer.TooMany);
        changes.Requests.ShouldAllBe(r => r.Words!.Length == DeliveryChanges.MaxWords);
    }

    [Fact]
    public void What_the_recipient_wrote_is_stored_apart_and_reads_back_equal()
    {
        ChangeEvent[] events = [new ChangeAsked("a", ChangeKind.Redirect, null, "Canaryweg 12"), new ChangeAsked("b", ChangeKind.Hold, Today, null), new ChangeAnswered("a", ChangeState.Refused, "no"), new ChangeAnswered("a", ChangeState.Done, null)];
        foreach (var happened in events)
        {
            var (open, personal) = ChangeJson.Write(happened);
            System.Text.Encoding.UTF8.GetString(open.Span).ShouldNotContain("Canary");
            ChangeJson.Read(open, personal).ShouldBe(happened);
        }
        ((ChangeAsked)ChangeJson.Read(ChangeJson.Write(events[0]).Open, default)).Words.ShouldBeNull("erased");
    }
}
