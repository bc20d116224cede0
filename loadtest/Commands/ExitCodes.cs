using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary>What a run tells the shell.</summary>
public static class ExitCodes
{
    /// <summary>Everything held.</summary>
    public const int Passed = 0;
    /// <summary>Something the run needs is missing, does not start, or was asked for wrongly; or the run was interrupted: no verdict.</summary>
    public const int SetUpFailed = 2;
    /// <summary>A promise was broken: an acked scan lost, a scan stored twice, a page that went backwards.</summary>
    public const int InvariantBroken = 3;
    /// <summary>A threshold was crossed (k6's convention).</summary>
    public const int ThresholdCrossed = 99;

    /// <summary>Runs a command; what cannot be set up is one line on standard error.</summary>
    public static async Task<int> GuardAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (SetUpException e)
        {
            Console.Error.WriteLine(e.Message);
            return SetUpFailed;
        }
        catch (Npgsql.NpgsqlException e)
        {
            Console.Error.WriteLine($"PostgreSQL: {e.Message.ReplaceLineEndings(" ")}");
            return SetUpFailed;
        }
        catch (OperationCanceledException)
        {
            Console.Error.WriteLine("Interrupted before there was anything to report.");
            return SetUpFailed;
        }
    }
}
