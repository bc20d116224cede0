using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>How the page feels: decides colours only, never words.</summary>
public enum Tone : byte
{
    /// <summary>All is as it should be.</summary>
    Calm = 0,
    /// <summary>Delivered.</summary>
    Good = 1,
    /// <summary>Something is worth knowing; nobody has to act.</summary>
    Watch = 2,
    /// <summary>The reader has to act.</summary>
    Act = 3,
    /// <summary>It ends without a delivery.</summary>
    Over = 4,
}

/// <summary>
/// Everything the page says about one parcel at one moment, in one language, as plain text: the page, the live message and the calendar are drawn
/// from it, so they cannot disagree.
/// </summary>
public sealed record Story
{
    /// <summary>Stands in <see cref="Fresh"/> where the age of the last news goes; the page's script keeps that age running.</summary>
    public const char AgeMark = '\u29d6';

    public required int Version { get; init; }
    public required DateTimeOffset Now { get; init; }
    public required Tone Tone { get; init; }
    /// <summary>How many of the five <see cref="Steps"/> are done.</summary>
    public required int Step { get; init; }
    public required IReadOnlyList<string> Steps { get; init; }
    public required string Status { get; init; }
    public required string Lead { get; init; }
    public required string When { get; init; }
    /// <summary>How sure, and the hours if they are known; empty once there is nothing to be sure of.</summary>
    public required string Sure { get; init; }
    /// <summary>The window shown before, to be struck out.</summary>
    public string? Before { get; init; }
    /// <summary>Why it changed or is held up, in a sentence; else what the carrier says.</summary>
    public string? Change { get; init; }
    public required string Where { get; init; }
    public string? WhereAt { get; init; }
    public required string Next { get; init; }
    public required string Act { get; init; }
    public required bool MustAct { get; init; }
    public required string Fresh { get; init; }
    public DateTimeOffset? HeardAt { get; init; }
    public string? Note { get; init; }
    public required string PiecesDone { get; init; }
    public required IReadOnlyList<StoryPiece> Pieces { get; init; }
    /// <summary>Newest first.</summary>
    public required IReadOnlyList<StoryLine> Lines { get; init; }
    public required int LineCount { get; init; }
    /// <summary>What a screen reader is told when this story replaces another.</summary>
    public required string Say { get; init; }
    /// <summary>When words such as "today" or "expected by" stop being true even if nothing happens.</summary>
    public required DateTimeOffset RefreshAt { get; init; }
    /// <summary>The days a calendar would hold; null when there are none.</summary>
    public (DateOnly From, DateOnly To)? Days { get; init; }
    /// <summary>IANA zone the days and times are in; null when the destination is not known.</summary>
    public string? Zone { get; init; }
    public required Milestone Milestone { get; init; }
}

public sealed record StoryPiece(string Name, string Status, Tone Tone);

/// <param name="Text">What happened, in our words.</param>
/// <param name="Meta">When and where.</param>
/// <param name="Words">The carrier's own text; only when the reader is entitled to it.</param>
/// <param name="At">For machines, RFC 3339; null when the instant is not known.</param>
public sealed record StoryLine(string Text, string Meta, bool Struck, string? Words, string? At);
