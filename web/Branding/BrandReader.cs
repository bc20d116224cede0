using System.Collections.Immutable;
using Microsoft.Extensions.Configuration;
using Tracking.Web.Language;

namespace Tracking.Web.Pages;

/// <summary>An address at the page's end: the key of its words, and where it leads.</summary>
public sealed record BrandLink(string Key, string Address);

/// <summary>Something a shop would like to show, checked.</summary>
public sealed record Placement(ImmutableDictionary<string, string> Text, string Link, ImmutableArray<string> Categories, bool IsHelp);

/// <summary>
/// Reads a shop's brand from its settings. Each token is checked by itself: what cannot be used is left out and named in a sentence, and the rest still works.
/// </summary>
public static class BrandReader
{
    /// <summary>Longest sentence in the shop's own words; the page keeps room for two lines of a small phone.</summary>
    public const int MaxVoice = 70;
    private const int MaxPlacement = 120;
    private static readonly string[] VoiceKeys = ["lead.", "next.", "act.", "sure.none", "sure.overdue", "fresh.never", "events.none", "when.noDate", "gone.", "trouble."];

    /// <param name="name">What shoppers call the shop.</param>
    /// <param name="problems">Sentences about what cannot be used, without the retailer's name in front.</param>
    public static Brand Read(string name, string? locale, BrandOptions options, out List<string> problems)
    {
        problems = [];
        if (!Brand.TryCreate(name, options.Colour, locale, out var brand, out var problem)) problems.Add($"Colour: {problem}");

        Logo? logo = null;
        if (options.Logo is { Length: > 0 } given && !Logo.TryRead(given, out logo, out problem)) problems.Add($"Logo {problem}.");

        var links = ImmutableArray.CreateBuilder<BrandLink>();
        foreach (var (key, address) in new[] { ("Shop", options.Shop), ("Help", options.Help), ("Returns", options.Returns) })
        {
            if (string.IsNullOrEmpty(address)) continue;
            if (IsAddress(address)) links.Add(new BrandLink("brand." + key.ToLowerInvariant(), address));
            else problems.Add($"{key} is no https address.");
        }

        var origins = ImmutableArray.CreateBuilder<string>();
        foreach (var origin in options.Origins)
        {
            if (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http" && uri.GetLeftPart(UriPartial.Authority) == origin && !origin.Contains('*', StringComparison.Ordinal)
                && (uri.Scheme == "https" || uri.IsLoopback)) origins.Add(origin);
            else problems.Add($"Origins: '{origin}' is no origin such as https://shop.example.");
        }
        foreach (var host in options.Hosts)
            if (Uri.CheckHostName(host) != UriHostNameType.Dns) problems.Add($"Hosts: '{host}' is no host name.");

        var placements = ImmutableArray.CreateBuilder<Placement>();
        foreach (var (placement, at) in options.Placements.Select((p, i) => (p, i)))
        {
            if (!IsAddress(placement.Link)) { problems.Add($"Placements:{at}:Link is no https address."); continue; }
            if (placement.Text.Count == 0 || placement.Text.Values.Any(t => CarrierText.Clean(t, MaxPlacement + 1) is not { Length: <= MaxPlacement })) { problems.Add($"Placements:{at}:Text is empty or longer than {MaxPlacement} characters."); continue; }
            placements.Add(new Placement(placement.Text.ToImmutableDictionary(t => t.Key, t => CarrierText.Clean(t.Value, MaxPlacement)!), placement.Link, [.. placement.Categories], placement.IsHelp));
        }
        return brand with { Logo = logo, Links = links.ToImmutable(), Origins = origins.ToImmutable(), Voice = Voice(options, problems), Placements = placements.ToImmutable() };
    }

    private static ImmutableDictionary<string, Texts> Voice(BrandOptions options, List<string> problems)
    {
        var voices = ImmutableDictionary.CreateBuilder<string, Texts>(StringComparer.Ordinal);
        foreach (var (tag, sentences) in options.Voice)
        {
            if (Languages.Find(tag) is not { } texts) { problems.Add($"Voice: '{tag}' is no language that pages speak."); continue; }
            var own = new Dictionary<string, Message>(StringComparer.Ordinal);
            foreach (var (key, sentence) in sentences)
            {
                if (!texts.Has(key) || !VoiceKeys.Any(k => key.StartsWith(k, StringComparison.Ordinal))) { problems.Add($"Voice:{tag}: '{key}' is no sentence that a shop may say in its own words."); continue; }
                try
                {
                    var message = Message.Parse(CarrierText.Clean(sentence, 400) ?? "");
                    var (asks, may) = (message.Arguments().Select(a => a.Name).ToHashSet(), texts.Get(key).Arguments().Select(a => a.Name).ToHashSet());
                    if (!asks.IsSubsetOf(may)) problems.Add($"Voice:{tag}:{key} asks for {{{string.Join("}, {", asks.Except(may))}}}, which is not known there.");
                    else if (Length(message, texts) is 0 or > MaxVoice && !key.StartsWith("gone.", StringComparison.Ordinal) && !key.StartsWith("trouble.", StringComparison.Ordinal)) problems.Add($"Voice:{tag}:{key} is empty or longer than {MaxVoice} characters.");
                    else own[key] = message;
                }
                catch (FormatException wrong) { problems.Add($"Voice:{tag}:{key}: {wrong.Message}"); }
            }
            if (own.Count > 0) voices[texts.Tag] = texts.With(own);
        }
        return voices.ToImmutable();
    }

    // As long as it gets with an ordinary carrier, shop, time and number.
    private static int Length(Message message, Texts texts)
    {
        try { return message.Format(texts.Tag, [("carrier", "DHL Paket"), ("shop", "Maple"), ("time", "18:40"), ("n", 12), ("place", "Hannover"), ("has", "yes"), ("date", "Tue, 24 Nov")]).Length; }
        catch (Exception wrong) when (wrong is KeyNotFoundException or FormatException or InvalidCastException) { return 0; }
    }

    private static bool IsAddress(string address) => address.Length <= 500 && Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Scheme == Uri.UriSchemeHttps && uri.UserInfo.Length == 0;
}
