namespace Tracking.LoadTest.Workload;

/// <summary>How a parcel's scans reach the retailer: in our own JSON, or in a carrier's or aggregator's own format.</summary>
public enum Format : byte { Scans, Ups, EasyPost, Csv }

/// <summary>Carriers the tool plays. The name is the public slug.</summary>
public enum Carrying : byte { Ups, Usps, FedEx, DhlPaket, Dpd }

/// <summary>One stop of a journey: what happened, where, and how long after the label.</summary>
public readonly record struct Stop(Happening Happening, Facility Facility, int MinutesAfterLabel);

/// <summary>A parcel of the workload: everything about it follows from the seed and its number, so nothing needs to be kept.</summary>
public sealed record Parcel(long Id, Carrying Carrying, Format Format, string TrackingNumber, IReadOnlyList<Stop> Stops)
{
    public string Carrier => Slug(Carrying);

    public static string Slug(Carrying carrying) => carrying switch
    {
        Carrying.Ups => "ups",
        Carrying.Usps => "usps",
        Carrying.FedEx => "fedex",
        Carrying.DhlPaket => "dhl-paket",
        _ => "dpd",
    };
}

/// <summary>Shares of the parcels; they need not add up to one.</summary>
public sealed record CarrierMix(double Ups = 0.40, double Usps = 0.30, double FedEx = 0.20, double DhlPaket = 0.10)
{
    internal Carrying Roll(ref Dice dice)
    {
        var at = dice.Unit() * (Ups + Usps + FedEx + DhlPaket);
        if ((at -= Ups) < 0) return Carrying.Ups;
        if ((at -= Usps) < 0) return Carrying.Usps;
        return at - FedEx < 0 ? Carrying.FedEx : Carrying.DhlPaket;
    }
}

/// <summary>Shares of the parcels whose scans come in each format; they need not add up to one. UPS parcels come from UPS, EasyPost speaks for USPS, CSV is DPD's.</summary>
public sealed record FormatMix(double Scans = 1, double Ups = 0, double EasyPost = 0, double Csv = 0)
{
    internal Format Roll(ref Dice dice)
    {
        var at = dice.Unit() * (Scans + Ups + EasyPost + Csv);
        if ((at -= Scans) < 0) return Format.Scans;
        if ((at -= Ups) < 0) return Format.Ups;
        return at - EasyPost < 0 ? Format.EasyPost : Format.Csv;
    }
}

/// <summary>
/// All parcels of one run. <paramref name="seed"/> decides what they go through; <paramref name="run"/> (0 to 999,999) only their numbers, so that the
/// same workload can be played twice into one database without meeting itself.
/// </summary>
public sealed class ParcelBook(ulong seed, int run, CarrierMix? carriers = null, FormatMix? formats = null)
{
    private readonly CarrierMix _carriers = carriers ?? new();
    private readonly FormatMix _formats = formats ?? new();

    public int Run { get; } = run is >= 0 and <= 999_999 ? run : throw new ArgumentOutOfRangeException(nameof(run), run, "A run has six digits.");

    public Parcel Of(long id)
    {
        var dice = Dice.For(seed, (ulong)id);
        var format = _formats.Roll(ref dice);
        var carrying = format switch
        {
            Format.Ups => Carrying.Ups,
            Format.EasyPost => Carrying.Usps,
            Format.Csv => Carrying.Dpd,
            _ => _carriers.Roll(ref dice),
        };
        return new Parcel(id, carrying, format, NumberOf(carrying, Run, id), Journey(ref dice));
    }

    // Eight stops when all goes well; some parcels change hubs twice, meet weather, a closed door or a pick-up point.
    private static Stop[] Journey(ref Dice dice)
    {
        var origin = Places.Origins[dice.Below(Places.Origins.Count)];
        var hub = Places.Hubs[dice.Below(Places.Hubs.Count)];
        var town = Places.Towns[dice.Below(Places.Towns.Count)];
        var kind = dice.Below(100);
        var stops = new List<Stop>(12);
        var minutes = 0;

        Add(Happening.LabelCreated, origin, 0, ref dice);
        Add(Happening.Accepted, origin, 240, ref dice);
        Add(Happening.Departed, origin, 90, ref dice);
        Add(Happening.Arrived, hub, 480, ref dice);
        if (kind < 8) Add(Happening.WeatherDelay, hub, 120, ref dice);
        Add(Happening.Departed, hub, 150, ref dice);
        if (kind is >= 8 and < 20)
        {
            var second = Places.Hubs[dice.Below(Places.Hubs.Count)];
            Add(Happening.Arrived, second, 420, ref dice);
            Add(Happening.Departed, second, 150, ref dice);
        }
        Add(Happening.Arrived, town, 420, ref dice);
        Add(Happening.OutForDelivery, town, 180, ref dice);
        if (kind is >= 20 and < 25)
        {
            Add(Happening.AttemptFailed, town, 300, ref dice);
            Add(Happening.OutForDelivery, town, 960, ref dice);
        }
        if (kind is >= 25 and < 28) Add(Happening.AtPickupPoint, town, 240, ref dice);
        Add(Happening.Delivered, town, 240, ref dice);
        return [.. stops];

        void Add(Happening happening, Facility at, int usual, ref Dice dice)
        {
            minutes += stops.Count == 0 ? 0 : usual / 2 + 1 + dice.Below(Math.Max(1, usual));
            stops.Add(new Stop(happening, at, minutes));
        }
    }

    /// <summary>The tracking number of a parcel: a shape and check digit of that carrier, the run and the id inside.</summary>
    public static string NumberOf(Carrying carrying, int run, long id) => carrying switch
    {
        Carrying.Ups => WithUpsCheck($"1Z{run:D6}{3 + id / 10_000_000:D2}{id % 10_000_000:D7}"),
        Carrying.Usps => WithMod10($"94001{run:D6}{id:D10}"),
        Carrying.FedEx => WithMod10($"{run % 100_000:D5}{id:D9}"),
        Carrying.DhlPaket => "00" + WithMod10($"340{run:D6}{id:D8}"),
        _ => $"{run:D6}{id:D8}",
    };

    /// <summary>The id inside a number of this run; false for any other number.</summary>
    public bool TryReadId(string carrier, ReadOnlySpan<char> number, out long id)
    {
        id = -1;
        var (runAt, idAt) = (carrier, number.Length) switch
        {
            ("ups", 18) when number.StartsWith("1Z") => (2..8, 8..17),
            ("usps", 22) => (5..11, 11..21),
            ("fedex", 15) => (0..5, 5..14),
            ("dhl-paket", 20) => (5..11, 11..19),
            ("dpd", 14) => (0..6, 6..14),
            _ => (0..0, 0..0),
        };
        if (!int.TryParse(number[runAt], out var run) || run != (carrier == "fedex" ? Run % 100_000 : Run)) return false;
        if (!long.TryParse(number[idAt], out id)) return false;
        if (carrier == "ups") id -= 3 * 10_000_000;      // the service code before the package number starts at 03
        return true;
    }

    // Weights 3 and 1 alternating, 3 nearest the check digit: USPS, SSCC and, with 14 digits, FedEx Ground (even x1, odd x3 from the left).
    internal static string WithMod10(string digits)
    {
        var sum = 0;
        for (var i = 0; i < digits.Length; i++) sum += (digits[^(i + 1)] - '0') * (i % 2 == 0 ? 3 : 1);
        return digits + (10 - sum % 10) % 10;
    }

    internal static string WithUpsCheck(string number)
    {
        var sum = 0;
        for (var i = 2; i < number.Length; i++)
        {
            var value = char.IsAsciiDigit(number[i]) ? number[i] - '0' : (number[i] - 3) % 10;
            sum += i % 2 == 0 ? value : value * 2;
        }
        return number + (10 - sum % 10) % 10;
    }
}
