namespace Tracking.Web.Pages;

/// <summary>A shop's look and voice, <c>Retailers:{id}:Branding</c>. Tokens only: nothing here is CSS, markup or script.</summary>
public sealed class BrandOptions
{
    /// <summary><c>#rgb</c> or <c>#rrggbb</c>, for buttons, links and the progress line. Corrected where it could not be read. Default: ours.</summary>
    public string? Colour { get; set; }

    /// <summary><c>data:image/svg+xml;base64,…</c> or <c>data:image/png;base64,…</c>, at most 24 kB. Default: the shop's name.</summary>
    public string? Logo { get; set; }

    /// <summary>
    /// The shop's own words for some of the page's sentences: language → key → text, as in <c>{"en": {"act.no": "Nothing to do, put the kettle on."}}</c>. Keys
    /// of <c>next.</c>, <c>act.</c>, <c>lead.</c> and a few more; a text asks for what ours asks for and is at most 70 characters long.
    /// </summary>
    public Dictionary<string, Dictionary<string, string>> Voice { get; set; } = [];

    /// <summary>The shop's https address, shown at the page's end. Default none.</summary>
    public string? Shop { get; set; }

    /// <summary>An https address where the shop helps. Default none.</summary>
    public string? Help { get; set; }

    /// <summary>An https address about returns. Default none.</summary>
    public string? Returns { get; set; }

    /// <summary>Host names of the shop's own that lead here, such as <c>track.shop.example</c>. On them only this shop's links open.</summary>
    public List<string> Hosts { get; set; } = [];

    /// <summary>Origins whose pages may embed the widget and read the parcel's JSON, such as <c>https://shop.example</c>. Default none.</summary>
    public List<string> Origins { get; set; } = [];

    /// <summary>What the shop would like to show. At most one is shown, and never before the parcel has arrived unless it helps with this parcel.</summary>
    public List<PlacementOptions> Placements { get; set; } = [];
}

/// <summary>One thing a shop would like to show.</summary>
public sealed class PlacementOptions
{
    /// <summary>Language → at most 120 characters. A language that is missing shows nothing.</summary>
    public Dictionary<string, string> Text { get; set; } = [];
    /// <summary>An https address.</summary>
    public string Link { get; set; } = "";
    /// <summary>Categories of bought items that it fits (<c>hats</c> → gloves). Empty: all.</summary>
    public List<string> Categories { get; set; } = [];
    /// <summary>Help with what was bought (care, size, setting up) may be shown while the parcel is on its way; anything else waits for its arrival.</summary>
    public bool IsHelp { get; set; }
}
