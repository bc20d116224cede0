using System.Collections.Concurrent;
using System.Text;

namespace Tracking.Runtime;

/// <summary>
/// Every call that waits for an answer, in lanes of one timeout each, so that a lane is in order of deadline and its timer only ever looks at the first.
/// A call that runs out of time fails with <see cref="TimeoutException"/>; its turn goes on, so its outcome is unknown to the caller.
/// </summary>
internal sealed class PendingCalls(TimeProvider clock, TimeSpan defaultTimeout, int lanesPerTimeout) : IDisposable
{
    private readonly ConcurrentDictionary<TimeSpan, Lane[]> _others = new();
    private readonly Lane[] _default = MakeLanes(clock, defaultTimeout, lanesPerTimeout);

    internal void Add(Call call)
    {
        var lanes = call.Timeout is { } own ? _others.GetOrAdd(own, static (timeout, pending) => MakeLanes(pending.clock, timeout, pending.lanes), (clock, lanes: lanesPerTimeout)) : _default;
        lanes[lanes.Length == 1 ? 0 : Environment.CurrentManagedThreadId % lanes.Length].Add(call, lanes);
    }

    internal int Count => AllLanes.Sum(lane => lane.Count);
    internal long Total => AllLanes.Sum(lane => lane.Total);
    internal IEnumerable<Call> All => AllLanes.SelectMany(lane => lane.Snapshot());

    /// <summary>Fails what still waits; used when the silo is gone.</summary>
    internal void FailAll(Func<Call, Exception> why)
    {
        foreach (var lane in AllLanes)
        {
            foreach (var call in lane.Snapshot())
            {
                lane.Remove(call);
                call.TryFail(why(call));
            }
        }
    }

    public void Dispose()
    {
        foreach (var lane in AllLanes) lane.Dispose();
    }

    private IEnumerable<Lane> AllLanes => _default.Concat(_others.Values.SelectMany(lanes => lanes));

    private static Lane[] MakeLanes(TimeProvider clock, TimeSpan timeout, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new Lane(clock, timeout))];

    internal sealed class Lane(TimeProvider clock, TimeSpan timeout) : IDisposable
    {
        private readonly Lock _gate = new();
        private Call? _first, _last;
        private Lane[] _siblings = [];
        private ITimer? _timer;
        private bool _armed, _disposed;

        internal int Count { get; private set; }
        internal long Total { get; private set; }

        internal void Add(Call call, Lane[] siblings)
        {
            lock (_gate)
            {
                call.Lane = this;
                call.Deadline = clock.GetTimestamp() + (long)(timeout.TotalSeconds * clock.TimestampFrequency);
                call.Earlier = _last;
                if (_last is null) _first = call; else _last.Later = call;
                _last = call;
                Count++;
                Total++;
                if (_armed || _disposed) return;
                _armed = true;
                _siblings = siblings;
                _timer ??= CreateTimer();
                _timer.Change(timeout, Timeout.InfiniteTimeSpan);
            }
        }

        internal void Remove(Call call)
        {
            lock (_gate)
            {
                if (call.Lane != this) return;
                call.Lane = null;
                if (call.Earlier is null) _first = call.Later; else call.Earlier.Later = call.Later;
                if (call.Later is null) _last = call.Earlier; else call.Later.Earlier = call.Earlier;
                call.Earlier = call.Later = null;
                Count--;
            }
        }

        internal List<Call> Snapshot()
        {
            lock (_gate)
            {
                var calls = new List<Call>(Count);
                for (var call = _first; call is not null; call = call.Later) calls.Add(call);
                return calls;
            }
        }

        public void Dispose()
        {
            lock (_gate)
            {
                _disposed = true;
                _timer?.Dispose();
            }
        }

        private ITimer CreateTimer()
        {
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                return clock.CreateTimer(static state => ((Lane)state!).Expire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        private void Expire()
        {
            List<Call>? expired = null;
            lock (_gate)
            {
                if (_disposed) return;
                var now = clock.GetTimestamp();
                for (var call = _first; call is not null && call.Deadline <= now; call = call.Later) (expired ??= []).Add(call);
                _armed = false;
                var next = expired is null ? _first : expired[^1].Later;
                if (next is not null)
                {
                    _armed = true;
                    var left = TimeSpan.FromSeconds((double)(next.Deadline - now) / clock.TimestampFrequency);
                    _timer!.Change(left < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : left, Timeout.InfiniteTimeSpan);
                }
            }

            if (expired is null) return;
            // The reasons first, while the list still shows who waits for whom.
            var failures = expired.ConvertAll(call => new TimeoutException(Describe(call)));
            for (var i = 0; i < expired.Count; i++)
            {
                expired[i].Expired = true;
                Remove(expired[i]);
                expired[i].TryFail(failures[i]);
            }
        }

        private string Describe(Call call)
        {
            var text = new StringBuilder($"No answer within {timeout} from {call}. Whether it ran is unknown");
            text.Append(call.RunsOn is null ? "; it had not started." : ".");
            if (WaitForCycle(call) is { } cycle) text.Append($" The calls wait for each other: {cycle}.");
            return text.ToString();
        }

        /// <summary>Follows who waits for whom, from the grain that was called, until somebody comes up twice.</summary>
        private string? WaitForCycle(Call call)
        {
            var waiting = _siblings.SelectMany(lane => lane.Snapshot()).Where(other => other.Sender is not null).ToLookup(other => other.Sender!.GrainId);
            var path = new List<Orleans.Runtime.GrainId>();
            for (var at = call; at is not null; at = waiting[at.Target].FirstOrDefault())
            {
                var met = path.IndexOf(at.Target);
                path.Add(at.Target);
                if (met >= 0) return string.Join(" -> ", path.Skip(met));
            }
            return null;
        }
    }
}
