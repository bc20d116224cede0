namespace Tracking.Simulation.Model;

/// <summary>What is going wrong at the moment, between the processes and inside of the database server.</summary>
internal sealed class Trouble
{
    /// <summary>Until when the server refuses everything.</summary>
    public DateTimeOffset DownUntil { get; set; }
    /// <summary>Until when it can read and not write.</summary>
    public DateTimeOffset FullUntil { get; set; }
    /// <summary>Appends that will be stored and whose answers get lost.</summary>
    public int LostReplies { get; set; }
    /// <summary>Appends whose clients give up before they land.</summary>
    public int LateLandings { get; set; }
    /// <summary>Appends refused without reason.</summary>
    public int Refusals { get; set; }
    /// <summary>Grain calls whose answers get lost.</summary>
    public int LostCalls { get; set; }
    /// <summary>Reactions that fail, done or not.</summary>
    public int FailingReactions { get; set; }
    /// <summary>Pushes to open pages that get lost.</summary>
    public int LostPushes { get; set; }
    /// <summary>Until when open pages take their time to read.</summary>
    public DateTimeOffset SlowPagesUntil { get; set; }
    /// <summary>Whether calls reach either of two activations, or always the one that the cluster settled for.</summary>
    public bool Split { get; set; }
    public bool OldestActivationWins { get; set; }

    public void Heal()
    {
        DownUntil = FullUntil = SlowPagesUntil = default;
        LostReplies = LateLandings = Refusals = LostCalls = LostPushes = FailingReactions = 0;
        Split = false;
    }
}
