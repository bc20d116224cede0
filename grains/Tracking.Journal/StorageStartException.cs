namespace Tracking.Journal;

/// <summary>The storage cannot be opened. The message is one clear line for the person who starts the process; show it without a stack trace and exit non-zero.</summary>
public sealed class StorageStartException(string message, Exception? inner = null) : Exception(OneLine(message), inner)
{
    /// <summary>The server answers and nothing is wrong with it; only our tables are not there yet, because no silo was ever started on it.</summary>
    public bool NotMadeYet { get; init; }

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
