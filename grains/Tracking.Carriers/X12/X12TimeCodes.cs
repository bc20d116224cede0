using NodaTime;

namespace Tracking.Carriers.X12;

/// <summary>
/// ASC X12 element 623. A code is a zone with daylight saving by date (<c>ET</c>), a fixed standard or daylight offset (<c>ES</c>, <c>ED</c>),
/// UTC (<c>UT</c>, <c>GM</c>), hours from UTC (<c>01</c> to <c>12</c> ahead, <c>13</c> to <c>24</c> behind by 25 minus the number), or local to the place (<c>LT</c>).
/// </summary>
internal static class X12TimeCodes
{
    public enum Meaning : byte { None, Local, Fixed, Zone, Unknown }

    public readonly record struct TimeCode(Meaning Meaning, TimeSpan Offset = default, DateTimeZone? Zone = null);

    public static readonly TimeCode None = new(Meaning.None), Unknown = new(Meaning.Unknown);

    private static readonly Dictionary<ushort, TimeCode> Table = Build();

    public static TimeCode Read(ReadOnlySpan<byte> code) => code.Length switch
    {
        0 => None,
        2 => Table.GetValueOrDefault(Name(Upper(code[0]), Upper(code[1])), Unknown),
        _ => Unknown,
    };

    private static Dictionary<ushort, TimeCode> Build()
    {
        var table = new Dictionary<ushort, TimeCode>();
        void Add(string code, TimeCode meaning) => table.Add(Name((byte)code[0], (byte)code[1]), meaning);
        Add("LT", new TimeCode(Meaning.Local));
        Add("UT", new TimeCode(Meaning.Fixed));
        Add("GM", new TimeCode(Meaning.Fixed));
        for (var n = 1; n <= 24; n++)
            Add($"{n:00}", new TimeCode(Meaning.Fixed, TimeSpan.FromHours(n <= 12 ? n : n - 25)));
        (char First, double Standard, string Zone)[] zones =
        [
            ('E', -5, "America/New_York"), ('C', -6, "America/Chicago"), ('M', -7, "America/Denver"), ('P', -8, "America/Los_Angeles"),
            ('A', -9, "America/Anchorage"), ('H', -10, "Pacific/Honolulu"), ('T', -4, "America/Halifax"), ('N', -3.5, "America/St_Johns"),
        ];
        foreach (var (first, standard, zone) in zones)
        {
            Add($"{first}T", new TimeCode(Meaning.Zone, Zone: DateTimeZoneProviders.Tzdb[zone]));
            Add($"{first}S", new TimeCode(Meaning.Fixed, TimeSpan.FromHours(standard)));
            Add($"{first}D", new TimeCode(Meaning.Fixed, TimeSpan.FromHours(standard + 1)));
        }
        return table;
    }

    private static byte Upper(byte letter) => letter is >= (byte)'a' and <= (byte)'z' ? (byte)(letter - 32) : letter;

    private static ushort Name(byte first, byte second) => (ushort)((first << 8) | second);
}
