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
    private const int Version = 2, MostEntries = 1 << 22;
    internal const int Checksum = 32;

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
            Profile(to, fleet.Profile);
            View(to, fleet);
        }
        to.Write(tables.Paces.Count);
        foreach (var (key, track) in tables.Paces.OrderBy(p => p.Key))
        {
            to.Write(key);
            track.Write(to);
        }
        to.Write(tables.Announced.Count);
        foreach (var (key, notice) in tables.Announced.OrderBy(n => n.Key))
        {
            to.Write(key);
            to.Write(notice.Pace);
            to.Write((byte)notice.Kind);
        }
        to.Write(tables.Regions.Count);
        foreach (var (key, region) in tables.Regions.OrderBy(r => r.Key))
        {
            to.Write(key);
            to.Write(region);
        }
        Write(to, tables.Sharing);
        return Sealed(to, bytes);
    }

    internal static byte[] Sealed(BinaryWriter to, MemoryStream bytes)
    {
        to.Flush();
        to.Write(SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)));
        to.Flush();
        return bytes.ToArray();
    }

    internal static BinaryReader Unsealed(ReadOnlyMemory<byte> bytes, uint magic, int version, string what)
    {
        if (bytes.Length < 8 + Checksum) throw new InvalidDataException($"A {what} of {bytes.Length} bytes is cut off.");
        var body = bytes[..^Checksum];
        if (!SHA256.HashData(body.Span).AsSpan().SequenceEqual(bytes.Span[^Checksum..])) throw new InvalidDataException($"The {what}'s checksum does not fit its content.");
        var from = new BinaryReader(new MemoryStream(body.ToArray(), writable: false));
        if (from.ReadUInt32() != magic) throw new InvalidDataException($"These bytes are not a {what}.");
        var found = from.ReadInt32();
        if (found != version) throw new InvalidDataException($"The {what} has format {found}; this code reads format {version}.");
        return from;
    }

    /// <param name="previous">The snapshot used until now: weeks that did not change keep their clocks, which take a millisecond each to build.</param>
    public static EddSnapshot Read(ReadOnlyMemory<byte> bytes, EddSnapshot? previous = null)
    {
        using var from = Unsealed(bytes, Magic, Version, "snapshot");
        try
        {
            var (id, ticks) = (from.ReadInt64(), from.ReadInt64());
            if (ticks < DateTimeOffset.MinValue.Ticks || ticks > DateTimeOffset.MaxValue.Ticks) throw new InvalidDataException("The snapshot's time is out of range.");
            var means = StatTable.Read(from);
            var shapes = Entries(from, static (f, _) => RatioShape.Read(f));
            var fleets = Entries(from, (f, key) => ReadFleet(f, previous?.Tables.Fleets.GetValueOrDefault(key)));
            var paces = Entries(from, static (f, _) => PaceTrack.Read(f));
            var announced = Entries(from, static (f, _) => ReadAnnouncement(f));
            var regions = Entries(from, static (f, _) => f.ReadString());
            var sharing = ReadSharing(from);
            if (from.BaseStream.Position != from.BaseStream.Length) throw new InvalidDataException("The snapshot has bytes left over.");
            return new EddSnapshot(id, new DateTimeOffset(ticks, TimeSpan.Zero), new EddTables(means, shapes, fleets, paces, previous?.Tables.Clocks ?? new ClockShelf(), announced, regions, sharing));
        }
        catch (EndOfStreamException) { throw new InvalidDataException("The snapshot is cut off."); }
    }

    private static Announcement ReadAnnouncement(BinaryReader from)
    {
        var (pace, kind) = (from.ReadDouble(), (NoticeKind)from.ReadByte());
        return pace is >= 0.3 and <= 1.6 ? Announcement.Of(pace, kind) : throw new InvalidDataException("A notice is out of bounds.");
    }

    internal static void Write(BinaryWriter to, Sharing sharing)
    {
        to.Write(sharing.All);
        to.Write(sharing.Retailers.Count);
        foreach (var retailer in sharing.Retailers.Order()) to.Write(retailer);
    }

    internal static Sharing ReadSharing(BinaryReader from)
    {
        var all = from.ReadBoolean();
        var retailers = new ulong[Count(from)];
        for (var i = 0; i < retailers.Length; i++) retailers[i] = from.ReadUInt64();
        return new Sharing(all, retailers.ToFrozenSet());
    }

    internal static int Count(BinaryReader from)
    {
        var count = from.ReadInt32();
        return count is >= 0 and <= MostEntries ? count : throw new InvalidDataException($"A table of {count} entries is not ours.");
    }

    internal static void Text(BinaryWriter to, string? text)
    {
        to.Write(text is not null);
        if (text is not null) to.Write(text);
    }

    internal static string? Text(BinaryReader from) => from.ReadBoolean() ? from.ReadString() : null;

    internal static void Profile(BinaryWriter to, ImmutableArray<double> profile)
    {
        to.Write(profile == WeekProfile.Default);
        if (profile == WeekProfile.Default) return;
        foreach (var rate in profile) to.Write(rate);
    }

    internal static ImmutableArray<double> Profile(BinaryReader from)
    {
        if (from.ReadBoolean()) return WeekProfile.Default;
        var rates = Doubles(from, WeekProfile.Hours);
        return rates.Any(r => !(r > 0)) ? throw new InvalidDataException("A week has an hour without a rate.") : [.. rates];
    }

    internal static void View(BinaryWriter to, FleetView fleet)
    {
        foreach (var weight in fleet.HandlingWeights.Concat(fleet.WayWeights)) to.Write(weight);
        Write(to, fleet.HandlingLevels);
        Write(to, fleet.WayLevels);
    }

    internal static FleetView View(BinaryReader from, ImmutableArray<double> profile)
        => new(profile, Doubles(from, Evidence.Count), Doubles(from, Evidence.Count), ReadLevels(from), ReadLevels(from));

    private static FrozenDictionary<ulong, T> Entries<T>(BinaryReader from, Func<BinaryReader, ulong, T> read)
    {
        var count = Count(from);
        var entries = new Dictionary<ulong, T>(Math.Min(count, 4_096));
        for (var i = 0; i < count; i++)
        {
            var key = from.ReadUInt64();
            entries[key] = read(from, key);
        }
        return entries.ToFrozenDictionary();
    }

    private static FleetView ReadFleet(BinaryReader from, FleetView? before)
    {
        var profile = Profile(from);
        if (before is not null && before.Profile.AsSpan().SequenceEqual(profile.AsSpan())) profile = before.Profile;
        return View(from, profile);
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
