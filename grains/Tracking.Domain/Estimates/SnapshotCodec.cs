using System.Collections.Frozen;
using System.Security.Cryptography;

namespace Tracking.Domain.Estimates;

/// <summary>
/// A snapshot as bytes: magic, format version, body, SHA-256 of all before it. A snapshot reads back to one that gives the same estimates, bit for bit.
/// Reading throws <see cref="InvalidDataException"/> with a plain reason for anything else; the caller keeps the last good one and says so.
/// </summary>
public static class SnapshotCodec
{
    private const uint Magic = 0x31444445;   // "EDD1"
    private const int Version = 1, Checksum = 32, MostEntries = 1 << 22;

    public static byte[] Write(EddSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var bytes = new MemoryStream();
        using var to = new BinaryWriter(bytes);
        to.Write(Magic);
        to.Write(Version);
        to.Write(snapshot.Id);
        to.Write(snapshot.AsOf.UtcTicks);
        var tables = snapshot.Tables;
        tables.Means.Write(to);
        to.Write(tables.Shapes.Count);
        foreach (var (key, shape) in tables.Shapes.OrderBy(s => s.Key))
        {
            to.Write(key);
            foreach (var below in shape.Below) to.Write(below);
        }
        to.Write(tables.Fleets.Count);
        foreach (var (key, fleet) in tables.Fleets.OrderBy(f => f.Key))
        {
            to.Write(key);
            to.Write(fleet.Profile == WeekProfile.Default);
            if (fleet.Profile != WeekProfile.Default)
                foreach (var rate in fleet.Profile) to.Write(rate);
            foreach (var weight in fleet.HandlingWeights.Concat(fleet.WayWeights)) to.Write(weight);
            Write(to, fleet.HandlingLevels);
            Write(to, fleet.WayLevels);
        }
        to.Write(tables.Paces.Count);
        foreach (var (key, track) in tables.Paces.OrderBy(p => p.Key))
        {
            to.Write(key);
            track.Write(to);
        }
        to.Flush();
        to.Write(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        to.Flush();
        return bytes.ToArray();
    }

    public static EddSnapshot Read(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length < 8 + Checksum) throw new InvalidDataException($"A snapshot of {bytes.Length} bytes is cut off.");
        var body = bytes[..^Checksum];
        if (!SHA256.HashData(body.Span).AsSpan().SequenceEqual(bytes.Span[^Checksum..])) throw new InvalidDataException("The snapshot's checksum does not fit its content.");
        using var from = new BinaryReader(new MemoryStream(body.ToArray(), writable: false));
        try
        {
            if (from.ReadUInt32() != Magic) throw new InvalidDataException("These bytes are not a snapshot.");
            var version = from.ReadInt32();
            if (version != Version) throw new InvalidDataException($"The snapshot has format {version}; this code reads format {Version}.");
            var (id, ticks) = (from.ReadInt64(), from.ReadInt64());
            if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks) throw new InvalidDataException("The snapshot's time is out of range.");
            var means = StatTable.Read(from);
            var shapes = Entries(from, f => RatioShape.Read(f));
            var fleets = Entries(from, ReadFleet);
            var paces = Entries(from, PaceTrack.Read);
            if (from.BaseStream.Position != from.BaseStream.Length) throw new InvalidDataException("The snapshot has bytes left over.");
            return new EddSnapshot(id, new DateTimeOffset(ticks, TimeSpan.Zero), new EddTables(means, shapes, fleets, paces, new ClockShelf()));
        }
        catch (EndOfStreamException) { throw new InvalidDataException("The snapshot is cut off."); }
    }

    private static FrozenDictionary<ulong, T> Entries<T>(BinaryReader from, Func<BinaryReader, T> read)
    {
        var count = from.ReadInt32();
        if (count is < 0 or > MostEntries) throw new InvalidDataException($"A table of {count} entries is not ours.");
        var entries = new Dictionary<ulong, T>(Math.Min(count, 4_096));
        for (var i = 0; i < count; i++) entries[from.ReadUInt64()] = read(from);
        return entries.ToFrozenDictionary();
    }

    private static FleetView ReadFleet(BinaryReader from)
    {
        var profile = WeekProfile.Default;
        if (!from.ReadBoolean())
        {
            var rates = Doubles(from, WeekProfile.Hours);
            if (rates.Any(r => !(r > 0))) throw new InvalidDataException("A week has an hour without a rate.");
            profile = [.. rates];
        }
        return new FleetView(profile, Doubles(from, Evidence.Count), Doubles(from, Evidence.Count), ReadLevels(from), ReadLevels(from));
    }

    internal static double[] Doubles(BinaryReader from, int count)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = from.ReadDouble();
        return values;
    }

    private static void Write(BinaryWriter to, Levels levels)
    {
        to.Write(levels.P05);
        to.Write(levels.P10);
        to.Write(levels.P90);
        to.Write(levels.P95);
    }

    private static Levels ReadLevels(BinaryReader from) => new(from.ReadDouble(), from.ReadDouble(), from.ReadDouble(), from.ReadDouble());
}
