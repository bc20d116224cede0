using System.Buffers;
using System.Text.Json;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Changes;

/// <summary>What a recipient may ask the carrier for. The names (<see cref="ChangeNames"/>) are stored and never change.</summary>
[GenerateSerializer, Alias("tracking.change-kind")]
public enum ChangeKind : byte
{
    /// <summary>Keep it until a day.</summary>
    Hold = 0,
    /// <summary>Another day.</summary>
    Reschedule = 1,
    /// <summary>Leave it in a place at the address.</summary>
    SafePlace = 2,
    /// <summary>Bring it to a collection point.</summary>
    PickupPoint = 3,
    /// <summary>The same place, its details put right: a floor, a name on the bell.</summary>
    CorrectAddress = 4,
    /// <summary>Another address.</summary>
    Redirect = 5,
}

[GenerateSerializer, Alias("tracking.change-state")]
public enum ChangeState : byte { Asked = 0, Accepted = 1, Refused = 2, Done = 3 }

/// <summary>What became of asking, or of answering.</summary>
[GenerateSerializer, Alias("tracking.change-answer")]
public enum ChangeAnswer : byte
{
    Taken = 0,
    /// <summary>This request, or this answer, is known already; nothing changed.</summary>
    Known = 1,
    /// <summary>The parcel is too far for this.</summary>
    TooLate = 2,
    /// <summary>A day from tomorrow to thirty days ahead is needed.</summary>
    NoDay = 3,
    /// <summary>Words are needed: where to.</summary>
    NoText = 4,
    /// <summary>The carrier has not yet answered an earlier request.</summary>
    Open = 5,
    /// <summary>No more requests for this parcel.</summary>
    TooMany = 6,
    /// <summary>There is no such request.</summary>
    Unknown = 7,
    /// <summary>The request has another end already.</summary>
    Over = 8,
    /// <summary>Nothing could be stored.</summary>
    Trouble = 9,
}

public static class ChangeNames
{
    private static readonly string[] Kinds = ["hold", "reschedule", "safe-place", "pickup-point", "correct-address", "redirect"];
    private static readonly string[] States = ["asked", "accepted", "refused", "done"];

    public static string Name(this ChangeKind kind) => Kinds[(int)kind];
    public static string Name(this ChangeState state) => States[(int)state];

    public static ChangeKind? KindOf(string? name) => Array.IndexOf(Kinds, name) is >= 0 and var at ? (ChangeKind)at : null;
    public static ChangeState? StateOf(string? name) => Array.IndexOf(States, name) is >= 0 and var at ? (ChangeState)at : null;
}

public abstract record ChangeEvent;

/// <param name="Words">What the recipient wrote: an address, a place. Personal, stored sealed; null when erased or not needed.</param>
public sealed record ChangeAsked(string Id, ChangeKind Kind, DateOnly? Day, string? Words) : ChangeEvent;

/// <param name="Reason">The carrier's reason in its own words, or null.</param>
public sealed record ChangeAnswered(string Id, ChangeState State, string? Reason) : ChangeEvent;

/// <summary>One request as it stands.</summary>
public sealed record ChangeRequest(string Id, ChangeKind Kind, DateOnly? Day, string? Words, ChangeState State, string? Reason, DateTimeOffset AskedAt, DateTimeOffset? AnsweredAt);

public readonly record struct ChangeDecision(ChangeAnswer Answer, ChangeEvent? Event);

/// <summary>
/// Everything the recipient of one parcel asked the carrier for. A request has an id of its sender's: asking twice with one id asks once. One request may be
/// open at a time, because two open ones could both be granted and contradict each other.
/// </summary>
public sealed record DeliveryChanges
{
    public const int MaxRequests = 12;
    public const int MaxWords = 300;
    public const int DaysAhead = 30;

    public static readonly DeliveryChanges None = new();

    public int Version { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    /// <summary>Oldest first.</summary>
    public ImmutableArray<ChangeRequest> Requests { get; init; } = [];

    /// <summary>What can still be asked of a parcel this far on its way.</summary>
    public static ImmutableArray<ChangeKind> Possible(Milestone status) => status switch
    {
        Milestone.Unknown or Milestone.LabelCreated or Milestone.Accepted or Milestone.InTransit or Milestone.Exception
            => [ChangeKind.Reschedule, ChangeKind.Hold, ChangeKind.SafePlace, ChangeKind.PickupPoint, ChangeKind.CorrectAddress, ChangeKind.Redirect],
        Milestone.OutForDelivery => [ChangeKind.SafePlace],
        Milestone.AttemptFailed => [ChangeKind.Reschedule, ChangeKind.Hold, ChangeKind.SafePlace, ChangeKind.PickupPoint, ChangeKind.CorrectAddress],
        _ => [],
    };

    public static bool NeedsDay(ChangeKind kind) => kind is ChangeKind.Hold or ChangeKind.Reschedule;

    public bool HasOpen
    {
        get
        {
            foreach (var request in Requests)
                if (request.State == ChangeState.Asked)
                    return true;
            return false;
        }
    }

    /// <param name="today">At the door.</param>
    public ChangeDecision Ask(string id, ChangeKind kind, DateOnly? day, string? words, Milestone status, DateOnly today)
    {
        if (Find(id) is not null) return new(ChangeAnswer.Known, null);
        if (!Possible(status).Contains(kind)) return new(ChangeAnswer.TooLate, null);
        if (NeedsDay(kind) && (day is not { } wanted || wanted <= today || wanted.DayNumber > today.DayNumber + DaysAhead)) return new(ChangeAnswer.NoDay, null);
        words = words?.Trim();
        if (!NeedsDay(kind) && string.IsNullOrEmpty(words)) return new(ChangeAnswer.NoText, null);
        if (HasOpen) return new(ChangeAnswer.Open, null);
        if (Requests.Length >= MaxRequests) return new(ChangeAnswer.TooMany, null);
        if (words?.Length > MaxWords) words = words[..MaxWords];
        return new(ChangeAnswer.Taken, new ChangeAsked(id, kind, NeedsDay(kind) ? day : null, NeedsDay(kind) ? null : words));
    }

    /// <summary>The carrier, or the shop for it, says what becomes of a request.</summary>
    public ChangeDecision Answer(string id, ChangeState state, string? reason)
    {
        if (Find(id) is not { } request) return new(ChangeAnswer.Unknown, null);
        if (request.State == state) return new(ChangeAnswer.Known, null);
        var follows = request.State switch
        {
            ChangeState.Asked => true,
            ChangeState.Accepted => state is ChangeState.Done or ChangeState.Refused,   // accepted at the desk, and then the driver could not
            _ => false,
        };
        if (!follows) return new(ChangeAnswer.Over, null);
        reason = string.IsNullOrWhiteSpace(reason) ? null : reason.Trim();
        return new(ChangeAnswer.Taken, new ChangeAnswered(id, state, reason?.Length > MaxWords ? reason[..MaxWords] : reason));
    }

    public DeliveryChanges Apply(ChangeEvent happened, DateTimeOffset at) => (happened switch
    {
        ChangeAsked asked => this with { Requests = Requests.Add(new ChangeRequest(asked.Id, asked.Kind, asked.Day, asked.Words, ChangeState.Asked, null, at, null)) },
        ChangeAnswered answered => this with { Requests = [.. Requests.Select(r => r.Id == answered.Id ? r with { State = answered.State, Reason = answered.Reason, AnsweredAt = at } : r)] },
        _ => throw new System.Diagnostics.UnreachableException($"No rule for {happened.GetType().Name}."),
    }) with { Version = Version + 1, RecordedAt = at };

    public ChangeRequest? Find(string id)
    {
        foreach (var request in Requests)
            if (request.Id == id)
                return request;
        return null;
    }
}

/// <summary>How changes are stored: versioned JSON, and what the recipient wrote apart, to be sealed.</summary>
public static class ChangeJson
{
    public static (ReadOnlyMemory<byte> Open, ReadOnlyMemory<byte> Personal) Write(ChangeEvent happened)
    {
        var output = new ArrayBufferWriter<byte>(128);
        var personal = ReadOnlyMemory<byte>.Empty;
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, 1);
            switch (happened)
            {
                case ChangeAsked asked:
                    json.WriteString("type"u8, "asked"u8);
                    json.WriteString("id"u8, asked.Id);
                    json.WriteString("kind"u8, asked.Kind.Name());
                    if (asked.Day is { } day) json.WriteString("day"u8, day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture));
                    if (asked.Words is not null) personal = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["words"] = asked.Words });
                    break;
                case ChangeAnswered answered:
                    json.WriteString("type"u8, "answered"u8);
                    json.WriteString("id"u8, answered.Id);
                    json.WriteString("state"u8, answered.State.Name());
                    if (answered.Reason is not null) personal = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["words"] = answered.Reason });
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"No name for {happened.GetType().Name}.");
            }
            json.WriteEndObject();
        }
        return (output.WrittenMemory, personal);
    }

    /// <param name="personal">Empty when it was erased, or is not to be read.</param>
    /// <exception cref="FormatException">The bytes are of a newer version, or none of ours.</exception>
    public static ChangeEvent Read(ReadOnlyMemory<byte> open, ReadOnlyMemory<byte> personal)
    {
        using var json = JsonDocument.Parse(open);
        var root = json.RootElement;
        var words = personal.IsEmpty ? null : JsonSerializer.Deserialize<Dictionary<string, string>>(personal.Span)!.GetValueOrDefault("words");
        var id = root.GetProperty("id").GetString()!;
        return root.GetProperty("type").GetString() switch
        {
            "asked" => new ChangeAsked(
                id, ChangeNames.KindOf(root.GetProperty("kind").GetString()) ?? throw new FormatException("A change of a kind we do not know."),
                root.TryGetProperty("day", out var day) ? DateOnly.Parse(day.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : null, words),
            "answered" => new ChangeAnswered(id, ChangeNames.StateOf(root.GetProperty("state").GetString()) ?? throw new FormatException("A change in a state we do not know."), words),
            var other => throw new FormatException($"Changes have no event '{other}'."),
        };
    }
}
