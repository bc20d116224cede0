using System.Diagnostics.CodeAnalysis;
using Orleans.Runtime;
using Tracking.Runtime;

namespace Orleans
{
    /// <summary>What every grain class is; a class may implement it itself instead of deriving from <see cref="Grain"/>.</summary>
    public interface IGrainBase
    {
        IGrainContext GrainContext { get; }

        /// <summary>Runs before the first call. If it fails, the calls that wait fail with its exception and the next call tries again with a new activation.</summary>
        Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

        /// <summary>Runs after the last call, unless the process died. Nothing may depend on it.</summary>
        Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
    }

    /// <summary>The usual base of a grain class. One turn runs at a time; everything awaited in a turn continues in a turn of the same activation.</summary>
    public abstract class Grain : IGrainBase, IAddressable
    {
        protected Grain() => GrainContext = Activation.Current!;

        [AllowNull]
        public IGrainContext GrainContext { get; private set; }

        public GrainReference GrainReference => GrainContext.GrainReference;

        protected IGrainFactory GrainFactory => Here.Silo;

        protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

        public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

        /// <summary>Deactivates this activation after the calls that run now; calls that wait go to the next activation.</summary>
        protected void DeactivateOnIdle() => Here.Deactivate(Activation.AskedTo);

        /// <summary>Keeps this activation from being collected for that long from now; zero or less takes an earlier wish back.</summary>
        protected void DelayDeactivation(TimeSpan timeSpan) => Here.DelayDeactivation(timeSpan);

        private Activation Here => GrainContext as Activation
            ?? throw new InvalidOperationException($"{GetType()} was made outside the runtime, so it has no place to run.");
    }

    /// <summary>Why an activation ends.</summary>
    public readonly struct DeactivationReason
    {
        public DeactivationReason(DeactivationReasonCode code, string text)
        {
            ReasonCode = code;
            Description = text;
        }

        public DeactivationReason(DeactivationReasonCode code, Exception? exception, string text)
        {
            ReasonCode = code;
            Description = text;
            Exception = exception;
        }

        public string Description { get; }
        public DeactivationReasonCode ReasonCode { get; }
        public Exception? Exception { get; }

        public override string ToString() => Exception is null ? $"{ReasonCode}: {Description}" : $"{ReasonCode}: {Description}. Exception: {Exception}";
    }

    [GenerateSerializer]
    public enum DeactivationReasonCode : byte
    {
        None,
        ShuttingDown,
        ActivationFailed,
        DirectoryFailure,
        ActivationIdle,
        ActivationUnresponsive,
        DuplicateActivation,
        IncompatibleRequest,
        ApplicationError,
        ApplicationRequested,
        Migrating,
        RuntimeRequested,
    }

    public static class GrainBaseExtensions
    {
        /// <inheritdoc cref="Grain.DeactivateOnIdle"/>
        public static void DeactivateOnIdle(this IGrainBase grain) => grain.GrainContext.Deactivate(Activation.AskedTo);

        /// <summary>
        /// Calls back in turns of this activation: first after <c>DueTime</c>, then <c>Period</c> after each callback has ended, so ticks never overlap.
        /// A callback waits for its turn like a call unless <c>Interleave</c>; it keeps an idle activation alive only if <c>KeepAlive</c>. An exception is logged
        /// and the timer goes on. Timers end with the activation.
        /// </summary>
        public static IGrainTimer RegisterGrainTimer<TState>(this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return Activation.Of(grain).AddTimer(stopping => callback(state, stopping), options);
        }

        public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return Activation.Of(grain).AddTimer(callback, options);
        }

        public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return Activation.Of(grain).AddTimer(_ => callback(), options);
        }

        public static IGrainTimer RegisterGrainTimer<TState>(this IGrainBase grain, Func<TState, Task> callback, TState state, GrainTimerCreationOptions options)
        {
            ArgumentNullException.ThrowIfNull(callback);
            return Activation.Of(grain).AddTimer(_ => callback(state), options);
        }

        public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, TimeSpan dueTime, TimeSpan period) =>
            RegisterGrainTimer(grain, callback, new GrainTimerCreationOptions(dueTime, period));

        public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period) =>
            RegisterGrainTimer(grain, callback, new GrainTimerCreationOptions(dueTime, period));

        public static IGrainTimer RegisterGrainTimer<TState>(this IGrainBase grain, Func<TState, Task> callback, TState state, TimeSpan dueTime, TimeSpan period) =>
            RegisterGrainTimer(grain, callback, state, new GrainTimerCreationOptions(dueTime, period));

        public static IGrainTimer RegisterGrainTimer<TState>(this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, TimeSpan dueTime, TimeSpan period) =>
            RegisterGrainTimer(grain, callback, state, new GrainTimerCreationOptions(dueTime, period));
    }
}

namespace Orleans.Runtime
{
    /// <summary>Where a grain runs. A grain class that does not derive from <see cref="Grain"/> takes one in its constructor.</summary>
    public interface IGrainContext : IEquatable<IGrainContext>
    {
        GrainReference GrainReference { get; }
        GrainId GrainId { get; }
        object? GrainInstance { get; }
        IServiceProvider ActivationServices { get; }

        /// <summary>Ends when the activation has. Awaiting it inside the activation's own turn never ends.</summary>
        Task Deactivated { get; }

        /// <summary>Starts the deactivation, which waits for the calls that run now.</summary>
        void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
    }

    /// <summary>A timer of one activation; see <see cref="GrainBaseExtensions.RegisterGrainTimer(IGrainBase, Func{Task}, TimeSpan, TimeSpan)"/>.</summary>
    public interface IGrainTimer : IDisposable
    {
        /// <summary>Sets when to tick next and then how often. During a tick it counts from the end of that tick.</summary>
        void Change(TimeSpan dueTime, TimeSpan period);
    }

    public readonly struct GrainTimerCreationOptions()
    {
        [SetsRequiredMembers]
        public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period) : this()
        {
            DueTime = dueTime;
            Period = period;
        }

        /// <summary>Time until the first tick; <see cref="Timeout.InfiniteTimeSpan"/> for none yet.</summary>
        public required TimeSpan DueTime { get; init; }
        /// <summary>Time from the end of a tick to the next; <see cref="Timeout.InfiniteTimeSpan"/> to tick once.</summary>
        public required TimeSpan Period { get; init; }
        /// <summary>Whether a tick may run while a call is waiting for something. Off by default.</summary>
        public bool Interleave { get; init; }
        /// <summary>Whether a tick keeps an otherwise idle activation from being collected. Off by default.</summary>
        public bool KeepAlive { get; init; }
    }
}
