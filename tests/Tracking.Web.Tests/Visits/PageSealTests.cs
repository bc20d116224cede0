using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Pages;

public sealed class PageSealTests
{
    private readonly ManualClock _clock = new();
    private readonly PageSeal _seal;

    public PageSealTests() => _seal = new PageSeal(new byte[32], _clock);

    [Fact]
    public void What_was_proven_holds_for_its_time_and_no_longer()
    {
        var known = _seal.Prove("tok", VisitLevel.Known);
        var proven = _seal.Prove("tok", VisitLevel.Proven);
        _seal.LevelOf("tok", proven).ShouldBe(VisitLevel.Proven);
        _clock.Advance(PageSeal.ProvenFor + TimeSpan.FromSeconds(1));
        _seal.LevelOf("tok", proven).ShouldBe(VisitLevel.Link);
        _seal.LevelOf("tok", known).ShouldBe(VisitLevel.Known);
        _clock.Advance(PageSeal.KnownFor);
        _seal.LevelOf("tok", known).ShouldBe(VisitLevel.Link);
    }

    [Fact]
    public void A_level_cannot_be_raised_by_hand()
    {
        var known = _seal.Prove("tok", VisitLevel.Known);
        _seal.LevelOf("tok", "2" + known[1..]).ShouldBe(VisitLevel.Link);
        _seal.LevelOf("other", known).ShouldBe(VisitLevel.Link);
        new PageSeal([.. new byte[31], 1], _clock).LevelOf("tok", known).ShouldBe(VisitLevel.Link);
        foreach (var wrong in new[] { null, "", "1", "1.2", "1.2.3", "9.9999999999.x", "-1.5.x", new string('.', 50), new string('x', 500) }) _seal.LevelOf("tok", wrong).ShouldBe(VisitLevel.Link);
    }

    [Fact]
    public void A_form_left_open_for_a_week_still_works()
    {
        var form = _seal.Form("tok");
        _clock.Advance(TimeSpan.FromDays(7));
        _seal.TryForm("tok", form, out var id).ShouldBeTrue();
        id.Length.ShouldBe(16);
        _clock.Advance(TimeSpan.FromDays(3));
        _seal.TryForm("tok", form, out _).ShouldBeFalse();
    }

    [Fact]
    public void Two_forms_have_two_ids() => _seal.Form("tok").ShouldNotBe(_seal.Form("tok"));

    [Fact]
    public void A_codes_digest_is_of_its_parcel()
        => _seal.CodeDigest(new ShipmentKey("a", "ups", "1"), "123456").AsSpan().SequenceEqual(_seal.CodeDigest(new ShipmentKey("a", "ups", "2"), "123456").AsSpan()).ShouldBeFalse();
}
