using System.Globalization;
using System.Text;
using Tracking.Contracts.Ports;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Notifications;

/// <summary>A notice in words: one subject line and paragraphs of plain text, from which every form of it is drawn.</summary>
/// <param name="Address">The page's full address; null when the notice has none.</param>
public sealed record Letter(string Language, bool RightToLeft, string Subject, IReadOnlyList<string> Paragraphs, IReadOnlyList<string> Choices, string? Address)
{
    /// <summary>Longest name, item or code a letter repeats; whoever sends more meant something else.</summary>
    public const int MaxWord = 120;

    /// <summary>Writes a notice. Pure: the same notice and brand give the same letter.</summary>
    public static Letter Write(Notice notice, Brand brand, string publicUrl)
    {
        var t = Languages.Find(notice.Language) ?? Languages.Find(brand.Locale) ?? Languages.English;
        var facts = notice.Facts;
        var kind = notice.Kind.Name();
        var address = notice.Link is { Length: > 0 } link ? publicUrl.TrimEnd('/') + link : null;
        var today = DateOnly.FromDateTime(notice.At.UtcDateTime);
        var name = Word(notice.To?.Name);
        var item = Word(facts.Item);
        var carrier = facts.Carrier is null ? "" : Word(Carrier.DisplayName(facts.Carrier));
        var amount = Amount(facts);
        var has = notice.Kind switch
        {
            NoticeKind.Shipped => carrier.Length > 0,
            NoticeKind.ItemCancelled => item.Length > 0,
            NoticeKind.ClaimGranted => amount.Length > 0,
            _ => false,
        };

        var paragraphs = new List<string> { t.Say("notice.hello", ("has", name.Length > 0 ? "yes" : "no"), ("name", name)) };
        var body = new StringBuilder(t.Say($"notice.{kind}.body", ("shop", brand.Shop), ("carrier", carrier), ("item", item), ("amount", amount), ("has", has ? "yes" : "no")));
        if (facts.Reason > Reason.Unknown && t.Has("why." + facts.Reason.Name())) body.Append(' ').Append(t["why." + facts.Reason.Name()]);
        paragraphs.Add(body.ToString());

        var dates = new List<string>(3);
        if (facts.From is { } from) dates.Add(t.Say("notice.when", ("days", t.Range(from, facts.To ?? from, today))));
        if (facts.Before is { } before) dates.Add(t.Say("notice.before", ("day", t.Day(before, today))));
        if (dates.Count > 0) paragraphs.Add(string.Join(' ', dates));
        if (facts.SignatureNeeded || notice.Kind is NoticeKind.SignatureNeeded or NoticeKind.SignatureEveningBefore) paragraphs.Add(t["notice.sign"]);

        var choices = new List<string>();
        foreach (var remedy in facts.Remedies)
            if (t.Has("remedy." + remedy))
                choices.Add(t["remedy." + remedy]);
        if (notice.Kind == NoticeKind.OfferAccepted && amount.Length > 0) paragraphs.Add(amount);
        if (Word(facts.Code) is { Length: > 0 } code) paragraphs.Add(t.Say("notice.code", ("code", code)));
        if (facts.Until is { } until) paragraphs.Add(t.Say("notice.until", ("day", t.Day(until, today))));
        if (address is not null) paragraphs.Add(t.Say("notice.page", ("link", address)));
        if (Word(notice.Order) is { Length: > 0 } order) paragraphs.Add(t.Say("notice.order", ("order", order)));
        if (brand.Shop.Length > 0) paragraphs.Add(t.Say("notice.bye", ("shop", brand.Shop)));
        return new Letter(t.Tag, t.IsRightToLeft, t.Say($"notice.{kind}.subject", ("shop", brand.Shop)), paragraphs, choices, address);
    }

    /// <summary>The plain-text part.</summary>
    public string Text()
    {
        var text = new StringBuilder(512);
        for (var i = 0; i < Paragraphs.Count; i++)
        {
            text.Append(Paragraphs[i]).Append("\n\n");
            if (i != 1 || Choices.Count == 0) continue;
            foreach (var choice in Choices) text.Append("- ").Append(choice).Append('\n');
            text.Append('\n');
        }
        return text.ToString().TrimEnd() + "\n";
    }

    /// <summary>The readable part: a whole document, no script, nothing fetched from anywhere.</summary>
    public string Markup()
    {
        var html = new Html();
        html.Add($"<!doctype html><html lang=\"{Language}\" dir=\"{(RightToLeft ? "rtl" : "ltr")}\"><head><meta charset=\"utf-8\"><title>{Subject}</title></head><body>");
        Body(html);
        html.Add($"</body></html>");
        return html.ToString();
    }

    internal void Body(Html html)
    {
        for (var i = 0; i < Paragraphs.Count; i++)
        {
            html.Add($"<p>");
            var at = Address is null ? -1 : Paragraphs[i].IndexOf(Address, StringComparison.Ordinal);
            if (at < 0) html.AddText(Paragraphs[i]);
            else
            {
                html.AddText(Paragraphs[i][..at]);
                html.Add($"<a href=\"{Address}\">{Address}</a>");
                html.AddText(Paragraphs[i][(at + Address!.Length)..]);
            }
            html.Add($"</p>");
            if (i != 1 || Choices.Count == 0) continue;
            html.Add($"<ul>");
            foreach (var choice in Choices) html.Add($"<li>{choice}</li>");
            html.Add($"</ul>");
        }
    }

    private static string Amount(NoticeFacts facts)
        => facts.Amount is { } amount ? $"{amount.ToString(CultureInfo.InvariantCulture)} {facts.Currency}".TrimEnd() : "";

    // Names and items come from outside: one line, no control or bidi characters, and not for ever.
    private static string Word(string? text) => CarrierText.Clean(text, MaxWord) ?? "";
}
