using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Workload;

namespace Tracking.LoadTest.Tests.Scenarios;

public sealed class FormatLedgerTests
{
    private readonly FormatLedger _ledger = new();

    [Fact]
    public void Rows_as_many_as_distinct_acked_scans_are_right_however_often_a_history_was_told()
    {
        _ledger.Sent(1, 0b1111);
        _ledger.Acked(1, 0b0111);
        _ledger.Acked(1, 0b1111);
        for (var i = 0; i < 4; i++) _ledger.Found(1, isScan: true, $"k{i}").ShouldBeTrue();

        _ledger.Found(1, isScan: false, "a snapshot of the status").ShouldBeTrue();

        _ledger.Verify().Holds.ShouldBeTrue();
        _ledger.Found(2, isScan: true, "k").ShouldBeFalse();
    }

    [Fact]
    public void Fewer_rows_than_acked_are_lost_and_more_than_sent_are_duplicates()
    {
        _ledger.Sent(1, 0b11);
        _ledger.Acked(1, 0b11);
        _ledger.Found(1, isScan: true, "a");
        _ledger.Sent(2, 0b1);
        _ledger.Found(2, isScan: true, "b");
        _ledger.Found(2, isScan: true, "c");

        _ledger.Verify().Lost.ShouldBe(1);
        _ledger.Verify().Duplicates.ShouldBe(1);
    }

    [Fact]
    public void One_identity_stored_in_two_rows_is_a_duplicate_whatever_kind_it_is()
    {
        _ledger.Sent(1, 0b11);
        _ledger.Found(1, isScan: false, "a");
        _ledger.Found(1, isScan: false, "a");

        _ledger.Verify().Duplicates.ShouldBe(1);
    }

    [Fact]
    public void A_history_counts_every_step_up_to_its_newest_and_a_row_only_its_own()
    {
        var parcel = (Format format) => new Parcel(1, Carrying.Ups, format, "n", []);
        FormatLedger.Bits(new Statement(0, parcel(Format.Ups), 2, Happening.Arrived, Places.Hubs[0], 0)).ShouldBe(0b111);
        FormatLedger.Bits(new Statement(0, parcel(Format.Csv), 2, Happening.Arrived, Places.Hubs[0], 0)).ShouldBe(0b100);
    }
}
