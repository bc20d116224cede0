using System.Collections.Immutable;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Claims;

public sealed class SignatureTests
{
    private static readonly DateTimeOffset Now = new(2026, 12, 20, 10, 0, 0, TimeSpan.Zero);
    private static readonly SignaturePolicy Policy = new() { Above = 1_000, Items = ["rings", "SKU-9"] };
    private static readonly ClaimPolicy Claims = new();
    private static readonly ParcelFacts Moving = new() { UseId = "use-1", Status = Milestone.InTransit, From = new DateOnly(2026, 12, 22), To = new DateOnly(2026, 12, 22), Zone = "America/New_York" };

    private static ParcelCase Expected(string? answer = null)
    {
        var parcel = ParcelCase.Unseen(A.Key);
        parcel = parcel.Apply(parcel.Expect(new SignatureNeed(true, "value", "dear"), "en", "Ada", "ada@example.org", tell: true, Now).Append!);
        return answer is null ? parcel : parcel.Apply(parcel.Answer(answer, Now.AddHours(1)).Append!);
    }

    private static ImmutableArray<NoticeOwed> Told(ParcelCase parcel, ParcelFacts facts, DateTimeOffset now)
        => [.. parcel.Look(facts, Policy, Claims, TimeZoneInfo.Utc, now).Append?.Events.OfType<NoticeOwed>() ?? []];

    [Theory]
    [InlineData(1_000, "EUR", null, false, "none"), InlineData(1_000.01, "EUR", null, true, "value"), InlineData(5, "EUR", "Rings", true, "item"), InlineData(5, "EUR", "sku-9", true, "item"), InlineData(5, "USD", null, true, "currency")]
    public void A_signature_is_needed_above_a_value_or_for_an_item(double value, string currency, string? item, bool required, string rule)
    {
        var need = Policy.Decide((decimal)value, currency, "EUR", item is null ? [] : [item]);
        (need.Required, need.Rule).ShouldBe((required, rule));
        need.Why.ShouldEndWith(".");
    }

    [Fact]
    public void Without_a_rule_nobody_has_to_sign() => new SignaturePolicy().Decide(1_000_000, "EUR", "EUR", ["anything"]).Required.ShouldBeFalse();

    [Fact]
    public void Setting_the_same_expectation_again_decides_nothing()
    {
        var parcel = Expected();
        parcel.Expect(new SignatureNeed(true, "value", "dear"), "en", "Ada", "ada@example.org", true, Now.AddDays(1)).ShouldBe(CaseDecision.Nothing);
        ParcelCase.Unseen(A.Key).Expect(new SignatureNeed(false, "none", ""), null, null, null, true, Now).ShouldBe(CaseDecision.Nothing);
    }

    [Fact]
    public void The_shipped_notice_says_it_once()
    {
        var parcel = Expected();
        Told(parcel, Moving with { Status = Milestone.LabelCreated }, Now).ShouldBeEmpty();
        var first = parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, Now);
        first.Append!.Events.OfType<NoticeOwed>().Select(n => n.Kind).ShouldBe(["shipped"]);
        Told(parcel.Apply(first.Append), Moving, Now.AddHours(1)).ShouldBeEmpty();
    }

    // New York in December is five hours behind UTC: its 18:00 of the 21st is 23:00 UTC.
    [Theory]
    [InlineData(22.9, false), InlineData(23, true), InlineData(28.9, true), InlineData(29.1, false)]
    public void The_evening_before_is_the_evening_of_the_delivery_address(double hoursIntoThe21st, bool told)
    {
        var parcel = Expected();
        parcel = parcel.Apply(parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, Now).Append!);   // shipped was said
        Told(parcel, Moving, new DateTimeOffset(2026, 12, 21, 0, 0, 0, TimeSpan.Zero).AddHours(hoursIntoThe21st)).Any(n => n.Kind == "signature-evening-before").ShouldBe(told);
    }

    [Fact]
    public void The_case_is_due_on_the_evening_before_and_on_the_new_evening_when_the_day_moves()
    {
        var parcel = Expected();
        parcel.DueAt(Moving, Policy, Claims, TimeZoneInfo.Utc, Now).ShouldBe(new DateTimeOffset(2026, 12, 21, 23, 0, 0, TimeSpan.Zero));
        parcel.DueAt(Moving with { From = new DateOnly(2026, 12, 28) }, Policy, Claims, TimeZoneInfo.Utc, Now).ShouldBe(new DateTimeOffset(2026, 12, 27, 23, 0, 0, TimeSpan.Zero));
        parcel.DueAt(Moving with { Status = Milestone.Delivered }, Policy, Claims, TimeZoneInfo.Utc, Now).ShouldBeNull();
        ParcelCase.Unseen(A.Key).DueAt(Moving, Policy, Claims, TimeZoneInfo.Utc, Now).ShouldBeNull();
    }

    [Fact]
    public void A_day_that_moves_brings_a_second_evening_and_the_same_day_never_two()
    {
        var parcel = Expected();
        var evening = new DateTimeOffset(2026, 12, 21, 23, 30, 0, TimeSpan.Zero);
        parcel = parcel.Apply(parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, evening).Append!);
        Told(parcel, Moving, evening.AddHours(1)).ShouldBeEmpty();
        Told(parcel, Moving with { From = new DateOnly(2026, 12, 23) }, evening.AddDays(1)).ShouldHaveSingleItem().Kind.ShouldBe("signature-evening-before");
    }

    [Theory]
    [InlineData("hold", false), InlineData("pickup", false), InlineData("home", true)]
    public void Who_had_it_held_need_not_be_home_tomorrow(string answer, bool told)
    {
        var parcel = Expected(answer);
        parcel = parcel.Apply(parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, Now).Append!);
        Told(parcel, Moving, new DateTimeOffset(2026, 12, 21, 23, 30, 0, TimeSpan.Zero)).Any().ShouldBe(told);
    }

    [Fact]
    public void The_newest_answer_counts_and_nonsense_is_refused()
    {
        var parcel = Expected("hold");
        parcel = parcel.Apply(parcel.Answer("pickup", Now.AddHours(2)).Append!);
        parcel.Signature!.Answer.ShouldBe("pickup");
        parcel.Answer("pickup", Now.AddHours(3)).ShouldBe(CaseDecision.Nothing);
        parcel.Answer("throw it over the fence", Now).Refusal!.Code.ShouldBe("answer-unknown");
        ParcelCase.Unseen(A.Key).Answer("home", Now).Refusal!.Code.ShouldBe("signature-not-needed");
    }

    [Fact]
    public void A_missed_attempt_is_counted_once_with_whether_it_was_expected()
    {
        var parcel = Expected();
        var missed = Moving with { Status = Milestone.AttemptFailed, Attempts = 1 };
        var first = parcel.Look(missed, Policy, Claims, TimeZoneInfo.Utc, Now);
        first.Append!.Events.OfType<AttemptMissed>().ShouldHaveSingleItem().ShouldBe(new AttemptMissed("use-1", 1, true));
        parcel = parcel.Apply(first.Append);
        parcel.Look(missed, Policy, Claims, TimeZoneInfo.Utc, Now.AddHours(1)).ShouldBe(CaseDecision.Nothing);
        parcel.Look(missed with { Attempts = 2 }, Policy, Claims, TimeZoneInfo.Utc, Now.AddHours(2)).Append!.Events.OfType<AttemptMissed>().Single().Count.ShouldBe(2);
    }

    [Fact]
    public void After_a_recovery_satisfaction_is_asked_once_and_the_first_answer_counts()
    {
        var parcel = ParcelCase.Unseen(A.Key);
        parcel.Rate(5, Now).ShouldBe(CaseDecision.Nothing);
        parcel = parcel.Apply(parcel.Recover("offer-1", "promise-missed", "discount", new Money(500, "EUR"), true, Now).Append!);
        parcel = parcel.Apply(parcel.Recover("offer-2", "promise-missed", "discount", null, accepted: false, Now).Append!);
        parcel.Recover("offer-1", "promise-missed", "discount", null, true, Now).ShouldBe(CaseDecision.Nothing);
        parcel.DueAt(null, Policy, Claims, TimeZoneInfo.Utc, Now).ShouldBe(Now.AddDays(3));
        parcel.Look(null, Policy, Claims, TimeZoneInfo.Utc, Now.AddDays(2)).ShouldBe(CaseDecision.Nothing);
        parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, Now.AddDays(16)).ShouldBe(CaseDecision.Nothing, "an offer is judged when the parcel is there");
        parcel.Look(Moving, Policy, Claims, TimeZoneInfo.Utc, Now.AddDays(17)).Append.ShouldNotBeNull("or when it should long have been");
        var asked = parcel.Look(null, Policy, Claims, TimeZoneInfo.Utc, Now.AddDays(3));
        asked.Append!.Events.ShouldBe([new SatisfactionAsked("offer-1"), new NoticeOwed("survey", "offer-1")]);
        parcel = parcel.Apply(asked.Append);
        parcel.Look(null, Policy, Claims, TimeZoneInfo.Utc, Now.AddDays(4)).ShouldBe(CaseDecision.Nothing);
        parcel.Rate(6, Now).Refusal!.Code.ShouldBe("score-range");
        parcel = parcel.Apply(parcel.Rate(2, Now.AddDays(4)).Append!);
        parcel.Rate(5, Now.AddDays(4)).ShouldBe(CaseDecision.Nothing);
        parcel.Recoveries[0].Score.ShouldBe(2);
    }
}
