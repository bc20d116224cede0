namespace Tracking.LoadTest.Http;

/// <summary>What became of one scan. <see cref="None"/>: no answer came, so nobody can say.</summary>
public enum Outcome : byte { None, Accepted, Duplicate, Rejected, Quarantined, Failed }

/// <summary>Scans by what became of them.</summary>
public struct OutcomeCounts
{
    public long Accepted, Duplicate, Rejected, Quarantined, Failed, None;

    public readonly long Stored => Accepted + Duplicate;

    public void Count(Outcome outcome, long n = 1)
    {
        switch (outcome)
        {
            case Outcome.Accepted: Accepted += n; break;
            case Outcome.Duplicate: Duplicate += n; break;
            case Outcome.Rejected: Rejected += n; break;
            case Outcome.Quarantined: Quarantined += n; break;
            case Outcome.Failed: Failed += n; break;
            default: None += n; break;
        }
    }

    public void Add(in OutcomeCounts other)
    {
        Accepted += other.Accepted;
        Duplicate += other.Duplicate;
        Rejected += other.Rejected;
        Quarantined += other.Quarantined;
        Failed += other.Failed;
        None += other.None;
    }
}

/// <summary>
/// Reads the per-item results of an answer, in input order, as fast as they can be searched: the generator shares its cores with the server it measures.
/// Takes both shapes, NDJSON lines and <c>{"results":[…]}</c>; unknown outcomes count as failed, since nobody may believe they were stored.
/// </summary>
public static class ScanAnswers
{
    /// <summary>Fills <paramref name="outcomes"/> and <paramref name="versions"/> (0 where none is told) from the start; returns how many results there were.</summary>
    public static int Read(ReadOnlySpan<byte> answer, Span<Outcome> outcomes, Span<int> versions = default)
    {
        var found = 0;
        while (found < outcomes.Length)
        {
            var at = answer.IndexOf("\"outcome\""u8);
            if (at < 0) break;
            answer = answer[(at + 9)..];
            var start = answer.IndexOf((byte)'"');
            if (start < 0) break;
            answer = answer[(start + 1)..];
            outcomes[found] = answer switch
            {
                _ when answer.StartsWith("accepted\""u8) => Outcome.Accepted,
                _ when answer.StartsWith("duplicate\""u8) => Outcome.Duplicate,
                _ when answer.StartsWith("rejected\""u8) => Outcome.Rejected,
                _ when answer.StartsWith("quarantined\""u8) => Outcome.Quarantined,
                _ => Outcome.Failed,
            };
            if (!versions.IsEmpty) versions[found] = VersionIn(answer);
            found++;
        }
        return found;
    }

    // The version of this item: before the next item begins.
    private static int VersionIn(ReadOnlySpan<byte> rest)
    {
        var next = rest.IndexOf("\"outcome\""u8);
        var item = next < 0 ? rest : rest[..next];
        var at = item.IndexOf("\"version\""u8);
        if (at < 0) return 0;
        item = item[(at + 9)..].TrimStart(" :"u8);
        return System.Buffers.Text.Utf8Parser.TryParse(item, out int version, out _) ? version : 0;
    }
}
