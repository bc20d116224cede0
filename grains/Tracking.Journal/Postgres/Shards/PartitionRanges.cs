using System.Globalization;
using System.Text;

namespace Tracking.Journal.Postgres.Shards;

/// <summary>Sets of partitions as people write them: <c>0-63,128,130-135</c>.</summary>
internal static class PartitionRanges
{
    /// <summary>False, with a sentence, when the text is no list of numbers and ranges within 0 to 255.</summary>
    public static bool TryParse(string? text, out SortedSet<int> partitions, out string problem)
    {
        partitions = [];
        problem = "";
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var ends = part.Split('-', 2, StringSplitOptions.TrimEntries);
            if (!Number(ends[0], out var from) || !Number(ends[^1], out var to) || from > to)
            {
                problem = $"'{part}' is no partition or range within 0 to {Partitions.Count - 1}, such as 128-191";
                return false;
            }
            for (var partition = from; partition <= to; partition++) partitions.Add(partition);
        }
        return true;

        static bool Number(string digits, out int number) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < Partitions.Count;
    }

    public static string Format(IEnumerable<int> partitions)
    {
        var text = new StringBuilder();
        foreach (var (from, to) in Ranges(partitions))
        {
            if (text.Length > 0) text.Append(',');
            text.Append(CultureInfo.InvariantCulture, $"{from}");
            if (to > from) text.Append(CultureInfo.InvariantCulture, $"-{to}");
        }
        return text.ToString();
    }

    /// <summary>First and last of each run.</summary>
    public static IEnumerable<(int From, int To)> Ranges(IEnumerable<int> partitions)
    {
        int? from = null, to = null;
        foreach (var partition in partitions.Order())
        {
            if (to + 1 == partition) to = partition;
            else
            {
                if (from is not null) yield return (from.Value, to!.Value);
                from = to = partition;
            }
        }
        if (from is not null) yield return (from.Value, to!.Value);
    }
}
