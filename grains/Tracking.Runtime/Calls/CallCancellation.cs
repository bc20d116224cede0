namespace Tracking.Runtime;

/// <summary>
/// Carries the caller's cancellation to the grain: the caller stops waiting at once, and the grain's own token is cancelled in a turn of its activation.
/// A call that has not started yet starts all the same, with a token that is cancelled already.
/// </summary>
internal sealed class CallCancellation
{
    private readonly Call _call;
    private readonly CancellationTokenSource _grainSide = new();
    private readonly CancellationTokenRegistration _registration;
    private volatile bool _cancelled;

    private CallCancellation(Call call, CancellationToken callerSide)
    {
        _call = call;
        call.Cancellation = this;
        call.Token = _grainSide.Token;
        _registration = callerSide.UnsafeRegister(static (state, token) => ((CallCancellation)state!).Cancel(token), this);
    }

    internal static void Follow(Call call, CancellationToken callerSide)
    {
        if (callerSide.CanBeCanceled) _ = new CallCancellation(call, callerSide);
    }

    internal void Ended() => _registration.Dispose();

    /// <summary>The call starts now, in this turn.</summary>
    internal void Started()
    {
        if (_cancelled) _grainSide.Cancel();
    }

    private void Cancel(CancellationToken callerSide)
    {
        _cancelled = true;
        _call.Lane?.Remove(_call);
        _call.TryFail(new OperationCanceledException(callerSide));
        if (_call.RunsOn is { } activation) activation.Post(static state => ((CancellationTokenSource)state!).Cancel(), _grainSide);
    }
}
