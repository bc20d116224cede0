using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>Several activations of one grain at once, made on purpose by a simulator.</summary>
internal sealed class Twins(SiloFaults? faults, GrainId id, params IEnumerable<Activation> activations) : ICallTarget
{
    private readonly List<Activation> _all = [.. activations];

    internal List<Activation> All
    {
        get { lock (_all) return [.. _all]; }
    }

    internal void Add(Activation activation)
    {
        lock (_all) _all.Add(activation);
    }

    internal void Remove(Activation activation)
    {
        lock (_all) _all.Remove(activation);
    }

    public bool TryReceive(Call call)
    {
        while (true)
        {
            Activation chosen;
            lock (_all)
            {
                _all.RemoveAll(one => one.IsDead);
                if (_all.Count == 0) return false;
                chosen = _all[Math.Clamp(faults?.ChooseActivation(id, _all.Count) ?? _all.Count - 1, 0, _all.Count - 1)];
            }
            if (chosen.TryReceive(call)) return true;
        }
    }
}
