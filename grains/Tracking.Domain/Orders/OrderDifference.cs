using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tracking.Domain.Orders;

/// <summary>Tells in which fields two tellings of one order differ, as JSON pointers into the order as the shop writes it.</summary>
public static class OrderDifference
{
    private const int Most = 20;

    public static ImmutableArray<string> Of(OrderContent before, OrderPeople? peopleBefore, OrderContent after, OrderPeople people)
    {
        var fields = new List<string>();
        Compare("", JsonSerializer.SerializeToNode(before, OrderJson.Options), JsonSerializer.SerializeToNode(after, OrderJson.Options), fields);
        // Erased people cannot be compared, and need not be the same.
        if (peopleBefore is not null) Compare("/people", JsonSerializer.SerializeToNode(peopleBefore, OrderJson.Options), JsonSerializer.SerializeToNode(people, OrderJson.Options), fields);
        return [.. fields.Take(Most)];
    }

    private static void Compare(string at, JsonNode? a, JsonNode? b, List<string> fields)
    {
        if (fields.Count >= Most || JsonNode.DeepEquals(a, b)) return;
        if (a is JsonObject left && b is JsonObject right)
        {
            foreach (var name in left.Select(p => p.Key).Union(right.Select(p => p.Key)).Order(StringComparer.Ordinal))
                Compare($"{at}/{name}", left[name], right[name], fields);
            return;
        }
        if (a is JsonArray some && b is JsonArray others && some.Count == others.Count)
        {
            for (var i = 0; i < some.Count; i++) Compare($"{at}/{i}", some[i], others[i], fields);
            return;
        }
        fields.Add(at.Length == 0 ? "/" : at);
    }
}
