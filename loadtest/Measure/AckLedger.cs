using Tracking.LoadTest.Http;

namespace Tracking.LoadTest.Measure;

/// <summary>What was found when the stored truth was read back and compared with what was promised.</summary>
/// <param name="Acked">Distinct scans whose ack (accepted or duplicate) reached us.</param>
/// <param name="Stored">Distinct scans of this run found in the store.</param>
/// <param name="Lost">Acked and not stored. Must be 0.</param>
/// <param name="Duplicates">Stored more than once. Must be 0.</param>
/// <param name="Foreign">Stored under an event number of this run that was never sent. Must be 0.</param>
/// <param name="StoredUnacked">Stored without an ack that reached us: allowed, the answer was lost.</param>
public sealed record Verification(long Acked, long Stored, long Lost, long Duplicates, long Foreign, long StoredUnacked)
{
    public bool Holds => Lost == 0 && Duplicates == 0 && Foreign == 0;
}

/// <summary>
/// Two bits of memory per scan that was sent: was it acked, was it found. Event numbers are dense, so a byte each in growing blocks will do.
/// Threads may mark different events at once; reading back is one thread's work.
/// </summary>
public sealed class AckLedger
{
    private const int BlockSize = 1 << 20;
    /// <summary>Scans one run may send: 200 million.</summary>
    public const long MostEvents = 200L * BlockSize;

    private const byte SentBit = 1, AckedBit = 2, FoundBit = 4;
    private readonly byte[]?[] _blocks = new byte[200][];
    private long _next, _end = MostEvents, _duplicates, _foreign;

    /// <summary>Takes the next event numbers; the first of them.</summary>
    public long Take(int count)
    {
        var first = Interlocked.Add(ref _next, count) - count;
        if (first + count > MostEvents) throw new InvalidOperationException($"A run sends at most {MostEvents:N0} scans.");
        return first;
    }

    /// <summary>Event numbers that no feed will reach, for scans told beside it; the first of them.</summary>
    public long TakeFromTheEnd(int count) => Interlocked.Add(ref _end, -count);

    public long Taken => Volatile.Read(ref _next);

    public void MarkSent(long @event) => Set(@event, SentBit);

    public void MarkAnswer(long @event, Outcome outcome)
    {
        if (outcome is Outcome.Accepted or Outcome.Duplicate) Set(@event, (byte)(SentBit | AckedBit));
    }

    /// <summary>The store has this event. Found again, it is a duplicate; never sent, it is foreign.</summary>
    public void MarkFound(long @event)
    {
        if (@event < 0 || @event >= MostEvents || Block(@event, make: false) is not { } block || (block[@event % BlockSize] & SentBit) == 0)
        {
            _foreign++;
            return;
        }
        ref var entry = ref block[@event % BlockSize];
        if ((entry & FoundBit) != 0) _duplicates++;
        entry |= FoundBit;
    }

    public bool WasSent(long @event) => @event is >= 0 and < MostEvents && Block(@event, make: false) is { } block && (block[@event % BlockSize] & SentBit) != 0;

    public Verification Verify()
    {
        long acked = 0, stored = 0, lost = 0, unacked = 0;
        foreach (var block in _blocks)
        {
            if (block is null) continue;
            foreach (var entry in block)
            {
                if ((entry & AckedBit) != 0) acked++;
                if ((entry & FoundBit) != 0) stored++;
                if ((entry & (AckedBit | FoundBit)) == AckedBit) lost++;
                if ((entry & (AckedBit | FoundBit)) == FoundBit) unacked++;
            }
        }
        return new Verification(acked, stored, lost, _duplicates, _foreign, unacked);
    }

    // A byte is written by one thread at a time: an event is sent by one sender, and a copy of it goes through the same bits.
    private void Set(long @event, byte bits)
    {
        var block = Block(@event, make: true)!;
        ref var entry = ref block[@event % BlockSize];
        entry |= bits;
    }

    private byte[]? Block(long @event, bool make)
    {
        ref var block = ref _blocks[@event / BlockSize];
        if (block is null && make) Interlocked.CompareExchange(ref block, new byte[BlockSize], null);
        return block;
    }
}
