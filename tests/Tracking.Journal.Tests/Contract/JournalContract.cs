using System.Security.Cryptography;
using System.Text;
using Tracking.Contracts.Ports;

namespace Tracking.Journal.Tests.Contract;

/// <summary>Every sentence of <see cref="IEventJournal"/> and its neighbours, asked of each store alike.</summary>
public abstract class JournalContract : IAsyncLifetime
{
    protected static readonly DateTimeOffset Noon = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    private JournalStore? _store;

    protected JournalStore Store => _store ?? throw new InvalidOperationException("Not open yet.");
    protected IEventJournal Journal => Store.Journal;
    protected IHeadStore Heads => Store.Heads;
    protected IQuarantine Quarantine => Store.Quarantine;
    protected IGrainStateStore States => Store.GrainState;

    /// <summary>A stream of this test alone.</summary>
    protected string Stream { get; } = $"s/acme/ups/1Z{Guid.NewGuid():N}".ToUpperInvariant().Replace("S/ACME/UPS", "s/acme/ups", StringComparison.Ordinal);

    protected abstract ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change);

    /// <summary>Stops using the store as a restart would and opens the same data again.</summary>
    protected async Task ReopenAsync(Action<StorageOptions>? change = null)
    {
        await Store.DisposeAsync();
        _store = await OpenAsync(change ?? (static _ => { }));
    }

    public virtual async ValueTask InitializeAsync() => _store = await OpenAsync(static _ => { });

    public virtual async ValueTask DisposeAsync()
    {
        if (_store is not null) await _store.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_is_appended_is_read_back_whole_and_in_order()
    {
        for (var version = 1; version <= 5; version++) await AppendAsync(Stream, version, $"open {version}", $"personal {version}");

        var rows = await RowsAsync(Stream);

        rows.Select(row => row.Version).ShouldBe([1, 2, 3, 4, 5]);
        rows.Select(row => Text(row.Open)).ShouldBe(["open 1", "open 2", "open 3", "open 4", "open 5"]);
        rows.Select(row => Text(row.Personal)).ShouldBe(["personal 1", "personal 2", "personal 3", "personal 4", "personal 5"]);
        rows.ShouldAllBe(row => row.Stream == Stream && !row.Erased && !row.Marked);
        rows[2].RecordedAt.ShouldBe(Noon.AddMinutes(3));
    }

    [Fact]
    public async Task What_was_appended_is_there_after_a_restart()
    {
        await AppendAsync(Stream, 1, "open", "personal", marked: true);

        await ReopenAsync();

        var row = (await RowsAsync(Stream)).ShouldHaveSingleItem();
        (Text(row.Open), Text(row.Personal), row.Marked).ShouldBe(("open", "personal", true));
    }

    [Fact]
    public async Task An_append_without_personal_part_has_none_and_is_not_erased()
    {
        await AppendAsync(Stream, 1, "open");

        var row = (await RowsAsync(Stream)).ShouldHaveSingleItem();
        row.Personal.IsEmpty.ShouldBeTrue();
        row.Erased.ShouldBeFalse();
    }

    [Fact]
    public async Task The_caller_may_reuse_its_bytes_as_soon_as_it_has_called()
    {
        var open = Encoding.UTF8.GetBytes("first");
        var append = Journal.AppendAsync(new(Stream, 1, Noon, open));
        "other"u8.CopyTo(open);
        await append;

        Text((await RowsAsync(Stream))[0].Open).ShouldBe("first");
    }

    [Fact]
    public async Task Instants_are_kept_to_the_microsecond_in_UTC()
    {
        var at = new DateTimeOffset(2026, 3, 2, 13, 0, 0, TimeSpan.FromHours(1)).AddTicks(12_345_678);
        await Journal.AppendAsync(new(Stream, 1, at, "x"u8.ToArray()));

        var read = (await RowsAsync(Stream))[0].RecordedAt;
        read.Offset.ShouldBe(TimeSpan.Zero);
        read.ShouldBe(at.AddTicks(-8));
    }

    [Fact]
    public async Task A_version_that_exists_is_fenced_and_changes_nothing()
    {
        await AppendAsync(Stream, 1, "first");

        var fenced = await Should.ThrowAsync<JournalFencedException>(() => AppendAsync(Stream, 1, "second", "secret", links: [Link("token of the second")]));

        fenced.Message.ShouldContain(Stream);
        (await RowsAsync(Stream)).ShouldHaveSingleItem().Open.ShouldBeText("first");
        (await Heads.FindLinkAsync(Hash("token of the second"))).ShouldBeNull();
    }

    [Fact]
    public async Task Only_one_of_many_rivals_for_a_version_is_stored()
    {
        var rivals = Enumerable.Range(0, 40).Select(async n =>
        {
            try
            {
                await AppendAsync(Stream, 1, $"rival {n}", $"secret {n}");
                return $"rival {n}";
            }
            catch (JournalFencedException)
            {
                return null;
            }
        });
        var winner = (await Task.WhenAll(rivals)).Where(name => name is not null).ShouldHaveSingleItem();

        var row = (await RowsAsync(Stream)).ShouldHaveSingleItem();
        Text(row.Open).ShouldBe(winner);
        Text(row.Personal).ShouldBe(winner!.Replace("rival", "secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_fenced_append_does_not_harm_its_neighbours()
    {
        await AppendAsync(Stream, 1, "taken");
        var neighbours = Enumerable.Range(0, 50).Select(n => $"{Stream}-{n}").ToList();

        var appends = neighbours.Select(name => AppendAsync(name, 1, name)).ToList();
        var fenced = AppendAsync(Stream, 1, "again");
        await Task.WhenAll(appends);

        await Should.ThrowAsync<JournalFencedException>(() => fenced);
        foreach (var name in neighbours) (await RowsAsync(name)).ShouldHaveSingleItem().Open.ShouldBeText(name);
    }

    [Fact]
    public async Task A_name_that_no_store_can_keep_is_rejected_before_it_meets_others()
    {
        string[] impossible = ["", "s/acme/ups/with\0nul", "s/acme/ups/half\ud800pair", "s/acme/ups/half\ud800", Stream + new string('9', 500)];
        foreach (var name in impossible) await Should.ThrowAsync<JournalRejectedException>(() => AppendAsync(name, 1, "x"));
        await Should.ThrowAsync<JournalRejectedException>(() => AppendAsync(Stream, 0, "x"));
    }

    [Fact]
    public async Task A_cancelled_append_stores_nothing()
    {
        await Should.ThrowAsync<OperationCanceledException>(() => Journal.AppendAsync(new(Stream, 1, Noon, "x"u8.ToArray()), new CancellationToken(true)).AsTask());

        (await RowsAsync(Stream)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Names_and_bytes_of_any_script_survive()
    {
        var stream = Stream + "/Zürich-横浜-🚚";
        var bytes = RandomNumberGenerator.GetBytes(100_000);
        await Journal.AppendAsync(new(stream, 1, Noon, bytes, bytes.AsMemory(..70_000)));

        var row = (await RowsAsync(stream)).ShouldHaveSingleItem();
        row.Open.Span.SequenceEqual(bytes).ShouldBeTrue();
        row.Personal.Span.SequenceEqual(bytes.AsSpan(..70_000)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_load_without_head_brings_every_row_and_opens_nothing_personal()
    {
        await AppendAsync(Stream, 1, "one", "secret");
        await AppendAsync(Stream, 2, "two");

        var state = await Journal.LoadAsync(Stream);

        state.Head.ShouldBeNull();
        state.Tail.Select(row => Text(row.Open)).ShouldBe(["one", "two"]);
        state.Tail.ShouldAllBe(row => row.Personal.IsEmpty && !row.Erased);
    }

    [Fact]
    public async Task A_load_brings_the_head_and_only_the_rows_above_it()
    {
        for (var version = 1; version <= 4; version++) await AppendAsync(Stream, version, $"{version}");
        Heads.Offer(Head(Stream, 3));
        await Heads.FlushAsync();

        var state = await Journal.LoadAsync(Stream);

        state.Head.ShouldNotBeNull();
        state.Head.Version.ShouldBe(3);
        state.Head.Snapshot.ShouldBeText("\u0001snapshot 3");
        state.Head.Summary.ShouldBeText("{\"v\":3}");
        (state.Head.Status, state.Head.Flags, state.Head.DueAt, state.Head.RecordedAt).ShouldBe(((byte)4, 5, Noon.AddHours(3), Noon.AddMinutes(3)));
        state.Tail.Select(row => row.Version).ShouldBe([4]);
    }

    [Fact]
    public async Task A_head_of_an_unknown_format_counts_as_absent()
    {
        await AppendAsync(Stream, 1, "1");
        await AppendAsync(Stream, 2, "2");
        Heads.Offer(Head(Stream, 2) with { Snapshot = new byte[] { 99, 1, 2 } });
        await Heads.FlushAsync();
        await ReopenAsync(options => options.KnowsSnapshot = static (kind, format) => kind == 's' && format == 1);

        var state = await Journal.LoadAsync(Stream);

        state.Head.ShouldBeNull();
        state.Tail.Select(row => row.Version).ShouldBe([1, 2]);
    }

    [Fact]
    public async Task Many_loads_at_once_each_get_their_own_stream()
    {
        var names = Enumerable.Range(0, 300).Select(n => $"{Stream}-{n}").ToList();
        await Task.WhenAll(names.Select(name => AppendAsync(name, 1, name)));
        foreach (var name in names.Take(100)) Heads.Offer(Head(name, 1));
        await Heads.FlushAsync();

        var states = await Task.WhenAll(names.Concat(names.Take(20)).Select(name => Journal.LoadAsync(name).AsTask()));

        for (var n = 0; n < 100; n++) states[n].Head!.Stream.ShouldBe(names[n]);
        for (var n = 100; n < 300; n++) states[n].Tail.ShouldHaveSingleItem().Open.ShouldBeText(names[n]);
        states[305].Head!.Stream.ShouldBe(names[5]);
    }

    [Fact]
    public async Task A_stream_nobody_wrote_loads_empty()
    {
        var state = await Journal.LoadAsync(Stream);

        state.Head.ShouldBeNull();
        state.Tail.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_partition_reader_sees_marked_rows_only_in_order_and_never_twice()
    {
        var partition = Partitions.Of(Stream);
        var position = JournalPosition.Start;
        for (var version = 1; version <= 9; version++) await AppendAsync(Stream, version, $"{version}", $"secret {version}", marked: version % 2 == 1);

        var read = new List<JournalRow>();
        while (read.Count < 5)
        {
            var page = await Journal.ReadMarkedAsync(partition, position, 2);
            page.Position.ShouldBeGreaterThanOrEqualTo(position);
            position = page.Position;
            page.Rows.Count.ShouldBeLessThanOrEqualTo(2);
            read.AddRange(page.Rows);
        }

        read.Select(row => (row.Stream, row.Version)).ShouldBe([(Stream, 1), (Stream, 3), (Stream, 5), (Stream, 7), (Stream, 9)]);
        Text(read[0].Personal).ShouldBe("secret 1");
        await AppendAsync(Stream, 10, "10", marked: true);
        (await MarkedAsync(partition, position, 1)).Rows.Select(row => row.Version).ShouldBe([10]);
    }

    [Fact]
    public async Task A_reader_moves_on_even_when_no_row_came()
    {
        await AppendAsync(Stream, 1, "unmarked");

        var page = await Journal.ReadMarkedAsync(Partitions.Of(Stream), JournalPosition.Start, 10);

        page.Rows.Where(row => row.Stream == Stream).ShouldBeEmpty();
        page.Position.ShouldBeGreaterThan(JournalPosition.Start);
    }

    [Fact]
    public async Task Every_row_of_every_stream_comes_by_partition_and_position()
    {
        var names = Enumerable.Range(0, 40).Select(n => $"{Stream}-{n}").ToList();
        foreach (var version in Enumerable.Range(1, 3)) await Task.WhenAll(names.Select(name => AppendAsync(name, version, $"{name} {version}", "secret")));

        var rows = new List<JournalRow>();
        await foreach (var row in Journal.ReadAllAsync()) rows.Add(row);

        rows.Select(row => Partitions.Of(row.Stream)).ShouldBeInOrder();
        rows.GroupBy(row => Partitions.Of(row.Stream)).ShouldAllBe(partition => partition.Zip(partition.Skip(1)).All(pair => pair.First.Position < pair.Second.Position));
        rows.Where(row => names.Contains(row.Stream)).Count().ShouldBe(120);
        rows.Where(row => names.Contains(row.Stream)).ShouldAllBe(row => Text(row.Personal) == "secret");
    }

    [Fact]
    public async Task A_rebuild_reads_ranges_of_partitions_without_what_is_personal()
    {
        var names = Enumerable.Range(0, 40).Select(n => $"{Stream}-r{n}").ToList();
        foreach (var version in Enumerable.Range(1, 3)) await Task.WhenAll(names.Select(name => AppendAsync(name, version, $"{name} {version}", "secret", marked: version == 2)));

        async Task<List<JournalRow>> RangeAsync(int from, int to)
        {
            var rows = new List<JournalRow>();
            await foreach (var row in Journal.ReadOpenAsync(from, to)) rows.Add(row);
            return rows;
        }
        var ranges = await Task.WhenAll(RangeAsync(0, 100), RangeAsync(100, 101), RangeAsync(101, Partitions.Count));
        var all = new List<JournalRow>();
        await foreach (var row in Journal.ReadAllAsync()) all.Add(row);

        ranges.SelectMany(rows => rows).Select(row => (row.Stream, row.Version, row.Position, row.RecordedAt, row.Marked, Open: Text(row.Open)))
            .ShouldBe(all.Select(row => (row.Stream, row.Version, row.Position, row.RecordedAt, row.Marked, Open: Text(row.Open))));
        ranges.SelectMany(rows => rows).ShouldAllBe(row => row.Personal.IsEmpty && !row.Erased);
        ranges[0].ShouldAllBe(row => Partitions.Of(row.Stream) < 100);
    }

    [Fact]
    public async Task A_cursor_nobody_saved_is_the_beginning()
    {
        var cursor = await Journal.LoadCursorAsync("reactions", 7);

        (cursor.Position, cursor.Revision, cursor.State.IsEmpty).ShouldBe((JournalPosition.Start, 0L, true));
    }

    [Fact]
    public async Task A_cursor_is_saved_with_its_state_by_compare_and_set()
    {
        await AppendAsync(Stream, 1, "x", marked: true);
        var partition = Partitions.Of(Stream);
        var page = await MarkedAsync(partition, JournalPosition.Start, 1);
        var fresh = await Journal.LoadCursorAsync(Stream, partition);
        var moved = fresh with { Position = page.Position, RecordedAt = Noon, State = Encoding.UTF8.GetBytes("sums") };

        (await Journal.SaveCursorAsync(moved)).ShouldBeTrue();
        (await Journal.SaveCursorAsync(moved with { RecordedAt = Noon.AddDays(1) })).ShouldBeFalse("somebody else saved it first");

        await ReopenAsync();
        var saved = await Journal.LoadCursorAsync(Stream, partition);
        (saved.Position, saved.RecordedAt, saved.Revision).ShouldBe((page.Position, Noon, 1L));
        saved.State.ShouldBeText("sums");
        (await Journal.SaveCursorAsync(saved with { State = default })).ShouldBeTrue();
        (await Journal.LoadCursorAsync(Stream, partition)).Revision.ShouldBe(2);
    }

    [Fact]
    public async Task In_another_life_of_the_database_a_reader_resumes_an_hour_before_what_it_had_read()
    {
        var partition = Partitions.Of(Stream);
        for (var hour = 1; hour <= 5; hour++) await Journal.AppendAsync(new(Stream, hour, Noon.AddHours(hour), "x"u8.ToArray(), default, true));
        var all = await MarkedAsync(partition, JournalPosition.Start, 5);
        await Journal.SaveCursorAsync(new("reactions", partition, all.Position, Noon.AddHours(5), 0));

        await Store.RenewEpochAsync();

        var cursor = await Journal.LoadCursorAsync("reactions", partition);
        (await MarkedAsync(partition, cursor.Position, 2)).Rows.Select(row => row.Version).ShouldBe([4, 5]);
        await Should.ThrowAsync<InvalidOperationException>(() => Journal.ReadMarkedAsync(partition, all.Position, 100).AsTask());
    }

    [Fact]
    public async Task Erasing_a_stream_leaves_its_open_part_and_nothing_personal()
    {
        await AppendAsync(Stream, 1, "open", "Jane Doe");
        await AppendAsync(Stream, 2, "open only");
        var neighbour = Stream + "-2";
        await AppendAsync(neighbour, 1, "open", "John Roe");

        var before = (await RowsAsync(Stream)).ConvertAll(row => Convert.ToHexString(row.Sealed.Span));
        await Journal.EraseAsync(Stream);

        var rows = await RowsAsync(Stream);
        rows.Select(row => (Text(row.Open), row.Personal.IsEmpty, row.Erased)).ShouldBe([("open", true, true), ("open only", true, false)]);
        rows.Select(row => Convert.ToHexString(row.Sealed.Span)).ShouldBe(before, "what was sealed stays, so that a digest over it holds");
        (before[0].Length > 0, before[1]).ShouldBe((true, ""));
        Text((await RowsAsync(neighbour))[0].Personal).ShouldBe("John Roe");
    }

    [Fact]
    public async Task What_is_appended_after_an_erasure_is_readable_and_what_was_before_is_not()
    {
        await AppendAsync(Stream, 1, "one", "before");
        await Journal.LoadAsync(Stream);
        await Journal.EraseAsync(Stream);

        await AppendAsync(Stream, 2, "two", "after");
        await ReopenAsync();

        var rows = await RowsAsync(Stream);
        rows.Select(row => (Text(row.Personal), row.Erased)).ShouldBe([("", true), ("after", false)]);
        await Journal.EraseAsync(Stream);
        (await RowsAsync(Stream)).ShouldAllBe(row => row.Erased);
    }

    [Fact]
    public async Task Erasing_twice_or_a_stream_without_personal_data_is_no_error()
    {
        await AppendAsync(Stream, 1, "open");

        await Journal.EraseAsync(Stream);
        await Journal.EraseAsync(Stream);

        (await RowsAsync(Stream)).ShouldHaveSingleItem().Erased.ShouldBeFalse();
    }

    [Fact]
    public async Task A_head_only_goes_forwards()
    {
        Heads.Offer(Head(Stream, 5));
        await Heads.FlushAsync();
        Heads.Offer(Head(Stream, 4));
        await Heads.FlushAsync();
        (await HeadOfAsync(Stream)).Version.ShouldBe(5);

        Heads.Offer(Head(Stream, 7));
        Heads.Offer(Head(Stream, 6));
        await Heads.FlushAsync();
        (await HeadOfAsync(Stream)).Version.ShouldBe(7);
    }

    [Fact]
    public async Task Time_alone_may_move_when_a_stream_is_due()
    {
        Heads.Offer(Head(Stream, 5));
        await Heads.FlushAsync();
        Heads.Offer(Head(Stream, 5) with { DueAt = Noon.AddDays(3), Flags = 9 });
        await Heads.FlushAsync();

        (await HeadOfAsync(Stream)).ShouldSatisfyAllConditions(head => head.DueAt.ShouldBe(Noon.AddDays(3)), head => head.Flags.ShouldBe(9));
    }

    [Fact]
    public async Task Streams_of_a_kind_without_heads_do_not_lag()
    {
        var stream = "g" + Stream[1..];
        await AppendAsync(stream, 1, "x");

        (await Heads.LaggingAsync(Partitions.Of(stream), JournalPosition.Start, 10)).Streams.ShouldNotContain(stream);
    }

    [Fact]
    public async Task Heads_offered_before_a_graceful_stop_are_there_after_it()
    {
        Heads.Offer(Head(Stream, 2));

        await ReopenAsync();

        (await HeadOfAsync(Stream)).Version.ShouldBe(2);
    }

    [Fact]
    public async Task What_is_due_comes_oldest_first_and_up_to_a_limit()
    {
        var partition = Partitions.Of(Stream);
        var names = NamesIn(partition, 4);
        for (var n = 0; n < 4; n++) Heads.Offer(Head(names[n], 1) with { DueAt = n == 3 ? null : Noon.AddMinutes(-n) });
        await Heads.FlushAsync();

        (await Heads.DueAsync(partition, Noon, 10)).Select(due => due.Stream).ShouldBe([names[2], names[1], names[0]]);
        (await Heads.DueAsync(partition, Noon, 10))[0].ShouldBe(new DueStream(names[2], 1, Noon.AddMinutes(-2)));
        (await Heads.DueAsync(partition, Noon.AddMinutes(-1), 10)).Select(due => due.Stream).ShouldBe([names[2], names[1]]);
        (await Heads.DueAsync(partition, Noon, 1)).ShouldHaveSingleItem();

        Heads.Offer(Head(names[2], 2) with { DueAt = null });
        await Heads.FlushAsync();
        (await Heads.DueAsync(partition, Noon, 10)).Select(due => due.Stream).ShouldBe([names[1], names[0]]);
    }

    [Fact]
    public async Task Streams_whose_head_a_crash_lost_are_found()
    {
        var partition = Partitions.Of(Stream);
        var names = NamesIn(partition, 3);
        foreach (var name in names) await AppendAsync(name, 1, "x", marked: true);
        Heads.Offer(Head(names[0], 1));
        await Heads.FlushAsync();
        await AppendAsync(names[0], 2, "x", marked: true);
        Heads.Offer(Head(names[1], 1));

        var lagging = await Heads.LaggingAsync(partition, JournalPosition.Start, 10);
        lagging.Streams.ShouldBe([names[0], names[2]], ignoreOrder: true);

        Heads.Offer(Head(names[0], 2));
        Heads.Offer(Head(names[2], 1));
        var after = await Heads.LaggingAsync(partition, JournalPosition.Start, 10);
        after.Streams.ShouldBeEmpty();
        after.CheckedUpTo.ShouldBeGreaterThan(JournalPosition.Start);

        await AppendAsync(names[1], 2, "x", marked: true);
        (await Heads.LaggingAsync(partition, after.CheckedUpTo, 10)).Streams.ShouldBe([names[1]]);
    }

    [Fact]
    public async Task An_unmarked_row_above_its_head_is_a_tail_and_no_lost_head()
    {
        await AppendAsync(Stream, 1, "x", marked: true);
        Heads.Offer(Head(Stream, 1));
        await AppendAsync(Stream, 2, "x");
        await Heads.FlushAsync();

        (await Heads.LaggingAsync(Partitions.Of(Stream), JournalPosition.Start, 10)).Streams.ShouldNotContain(Stream);
        (await Journal.LoadAsync(Stream)).Tail.ShouldHaveSingleItem().Version.ShouldBe(2);
    }

    [Fact]
    public async Task Lagging_heads_come_in_pages_that_skip_none()
    {
        var partition = Partitions.Of(Stream);
        var names = NamesIn(partition, 7);
        foreach (var name in names)
        {
            await AppendAsync(name, 1, "x", marked: true);
            await AppendAsync(name, 2, "x", marked: true);
        }

        var found = new HashSet<string>();
        var position = JournalPosition.Start;
        for (var page = 0; page < 20; page++)
        {
            var lagging = await Heads.LaggingAsync(partition, position, 2);
            lagging.Streams.Count.ShouldBeLessThanOrEqualTo(2);
            if (lagging.Streams.Count == 0) break;
            found.UnionWith(lagging.Streams);
            position = lagging.CheckedUpTo;
        }

        found.ShouldBe(names, ignoreOrder: true);
    }

    [Fact]
    public async Task Heads_are_listed_newest_first_for_one_retailer_and_filtered()
    {
        string[] names = ["s/shop/ups/1Z1", "s/shop/ups/1Z2", "s/shop/dhl/JJ3", "o/shop/4", "s/shopper/ups/1Z5"];
        for (var n = 0; n < names.Length; n++) Heads.Offer(Head(names[n], 1) with { RecordedAt = Noon.AddMinutes(n), Status = (byte)n, Flags = 1 << n });
        await Heads.FlushAsync();

        async Task<string[]> ListAsync(HeadQuery query) => [.. (await Heads.ListAsync(query)).Select(head => head.Stream)];
        var all = new HeadQuery("shop", 's', [], 0, null, 10);
        (await ListAsync(all)).ShouldBe(["s/shop/dhl/JJ3", "s/shop/ups/1Z2", "s/shop/ups/1Z1"]);
        (await ListAsync(all with { Kind = 'o' })).ShouldBe(["o/shop/4"]);
        (await ListAsync(all with { Statuses = [0, 2] })).ShouldBe(["s/shop/dhl/JJ3", "s/shop/ups/1Z1"]);
        (await ListAsync(all with { FlagsAny = 2 | 16 })).ShouldBe(["s/shop/ups/1Z2"]);
        (await ListAsync(all with { Before = Noon.AddMinutes(2) })).ShouldBe(["s/shop/ups/1Z2", "s/shop/ups/1Z1"]);
        (await ListAsync(all with { Limit = 1 })).ShouldBe(["s/shop/dhl/JJ3"]);
        (await ListAsync(all with { StreamContains = "ups/1Z" })).ShouldBe(["s/shop/ups/1Z2", "s/shop/ups/1Z1"]);
        (await ListAsync(all with { StreamContains = "%" })).ShouldBeEmpty();
        (await ListAsync(all with { Retailer = "nobody" })).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_link_becomes_findable_with_the_append_that_carries_it()
    {
        await AppendAsync(Stream, 1, "x", links: [Link("a"), Link("b") with { Audience = "share", Generation = 3 }]);

        (await Heads.FindLinkAsync(Hash("a"))).ShouldNotBeNull().Stream.ShouldBe(Stream);
        var shared = (await Heads.FindLinkAsync(Hash("b"))).ShouldNotBeNull();
        (shared.Audience, shared.Generation, shared.TokenHash.Span.SequenceEqual(Hash("b"))).ShouldBe(("share", 3, true));
        (await Heads.FindLinkAsync(Hash("c"))).ShouldBeNull();
    }

    [Fact]
    public async Task The_same_garbage_is_one_quarantined_item_with_its_bytes()
    {
        await Quarantine.AddAsync([Garbage("1", "not \0 JSON"), Garbage("2", "neither")]);
        await Quarantine.AddAsync([Garbage("1", "not \0 JSON")]);
        await ReopenAsync();

        var items = await Quarantine.ListAsync("acme", null, 10, false);
        items.Select(item => item.Id).ShouldBe(["2", "1"]);
        items.ShouldAllBe(item => item.Body.IsEmpty);
        var found = (await Quarantine.FindAsync("acme", "1")).ShouldNotBeNull();
        found.Body.ShouldBeText("not \0 JSON");
        (found.Format, found.Feed, found.Code, found.Pointer, found.ReceivedAt, found.ReplayedAt).ShouldBe(("ups", "main", "unreadable", "/a/0", Noon.AddMinutes(1), null));
        found.Detail.ShouldBe("Half \uFFFD a pair and a \uFFFD.");
        (await Quarantine.FindAsync("other", "1")).ShouldBeNull();
    }

    [Fact]
    public async Task A_quarantined_item_is_replayed_once_and_then_listed_only_when_asked()
    {
        await Quarantine.AddAsync([Garbage("1", "x"), Garbage("2", "y"), Garbage("3", "z")]);

        (await Quarantine.MarkReplayedAsync("other", "2", Noon)).ShouldBeFalse();
        (await Quarantine.MarkReplayedAsync("acme", "2", Noon)).ShouldBeTrue();
        (await Quarantine.MarkReplayedAsync("acme", "2", Noon)).ShouldBeFalse();

        (await Quarantine.ListAsync("acme", null, 10, false)).Select(item => item.Id).ShouldBe(["3", "1"]);
        (await Quarantine.ListAsync("acme", null, 10, true)).Select(item => item.ReplayedAt).ShouldBe([null, Noon, null]);
        (await Quarantine.ListAsync("acme", Noon.AddMinutes(3), 1, true)).Select(item => item.Id).ShouldBe(["2"]);
    }

    [Fact]
    public async Task Erasing_a_shipment_destroys_quarantined_bytes_that_mention_it()
    {
        var number = StreamName.Last(Stream);
        await Quarantine.AddAsync([Garbage("1", $"<ship nr='{number[..4]} {number[4..].ToLowerInvariant()}' to='Jane Doe'"), Garbage("2", "somebody else's"), Garbage("3", $"{number}") with { Retailer = "other" }]);

        await Journal.EraseAsync(Stream);
        await Quarantine.AddAsync([Garbage("1", "the same again is still the same item")]);

        (await Quarantine.FindAsync("acme", "1")).ShouldNotBeNull().Body.IsEmpty.ShouldBeTrue();
        (await Quarantine.FindAsync("acme", "2")).ShouldNotBeNull().Body.ShouldBeText("somebody else's");
        (await Quarantine.FindAsync("other", "3")).ShouldNotBeNull().Body.ShouldBeText(number);
    }

    [Fact]
    public async Task A_grains_state_is_changed_by_compare_and_set()
    {
        (await States.GetAsync("policy", Stream)).ShouldBeNull();
        (await States.PutAsync("policy", Stream, "a"u8.ToArray(), 7)).ShouldBeNull();
        (await States.PutAsync("policy", Stream, "a"u8.ToArray(), 0)).ShouldBe(1);
        (await States.PutAsync("policy", Stream, "b"u8.ToArray(), 0)).ShouldBeNull();
        (await States.PutAsync("policy", Stream, "b"u8.ToArray(), 1)).ShouldBe(2);
        await ReopenAsync();

        var row = (await States.GetAsync("policy", Stream)).ShouldNotBeNull();
        row.Etag.ShouldBe(2);
        row.Data.ShouldBeText("b");
        (await States.DeleteAsync("policy", Stream, 1)).ShouldBeFalse();
        (await States.DeleteAsync("policy", Stream, 2)).ShouldBeTrue();
        (await States.GetAsync("policy", Stream)).ShouldBeNull();
    }

    [Fact]
    public async Task A_healthy_store_says_nothing_is_wrong()
    {
        (await Store.PingAsync()).ShouldBeNull();
        Store.Description.ShouldNotBeNullOrWhiteSpace();
    }

    protected Task AppendAsync(string stream, int version, string open, string personal = "", bool marked = false, IReadOnlyList<LinkRow>? links = null) =>
        AppendAsync(Journal, stream, version, open, personal, marked, links);

    protected static async Task AppendAsync(IEventJournal journal, string stream, int version, string open, string personal = "", bool marked = false, IReadOnlyList<LinkRow>? links = null) =>
        await journal.AppendAsync(new(stream, version, Noon.AddMinutes(version), Encoding.UTF8.GetBytes(open), Encoding.UTF8.GetBytes(personal), marked, links));

    protected async Task<List<JournalRow>> RowsAsync(string stream)
    {
        var rows = new List<JournalRow>();
        await foreach (var row in Journal.ReadAsync(stream)) rows.Add(row);
        return rows;
    }

    /// <summary>Reads until the expected rows are past the horizon: any transaction on the server, autovacuum's too, may hold a row back for a moment.</summary>
    protected async Task<PartitionPage> MarkedAsync(int partition, JournalPosition after, int expected)
    {
        for (var tries = 0; ; tries++)
        {
            var page = await Journal.ReadMarkedAsync(partition, after, 100);
            if (page.Rows.Count >= expected || tries == 500) return page;
            await Task.Delay(10);
        }
    }

    protected async Task<StreamHead> HeadOfAsync(string stream) => (await Journal.LoadAsync(stream)).Head.ShouldNotBeNull();

    protected static StreamHead Head(string stream, int version) =>
        new(stream, version, Noon.AddMinutes(version), 4, 5, Noon.AddHours(version), Encoding.UTF8.GetBytes($"\u0001snapshot {version}"), Encoding.UTF8.GetBytes($"{{\"v\":{version}}}"));

    protected LinkRow Link(string token) => new(Hash(token), Stream, "shopper", 1);

    protected static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));

    protected static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    /// <summary>Names that fall into one partition.</summary>
    protected List<string> NamesIn(int partition, int count) => [.. Enumerable.Range(0, int.MaxValue).Select(n => $"{Stream}-{n}").Where(name => Partitions.Of(name) == partition).Take(count)];

    private static QuarantinedItem Garbage(string id, string body) => new(id, "acme", "ups", "main", Noon.AddMinutes(int.Parse(id, System.Globalization.CultureInfo.InvariantCulture)),
        "unreadable", "Half \ud800 a pair and a \0.", "/a/0", Encoding.UTF8.GetBytes(body));
}

internal static class BytesShould
{
    public static void ShouldBeText(this ReadOnlyMemory<byte> bytes, string text) => Encoding.UTF8.GetString(bytes.Span).ShouldBe(text);
}
