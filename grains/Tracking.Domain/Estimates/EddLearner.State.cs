using System.Collections.Frozen;

namespace Tracking.Domain.Estimates;

public sealed partial class EddLearner
{
    private const uint StateMagic = 0x314C4445;   // "EDL1"
    /// <summary>Raised whenever a reader of the older form would misread it. A learner that cannot be read begins anew from the journal.</summary>
    private const int StateVersion = 1;

    /// <summary>
    /// Everything this learner knows: magic, format version, body, SHA-256. Read back, it goes on exactly where this one stands: the same calls give the same snapshots, bit for bit.
    /// </summary>
    public byte[] Write()
    {
        var shapes = new ShapeList();
        using var fleets = new MemoryStream();
        using (var to = new BinaryWriter(fleets, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            to.Write(_fleets.Count);
            foreach (var (key, fleet) in _fleets)
            {
                to.Write(key);
                fleet.Write(to, shapes);
                to.Write(_views.ContainsKey(key));
                if (_views.TryGetValue(key, out var view)) SnapshotCodec.View(to, view);
            }
            to.Write(_shapes.Count);
            foreach (var (key, shape) in _shapes)
            {
                to.Write(key);
                to.Write(shapes.Number(shape));
            }
        }

        using var bytes = new MemoryStream();
        using var state = new BinaryWriter(bytes);
        state.Write(StateMagic);
        state.Write(StateVersion);
        state.Write(_now.UtcTicks);
        state.Write(_publishedAt.UtcTicks);
        state.Write(_published);
        state.Write(Learned);
        state.Write(Refused);
        SnapshotCodec.Write(state, _tables.Sharing);
        _means.Write(state);
        state.Write(_histograms.Count);
        foreach (var (key, histogram) in _histograms)
        {
            state.Write(key);
            histogram.Write(state);
        }
        state.Write(_regions.Count);
        foreach (var (key, region) in _regions)
        {
            state.Write(key);
            state.Write(region);
        }
        state.Write(_notices.Count);
        foreach (var (notice, _) in _notices) WriteNotice(state, notice);
        state.Write(shapes.All.Count);
        foreach (var shape in shapes.All)
            foreach (var below in shape.Below) state.Write(below);
        state.Flush();
        fleets.WriteTo(bytes);
        return SnapshotCodec.Sealed(state, bytes);
    }

    /// <exception cref="InvalidDataException">The bytes are damaged, cut off or of another format; the message says which.</exception>
    public static EddLearner Read(ReadOnlyMemory<byte> bytes)
    {
        using var from = SnapshotCodec.Unsealed(bytes, StateMagic, StateVersion, "learner's state");
        try
        {
            var (now, publishedAt, published, learned, refused) = (from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64(), from.ReadInt64());
            if (now < 0 || now > DateTimeOffset.MaxValue.Ticks || publishedAt < 0 || publishedAt > DateTimeOffset.MaxValue.Ticks) throw new InvalidDataException("The learner's time is out of range.");
            var sharing = SnapshotCodec.ReadSharing(from);
            var learner = new EddLearner(StatTable.Read(from), sharing)
            {
                _now = new DateTimeOffset(now, TimeSpan.Zero), _publishedAt = new DateTimeOffset(publishedAt, TimeSpan.Zero), _published = published, Learned = learned, Refused = refused,
            };
            for (var left = SnapshotCodec.Count(from); left > 0; left--) learner._histograms.Add(from.ReadUInt64(), RatioHistogram.Read(from));
            for (var left = SnapshotCodec.Count(from); left > 0; left--) learner._regions.Add(from.ReadUInt64(), from.ReadString());
            for (var left = SnapshotCodec.Count(from); left > 0; left--)
            {
                var notice = ReadNotice(from);
                learner._notices.Add((notice, Hash64.Text(notice.Carrier)));
            }
            var shapes = new RatioShape[SnapshotCodec.Count(from)];
            for (var i = 0; i < shapes.Length; i++) shapes[i] = RatioShape.Read(from);
            for (var left = SnapshotCodec.Count(from); left > 0; left--)
            {
                var key = from.ReadUInt64();
                var fleet = Fleet.Read(from, key, learner._clocks, shapes);
                learner._fleets.Add(key, fleet);
                if (from.ReadBoolean()) learner._views.Add(key, SnapshotCodec.View(from, fleet.Profile));
                foreach (var (zoneKey, zone) in fleet.Zones) learner._paces[zoneKey] = zone.Track;
                foreach (var way in fleet.Open)
                    if (!way.Gone) learner._open.TryAdd(way.Key, way);
            }
            for (var left = SnapshotCodec.Count(from); left > 0; left--)
            {
                var (key, shape) = (from.ReadUInt64(), from.ReadInt32());
                learner._shapes[key] = shape >= 0 && shape < shapes.Length ? shapes[shape] : throw new InvalidDataException("A shape is named that is not there.");
            }
            if (from.BaseStream.Position != from.BaseStream.Length) throw new InvalidDataException("The learner's state has bytes left over.");
            learner.Hold();
            return learner;
        }
        catch (Exception cut) when (cut is EndOfStreamException or ArgumentException) { throw new InvalidDataException("The learner's state is cut off or names something twice.", cut); }
    }

    private static void WriteNotice(BinaryWriter to, RouteNotice notice)
    {
        SnapshotCodec.Text(to, notice.Carrier);
        to.Write(notice.Country);
        SnapshotCodec.Text(to, notice.Region);
        to.Write(notice.From.UtcTicks);
        to.Write(notice.To.UtcTicks);
        to.Write(notice.PublishedAt.UtcTicks);
        to.Write(notice.Pace);
        to.Write((byte)notice.Kind);
        SnapshotCodec.Text(to, notice.Id);
    }

    private static RouteNotice ReadNotice(BinaryReader from) => new(
        SnapshotCodec.Text(from), from.ReadString(), SnapshotCodec.Text(from), new DateTimeOffset(from.ReadInt64(), TimeSpan.Zero), new DateTimeOffset(from.ReadInt64(), TimeSpan.Zero),
        new DateTimeOffset(from.ReadInt64(), TimeSpan.Zero), from.ReadDouble(), (NoticeKind)from.ReadByte(), SnapshotCodec.Text(from));
}
