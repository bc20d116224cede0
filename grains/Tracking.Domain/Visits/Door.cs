using System.Buffers;
using System.Text.Json;

namespace Tracking.Domain.Visits;

/// <summary>What a visitor of a page has proven. Each level sees what the ones before it see.</summary>
[GenerateSerializer, Alias("tracking.visit-level")]
public enum VisitLevel : byte
{
    /// <summary>Has the link: status, days, cities, the shop, how many items.</summary>
    Link = 0,
    /// <summary>Knows the postcode or the e-mail address as well: items, hours, offers.</summary>
    Known = 1,
    /// <summary>Reads the mailbox or the phone: masked name and address, proof of delivery, changes.</summary>
    Proven = 2,
}

/// <summary>What a question at the door came to.</summary>
[GenerateSerializer, Alias("tracking.door-answer")]
public enum DoorAnswer : byte
{
    Opened = 0,
    Wrong = 1,
    /// <summary>Too many wrong answers: for now only a one-time code opens.</summary>
    Locked = 2,
    /// <summary>No code is sent now: one was just sent, or the day's are used up.</summary>
    NotNow = 3,
    /// <summary>Nothing could be stored, so nothing was answered.</summary>
    Trouble = 4,
}

public abstract record DoorEvent;

/// <summary>Somebody gave a wrong answer, by whatever channel.</summary>
public sealed record AnswerWrong(bool WasCode) : DoorEvent;

/// <summary>Somebody proved a level. Kept for "who saw this when".</summary>
public sealed record VisitorAdmitted(VisitLevel Level) : DoorEvent;

/// <summary>A one-time code was drawn. Only its keyed digest is kept.</summary>
public sealed record CodeSent(int Number, ImmutableArray<byte> Digest, DateTimeOffset Until) : DoorEvent;

public readonly record struct DoorDecision(DoorAnswer Answer, DoorEvent? Event);

/// <summary>
/// The door in front of one parcel's personal side: how many wrong answers were given in the last 24 hours, over all channels together, and which one-time
/// code would open it. Five wrong answers lock it for everything but the code; a code dies after five wrong tries, after ten minutes and when used.
/// </summary>
public sealed record Door
{
    public const int WrongAnswers = 5;
    public const int WrongCodes = 5;
    public const int CodesPerDay = 5;
    public static readonly TimeSpan Day = TimeSpan.FromHours(24);
    public static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(10);
    /// <summary>Whoever asks again sooner gets no second code: a double click, or somebody who floods a mailbox.</summary>
    public static readonly TimeSpan CodePause = TimeSpan.FromMinutes(1);

    public static readonly Door Untouched = new();

    public int Version { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    /// <summary>When the newest wrong answers were given, oldest first; at most <see cref="WrongAnswers"/>.</summary>
    public ImmutableArray<DateTimeOffset> Wrong { get; init; } = [];
    /// <summary>When the newest codes were sent, oldest first; at most <see cref="CodesPerDay"/>.</summary>
    public ImmutableArray<DateTimeOffset> Codes { get; init; } = [];
    public int CodeNumber { get; init; }
    public ImmutableArray<byte> CodeDigest { get; init; } = [];
    public DateTimeOffset CodeUntil { get; init; }
    public int CodeTries { get; init; }

    public bool IsLocked(DateTimeOffset now) => Recent(Wrong, now) >= WrongAnswers;

    /// <summary>Decides about an answer such as a postcode. While locked a right answer opens nothing, and nobody is told that it was right.</summary>
    public DoorDecision Answer(bool isRight, DateTimeOffset now)
        => IsLocked(now) ? new(DoorAnswer.Locked, null)
            : isRight ? new(DoorAnswer.Opened, new VisitorAdmitted(VisitLevel.Known))
            : new(DoorAnswer.Wrong, new AnswerWrong(false));

    /// <summary>Decides whether a code is sent.</summary>
    /// <param name="digest">Keyed digest of a freshly drawn code.</param>
    public DoorDecision SendCode(ImmutableArray<byte> digest, DateTimeOffset now)
        => Recent(Codes, now) >= CodesPerDay || (!Codes.IsEmpty && now - Codes[^1] < CodePause)
            ? new(DoorAnswer.NotNow, null)
            : new(DoorAnswer.Opened, new CodeSent(CodeNumber + 1, digest, now + CodeLife));

    /// <summary>Decides about a one-time code. Works while the door is locked; its own tries are counted.</summary>
    public DoorDecision TryCode(ImmutableArray<byte> digest, DateTimeOffset now)
    {
        var alive = !CodeDigest.IsEmpty && now < CodeUntil && CodeTries < WrongCodes;
        return alive && System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(CodeDigest.AsSpan(), digest.AsSpan())
            ? new(DoorAnswer.Opened, new VisitorAdmitted(VisitLevel.Proven))
            // Without a living code there is nothing to guess, and nothing to store: a flood of tries must not grow the stream.
            : new(DoorAnswer.Wrong, alive ? new AnswerWrong(true) : null);
    }

    public Door Apply(DoorEvent happened, DateTimeOffset at)
    {
        var next = this with { Version = Version + 1, RecordedAt = at };
        return happened switch
        {
            AnswerWrong(var wasCode) => next with { Wrong = Newest(Wrong, at, WrongAnswers), CodeTries = wasCode ? CodeTries + 1 : CodeTries },
            CodeSent sent => next with { Codes = Newest(Codes, at, CodesPerDay), CodeNumber = sent.Number, CodeDigest = sent.Digest, CodeUntil = sent.Until, CodeTries = 0 },
            VisitorAdmitted(VisitLevel.Proven) => next with { CodeDigest = [], Wrong = [] },   // the rightful reader is here: the door starts afresh
            VisitorAdmitted => next,
            _ => throw new System.Diagnostics.UnreachableException($"No rule for {happened.GetType().Name}."),
        };
    }

    private static int Recent(ImmutableArray<DateTimeOffset> times, DateTimeOffset now)
    {
        var count = 0;
        foreach (var time in times)
            if (time > now - Day)
                count++;
        return count;
    }

    private static ImmutableArray<DateTimeOffset> Newest(ImmutableArray<DateTimeOffset> times, DateTimeOffset at, int most)
        => times.Length < most ? times.Add(at) : times.RemoveAt(0).Add(at);
}

/// <summary>How a door's events are stored: versioned JSON, nothing personal.</summary>
public static class DoorJson
{
    public static ReadOnlyMemory<byte> Write(DoorEvent happened)
    {
        var output = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(output))
        {
            json.WriteStartObject();
            json.WriteNumber("v"u8, 1);
            switch (happened)
            {
                case AnswerWrong wrong:
                    json.WriteString("type"u8, "wrong"u8);
                    if (wrong.WasCode) json.WriteBoolean("code"u8, true);
                    break;
                case VisitorAdmitted admitted:
                    json.WriteString("type"u8, "admitted"u8);
                    json.WriteNumber("level"u8, (int)admitted.Level);
                    break;
                case CodeSent sent:
                    json.WriteString("type"u8, "code"u8);
                    json.WriteNumber("number"u8, sent.Number);
                    json.WriteBase64String("digest"u8, sent.Digest.AsSpan());
                    json.WriteString("until"u8, sent.Until);
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"No name for {happened.GetType().Name}.");
            }
            json.WriteEndObject();
        }
        return output.WrittenMemory;
    }

    /// <exception cref="FormatException">The bytes are of a newer version, or none of ours.</exception>
    public static DoorEvent Read(ReadOnlyMemory<byte> bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        return root.GetProperty("type").GetString() switch
        {
            "wrong" => new AnswerWrong(root.TryGetProperty("code", out var code) && code.GetBoolean()),
            "admitted" => new VisitorAdmitted((VisitLevel)root.GetProperty("level").GetInt32()),
            "code" => new CodeSent(root.GetProperty("number").GetInt32(), [.. root.GetProperty("digest").GetBytesFromBase64()], root.GetProperty("until").GetDateTimeOffset()),
            var other => throw new FormatException($"A door has no event '{other}'."),
        };
    }
}
