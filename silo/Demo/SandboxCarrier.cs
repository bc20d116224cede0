using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;

namespace Tracking.Silo.Demo;

/// <summary>
/// The demo's carrier desk: grants what a friendly carrier grants, and refuses what it must. Answers depend on the request alone, so asking twice gives one
/// answer: a redirection is refused (this carrier delivers to the address on the label), so is a Sunday; words with "later" wait for a person.
/// </summary>
internal sealed class SandboxCarrier : ICarrierIntercept
{
    public ValueTask<InterceptAnswer> AskAsync(InterceptRequest request, CancellationToken cancel = default) => new(request switch
    {
        { Words: { } words } when words.Contains("later", StringComparison.OrdinalIgnoreCase) => new InterceptAnswer(ChangeState.Asked),
        { Kind: ChangeKind.Redirect } => new InterceptAnswer(ChangeState.Refused, "We deliver to the address on the label only."),
        { Day.DayOfWeek: DayOfWeek.Sunday } => new InterceptAnswer(ChangeState.Refused, "We do not deliver on Sundays."),
        _ => new InterceptAnswer(ChangeState.Accepted),
    });
}
