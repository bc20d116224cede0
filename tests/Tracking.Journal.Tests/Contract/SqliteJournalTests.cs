using System.Text;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Tracking.Journal.Tests.Contract;

public sealed class SqliteJournalTests : JournalContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tracking-journal-").FullName;

    private string FilePath => Path.Combine(_folder, "tracking.db");

    protected override async ValueTask<JournalStore> OpenAsync(Action<StorageOptions> change) => await OpenFileAsync(FilePath, change);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static Task<JournalStore> OpenFileAsync(string path, Action<StorageOptions>? change = null)
    {
        var options = new StorageOptions { Sqlite = path };
        change?.Invoke(options);
        return JournalFactory.OpenAsync(options, TimeProvider.System, NullLogger.Instance);
    }

    [Fact]
    public async Task The_search_for_lost_heads_begins_where_the_first_one_is_missing()
    {
        var store = (Tracking.Journal.Sqlite.SqliteStore)Store;
        await AppendAsync(Stream, 1, "x", marked: true);
        Heads.Offer(Head(Stream, 1));
        await Heads.FlushAsync();
        await MarkedAsync(Partitions.Of(Stream), JournalPosition.Start, 1);
        var before = await store.VerifiedAsync(CancellationToken.None);
        await store.VerifyHeadsAsync(CancellationToken.None);
        var verified = await store.VerifiedAsync(CancellationToken.None);
        verified.ShouldBeGreaterThan(before);

        var lost = Stream + "-lost";
        await AppendAsync(lost, 1, "x", marked: true);
        await AppendAsync(Stream, 2, "x");
        Heads.Offer(Head(Stream, 2));
        await Heads.FlushAsync();
        for (var rounds = 0; rounds < 2; rounds++) await store.VerifyHeadsAsync(CancellationToken.None);
        await ReopenAsync();

        (await Heads.LaggingAsync(Partitions.Of(lost), JournalPosition.Start, 10)).Streams.ShouldBe([lost]);
    }

    [Fact]
    public async Task Many_appends_at_once_all_land_and_are_all_there_when_opened_again()
    {
        var names = Enumerable.Range(0, 200).Select(n => $"{Stream}-{n}").ToList();
        await Task.WhenAll(names.Select(async name =>
        {
            for (var version = 1; version <= 10; version++) await AppendAsync(name, version, $"{version}", "personal");
        }));

        await ReopenAsync();

        var count = 0;
        await foreach (var row in Journal.ReadAllAsync()) count += Text(row.Personal) == "personal" ? 1 : 0;
        count.ShouldBe(2_000);
    }

    [Fact]
    public async Task A_second_process_on_the_same_file_is_refused_in_one_line()
    {
        var refused = await Should.ThrowAsync<StorageStartException>(() => OpenFileAsync(FilePath));

        refused.Message.ShouldContain("in use by another process");
        refused.Message.ShouldNotContain("\n");
    }

    [Fact]
    public async Task A_reader_beside_the_running_server_sees_everything_and_may_write_nothing()
    {
        await AppendAsync(Stream, 1, "x", "personal");

        await using var beside = await OpenFileAsync(FilePath, options => options.Access = StorageAccess.ReadOnly);

        var rows = new List<JournalRow>();
        await foreach (var row in beside.Journal.ReadAllAsync()) rows.Add(row);
        rows.ShouldHaveSingleItem().Personal.ShouldBeText("personal");
        await Should.ThrowAsync<JournalUnavailableException>(() => AppendAsync(beside.Journal, Stream, 2, "y"));
    }

    [Fact]
    public async Task A_stopped_database_can_be_read_without_being_taken()
    {
        await AppendAsync(Stream, 1, "x");
        await Store.DisposeAsync();

        await using var beside = await OpenFileAsync(FilePath, options => options.Access = StorageAccess.ReadOnly);

        (await beside.Journal.LoadAsync(Stream)).Tail.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task The_lock_is_free_again_after_a_stop()
    {
        await Store.DisposeAsync();

        await using var next = await OpenFileAsync(FilePath);
        (await next.PingAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused_in_one_line()
    {
        var path = Path.Combine(_folder, "notes.txt");
        await File.WriteAllTextAsync(path, new string('x', 5_000));

        (await Should.ThrowAsync<StorageStartException>(() => OpenFileAsync(path))).Message.ShouldContain("notes.txt cannot be opened");
    }

    [Fact]
    public async Task A_path_that_cannot_be_made_is_refused_in_one_line()
    {
        var file = Path.Combine(_folder, "file");
        await File.WriteAllTextAsync(file, "x");

        (await Should.ThrowAsync<StorageStartException>(() => OpenFileAsync(Path.Combine(file, "below", "tracking.db")))).Message.ShouldContain("cannot be opened");
    }

    [Fact]
    public async Task A_changed_migration_is_refused_in_one_line()
    {
        await Store.DisposeAsync();
        Sql("UPDATE migrations SET checksum = '000000000000' || substr(checksum, 13)");

        (await Should.ThrowAsync<StorageStartException>(() => OpenFileAsync(FilePath))).Message.ShouldContain("0001_journal.sql");
    }

    [Fact]
    public async Task A_database_that_asks_for_newer_code_is_refused_and_a_newer_one_that_does_not_is_opened()
    {
        await Store.DisposeAsync();
        Sql("UPDATE schema_version SET version = 900");
        await (await OpenFileAsync(FilePath)).DisposeAsync();
        Sql("UPDATE schema_version SET oldest_compatible_code = 900");

        (await Should.ThrowAsync<StorageStartException>(() => OpenFileAsync(FilePath))).Message.ShouldContain("asks for schema version 900");
    }

    [Fact]
    public async Task A_full_queue_answers_at_once_that_nothing_was_stored()
    {
        await ReopenAsync(options => options.Journal.QueueLimit = 1);

        var results = await Task.WhenAll(Enumerable.Range(0, 500).Select(async n =>
        {
            try
            {
                await AppendAsync($"{Stream}-{n}", 1, "x");
                return true;
            }
            catch (JournalUnavailableException)
            {
                return false;
            }
        }));

        results.ShouldContain(false);
        for (var n = 0; n < results.Length; n++) (await RowsAsync($"{Stream}-{n}")).Count.ShouldBe(results[n] ? 1 : 0);
    }

    [Fact]
    public async Task A_row_the_database_refuses_fails_alone()
    {
        await Store.DisposeAsync();
        Sql("CREATE TRIGGER poison BEFORE INSERT ON journal WHEN NEW.stream LIKE '%poison' BEGIN SELECT RAISE(ABORT, 'poison'); END");
        await ReopenAsync();

        var good = Enumerable.Range(0, 30).Select(n => AppendAsync($"{Stream}-{n}", 1, "x")).ToList();
        var poison = AppendAsync($"{Stream}-poison", 1, "x");
        var more = Enumerable.Range(30, 30).Select(n => AppendAsync($"{Stream}-{n}", 1, "x")).ToList();

        await Should.ThrowAsync<JournalRejectedException>(() => poison);
        await Task.WhenAll([.. good, .. more]);
        (await RowsAsync($"{Stream}-59")).ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Personal_bytes_are_nowhere_in_the_files_and_erased_keys_neither()
    {
        await AppendAsync(Stream, 1, "open canary", "personal canary");
        await Journal.LoadAsync(Stream);
        string? secret = null;
        SqlRead("SELECT hex(secret) FROM stream_keys", value => secret = value);
        await Journal.EraseAsync(Stream);
        await Store.DisposeAsync();

        var bytes = Directory.GetFiles(_folder).SelectMany(File.ReadAllBytes).ToArray();
        bytes.AsSpan().IndexOf("open canary"u8).ShouldBeGreaterThanOrEqualTo(0);
        bytes.AsSpan().IndexOf("personal canary"u8).ShouldBe(-1);
        bytes.AsSpan().IndexOf(Convert.FromHexString(secret.ShouldNotBeNull())).ShouldBe(-1);
    }

    [Fact]
    public async Task A_closed_store_answers_that_it_is_unavailable()
    {
        await Store.DisposeAsync();

        await Should.ThrowAsync<JournalUnavailableException>(() => AppendAsync(Stream, 1, "x"));
    }

    private void Sql(string sql) => SqlRead(sql, static _ => { });

    private void SqlRead(string sql, Action<string> row)
    {
        using var connection = new SqliteConnection($"Data Source={FilePath};Pooling=false");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        while (reader.Read()) row(reader.GetString(0));
    }
}
