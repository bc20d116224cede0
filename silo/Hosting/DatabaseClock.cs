using Npgsql;
using Tracking.Journal;

namespace Tracking.Silo.Hosting;

/// <summary>Compares this machine's clock with the database's. Nodes judge each other's signs of life, and scans their lateness, by their clocks.</summary>
internal static class DatabaseClock
{
    /// <summary>One sentence when they are too far apart; null when they agree, or when the database does not answer or is not named rightly (which others say).</summary>
    public static async Task<string?> ProblemAsync(string connectionString, double mostSeconds, TimeProvider clock, CancellationToken cancel)
    {
        try
        {
            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5, CommandTimeout = 5 }.ConnectionString);
            await connection.OpenAsync(cancel);
            await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
            var before = clock.GetUtcNow();
            var theirs = new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancel))!);
            return Say(before + (clock.GetUtcNow() - before) / 2, theirs, mostSeconds);
        }
        catch (Exception away) when (away is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException or ArgumentException or FormatException or KeyNotFoundException) { return null; }
    }

    internal static string? Say(DateTimeOffset ours, DateTimeOffset theirs, double mostSeconds)
    {
        var apart = (ours - theirs).Duration();
        return apart.TotalSeconds <= mostSeconds ? null
            : FormattableString.Invariant($"This machine's clock is {apart.TotalSeconds:0.#} s {(ours > theirs ? "ahead of" : "behind")} the database's; at most {mostSeconds} s are allowed (Storage:MaxClockSkewSeconds). Set it by NTP.");
    }
}
