using System.Reflection;
using Orleans;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;

namespace Tracking.Tidy.Tests;

/// <summary>
/// A number of a message means one member for ever: nodes of two releases talk to each other. <c>serializer-ids.txt</c> keeps which; what is new is added to it with
/// <c>TRACKING_RECORD=1</c>, and a line in it is never changed.
/// </summary>
public sealed class SerializerIdTests
{
    private const string Golden = "tests/Tracking.Tidy.Tests/serializer-ids.txt";

    [Fact]
    public void A_number_of_a_message_is_never_given_to_another_member()
    {
        var kept = Repository.Read(Golden).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(' ')).ToDictionary(static line => (line[0], line[1]), static line => line[2]);
        var now = Lines().ToList();
        if (Environment.GetEnvironmentVariable("TRACKING_RECORD") == "1")
        {
            foreach (var line in now) kept.TryAdd((line.Alias, line.Id), line.Member);
            File.WriteAllLines(Path.Combine(Repository.Root, Golden), kept.Select(static line => $"{line.Key.Item1} {line.Key.Item2} {line.Value}").Order(StringComparer.Ordinal));
        }

        kept.Count.ShouldBeGreaterThan(200);
        now.Where(line => kept.TryGetValue((line.Alias, line.Id), out var member) && member != line.Member)
            .Select(line => $"{line.Alias} {line.Id} was {kept[(line.Alias, line.Id)]} and is now {line.Member}").ShouldBeEmpty();
    }

    private static IEnumerable<(string Alias, string Id, string Member)> Lines()
    {
        foreach (var type in new[] { typeof(Scan).Assembly, typeof(IShipmentGrain).Assembly }.SelectMany(static assembly => assembly.GetTypes()))
        {
            if (type.GetCustomAttribute<GenerateSerializerAttribute>() is null || type.GetCustomAttribute<AliasAttribute>() is not { } alias) continue;
            if (type.IsEnum)
            {
                foreach (var name in Enum.GetNames(type)) yield return (alias.Alias, $"={Convert.ToInt64(Enum.Parse(type, name), System.Globalization.CultureInfo.InvariantCulture)}", name);
                continue;
            }
            foreach (var member in type.GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (member.GetCustomAttribute<IdAttribute>() is not { } id) continue;
                var of = member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType;
                yield return (alias.Alias, id.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), $"{member.Name.TrimStart('_')}:{Named(of)}");
            }
        }
    }

    private static string Named(Type type) => type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(",", type.GetGenericArguments().Select(Named))}>" : type.Name;
}
