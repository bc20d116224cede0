using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Ports;
using Tracking.Domain.Visits;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>
/// How a visitor proves more than having the link. The answer to an unknown parcel, a wrong answer and a locked door is one and the same, in words and in
/// time: each takes <see cref="AnswerTakes"/>, whatever was found.
/// </summary>
public sealed partial class StepUp(IRecipients recipients, IDoors doors, IEnumerable<INotices> notices, PageSeal seal, TimeProvider clock, ILogger<StepUp> log)
{
    /// <summary>Long beside any look-up, short beside a person's patience.</summary>
    public static readonly TimeSpan AnswerTakes = TimeSpan.FromMilliseconds(250);

    /// <summary>True when codes can be sent at all.</summary>
    public bool SendsCodes => notices.Any();

    /// <summary>A postcode or an e-mail address was given for a parcel.</summary>
    public Task<DoorAnswer> KnowsAsync(ShipmentKey parcel, string useId, string answer, CancellationToken cancel) => EvenlyAsync(async () =>
    {
        var facts = await recipients.FindAsync(parcel, useId, cancel).ConfigureAwait(false);
        return await doors.Of(parcel).Answer(Matches(facts, answer)).WaitAsync(cancel).ConfigureAwait(false);
    }, cancel);

    /// <summary>An order number and a second fact were given; the page's path when both fit, else null.</summary>
    public async Task<(DoorAnswer Answer, GuestOrder? Order)> FindAsync(string retailer, string number, string answer, CancellationToken cancel)
    {
        GuestOrder? found = null;
        var said = await EvenlyAsync(async () =>
        {
            found = await recipients.FindOrderAsync(retailer, number, cancel).ConfigureAwait(false);
            // An order that is not there has no door; the address limit of the caller holds instead.
            return found is null ? DoorAnswer.Wrong : await doors.Of(found.Door).Answer(Matches(found.Recipient, answer)).WaitAsync(cancel).ConfigureAwait(false);
        }, cancel).ConfigureAwait(false);
        return (said, said == DoorAnswer.Opened ? found : null);
    }

    /// <summary>
    /// Sends a one-time code to the address that the shop knows, if it knows one. Nobody is told whether it did, or how the address looks.
    /// </summary>
    public Task SendCodeAsync(ShipmentKey parcel, string useId, string language, string link, CancellationToken cancel) => EvenlyAsync(async () =>
    {
        var facts = await recipients.FindAsync(parcel, useId, cancel).ConfigureAwait(false);
        var code = RandomNumberGenerator.GetInt32(1_000_000).ToString("D6", CultureInfo.InvariantCulture);
        if (notices.FirstOrDefault() is not { } port || facts is not ({ Email: not null } or { Phone: not null })) return DoorAnswer.NotNow;
        var receipt = await doors.Of(parcel).SendCode(seal.CodeDigest(parcel, code)).WaitAsync(cancel).ConfigureAwait(false);
        if (receipt.Answer != DoorAnswer.Opened) return receipt.Answer;
        try
        {
            await port.SendAsync(new Notice
            {
                Id = NoticeId.Of(parcel.Retailer, NoticeKind.AccessCode, parcel.ToString(), receipt.Number.ToString(CultureInfo.InvariantCulture)),
                Retailer = parcel.Retailer,
                Kind = NoticeKind.AccessCode,
                Subject = "s/" + parcel,
                At = clock.GetUtcNow(),
                Order = facts.Order,
                Shipment = parcel,
                Language = language,
                To = new Recipient(facts.Name, facts.Email, facts.Phone),
                Facts = new NoticeFacts { Code = code },
                Link = link,
            }, cancel).ConfigureAwait(false);
        }
        catch (NoticeRefusedException refused)
        {
            LogNotSent(log, refused.Message);
            return DoorAnswer.Trouble;
        }
        return DoorAnswer.Opened;
    }, cancel);

    /// <summary>A one-time code was given.</summary>
    public Task<DoorAnswer> TryCodeAsync(ShipmentKey parcel, string code, CancellationToken cancel) => EvenlyAsync(
        () => doors.Of(parcel).TryCode(seal.CodeDigest(parcel, Digits(code))).WaitAsync(cancel), cancel);

    /// <summary>Is this the postcode, or the e-mail address? Compared as digests, so that the comparison's duration says nothing.</summary>
    public static bool Matches(RecipientFacts? facts, string answer)
    {
        if (answer.Contains('@', StringComparison.Ordinal)) return Same(facts?.Email?.Trim().ToLowerInvariant(), answer.Trim().ToLowerInvariant()) | Same(facts?.BuyerEmail?.Trim().ToLowerInvariant(), answer.Trim().ToLowerInvariant());
        var (told, known) = (Postcode(answer), Postcode(facts?.PostalCode));
        if (facts?.Country == "US" && known?.Length > 5) known = known[..5];   // ZIP+4: people know five
        if (facts?.Country == "US" && told?.Length > 5) told = told[..5];
        return Same(known, told);
    }

    private static string? Postcode(string? text)
    {
        if (text is null) return null;
        var kept = string.Concat(text.Normalize(NormalizationForm.FormKC).Where(char.IsLetterOrDigit)).ToUpperInvariant();
        return kept.Length == 0 ? null : kept;
    }

    /// <summary>Six digits however they were typed: with spaces, or in another script's digits.</summary>
    private static string Digits(string text)
        => string.Concat(text.Where(c => char.GetUnicodeCategory(c) == UnicodeCategory.DecimalDigitNumber).Select(c => (char)('0' + (int)char.GetNumericValue(c))));

    private static bool Same(string? known, string? told)
    {
        var a = SHA256.HashData(Encoding.UTF8.GetBytes(known ?? ""));
        var b = SHA256.HashData(Encoding.UTF8.GetBytes(told ?? ""));
        return CryptographicOperations.FixedTimeEquals(a, b) && !string.IsNullOrEmpty(known) && !string.IsNullOrEmpty(told);
    }

    private async Task<DoorAnswer> EvenlyAsync(Func<Task<DoorAnswer>> ask, CancellationToken cancel)
    {
        var pause = Task.Delay(AnswerTakes, clock, cancel);
        DoorAnswer answer;
        try { answer = await ask().ConfigureAwait(false); }
        catch (Exception trouble) when (!cancel.IsCancellationRequested)
        {
            LogTrouble(log, trouble);
            answer = DoorAnswer.Trouble;
        }
        await pause.ConfigureAwait(false);
        return answer;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A visitor's answer could not be checked; the door stayed shut.")]
    private static partial void LogTrouble(ILogger log, Exception trouble);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A one-time code could not be handed to the notices: {Problem}")]
    private static partial void LogNotSent(ILogger log, string problem);
}
