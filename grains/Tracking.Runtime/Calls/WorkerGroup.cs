using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>The activations of a stateless worker: a call goes to the first idle one, else to a new one while there may be more, else to the shortest queue.</summary>
internal sealed class WorkerGroup(EmbeddedSilo silo, GrainId id, GrainClass grainClass, int most) : ICallTarget
{
    private readonly List<Activation> _workers = [];
    private bool _closed;

    /// <summary>Ends a group without workers, so that ids nobody uses any more leave no trace.</summary>
    internal bool TryClose()
    {
        lock (_workers) return _closed = _workers.Count == 0;
    }

    public bool TryReceive(Call call)
    {
        lock (_workers)
        {
            if (_closed) return false;
            Activation? shortest = null;
            foreach (var worker in _workers)
            {
                if (worker.IsDead) continue;
                if (worker.Idle && worker.TryReceive(call)) return true;
                if (shortest is null || worker.Waiting < shortest.Waiting) shortest = worker;
            }
            if (_workers.Count >= most && shortest is not null && shortest.TryReceive(call)) return true;
            var added = new Worker(this, silo, id, grainClass);
            _workers.Add(added);
            silo.CountActivation(1);
            return added.TryReceive(call);
        }
    }

    internal List<Activation> Workers
    {
        get { lock (_workers) return [.. _workers]; }
    }

    internal void Remove(Activation worker)
    {
        lock (_workers) _workers.Remove(worker);
    }

    private sealed class Worker(WorkerGroup group, EmbeddedSilo silo, GrainId id, GrainClass grainClass) : Activation(silo, id, grainClass)
    {
        internal override WorkerGroup Group => group;
    }
}
