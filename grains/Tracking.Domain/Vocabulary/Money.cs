using System.Globalization;

namespace Tracking.Domain.Vocabulary;

/// <summary>An amount in the smallest unit of its currency (cents, yen), so that sums are exact.</summary>
/// <param name="Minor">In minor units; what one is says <see cref="Currencies.Digits"/>.</param>
/// <param name="Currency">ISO 4217 code in capitals.</param>
[GenerateSerializer, Immutable, Alias("tracking.money")]
public readonly record struct Money([property: Id(0)] long Minor, [property: Id(1)] string Currency)
{
    /// <summary>In the currency's main unit: 12.5 for 1250 EUR.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public decimal Amount => Minor / (decimal)Math.Pow(10, Currencies.Digits(Currency) ?? 2);

    public override string ToString() => $"{Amount.ToString("N" + (Currencies.Digits(Currency) ?? 2), CultureInfo.InvariantCulture)} {Currency}";
}

/// <summary>The currencies one can pay in, and how many digits their minor unit has (ISO 4217, list one).</summary>
public static class Currencies
{
    private const string None = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF";
    private const string Three = "BHD IQD JOD KWD LYD OMR TND";
    private const string Four = "CLF UYW";
    private const string Two = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

    private static readonly Dictionary<string, int> Known = Load();

    /// <summary>Decimal digits of the minor unit: 2 for EUR, 0 for JPY. Null for a code that is no currency to pay in: unknown, or one whose minor unit ISO 4217 calls "not applicable" (XAU, XDR, XXX).</summary>
    public static int? Digits(string? currency) => currency is not null && Known.TryGetValue(currency, out var digits) ? digits : null;

    private static Dictionary<string, int> Load()
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (digits, codes) in new[] { (0, None), (2, Two), (3, Three), (4, Four) })
            foreach (var code in codes.Split(' '))
                known.Add(code, digits);
        return known;
    }
}
