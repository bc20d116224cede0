using System.Reflection;
using Orleans;
using Tracking.Contracts.Shipments;
using Tracking.Domain.Shipments;

namespace Tracking.Tidy.Tests;

/// <summary>What crosses a grain call is numbered, named and never changed after it was made; grain methods can be called from afar.</summary>
public sealed class MessageContractTests
{
    private static readonly Assembly[] Assemblies = [typeof(Scan).Assembly, typeof(IShipmentGrain).Assembly];

    private static IEnumerable<Type> Messages => Assemblies.SelectMany(a => a.GetTypes()).Where(t => t.GetCustomAttribute<GenerateSerializerAttribute>() is not null);

    private static IEnumerable<Type> GrainInterfaces => Assemblies.SelectMany(a => a.GetTypes()).Where(t => t.IsInterface && (typeof(IGrain).IsAssignableFrom(t) || typeof(IGrainObserver).IsAssignableFrom(t)));

    [Fact]
    public void There_are_messages_to_check()
    {
        Messages.Count().ShouldBeGreaterThan(20);
        GrainInterfaces.Count().ShouldBeGreaterThanOrEqualTo(3);
    }

    [Fact]
    public void Every_stored_member_of_a_message_has_a_number_of_its_own()
    {
        var wrong = new List<string>();
        foreach (var type in Messages.Where(t => !t.IsEnum))
        {
            // What holds state: fields, or the properties behind auto-fields.
            var members = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .Select(f => f.Name.StartsWith('<') ? (MemberInfo?)type.GetProperty(f.Name[1..f.Name.IndexOf('>', StringComparison.Ordinal)], BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) : f);
            var ids = new HashSet<uint>();
            foreach (var member in members)
            {
                if (member?.GetCustomAttribute<IdAttribute>() is not { } id) wrong.Add($"{type.Name}.{member?.Name} has no [Id]");
                else if (!ids.Add(id.Id)) wrong.Add($"{type.Name}.{member.Name} shares [Id({id.Id})]");
            }
        }
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Every_message_has_an_alias_of_its_own_and_never_changes()
    {
        var wrong = new List<string>();
        var aliases = new Dictionary<string, Type>();
        foreach (var type in Messages.Concat(GrainInterfaces))
        {
            if (type.GetCustomAttribute<AliasAttribute>() is not { } alias) { wrong.Add($"{type.Name} has no [Alias]"); continue; }
            if (!aliases.TryAdd(alias.Alias, type)) wrong.Add($"{type.Name} shares the alias {alias.Alias} with {aliases[alias.Alias].Name}");
            if (type.IsEnum || type.IsInterface) continue;
            if (type.GetCustomAttribute<ImmutableAttribute>() is null) wrong.Add($"{type.Name} is not [Immutable]");
            foreach (var property in type.GetProperties(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            {
                if (property.SetMethod is { IsPublic: true } set && !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit))) wrong.Add($"{type.Name}.{property.Name} can be set");
                if (IsMutable(property.PropertyType)) wrong.Add($"{type.Name}.{property.Name} is a {property.PropertyType.Name}, which can change");
            }
        }
        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Grain_methods_are_asynchronous_named_and_carry_messages()
    {
        var wrong = new List<string>();
        foreach (var type in GrainInterfaces)
            foreach (var method in type.GetMethods())
            {
                var result = method.ReturnType.IsGenericType ? method.ReturnType.GetGenericTypeDefinition() : method.ReturnType;
                if (result != typeof(Task) && result != typeof(Task<>) && result != typeof(ValueTask) && result != typeof(ValueTask<>)) wrong.Add($"{type.Name}.{method.Name} returns {method.ReturnType.Name}");
                if (method.GetCustomAttribute<AliasAttribute>() is null) wrong.Add($"{type.Name}.{method.Name} has no [Alias]");
                foreach (var parameter in method.GetParameters())
                    if (IsMutable(parameter.ParameterType)) wrong.Add($"{type.Name}.{method.Name}({parameter.Name}) is a {parameter.ParameterType.Name}, which can change");
            }
        wrong.ShouldBeEmpty();
    }

    private static bool IsMutable(Type type)
        => type.IsArray || (type.IsGenericType && type.GetGenericTypeDefinition() is { } definition
            && (definition == typeof(List<>) || definition == typeof(Dictionary<,>) || definition == typeof(HashSet<>) || definition == typeof(IList<>) || definition == typeof(ICollection<>)));
}
