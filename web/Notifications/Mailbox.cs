using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Ports;
using Tracking.Web.Pages;

namespace Tracking.Web.Notifications;

/// <summary>A letter as it lies in the mailbox.</summary>
public sealed record MailboxItem(
    string Id, string Retailer, string Kind, DateTimeOffset At, string Language, bool RightToLeft, string? ToName, string? ToEmail, string? Order, string? Shipment, string Subject, string Text, string Html, string? Link);

/// <summary>
/// Notices as files: <c>{outbox}/{retailer}/{subject}/{id}.json</c>, one per id. A file appears whole (written beside, flushed, then moved to its name, which refuses an existing one), so a repeat
/// after a crash writes nothing new. Erasing, or growing too old, empties a file and keeps its name: the name holds no personal data and says that this was sent.
/// Bounded: <see cref="NotificationOptions.MaxLetters"/> letters with words, and twenty times as many names.
/// </summary>
public sealed partial class Mailbox(IOptions<NotificationOptions> options, IPageBrands brands, NoticeMetrics metrics, TimeProvider clock, ILogger<Mailbox> log) : INotices
{
    private const int NamesPerLetter = 20, LookEvery = 200;

    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _tidying = new();
    private int _sent;

    private string Folder => options.Value.Outbox ?? "outbox";

    public async ValueTask SendAsync(Notice notice, CancellationToken cancel = default)
    {
        var folder = Path.Combine(Folder, Safe(notice.Retailer), SubjectName(notice.Subject));
        var path = Path.Combine(folder, Safe(notice.Id) + ".json");
        try
        {
            if (File.Exists(path)) { metrics.Repeated(notice.Kind); return; }
            var letter = Letter.Write(notice, brands.For(notice.Retailer), options.Value.PublicUrl ?? "");
            var item = new MailboxItem(
                notice.Id, notice.Retailer, notice.Kind.Name(), notice.At, letter.Language, letter.RightToLeft, notice.To?.Name, notice.To?.Email, notice.Order, notice.Shipment is { } key ? $"{key.Carrier}/{key.Number}" : null,
                letter.Subject, letter.Text(), letter.Markup(), notice.Link);
            Directory.CreateDirectory(folder);
            var beside = Path.Combine(folder, $".{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}");
            await using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 4096, useAsync: true))
            {
                await JsonSerializer.SerializeAsync(file, item, Readable, cancel).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }
            if (!TryName(beside, path)) { metrics.Repeated(notice.Kind); return; }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            metrics.Refused(notice.Kind);
            LogRefused(log, notice.ToString(), refused.GetType().Name);
            throw new NoticeRefusedException("The mailbox folder cannot be written.", refused);
        }
        metrics.Sent(notice.Kind);
        LogSent(log, notice.ToString());
        if (Interlocked.Increment(ref _sent) % LookEvery == 0) Tidy();
    }

    public ValueTask<int> EraseAsync(string retailer, string subject, CancellationToken cancel = default)
    {
        var folder = Path.Combine(Folder, Safe(retailer), SubjectName(subject));
        var emptied = 0;
        if (!Directory.Exists(folder)) return ValueTask.FromResult(0);
        foreach (var half in Directory.EnumerateFiles(folder, ".*")) File.Delete(half);   // what a crash left half written
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles("*.json"))
            if (Empty(file)) emptied++;
        return ValueTask.FromResult(emptied);
    }

    /// <summary>Newest letters first, without those that lost their words.</summary>
    public IReadOnlyList<MailboxItem> List(int limit)
        => [.. Files().OrderByDescending(f => f.LastWriteTimeUtc).ThenBy(f => f.Name, StringComparer.Ordinal).Take(limit).Select(Read).OfType<MailboxItem>()];

    /// <summary>One letter, or null.</summary>
    public MailboxItem? Find(string id)
        => id.Length is > 0 and <= 64 && id.All(char.IsAsciiLetterOrDigit) ? Files().FirstOrDefault(f => f.Name == id + ".json") is { } file ? Read(file) : null : null;

    /// <summary>Empties what is too old or too many. Sending calls it now and then.</summary>
    public void Tidy()
    {
        if (!_tidying.TryEnter()) return;   // somebody is at it
        try
        {
            var oldest = clock.GetUtcNow().UtcDateTime.AddDays(-options.Value.KeepDays);
            var kept = 0;
            foreach (var file in Files().OrderByDescending(f => f.LastWriteTimeUtc))
                if (++kept > options.Value.MaxLetters || file.LastWriteTimeUtc < oldest) Empty(file);
            foreach (var file in All().OrderByDescending(f => f.LastWriteTimeUtc).Skip(options.Value.MaxLetters * NamesPerLetter)) file.Delete();
        }
        catch (IOException gone) { LogNotTidied(log, gone.Message); }   // another node is at it too
        finally { _tidying.Exit(); }
    }

    private IEnumerable<FileInfo> All() => Directory.Exists(Folder) ? new DirectoryInfo(Folder).EnumerateFiles("*.json", SearchOption.AllDirectories).Where(f => f.Name[0] != '.') : [];

    private IEnumerable<FileInfo> Files() => All().Where(f => f.Length > 0);

    private static bool Empty(FileInfo file)
    {
        if (file.Length == 0) return false;
        using var stream = new FileStream(file.FullName, FileMode.Truncate, FileAccess.Write);
        stream.Flush(flushToDisk: true);
        return true;
    }

    private static MailboxItem? Read(FileInfo file)
    {
        try
        {
            using var stream = file.OpenRead();
            return stream.Length == 0 ? null : JsonSerializer.Deserialize<MailboxItem>(stream, Readable);
        }
        catch (Exception unreadable) when (unreadable is IOException or JsonException) { return null; }
    }

    private static bool TryName(string beside, string path)
    {
        try
        {
            File.Move(beside, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(beside);   // the same notice was sent beside us: equal, so nothing is lost
            return false;
        }
    }

    // A stream's name may hold an order number or worse; its digest does not.
    private static string SubjectName(string subject) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(subject)).AsSpan(0, 10));

    private static string Safe(string name)
        => name.Length is > 0 and <= 80 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? name : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));

    [LoggerMessage(Level = LogLevel.Debug, Message = "Sent {Notice}.")]
    private static partial void LogSent(ILogger log, string notice);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Notice} could not be kept and will be tried again: {Problem}")]
    private static partial void LogRefused(ILogger log, string notice, string problem);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The mailbox was not tidied now: {Problem}")]
    private static partial void LogNotTidied(ILogger log, string problem);
}
