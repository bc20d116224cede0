using Microsoft.Extensions.Logging;
using Tracking.Contracts.Changes;
using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Changes;

/// <summary>How changes are named in the journal: <c>w/{retailer}/{carrier}/{number}/{use}</c>, what the recipient of that use wishes.</summary>
public static class ChangeStream
{
    public const char Kind = 'w';

    public static string Of(string grainKey) => "w/" + grainKey;

    public static string KeyOf(string stream) => stream[2..];

    public static ShipmentKey ShipmentOf(string grainKey) => ShipmentKey.Parse(grainKey[..grainKey.LastIndexOf('/')]);
}

/// <summary>Decides and journals what a recipient asks for. The carrier is asked by the reaction behind the journal, never from here.</summary>
[GrainType("changes")]
public sealed partial class ChangesGrain(IEventJournal journal, TimeProvider clock, ILogger<ChangesGrain> log) : Grain, IChangesGrain
{
    private DeliveryChanges? _changes;

    private string Stream => ChangeStream.Of(this.GetPrimaryKeyString());

    public Task<ChangeAnswer> Ask(ChangeAsk ask) => DecideAsync(changes => ask.Id.Length is < 1 or > 64
        ? new ChangeDecision(ChangeAnswer.Unknown, null)
        : changes.Ask(ask.Id, ask.Kind, ask.Day, ask.Words, ask.Status, ask.Today));

    public Task<ChangeAnswer> Answer(string id, ChangeState state, string? reason) => DecideAsync(changes => changes.Answer(id, state, reason));

    public async Task<ImmutableArray<ChangeView>> List()
        => [.. (_changes ??= await LoadAsync()).Requests.Select(r => new ChangeView(r.Id, r.Kind, r.Day, r.Words, r.State, r.Reason, r.AskedAt, r.AnsweredAt))];

    private async Task<ChangeAnswer> DecideAsync(Func<DeliveryChanges, ChangeDecision> decide)
    {
        try
        {
            var changes = _changes ??= await LoadAsync();
            var decided = decide(changes);
            if (decided.Event is not { } happened) return decided.Answer;

            var now = RecordedTime.Next(clock.GetUtcNow(), changes.RecordedAt);
            var (open, personal) = ChangeJson.Write(happened);
            await journal.AppendAsync(new JournalAppend(Stream, changes.Version + 1, now, open, personal, Marked: happened is ChangeAsked));
            _changes = changes.Apply(happened, now);   // only then believe it
            return decided.Answer;
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException)
        {
            _changes = null;   // fenced, or outcome unknown: read again
            LogNotStored(log, Stream, refused.Message);
            return ChangeAnswer.Trouble;
        }
    }

    private async Task<DeliveryChanges> LoadAsync()
    {
        var changes = DeliveryChanges.None;
        await foreach (var row in journal.ReadAsync(Stream)) changes = changes.Apply(ChangeJson.Read(row.Open, row.Personal), row.RecordedAt);
        return changes;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A change of a delivery was not stored in {Stream}; whoever asked was told: {Problem}")]
    private static partial void LogNotStored(ILogger log, string stream, string problem);
}
