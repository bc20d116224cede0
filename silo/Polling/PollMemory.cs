using System.Buffers.Binary;
using System.Text;
using Tracking.Carriers.Polling;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Silo.Polling;

/// <summary>
/// What polling remembers over a restart, in the journal's own rows of readers: when each shipment of an account is due, 13 bytes a shipment, and which node asks with the account.
/// Written every minute and at a graceful stop; a crash repeats at most a minute's questions, within the account's budget.
/// </summary>
internal sealed class PollMemory(IEventJournal journal, TimeProvider clock, string node)
{
    /// <summary>A schedule is spread over this many rows, so that a million shipments are no single row.</summary>
    public const int Rows = 16;
    private const byte Format = 1;
    private const int EntryBytes = 13;

    /// <summary>How long an account stays with a node that does not say so again.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(45);

    private readonly Dictionary<(string Account, int Row), ReaderCursor> _cursors = [];
    private readonly Dictionary<(string Account, int Row), byte[]> _stored = [];

    /// <summary>The stored schedule of an account, by <see cref="HashOf"/>.</summary>
    public async Task<Dictionary<ulong, PollDue>> LoadAsync(string retailer, string carrier, CancellationToken cancel)
    {
        var known = new Dictionary<ulong, PollDue>();
        var account = Account(retailer, carrier);
        for (var row = 0; row < Rows; row++)
        {
            var cursor = await journal.LoadCursorAsync(account, row, cancel);
            _cursors[(account, row)] = cursor;
            _stored[(account, row)] = cursor.State.ToArray();
            Read(cursor.State.Span, known);
        }
        return known;
    }

    /// <summary>Stores what changed of an account's schedule. Another node that wrote meanwhile is overruled: the account is ours.</summary>
    public async Task SaveAsync(string retailer, string carrier, IReadOnlyList<(ShipmentKey Key, PollDue Due)> schedule, CancellationToken cancel)
    {
        var account = Account(retailer, carrier);
        var rows = new List<(ulong Hash, PollDue Due)>[Rows];
        foreach (var (key, due) in schedule)
        {
            var hash = HashOf(key);
            (rows[(int)(hash & (Rows - 1))] ??= []).Add((hash, due));
        }
        for (var row = 0; row < Rows; row++)
        {
            var state = Write(rows[row] ?? []);
            if (_stored.GetValueOrDefault((account, row), []).AsSpan().SequenceEqual(state)) continue;
            for (var tries = 0; tries < 2; tries++)
            {
                var cursor = tries == 0 && _cursors.TryGetValue((account, row), out var known) ? known : await journal.LoadCursorAsync(account, row, cancel);
                if (!await journal.SaveCursorAsync(cursor with { State = state, RecordedAt = clock.GetUtcNow() }, cancel)) continue;
                _cursors[(account, row)] = cursor with { State = state, Revision = cursor.Revision + 1 };
                _stored[(account, row)] = state;
                break;
            }
        }
    }

    /// <summary>True when this node may ask with the account for the next <see cref="Lease"/>; renewed by asking again.</summary>
    public async Task<bool> OwnAsync(string retailer, string carrier, CancellationToken cancel)
    {
        var cursor = await journal.LoadCursorAsync("poll owner " + Account(retailer, carrier), 0, cancel);
        var now = clock.GetUtcNow();
        var told = Encoding.UTF8.GetString(cursor.State.Span).Split('|');
        if (told.Length == 2 && told[0] != node && long.TryParse(told[1], out var until) && DateTimeOffset.FromUnixTimeMilliseconds(until) > now) return false;
        var mine = Encoding.UTF8.GetBytes($"{node}|{(now + Lease).ToUnixTimeMilliseconds()}");
        return await journal.SaveCursorAsync(cursor with { State = mine, RecordedAt = now }, cancel);
    }

    private static string Account(string retailer, string carrier) => $"poll {retailer}/{carrier}";

    /// <summary>FNV-1a over carrier and number: what names a shipment inside an account, the same on every machine.</summary>
    public static ulong HashOf(ShipmentKey key)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in key.Carrier) hash = (hash ^ c) * 1099511628211UL;
        hash = (hash ^ '/') * 1099511628211UL;
        foreach (var c in key.Number) hash = (hash ^ c) * 1099511628211UL;
        return hash ^ (hash >> 32);
    }

    public static byte[] Write(List<(ulong Hash, PollDue Due)> entries)
    {
        if (entries.Count == 0) return [];
        entries.Sort(static (a, b) => a.Hash.CompareTo(b.Hash));
        var state = new byte[1 + entries.Count * EntryBytes];
        state[0] = Format;
        var at = state.AsSpan(1);
        foreach (var (hash, due) in entries)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(at, hash);
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)Math.Clamp(due.Due.ToUnixTimeSeconds(), 0, uint.MaxValue));
            at[12] = (byte)Math.Min(due.Failures, byte.MaxValue);
            at = at[EntryBytes..];
        }
        return state;
    }

    /// <summary>A format that is not known is as good as nothing stored: everything is asked for again.</summary>
    public static void Read(ReadOnlySpan<byte> state, Dictionary<ulong, PollDue> into)
    {
        if (state.IsEmpty || state[0] != Format) return;
        for (var at = state[1..]; at.Length >= EntryBytes; at = at[EntryBytes..])
            into[BinaryPrimitives.ReadUInt64LittleEndian(at)] = new PollDue(DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32LittleEndian(at[8..])), at[12]);
    }
}
