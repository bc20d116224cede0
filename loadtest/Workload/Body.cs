using System.Text;

namespace Tracking.LoadTest.Workload;

/// <summary>A request body being written: UTF-8, grown as needed, used again and again.</summary>
public sealed class Body(int capacity = 64 * 1024)
{
    private byte[] _bytes = new byte[capacity];

    public int Length { get; private set; }
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);
    public void Clear() => Length = 0;

    public Body Raw(ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Room(utf8.Length));
        Length += utf8.Length;
        return this;
    }

    /// <summary>Text that needs no escaping in JSON, XML or CSV: all of the workload's own is such.</summary>
    public Body Text(string text)
    {
        Length += Encoding.UTF8.GetBytes(text, Room(text.Length * 3));
        return this;
    }

    /// <summary>A number in decimal with leading zeros to <paramref name="width"/>.</summary>
    public Body Digits(long value, int width = 1)
    {
        var digits = 1;
        for (var rest = value / 10; rest > 0; rest /= 10) digits++;
        digits = Math.Max(digits, width);
        var room = Room(digits);
        for (var i = digits - 1; i >= 0; i--, value /= 10) room[i] = (byte)('0' + value % 10);
        Length += digits;
        return this;
    }

    /// <summary><c>2026-11-20T07:45:02</c>: the wall clock of a place with that offset.</summary>
    public Body Local(long utcSeconds, int offsetMinutes)
    {
        var at = DateTime.UnixEpoch.AddSeconds(utcSeconds + offsetMinutes * 60L);
        return Digits(at.Year, 4).Raw("-"u8).Digits(at.Month, 2).Raw("-"u8).Digits(at.Day, 2).Raw("T"u8)
            .Digits(at.Hour, 2).Raw(":"u8).Digits(at.Minute, 2).Raw(":"u8).Digits(at.Second, 2);
    }

    /// <summary><c>-05:00</c>.</summary>
    public Body Offset(int minutes) =>
        Raw(minutes < 0 ? "-"u8 : "+"u8).Digits(Math.Abs(minutes) / 60, 2).Raw(":"u8).Digits(Math.Abs(minutes) % 60, 2);

    /// <summary><c>20261120</c> of that wall clock.</summary>
    public Body CompactDate(long utcSeconds, int offsetMinutes)
    {
        var at = DateTime.UnixEpoch.AddSeconds(utcSeconds + offsetMinutes * 60L);
        return Digits(at.Year, 4).Digits(at.Month, 2).Digits(at.Day, 2);
    }

    /// <summary><c>074502</c> of that wall clock, or <c>07:45:02</c> with colons.</summary>
    public Body CompactTime(long utcSeconds, int offsetMinutes, bool colons = false)
    {
        var at = DateTime.UnixEpoch.AddSeconds(utcSeconds + offsetMinutes * 60L);
        Digits(at.Hour, 2);
        if (colons) Raw(":"u8);
        Digits(at.Minute, 2);
        if (colons) Raw(":"u8);
        return Digits(at.Second, 2);
    }

    /// <summary>Appends what a stream still has.</summary>
    public async ValueTask ReadAsync(Stream stream, CancellationToken cancel)
    {
        while (true)
        {
            Room(8 * 1024);
            var read = await stream.ReadAsync(_bytes.AsMemory(Length), cancel).ConfigureAwait(false);
            if (read == 0) return;
            Length += read;
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(Written.Span);

    private Span<byte> Room(int more)
    {
        if (_bytes.Length - Length < more) Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + more));
        return _bytes.AsSpan(Length, _bytes.Length - Length);
    }
}
