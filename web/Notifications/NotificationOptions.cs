using System.ComponentModel.DataAnnotations;

namespace Tracking.Web.Notifications;

/// <summary>How shoppers are told. Section <c>Notifications</c>.</summary>
public sealed class NotificationOptions
{
    /// <summary>Folder of the mailbox. Default: <c>outbox</c> in the data folder. Several nodes name one folder that all of them see, so that an id is kept once.</summary>
    public string? Outbox { get; set; }
    /// <summary>Address that shoppers reach the pages at, for links in letters. Default: the first of <c>Urls</c>.</summary>
    public string? PublicUrl { get; set; }
    /// <summary>Letters kept with their words, at most. Default 20,000, about 60 MB; beyond it the oldest keep only their id.</summary>
    [Range(1, 10_000_000, ErrorMessage = "MaxLetters must be between 1 and 10,000,000.")] public int MaxLetters { get; set; } = 20_000;
    /// <summary>Days a letter keeps its words. Default 90, as long as other personal data after a delivery.</summary>
    [Range(1, 3_650, ErrorMessage = "KeepDays must be between 1 and 3,650.")] public int KeepDays { get; set; } = 90;
    /// <summary>True shows the mailbox at <c>/dev/mailbox</c> outside development and demo too. It holds names and addresses. Default false.</summary>
    public bool ShowMailbox { get; set; }
}
