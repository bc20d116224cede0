using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Shipments;

/// <summary>The identity of a scan: 128 bits of a SHA-256, ordered as unsigned numbers. Written as 32 hexadecimal digits.</summary>
[GenerateSerializer, Immutable, Alias("tracking.dedup-key")]
public readonly record struct DedupKey([property: Id(0)] ulong High, [property: Id(1)] ulong Low) : IComparable<DedupKey>
{
    public int CompareTo(DedupKey other) => High != other.High ? High.CompareTo(other.High) : Low.CompareTo(other.Low);
    public static bool operator <(DedupKey left, DedupKey right) => left.CompareTo(right) < 0;
    public static bool operator >(DedupKey left, DedupKey right) => left.CompareTo(right) > 0;
    public static bool operator <=(DedupKey left, DedupKey right) => left.CompareTo(right) <= 0;
    public static bool operator >=(DedupKey left, DedupKey right) => left.CompareTo(right) >= 0;
    public override string ToString() => $"{High:x16}{Low:x16}";
}

/// <summary>
/// What makes two statements one: carrier, number, the carrier's own use id, piece, kind, the raw code columns (where there are none: status,
/// sub-status, reason), the <em>local</em> time at its precision, and the town, or else the facility. Never the text, the arrival, the feed or
/// the sender's event id: all of those differ between copies of one fact. A retraction is told apart by its target, an estimate by its date.
/// </summary>
public static class DedupKeys
{
    public static DedupKey Of(Scan scan)
    {
        var writer = new Writer(stackalloc byte[512]);
        try
        {
            writer.Text(scan.Carrier);
            writer.Text(scan.TrackingNumber);
            writer.Text(scan.UniqueId);
            writer.Text(scan.PieceId);
            writer.Byte((byte)scan.Kind);

            var raw = scan.Raw;
            if (raw is { Type: null, Code: null, SubCode: null, ReasonCode: null, ReasonSubCode: null }) raw = null;
            writer.Byte(raw is null ? (byte)0 : (byte)1);
            if (raw is not null)
            {
                writer.Text(raw.Type);
                writer.Text(raw.Code);
                writer.Text(raw.SubCode);
                writer.Text(raw.ReasonCode);
                writer.Text(raw.ReasonSubCode);
            }
            else
            {
                writer.Byte(scan.Status is { } status ? (byte)(status + 1) : (byte)0);
                writer.Text(scan.SubStatus);
                writer.Byte((byte)scan.Reason);
            }

            writer.Byte((byte)scan.Occurred.Precision);
            writer.Long(scan.Occurred.Local?.Ticks / Unit(scan.Occurred.Precision) ?? -1);

            if (scan.Place is { } place)
            {
                // One copy of a scan knows the site, the postal code or the country and another does not (UPS asked and UPS pushing): the town is what both tell.
                if (place.City is not null) { writer.Byte(3); writer.Folded(place.City); }
                else if (place.FacilityId is not null) { writer.Byte(1); writer.Folded(place.FacilityId); }
                else
                {
                    writer.Byte(2);
                    writer.Folded(place.Region);
                    writer.Folded(place.PostalCode);
                    writer.Folded(place.Country);
                }
            }
            else writer.Byte(0);

            if (scan.Retracts is { } target)
            {
                writer.Text(target.EventId);
                writer.Text(target.Type);
                writer.Text(target.Code);
                writer.Long(target.Local?.Ticks ?? -1);
                writer.Byte(target.Status is { } status ? (byte)(status + 1) : (byte)0);
            }
            if (scan.Kind is ScanKind.Estimate or ScanKind.Appointment && scan.Eta is { } eta)
            {
                writer.Long(eta.From?.Ticks ?? -1);
                writer.Long(eta.To?.Ticks ?? -1);
                writer.Byte((byte)eta.Kind);
            }
            return writer.Digest();
        }
        finally { writer.Dispose(); }
    }

    private static long Unit(Precision precision) => precision switch
    {
        Precision.Day => TimeSpan.TicksPerDay,
        Precision.Minute => TimeSpan.TicksPerMinute,
        _ => TimeSpan.TicksPerSecond,
    };

    // Length-prefixed fields, so that no two different scans spell the same bytes.
    private ref struct Writer(Span<byte> start)
    {
        private Span<byte> _bytes = start;
        private byte[]? _rented;
        private int _length;

        public void Byte(byte value) => Take(1)[0] = value;

        public void Long(long value) => BinaryPrimitives.WriteInt64LittleEndian(Take(8), value);

        public void Text(string? value)
        {
            if (value is null) { BinaryPrimitives.WriteInt32LittleEndian(Take(4), -1); return; }
            var size = Encoding.UTF8.GetByteCount(value);
            BinaryPrimitives.WriteInt32LittleEndian(Take(4), size);
            Encoding.UTF8.GetBytes(value, Take(size));
        }

        // Places come in capitals from one feed and in mixed case from the next; empty and absent mean the same.
        public void Folded(string? value) => Text(string.IsNullOrEmpty(value) ? null : value.ToUpperInvariant());

        public readonly DedupKey Digest()
        {
            Span<byte> hash = stackalloc byte[32];
            SHA256.HashData(_bytes[.._length], hash);
            return new DedupKey(BinaryPrimitives.ReadUInt64BigEndian(hash), BinaryPrimitives.ReadUInt64BigEndian(hash[8..]));
        }

        public readonly void Dispose()
        {
            if (_rented is not null) System.Buffers.ArrayPool<byte>.Shared.Return(_rented);
        }

        private Span<byte> Take(int size)
        {
            if (_length + size > _bytes.Length)
            {
                var larger = System.Buffers.ArrayPool<byte>.Shared.Rent(Math.Max(_bytes.Length * 2, _length + size));
                _bytes[.._length].CopyTo(larger);
                if (_rented is not null) System.Buffers.ArrayPool<byte>.Shared.Return(_rented);
                _rented = larger;
                _bytes = larger;
            }
            var taken = _bytes.Slice(_length, size);
            _length += size;
            return taken;
        }
    }
}
