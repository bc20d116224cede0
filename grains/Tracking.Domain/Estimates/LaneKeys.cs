using System.Runtime.CompilerServices;

namespace Tracking.Domain.Estimates;

/// <summary>
/// The names of one parcel's statistics, coarse to fine. A level whose fact is missing is 0 and is skipped: its parent speaks.
/// Way (all stages but handling): all → carrier → service → country pair → destination region → lane → lane × first three of the postcode.
/// Handling: all → origin country → origin region → retailer.
/// </summary>
internal readonly struct LaneKeys
{
    public const int Levels = 7;

    [InlineArray(Levels)]
    private struct Array7 { private ulong _first; }

    private readonly Array7 _keys;

    /// <summary>Hash of the carrier slug, and of the service.</summary>
    public readonly ulong Carrier, Service;
    /// <summary>Carrier × service × destination region: where shapes live.</summary>
    public readonly ulong Group, GroupParent;
    /// <summary>Carrier × destination country, which share a week, a level and a trust; and its part per destination region, which may stand still by itself.</summary>
    public readonly ulong Fleet, Zone;
    /// <summary>Carrier × first three of the origin postcode: parcels of one depot leave late together. 0 when unknown.</summary>
    public readonly ulong Depot;

    public ulong this[int level] => _keys[level];

    private LaneKeys(in LaneKeys keys, in LaneKeys way)
    {
        this = keys;
        (Group, GroupParent) = (Hash64.Key(way.Group, keys[0]), Hash64.Key(way.GroupParent, keys[0]));
    }

    /// <summary>The same lane's statistics of gaps between two scans, in place of those of the way.</summary>
    public LaneKeys OfGaps() => new(this, 0x6A95);

    private LaneKeys(in LaneKeys keys, ulong salt)
    {
        this = keys;
        for (var level = 0; level < Levels; level++)
            if (_keys[level] != 0) _keys[level] = Hash64.Key(_keys[level], salt);
        (Group, GroupParent, Depot) = (Hash64.Key(Group, salt), Hash64.Key(GroupParent, salt), 0);
    }

    /// <summary>The same statistics, with the shapes of the whole remaining way: they spread by where the parcel goes, not by who packs it.</summary>
    public LaneKeys WithGroupOf(in LaneKeys way) => new(this, way);

    /// <summary>The same lane in the books of one retailer that does not share its deliveries.</summary>
    public LaneKeys OwnedBy(ulong owner) => owner == 0 ? this : new(this, owner, 0);

    private LaneKeys(in LaneKeys keys, ulong owner, byte _)
    {
        this = keys;
        for (var level = 0; level < Levels; level++)
            if (_keys[level] != 0) _keys[level] = Hash64.Key(_keys[level], owner);
        (Group, GroupParent, Fleet, Zone) = (Group == 0 ? 0 : Hash64.Key(Group, owner), Hash64.Key(GroupParent, owner), Hash64.Key(Fleet, owner), Hash64.Key(Zone, owner));
        if (Depot != 0) Depot = Hash64.Key(Depot, owner);
    }

    public LaneKeys(in JourneyFacts facts, JourneyStage stage)
    {
        Carrier = Hash64.Text(facts.Carrier);
        Service = Hash64.Text(facts.Service);
        var origin = Hash64.Text(facts.OriginCountry);
        var originRegion = Hash64.Text(facts.OriginRegion);
        var root = Hash64.Key((ulong)stage + 1, 0x5EED);
        var land = Hash64.Text(facts.DestinationCountry);
        var state = Hash64.Text(facts.DestinationRegion);
        Fleet = Hash64.Key(Hash64.Mix(Carrier, land), 0xF1EE7);
        Zone = state == 0 ? Fleet : Hash64.Key(Fleet, state);
        _keys[0] = root;
        GroupParent = root;
        if (stage == JourneyStage.Handling)
        {
            var retailer = Hash64.Text(facts.Retailer);
            if (origin != 0) _keys[1] = Hash64.Key(root, Hash64.Mix(origin, 1));
            if (originRegion != 0) _keys[2] = Hash64.Key(root, Hash64.Mix(Hash64.Mix(origin, originRegion), 2));
            if (retailer != 0) _keys[3] = Hash64.Key(root, Hash64.Mix(retailer, 3));
            Group = _keys[2];
            return;
        }
        var (destination, region) = (land, state);
        var depot = Hash64.Text(facts.OriginPostalCode, 3);
        if (depot != 0) Depot = Hash64.Key(Hash64.Mix(root, Carrier), Hash64.Mix(Hash64.Mix(origin, depot), 7));
        var carried = Hash64.Mix(root, Carrier);
        var serviced = Hash64.Mix(carried, Service);
        var pair = Hash64.Mix(serviced, Hash64.Mix(origin, destination));
        if (Carrier != 0) _keys[1] = Hash64.Key(carried, 1);
        if (Service != 0) _keys[2] = Hash64.Key(serviced, 2);
        if (destination != 0) _keys[3] = Hash64.Key(pair, 3);
        GroupParent = _keys[2] != 0 ? _keys[2] : _keys[1] != 0 ? _keys[1] : root;
        Group = _keys[3];
        if (region == 0) return;
        _keys[4] = Group = Hash64.Key(pair, Hash64.Mix(region, 4));
        if (originRegion == 0) return;
        var lane = Hash64.Mix(pair, Hash64.Mix(originRegion, region));
        _keys[5] = Hash64.Key(lane, 5);
        var postcode = Hash64.Text(facts.DestinationPostalCode, 3);
        if (postcode != 0) _keys[6] = Hash64.Key(lane, Hash64.Mix(postcode, 6));
    }
}
