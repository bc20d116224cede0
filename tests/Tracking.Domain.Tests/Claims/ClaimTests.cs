using System.Collections.Immutable;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Claims;

public sealed class ClaimTests
{
    private static readonly DateTimeOffset Delivered = new(2026, 12, 1, 15, 0, 0, TimeSpan.Zero);
    private static readonly ClaimPolicy Policy = new();
    private static readonly ParcelFacts AtTheDoor = new() { UseId = "use-1", ShipmentVersion = 4, Status = Milestone.Delivered, DeliveredAt = Delivered, LastScanAt = Delivered, Scans = 5 };
    private static readonly ParcelFacts Moving = new() { UseId = "use-1", ShipmentVersion = 3, Status = Milestone.InTransit, LastScanAt = Delivered, Scans = 3 };
    private static readonly ClaimFiling Missing = new() { Kind = ClaimKind.DeliveredNotReceived, Value = new Money(45_00, "EUR"), Customer = "c-7" };

    private static ParcelCase Case => ParcelCase.Unseen(A.Key);

    private static CaseDecision File(ParcelCase parcel, ClaimFiling filing, ParcelFacts facts, double day, int? earlier = 0, ClaimPolicy? policy = null)
        => parcel.File(filing, facts, earlier, policy ?? Policy, "EUR", Delivered.AddDays(day));

    private static (ParcelCase Case, Claim Claim) Filed(ClaimFiling filing, ParcelFacts facts, double day, int? earlier = 0, ClaimPolicy? policy = null, ParcelCase? parcel = null)
    {
        var decided = File(parcel ?? Case, filing, facts, day, earlier, policy);
        decided.Refusal.ShouldBeNull();
        var next = (parcel ?? Case).Apply(decided.Append!);
        return (next, next.Find(decided.ClaimId!)!);
    }

    // ---- windows ---------------------------------------------------------------------------------------------------------

    [Theory]
    [InlineData(4.99, "claim-too-early"), InlineData(5, null), InlineData(15.99, null), InlineData(16, "claim-too-late")]
    public void A_parcel_delivered_to_nowhere_can_be_claimed_from_day_5_to_day_15(double day, string? refused)
        => (File(Case, Missing, AtTheDoor, day).Refusal?.Code).ShouldBe(refused);

    [Theory]
    [InlineData(false, 6.99, "claim-too-early"), InlineData(false, 7, null), InlineData(true, 19.99, "claim-too-early"), InlineData(true, 20, null), InlineData(false, 30.99, null), InlineData(false, 31, "claim-too-late")]
    public void A_lost_parcel_can_be_claimed_from_day_7_or_20_abroad_to_day_30_after_the_last_scan(bool abroad, double day, string? refused)
        => (File(Case, Missing with { Kind = ClaimKind.Lost }, Moving with { Abroad = abroad }, day).Refusal?.Code).ShouldBe(refused);

    [Fact]
    public void A_parcel_that_the_carrier_itself_gave_up_need_not_be_waited_for()
        => File(Case, Missing with { Kind = ClaimKind.Lost }, Moving with { LossReported = true, Status = Milestone.Failed }, 0).Refusal.ShouldBeNull();

    [Theory]
    [InlineData(0, null), InlineData(15.99, null), InlineData(16, "claim-too-late")]
    public void Damage_can_be_claimed_for_15_days(double day, string? refused)
        => (File(Case, Missing with { Kind = ClaimKind.Damaged, Photos = ["p1"] }, AtTheDoor, day).Refusal?.Code).ShouldBe(refused);

    [Theory]
    [InlineData(ClaimKind.DeliveredNotReceived), InlineData(ClaimKind.Damaged), InlineData(ClaimKind.MissingItem), InlineData(ClaimKind.WrongItem)]
    public void What_was_not_delivered_can_only_be_lost(ClaimKind kind) => File(Case, Missing with { Kind = kind }, Moving, 10).Refusal!.Code.ShouldBe("claim-not-delivered");

    [Fact]
    public void What_was_delivered_cannot_be_lost() => File(Case, Missing with { Kind = ClaimKind.Lost }, AtTheDoor, 10).Refusal!.Code.ShouldBe("claim-delivered");

    [Fact]
    public void A_retailer_may_ask_for_a_photo_of_damage_and_then_a_claim_without_one_is_refused()
    {
        var strict = new ClaimPolicy { PhotoRequired = true };
        File(Case, Missing with { Kind = ClaimKind.Damaged }, AtTheDoor, 1, policy: strict).Refusal!.Code.ShouldBe("claim-evidence-missing");
        File(Case, Missing with { Kind = ClaimKind.Damaged, Photos = ["p1"] }, AtTheDoor, 1, policy: strict).Refusal.ShouldBeNull();
        File(Case, Missing, AtTheDoor, 6, policy: strict).Refusal.ShouldBeNull();
    }

    // ---- weighing --------------------------------------------------------------------------------------------------------

    [Fact]
    public void A_first_claim_without_any_proof_of_delivery_is_granted_at_once()
    {
        var (_, claim) = Filed(Missing, AtTheDoor, 6);
        claim.Path.ShouldBe(ClaimPath.Automatic);
        claim.Status.ShouldBe(ClaimStatus.Settling);
        claim.Amount.ShouldBe(new Money(45_00, "EUR"));
        claim.Evidence.Select(e => e.Code).ShouldBe(["delivered", "no-proof", "first-claim"]);
    }

    [Fact]
    public void Thin_evidence_is_granted_up_to_the_limit()
    {
        var (_, claim) = Filed(Missing, AtTheDoor with { Photos = 1 }, 6);
        claim.Path.ShouldBe(ClaimPath.AutomaticWithLimit);
        claim.Amount.ShouldBe(new Money(30_00, "EUR"));
        claim.Reasons.ShouldHaveSingleItem().ShouldContain("thin");
    }

    [Theory]
    [InlineData("signed"), InlineData("dear"), InlineData("often"), InlineData("unknown value"), InlineData("other currency"), InlineData("nothing automatic")]
    public void A_person_decides_and_the_reason_says_why(string because)
    {
        var (filing, facts, earlier, policy) = (Missing, AtTheDoor, 0, new ClaimPolicy());
        switch (because)
        {
            case "signed": facts = facts with { Signed = true }; break;
            case "dear": filing = filing with { Value = new Money(100_01, "EUR") }; break;
            case "often": earlier = 2; break;
            case "unknown value": filing = filing with { Value = null }; break;
            case "other currency": filing = filing with { Value = new Money(10_00, "USD") }; break;
            default: policy.AutomaticPerDay = 0; break;
        }
        var (_, claim) = Filed(filing, facts, 6, earlier, policy);
        claim.Path.ShouldBe(ClaimPath.Person);
        claim.Status.ShouldBe(ClaimStatus.Open);
        claim.Amount.ShouldBeNull();
        claim.Reasons.ShouldHaveSingleItem().ShouldContain("person");
    }

    [Fact]
    public void A_signature_that_was_owed_and_not_taken_speaks_for_the_claim()
    {
        var parcel = Case.Apply(Case.Expect(new SignatureNeed(true, "value", "dear"), "en", null, null, tell: true, Delivered.AddDays(-3)).Append!);
        var (_, claim) = Filed(Missing, AtTheDoor, 6, parcel: parcel);
        claim.Evidence.Select(e => e.Code).ShouldContain("signature-owed");
        claim.Evidence.Select(e => e.Code).ShouldContain("signature-told");
    }

    [Fact]
    public void Page_views_count_only_between_delivery_and_claim()
    {
        var parcel = Case;
        foreach (var day in new[] { -1.0, 1, 2 }) parcel = parcel.Apply(parcel.See("use-1", Delivered.AddDays(day), Delivered.AddDays(day)).Append!);
        Filed(Missing, AtTheDoor, 6, parcel: parcel).Claim.Evidence.Single(e => e.Code == "page-opened").Says.ShouldContain("2 times");
    }

    [Fact]
    public void Every_fact_on_a_claim_is_a_sentence_and_the_score_is_their_sum()
    {
        foreach (var kind in ClaimWords.Kinds)
        {
            var (_, claim) = Filed(Missing with { Kind = kind }, kind == ClaimKind.Lost ? Moving : AtTheDoor, 8);
            claim.Score.ShouldBe(claim.Evidence.Sum(e => e.Weight));
            foreach (var says in claim.Evidence.Select(e => e.Says).Concat(claim.Reasons)) says.ShouldEndWith(".");
            claim.Policy.ShouldBe(Policy.Digest());
        }
    }

    // ---- once ------------------------------------------------------------------------------------------------------------

    [Fact]
    public void The_same_claim_again_decides_nothing_and_another_content_is_refused_by_name()
    {
        var (parcel, claim) = Filed(Missing, AtTheDoor, 6);
        var again = File(parcel, Missing, AtTheDoor, 8);
        (again.Append, again.Refusal, again.ClaimId).ShouldBe((null, null, claim.Id));
        var other = File(parcel, Missing with { Value = new Money(99_00, "EUR"), Customer = "c-8" }, AtTheDoor, 8).Refusal!;
        other.Code.ShouldBe("claim-conflict");
        other.Detail.ShouldContain("value, customer");
    }

    [Fact]
    public void A_parcel_is_paid_for_once_whatever_the_claim_is_called()
    {
        var (parcel, _) = Filed(Missing, AtTheDoor, 6);
        File(parcel, Missing with { Kind = ClaimKind.MissingItem, Line = "2" }, AtTheDoor, 7).Refusal!.Code.ShouldBe("claim-settled-otherwise");
        File(parcel, Missing with { Kind = ClaimKind.Damaged }, AtTheDoor, 7).Refusal!.Code.ShouldBe("claim-settled-otherwise");
    }

    [Fact]
    public void Different_lines_of_one_parcel_are_different_claims_and_one_line_is_not_paid_twice()
    {
        var (parcel, _) = Filed(Missing with { Kind = ClaimKind.MissingItem, Line = "1" }, AtTheDoor, 1);
        (parcel, _) = Filed(Missing with { Kind = ClaimKind.WrongItem, Line = "2" }, AtTheDoor, 2, parcel: parcel);
        parcel.Claims.Length.ShouldBe(2);
        File(parcel, Missing with { Kind = ClaimKind.Damaged, Line = "1" }, AtTheDoor, 3).Refusal!.Code.ShouldBe("claim-settled-otherwise");
    }

    [Fact]
    public void A_recycled_numbers_next_parcel_may_be_claimed_too()
    {
        var (parcel, first) = Filed(Missing, AtTheDoor, 6);
        Filed(Missing, AtTheDoor with { UseId = "use-2" }, 6, parcel: parcel).Claim.Id.ShouldNotBe(first.Id);
    }

    [Fact]
    public void A_settling_claim_is_granted_once_and_the_shopper_is_told_once()
    {
        var (parcel, claim) = Filed(Missing, AtTheDoor, 6);
        var settled = parcel.Settle(claim.Id, reserved: true, "", Delivered.AddDays(6));
        settled.Append!.Events.OfType<NoticeOwed>().ShouldHaveSingleItem().Kind.ShouldBe("claim-granted");
        parcel = parcel.Apply(settled.Append);
        parcel.Find(claim.Id)!.Status.ShouldBe(ClaimStatus.Granted);
        parcel.Settle(claim.Id, reserved: true, "", Delivered.AddDays(7)).Append.ShouldBeNull();
        parcel.Recoveries.ShouldHaveSingleItem().Cost.ShouldBe(new Money(45_00, "EUR"));
    }

    [Fact]
    public void When_the_days_budget_is_used_up_a_person_decides()
    {
        var (parcel, claim) = Filed(Missing, AtTheDoor, 6);
        parcel = parcel.Apply(parcel.Settle(claim.Id, reserved: false, "Today's budget is used up, so a person decides.", Delivered.AddDays(6)).Append!);
        var waiting = parcel.Find(claim.Id)!;
        (waiting.Status, waiting.Path, waiting.Amount).ShouldBe((ClaimStatus.Open, ClaimPath.Person, null));
        waiting.Reasons[^1].ShouldContain("budget");
    }

    [Fact]
    public void A_persons_decision_stands()
    {
        var (parcel, claim) = Filed(Missing with { Value = new Money(2_400_00, "EUR") }, AtTheDoor, 6);
        var decided = parcel.Decide(claim.Id, false, ClaimRemedy.None, null, "ops", "The carrier's photo shows the hand-over.", "called them", Delivered.AddDays(8));
        decided.Append!.Personal!.Note.ShouldBe("called them");
        parcel = parcel.Apply(decided.Append);
        parcel.Find(claim.Id)!.Status.ShouldBe(ClaimStatus.Declined);
        parcel.Decide(claim.Id, false, ClaimRemedy.None, null, "ops", "again", null, Delivered.AddDays(9)).ShouldBe(new CaseDecision(null, null, claim.Id));
        parcel.Decide(claim.Id, true, ClaimRemedy.Refund, null, "ops", "changed my mind", null, Delivered.AddDays(9)).Refusal!.Code.ShouldBe("claim-decided");
        parcel.Decide("nothing", true, ClaimRemedy.Refund, null, "ops", "", null, Delivered).Refusal!.Code.ShouldBe("claim-unknown");
    }

    [Theory]
    [InlineData(0, "EUR"), InlineData(-5, "EUR"), InlineData(100_01, "EUR"), InlineData(50_00, "USD")]
    public void Nobody_pays_back_more_than_the_value_or_nothing_or_another_currency(long minor, string currency)
    {
        var (parcel, claim) = Filed(Missing with { Value = new Money(100_00, "EUR") }, AtTheDoor with { Signed = true }, 6);
        parcel.Decide(claim.Id, true, ClaimRemedy.Refund, new Money(minor, currency), "ops", "", null, Delivered.AddDays(8)).Refusal!.Code.ShouldBe("claim-amount");
    }

    [Theory]
    [InlineData("NotReceivedFromDay", 16), InlineData("LostFromDayAbroad", 31), InlineData("AutomaticLimit", 101), InlineData("AutomaticPerDay", -1), InlineData("DamagedUntilDay", 400)]
    public void A_policy_that_cannot_be_meant_is_refused_with_its_name(string option, int value)
    {
        var policy = new ClaimPolicy();
        var property = typeof(ClaimPolicy).GetProperty(option)!;
        property.SetValue(policy, Convert.ChangeType(value, property.PropertyType, System.Globalization.CultureInfo.InvariantCulture));
        policy.Problems().ShouldContain(p => p.Contains(option));
        new ClaimPolicy().Problems().ShouldBeEmpty();
    }

    [Fact]
    public void What_is_stored_folds_back_to_the_same_case_and_names_nobody_in_the_open_part()
    {
        var parcel = Case;
        var appends = new List<CaseAppend>();
        void Take(CaseDecision decided) { appends.Add(decided.Append!); parcel = parcel.Apply(decided.Append!); }
        Take(parcel.Expect(new SignatureNeed(true, "value", "dear"), "de", "Canary Bird", "canary@example.org", true, Delivered.AddDays(-4)));
        Take(parcel.Answer("home", Delivered.AddDays(-3)));
        Take(parcel.See("use-1", Delivered.AddDays(1), Delivered.AddDays(1)));
        Take(File(parcel, Missing with { Text = "canary says no", Name = "Canary Bird", Photos = ["canary.jpg"] }, AtTheDoor, 6));
        Take(parcel.Settle(parcel.Claims[0].Id, true, "", Delivered.AddDays(6)));
        Take(parcel.Look(AtTheDoor, new SignaturePolicy(), Policy, TimeZoneInfo.Utc, Delivered.AddDays(10)));
        Take(parcel.Rate(4, Delivered.AddDays(11)));
        Take(parcel.BuyAgain(parcel.Recoveries[0].Id, Delivered.AddDays(20)));

        var read = Case;
        foreach (var append in appends)
        {
            var open = CaseJson.WriteOpen(append);
            System.Text.Encoding.UTF8.GetString(open).ShouldNotContain("anary");
            read = read.Apply(CaseJson.Read(open, CaseJson.WritePersonal(append)));
        }
        read.Contact.ShouldBe(("Canary Bird", null));
        read.Claims[0].Status.ShouldBe(ClaimStatus.Granted);
        read.Signature!.Answer.ShouldBe("home");
        (read.Recoveries[0].Score, read.Recoveries[0].BoughtAgain).ShouldBe((4, true));
        read.Version.ShouldBe(parcel.Version);
        read.Told.Order().ShouldBe(parcel.Told.Order());
    }
}
