using Tracking.Testing;

namespace Tracking.Simulation.Model;

/// <summary>One node's clock: what it reads may be off and may jump; how long things take is the world's.</summary>
internal sealed class NodeClock(ManualClock world) : TimeProvider
{
    public TimeSpan Off { get; set; }

    public override long TimestampFrequency => world.TimestampFrequency;
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    public override DateTimeOffset GetUtcNow() => world.GetUtcNow() + Off;
    public override long GetTimestamp() => world.GetTimestamp();
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => world.CreateTimer(callback, state, dueTime, period);
}
