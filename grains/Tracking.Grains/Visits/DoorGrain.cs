using Microsoft.Extensions.Logging;
using Tracking.Contracts.Visits;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Visits;

/// <summary>One parcel's door: counts answers in its own stream, <c>v/{retailer}/{carrier}/{number}</c>.</summary>
[GrainType("door")]
public sealed partial class DoorGrain(IEventJournal journal, TimeProvider clock, ILogger<DoorGrain> log) : Grain, IDoorGrain
{
    private Door? _door;

    private string Stream => "v/" + this.GetPrimaryKeyString();

    public async Task<DoorAnswer> Answer(bool isRight) => (await DecideAsync(door => door.Answer(isRight, clock.GetUtcNow()))).Answer;

    public Task<CodeReceipt> SendCode(ImmutableArray<byte> digest) => DecideAsync(door => door.SendCode(digest, clock.GetUtcNow()));

    public async Task<DoorAnswer> TryCode(ImmutableArray<byte> digest) => (await DecideAsync(door => door.TryCode(digest, clock.GetUtcNow()))).Answer;

    private async Task<CodeReceipt> DecideAsync(Func<Door, DoorDecision> decide)
    {
        try
        {
            var door = _door ??= await LoadAsync();
            var decided = decide(door);
            if (decided.Event is { } happened)
            {
                var now = RecordedTime.Next(clock.GetUtcNow(), door.RecordedAt);
                await journal.AppendAsync(new JournalAppend(Stream, door.Version + 1, now, DoorJson.Write(happened)));
                _door = door = door.Apply(happened, now);   // only then believe it
            }
            return new CodeReceipt(decided.Answer, door.CodeNumber);
        }
        catch (Exception refused) when (refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException)
        {
            _door = null;
            LogNotStored(log, Stream, refused.Message);
            return new CodeReceipt(DoorAnswer.Trouble, 0);   // whoever cannot count must not open
        }
    }

    private async Task<Door> LoadAsync()
    {
        var door = Door.Untouched;
        await foreach (var row in journal.ReadAsync(Stream)) door = door.Apply(DoorJson.Read(row.Open), row.RecordedAt);
        return door;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An answer at the door {Stream} could not be stored, so it stayed shut: {Problem}")]
    private static partial void LogNotStored(ILogger log, string stream, string problem);
}
