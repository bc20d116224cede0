using System.Net.Sockets;
using Npgsql;

namespace Tracking.Journal.Postgres;

/// <summary>What PostgreSQL's answers mean to somebody who waits for an append.</summary>
internal static class PostgresErrors
{
    /// <summary>The server said no and rolled back, and will say so to every row for now: full, read-only, starting, out of memory or connections, cancelled.</summary>
    public static bool IsUnavailable(PostgresException said) =>
        said.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.InsufficientPrivilege
        || said.SqlState.StartsWith("53", StringComparison.Ordinal)     // insufficient resources: disk full, memory, connections
        || said.SqlState.StartsWith("57", StringComparison.Ordinal)     // operator intervention: shutting down, starting up
        || said.SqlState.StartsWith("58", StringComparison.Ordinal)     // the system below: input or output error
        || said.SqlState.StartsWith("42", StringComparison.Ordinal);    // a table is not there: a schema problem, not a row's

    /// <summary>The server said it and hung up: it is shutting down, or the session was ended. What was under way may have been committed before.</summary>
    public static bool EndsConnection(PostgresException said) => said.InvariantSeverity is "FATAL" or "PANIC";

    /// <summary>It is this row's fault and will stay so: a value out of range or not text, a constraint, a size limit.</summary>
    public static bool IsRowsFault(PostgresException said) =>
        !IsMoved(said) && (said.SqlState.StartsWith("22", StringComparison.Ordinal) || said.SqlState.StartsWith("23", StringComparison.Ordinal) || said.SqlState.StartsWith("54", StringComparison.Ordinal));

    /// <summary>The row is good and this is not its database any more (<see cref="Shards.ShardMove"/>).</summary>
    public static bool IsMoved(PostgresException said) => said.ConstraintName == "moved_away";

    public static bool IsTrouble(Exception failed) => failed is NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException;

    /// <summary>One line for people, without secrets.</summary>
    public static string Say(Exception failed) => (failed switch
    {
        PostgresException said => $"PostgreSQL says: {said.MessageText} ({said.SqlState}).",
        NpgsqlException { InnerException: { } inner } => Sentence(inner.Message),
        TimeoutException => "PostgreSQL does not answer.",
        _ => Sentence(failed.Message),
    }).ReplaceLineEndings(" ");

    private static string Sentence(string text) => text.EndsWith('.') ? text : text + ".";
}
