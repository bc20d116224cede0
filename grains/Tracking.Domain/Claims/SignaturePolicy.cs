namespace Tracking.Domain.Claims;

/// <summary>When a parcel is handed over against a signature only (<c>Retailers:{id}:Signature</c>). Without <see cref="Above"/> and <see cref="Items"/> never.</summary>
public sealed class SignaturePolicy
{
    public const int MaxItems = 1_000;

    /// <summary>Orders above this value, in the main unit of the retailer's currency. Default: none. (One department store asks above 1,000 dollars.)</summary>
    public decimal? Above { get; set; }
    /// <summary>Articles or categories that always need one, as the retailer calls them; compared without regard to case. At most 1,000.</summary>
    public List<string> Items { get; set; } = [];
    /// <summary>Hour of the evening before, in the zone of the delivery address. Default 18: people are home and can still arrange tomorrow.</summary>
    public int EveningHour { get; set; } = 18;

    public IEnumerable<string> Problems()
    {
        if (Above is < 0) yield return FormattableString.Invariant($"Above is {Above}; an order's value is never below 0.");
        if (Items.Count > MaxItems) yield return $"Items names {Items.Count} articles; at most {MaxItems} are compared for every order.";
        if (Items.Any(string.IsNullOrWhiteSpace)) yield return "Items holds an empty name.";
        if (EveningHour is < 12 or > 22) yield return $"EveningHour is {EveningHour}; an evening is between 12 and 22.";
    }

    /// <summary>Whether these goods need a signature, and why in a sentence.</summary>
    /// <param name="value">In the main unit of <paramref name="currency"/>; null when it is not known.</param>
    public SignatureNeed Decide(decimal? value, string? currency, string retailersCurrency, IEnumerable<string> items)
    {
        foreach (var item in items)
            if (Items.Contains(item, StringComparer.OrdinalIgnoreCase))
                return new SignatureNeed(true, "item", $"'{item}' is always handed over against a signature.");
        if (Above is not { } above) return new SignatureNeed(false, "none", Items.Count == 0 ? "This retailer asks for no signatures." : "None of the items needs a signature.");
        if (value is not { } worth) return new SignatureNeed(false, "none", "The value is not known, and none of the items needs a signature.");
        if (currency is not null && currency != retailersCurrency) return new SignatureNeed(true, "currency", $"The value is in {currency} and the rule in {retailersCurrency}, so a signature is asked for to be safe.");
        return worth > above
            ? new SignatureNeed(true, "value", FormattableString.Invariant($"The value of {worth:0.##} {retailersCurrency} is above {above:0.##} {retailersCurrency}."))
            : new SignatureNeed(false, "none", FormattableString.Invariant($"The value of {worth:0.##} {retailersCurrency} is not above {above:0.##} {retailersCurrency}."));
    }
}

/// <param name="Rule"><c>value</c>, <c>item</c>, <c>currency</c>, <c>asked</c> (the retailer said so for this parcel) or <c>none</c>.</param>
[GenerateSerializer, Immutable, Alias("tracking.signature-need")]
public sealed record SignatureNeed([property: Id(0)] bool Required, [property: Id(1)] string Rule, [property: Id(2)] string Why);

/// <summary>What was said to the shopper about signing, and what they answered.</summary>
[GenerateSerializer, Immutable, Alias("tracking.signature-expectation")]
public sealed record SignatureExpectation
{
    /// <summary>What a shopper may answer: somebody will be home, hold it, send it to a pick-up point.</summary>
    public static readonly ImmutableArray<string> Answers = ["home", "hold", "pickup"];

    [Id(0)] public bool Required { get; init; }
    [Id(1)] public required string Rule { get; init; }
    [Id(2)] public required string Why { get; init; }
    [Id(3)] public DateTimeOffset SetAt { get; init; }
    /// <summary>When the first notice about it was decided.</summary>
    [Id(4)] public DateTimeOffset? ToldAt { get; init; }
    [Id(5)] public string? Answer { get; init; }
    [Id(6)] public DateTimeOffset? AnsweredAt { get; init; }
}
