using Tracking.Contracts.Changes;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;
using Tracking.Grains.Partitions;
using Tracking.Journal;

namespace Tracking.Grains.Changes;

/// <summary>
/// Takes a stored request to the carrier and brings the answer back. May run twice for one request: the request's id tells the carrier's side, and an answer
/// that is known changes nothing.
/// </summary>
public sealed class ChangeReaction(ICarrierIntercept carrier, IGrainFactory grains) : IReaction
{
    public string Name => "delivery changes";

    public string Kinds => "w";

    public async ValueTask ReactAsync(JournalRow row, CancellationToken cancel)
    {
        if (ChangeJson.Read(row.Open, default) is not ChangeAsked asked) return;
        var key = ChangeStream.KeyOf(row.Stream);
        var changes = grains.GetGrain<IChangesGrain>(key);
        ChangeView? request = null;
        foreach (var known in await changes.List())
            if (known.Id == asked.Id)
                request = known;
        // Already answered, by an earlier run of this or by the shop: asking the carrier again would only confuse.
        if (request is not { State: ChangeState.Asked }) return;
        // Erased meanwhile: the address is gone, so nobody can be asked to go there.
        var answer = request.Words is null && !DeliveryChanges.NeedsDay(asked.Kind)
            ? new InterceptAnswer(ChangeState.Refused)
            : await carrier.AskAsync(new InterceptRequest(asked.Id, ChangeStream.ShipmentOf(key), asked.Kind, asked.Day, request.Words, row.RecordedAt), cancel);
        if (answer.State != ChangeState.Asked && await changes.Answer(asked.Id, answer.State, answer.Reason) == ChangeAnswer.Trouble)
            throw new JournalUnavailableException("The carrier's answer could not be stored.");
    }
}
