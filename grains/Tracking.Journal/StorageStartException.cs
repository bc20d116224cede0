namespace Tracking.Journal;

/// <summary>The storage cannot be opened. The message is one clear line for the person who starts the process; show it without a stack trace and exit non-zero.</summary>
public sealed class StorageStartException(string message, Exception? inner = null) : Exception(OneLine(message), inner)
{
    private static string OneLine(string message) => message.ReplaceLineEndings(" ").Trim();
}
