namespace Tracking.Journal;

internal static class AppendCheck
{
    /// <summary>Refuses what no store can keep, before it meets its neighbours in a batch.</summary>
    public static void Check(in JournalAppend append)
    {
        if (StreamName.Problem(append.Stream) is { } problem) throw new JournalRejectedException(problem);
        if (append.Version < 1) throw new JournalRejectedException($"Versions count from 1; {append.Stream} was to get {append.Version}.");
    }
}
