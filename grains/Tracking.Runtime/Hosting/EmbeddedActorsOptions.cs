using System.Reflection;

namespace Tracking.Runtime;

/// <summary>How the embedded runtime behaves. The defaults are Orleans' own unless said otherwise.</summary>
public sealed class EmbeddedActorsOptions
{
    /// <summary>Assemblies whose grain classes run here.</summary>
    public IList<Assembly> GrainAssemblies { get; } = [];

    /// <summary>How long a caller waits for an answer before <see cref="TimeoutException"/>. Default 30 s. <c>[ResponseTimeout]</c> on a method overrides it.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long nobody must call an activation before it may be collected. Default 15 min.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often idle activations are looked for. Default 1 min.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an activation may take to load. Default 30 s.</summary>
    public TimeSpan ActivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an activation may take to say goodbye. Default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long stopping waits for all activations together. Default 30 s; what is left is abandoned.</summary>
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The shortest period a reminder may have. Default 1 min.</summary>
    public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How many calls may wait for one activation; more fail with <c>LimitExceededException</c>. Default 10,000 (Orleans: no limit).</summary>
    public int MaxWaitingCalls { get; set; } = 10_000;

    /// <summary>
    /// Passes every argument and result through <see cref="ArgumentCodec"/>, so that what only works inside one process fails here too. Default off: a value
    /// that is passed is then the caller's own object. On in tests.
    /// </summary>
    public bool CheckArguments { get; set; }

    /// <summary>What runs the turns. Default the thread pool.</summary>
    public ITurnScheduler Scheduler { get; set; } = ThreadPoolTurnScheduler.Instance;

    /// <summary>What goes wrong on purpose, in the simulator. Default nothing.</summary>
    public SiloFaults? Faults { get; set; }
}

/// <summary>A call as <see cref="SiloFaults"/> sees it. <paramref name="From"/> is null for a call from outside the grains.</summary>
public readonly record struct CallInfo(Orleans.Runtime.GrainId? From, Orleans.Runtime.GrainId To, string Method);

/// <summary>Decides what goes wrong; asked once per event, always in the same order under one seed.</summary>
public abstract class SiloFaults
{
    /// <summary>Whether the answer of a call that has run gets lost, so that the caller meets its timeout.</summary>
    public virtual bool DropReply(CallInfo call) => false;

    /// <summary>Which of several activations of one grain (<see cref="EmbeddedSilo.ActivateAgain"/>) gets the call: 0 is the oldest.</summary>
    public virtual int ChooseActivation(Orleans.Runtime.GrainId grain, int count) => count - 1;
}
