using System.Net;
using System.Net.Sockets;

namespace Tracking.Web.Pages;

/// <summary>
/// Counts links that led nowhere, by where they were opened: 30 in ten minutes from one address (an IPv6 /64 counts as one), 300 from one neighbourhood
/// (/24 or /48). Whoever is over gets no look-up at all until the ten minutes end. Bounded: at most <see cref="MaxEntries"/> places are remembered.
/// </summary>
public sealed class TokenGuesses(TimeProvider clock)
{
    public const int PerAddress = 30;
    public const int PerNeighbourhood = 300;
    public const int MaxEntries = 20_000;
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(10);

    private long _sweptAt;
    private readonly Dictionary<UInt128, (long Until, int Count)> _counts = [];
    private readonly Lock _lock = new();

    /// <summary>May this address look up another link?</summary>
    public bool MayTry(IPAddress? address)
    {
        var (near, wide) = Places(address);
        var now = clock.GetTimestamp();
        lock (_lock) return Count(near, now) < PerAddress && Count(wide, now) < PerNeighbourhood;
    }

    /// <summary>A link led nowhere.</summary>
    public void Missed(IPAddress? address)
    {
        var (near, wide) = Places(address);
        var now = clock.GetTimestamp();
        lock (_lock)
        {
            Add(near, now);
            Add(wide, now);
        }
    }

    internal int Remembered { get { lock (_lock) return _counts.Count; } }

    private int Count(UInt128 place, long now) => _counts.TryGetValue(place, out var entry) && entry.Until > now ? entry.Count : 0;

    private void Add(UInt128 place, long now)
    {
        if (_counts.TryGetValue(place, out var entry) && entry.Until > now)
        {
            _counts[place] = entry with { Count = entry.Count + 1 };
            return;
        }
        if (_counts.Count >= MaxEntries)
        {
            // At most once in ten seconds: a flood must not make every miss look through the whole table.
            if (_sweptAt == 0 || clock.GetElapsedTime(_sweptAt, now) >= SweepEvery)
            {
                _sweptAt = now;
                foreach (var (key, old) in _counts)
                    if (old.Until <= now)
                        _counts.Remove(key);
            }
            if (_counts.Count >= MaxEntries) return;   // a flood from everywhere is for the alarm on tracking.pages.opened, not for this table
        }
        _counts[place] = (now + (long)(Window.TotalSeconds * clock.TimestampFrequency), 1);
    }

    // The top bits name the place; the lowest say how wide it is, so that an address and its neighbourhood never share a count.
    private static (UInt128 Near, UInt128 Wide) Places(IPAddress? address)
    {
        if (address is null) return (1, 2);
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out _);
        var whole = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? (whole | 3, (whole >> 104 << 104) | 4)
            : ((whole >> 64 << 64) | 5, (whole >> 80 << 80) | 6);
    }
}
