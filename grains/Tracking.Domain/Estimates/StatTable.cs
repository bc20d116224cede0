namespace Tracking.Domain.Estimates;

/// <summary>
/// Decayed means by key: (sum, weight, last time) in an open-addressed table. Half of what was learned is forgotten per half-life.
/// A full table forgets its lightest entries when it grows past its limit, so that a flood of made-up lanes costs precision and not memory.
/// </summary>
internal sealed class StatTable
{
    private const int Smallest = 1 << 6;

    private readonly int _limit;
    private ulong[] _keys;
    private Entry[] _entries;

    internal struct Entry
    {
        public double Sum;
        public double Weight;
        public double At;
    }

    public StatTable(int limit = 1 << 21) : this(limit, new ulong[Smallest], new Entry[Smallest], 0) { }

    private StatTable(int limit, ulong[] keys, Entry[] entries, int count) => (_limit, _keys, _entries, Count) = (limit, keys, entries, count);

    public int Count { get; private set; }

    public StatTable Copy() => new(_limit, (ulong[])_keys.Clone(), (Entry[])_entries.Clone(), Count);

    /// <summary>The mean of a key shrunk to its parent's: as if <paramref name="pseudo"/> observations at the parent's value had been seen.</summary>
    public double Shrunk(ulong key, double parent, double pseudo, double now, double decayPerDay)
    {
        var at = Find(key);
        if (at < 0) return parent;
        ref readonly var entry = ref _entries[at];
        var faded = Math.Exp(-decayPerDay * Math.Max(now - entry.At, 0));
        return (entry.Sum * faded + pseudo * parent) / (entry.Weight * faded + pseudo);
    }

    /// <summary>The weight a key still has, 0 when it was never seen.</summary>
    public double Weight(ulong key, double now, double decayPerDay)
    {
        var at = Find(key);
        return at < 0 ? 0 : _entries[at].Weight * Math.Exp(-decayPerDay * Math.Max(now - _entries[at].At, 0));
    }

    public void Add(ulong key, double value, double weight, double now, double decayPerDay)
    {
        ref var entry = ref Slot(key);
        if (now > entry.At)
        {
            var faded = entry.Weight == 0 ? 1 : Math.Exp(-decayPerDay * (now - entry.At));
            entry.Sum *= faded;
            entry.Weight *= faded;
            entry.At = now;
        }
        else weight *= Math.Exp(-decayPerDay * (entry.At - now));   // a late report counts as old as it is
        entry.Sum += value * weight;
        entry.Weight += weight;
    }

    private int Find(ulong key)
    {
        var mask = _keys.Length - 1;
        for (var at = (int)(key >> 20) & mask; ; at = (at + 1) & mask)
        {
            var found = _keys[at];
            if (found == key) return at;
            if (found == 0) return -1;
        }
    }

    private ref Entry Slot(ulong key)
    {
        var at = Find(key);
        if (at >= 0) return ref _entries[at];
        if (Count * 3 >= _keys.Length * 2) Grow();
        var mask = _keys.Length - 1;
        at = (int)(key >> 20) & mask;
        while (_keys[at] != 0) at = (at + 1) & mask;
        _keys[at] = key;
        Count++;
        return ref _entries[at];
    }

    private void Grow()
    {
        var (keys, entries) = (_keys, _entries);
        var least = 0.0;
        if (Count >= _limit)   // drop the lighter half instead of growing
        {
            var weights = new double[Count];
            for (int at = 0, n = 0; at < keys.Length; at++)
                if (keys[at] != 0) weights[n++] = entries[at].Weight;
            Array.Sort(weights);
            least = weights[Count / 2];
        }
        else
        {
            _keys = new ulong[keys.Length * 2];
            _entries = new Entry[_keys.Length];
        }
        if (least > 0)
        {
            _keys = new ulong[keys.Length];
            _entries = new Entry[keys.Length];
        }
        Count = 0;
        for (var at = 0; at < keys.Length; at++)
            if (keys[at] != 0 && entries[at].Weight >= least && (least == 0 || Count < _limit / 2 || entries[at].Weight > least))
                Slot(keys[at]) = entries[at];
    }

    public void Write(BinaryWriter to)
    {
        // By key: what is equal is equal in bytes too, in whatever order it was learned.
        var (keys, places) = (new ulong[Count], new int[Count]);
        for (int at = 0, n = 0; at < _keys.Length; at++)
            if (_keys[at] != 0) (keys[n], places[n++]) = (_keys[at], at);
        Array.Sort(keys, places);
        to.Write(Count);
        foreach (var at in places)
        {
            to.Write(_keys[at]);
            to.Write(_entries[at].Sum);
            to.Write(_entries[at].Weight);
            to.Write(_entries[at].At);
        }
    }

    public static StatTable Read(BinaryReader from, int limit = 1 << 21)
    {
        var count = from.ReadInt32();
        if (count < 0 || count > limit * 2L) throw new InvalidDataException($"A table of {count} statistics is not ours.");
        var table = new StatTable(limit);
        for (var i = 0; i < count; i++)
        {
            var key = from.ReadUInt64();
            if (key == 0) throw new InvalidDataException("A statistic has no key.");
            table.Slot(key) = new Entry { Sum = from.ReadDouble(), Weight = from.ReadDouble(), At = from.ReadDouble() };
        }
        return table;
    }
}
