namespace Tracking.Domain.Vocabulary;

/// <summary>When we knew something, as every stream of the journal counts it.</summary>
public static class RecordedTime
{
    /// <summary>
    /// The recorded time of a stream's next append: now in whole microseconds (databases keep no finer), UTC, and always later than <paramref name="previous"/>, so that
    /// "as known at T" is a prefix of the stream. <paramref name="previous"/> is <c>default</c> before the first append.
    /// </summary>
    public static DateTimeOffset Next(DateTimeOffset now, DateTimeOffset previous)
    {
        now = new DateTimeOffset(now.UtcTicks / TimeSpan.TicksPerMicrosecond * TimeSpan.TicksPerMicrosecond, TimeSpan.Zero);
        return now > previous ? now : previous.AddTicks(TimeSpan.TicksPerMicrosecond);
    }
}
