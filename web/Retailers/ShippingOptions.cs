namespace Tracking.Web.Retailers;

/// <summary>How a retailer ships, for dates before purchase: <c>Retailers:{id}:Shipping</c>.</summary>
public sealed class ShippingOptions
{
    /// <summary>Warehouses by id. None: hand-over is estimated from how long this retailer took so far.</summary>
    public Dictionary<string, WarehouseOptions> Warehouses { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Services on offer when a request names none, as <c>carrier/SERVICE</c> or a carrier's slug: name for shoppers. Default: none, and estimates know no carrier.</summary>
    public Dictionary<string, string> Services { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Mass that a promised day holds, 0.5 to 0.97. Default 0.8.</summary>
    public double Confidence { get; set; } = 0.8;
    /// <summary>Mass that an order-by date of a holiday holds, 0.5 to 0.97. Default 0.9.</summary>
    public double Reliability { get; set; } = 0.9;
    /// <summary>Occasions of the retailer's own: name and the last day that is still in time (yyyy-MM-dd).</summary>
    public Dictionary<string, string> Occasions { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Delivery windows on offer, such as <c>08:00-12:00</c>; at most 12. Default: none.</summary>
    public List<string> DeliveryWindows { get; set; } = [];
}

/// <summary>One warehouse: where it is and when it packs.</summary>
public sealed class WarehouseOptions
{
    /// <summary>ISO 3166-1 alpha-2. Required.</summary>
    public string Country { get; set; } = "";
    /// <summary>State or province code.</summary>
    public string? Region { get; set; }
    /// <summary>Postcode, where lanes begin. Default: unknown, and the country alone counts.</summary>
    public string? PostalCode { get; set; }
    /// <summary>IANA zone of its clock. Default: the retailer's.</summary>
    public string? Zone { get; set; }
    /// <summary>Orders in by then (HH:mm) leave on the same day. Default 14:00.</summary>
    public string CutOff { get; set; } = "14:00";
    /// <summary>Other cut-offs, by <c>carrier/SERVICE</c> or carrier.</summary>
    public Dictionary<string, string> CutOffs { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Days and ranges of days: <c>Mon-Fri</c>, <c>Mon-Thu,Sat</c>. Default Mon-Fri.</summary>
    public string WorkingDays { get; set; } = "Mon-Fri";
    /// <summary>Days unlike others, yyyy-MM-dd: <c>closed</c>, or the cut-off of that day (HH:mm), also on a day off.</summary>
    public Dictionary<string, string> SpecialDays { get; set; } = new(StringComparer.Ordinal);
    /// <summary>Closed on public holidays of its country and region. Default true.</summary>
    public bool RestsOnHolidays { get; set; } = true;
    /// <summary>Working days of packing beyond the day of the cut-off. Default 0.</summary>
    public int PackingDays { get; set; }
    /// <summary>Minutes from the cut-off until the carrier has collected. Default 60.</summary>
    public int CollectedAfterMinutes { get; set; } = 60;
    /// <summary>Orders that leave on one day; 0 (default) for no limit. Used with the <c>backlog</c> a request names.</summary>
    public int DailyCapacity { get; set; }
}

/// <summary>A key that may stand in a browser, and the shops' origins it works from. Written as an object, or as the bare key.</summary>
[System.ComponentModel.TypeConverter(typeof(FromText))]
public sealed class PublishableKeyOptions
{
    /// <summary>The key itself; it opens dates before purchase and nothing private.</summary>
    public string Key { get; set; } = "";
    /// <summary>Origins such as <c>https://shop.example</c>. Empty: only pages of this server's own origin, and servers, which send none.</summary>
    public List<string> Origins { get; set; } = [];

    private sealed class FromText : System.ComponentModel.TypeConverter
    {
        public override bool CanConvertFrom(System.ComponentModel.ITypeDescriptorContext? context, Type sourceType) => sourceType == typeof(string);

        public override object? ConvertFrom(System.ComponentModel.ITypeDescriptorContext? context, System.Globalization.CultureInfo? culture, object value)
            => value is string key ? new PublishableKeyOptions { Key = key } : null;
    }
}
