using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans;
using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>
/// Copies a value the way a wire would: only what Orleans' serializer knows, and of a [GenerateSerializer] type only the members that carry an [Id]. What the
/// wire would lose or refuse fails here, in one process, with a message that names it.
/// </summary>
public sealed class ArgumentCodec
{
    private static readonly ConcurrentDictionary<Type, Func<Graph, object, object>> Copiers = new();

    // What [NonSerialized] sets; the named constant is marked obsolete together with the formatters it was made for.
    private const FieldAttributes NotSerialized = (FieldAttributes)0x80;

    private static readonly HashSet<Type> Atoms =
    [
        typeof(bool), typeof(byte), typeof(sbyte), typeof(short), typeof(ushort), typeof(int), typeof(uint), typeof(long), typeof(ulong), typeof(char),
        typeof(float), typeof(double), typeof(decimal), typeof(Half), typeof(Int128), typeof(UInt128), typeof(BigInteger), typeof(string), typeof(Guid),
        typeof(DateTime), typeof(DateTimeOffset), typeof(TimeSpan), typeof(DateOnly), typeof(TimeOnly), typeof(Uri), typeof(Version), typeof(CultureInfo),
        typeof(IPAddress), typeof(IPEndPoint), typeof(object), typeof(CancellationToken), typeof(GrainId), typeof(GrainType), typeof(IdSpan),
    ];

    private static readonly Dictionary<Type, string> Collections = new()
    {
        [typeof(List<>)] = nameof(CopyList),
        [typeof(HashSet<>)] = nameof(CopyHashSet),
        [typeof(Queue<>)] = nameof(CopyQueue),
        [typeof(Stack<>)] = nameof(CopyStack),
        [typeof(Dictionary<,>)] = nameof(CopyDictionary),
        [typeof(SortedDictionary<,>)] = nameof(CopySortedDictionary),
        [typeof(SortedSet<>)] = nameof(CopySortedSet),
        [typeof(FrozenSet<>)] = nameof(CopyFrozenSet),
        [typeof(FrozenDictionary<,>)] = nameof(CopyFrozenDictionary),
        [typeof(ImmutableArray<>)] = nameof(CopyImmutableArray),
        [typeof(ImmutableList<>)] = nameof(CopyImmutableList),
        [typeof(ImmutableHashSet<>)] = nameof(CopyImmutableHashSet),
        [typeof(ImmutableSortedSet<>)] = nameof(CopyImmutableSortedSet),
        [typeof(ImmutableDictionary<,>)] = nameof(CopyImmutableDictionary),
        [typeof(ImmutableSortedDictionary<,>)] = nameof(CopyImmutableSortedDictionary),
        [typeof(ReadOnlyCollection<>)] = nameof(CopyReadOnlyCollection),
        [typeof(KeyValuePair<,>)] = nameof(CopyPair),
        [typeof(Memory<>)] = nameof(CopyMemory),
        [typeof(ReadOnlyMemory<>)] = nameof(CopyReadOnlyMemory),
    };

    /// <summary>A value that shares nothing changeable with <paramref name="value"/>.</summary>
    /// <exception cref="NotSupportedException">Something in it cannot cross a call; the message says what and where.</exception>
    public T Copy<T>(T value)
    {
        if (value is null || (typeof(T).IsSealed && Atoms.Contains(typeof(T)))) return value;
        return (T)new Graph().Copy(value)!;
    }

    /// <summary>
    /// The reference of a grain that passes itself. Applied to every call, checked or not: a grain object never leaves its activation.
    /// </summary>
    /// <exception cref="NotSupportedException">The value is an observer object rather than a reference to it.</exception>
    internal static T Reference<T>(T value) => value switch
    {
        null or GrainReference => value,
        IGrainBase and IAddressable grain => grain.AsReference<T>(),
        _ => throw new NotSupportedException($"{value.GetType()} is passed as {typeof(T).Name} but is no reference. Did you forget CreateObjectReference?"),
    };

    private sealed class Graph
    {
        private readonly List<string> _path = [];
        private Dictionary<object, object>? _copied;

        internal object? Copy(object? value)
        {
            if (value is null) return null;
            var type = value.GetType();
            if (Atoms.Contains(type) || type.IsEnum) return value;
            if (!type.IsValueType && _copied is not null && _copied.TryGetValue(value, out var already)) return already;
            if (_path.Count > 200) throw Refuse("is nested more than 200 levels deep");
            var copier = Copiers.TryGetValue(type, out var known) ? known : Copiers[type] = CopierOf(type);
            var copy = copier(this, value);
            if (!type.IsValueType) Remember(value, copy);
            return copy;
        }

        internal void Remember(object value, object copy) => (_copied ??= new(ReferenceEqualityComparer.Instance))[value] = copy;
        internal void Enter(string member) => _path.Add(member);
        internal void Leave() => _path.RemoveAt(_path.Count - 1);

        internal NotSupportedException Refuse(string why) =>
            new($"{(_path.Count == 0 ? "An argument or result" : string.Join(".", _path))} {why}.");

        internal T CopyAs<T>(T value) => (T)Copy(value)!;
    }

    private static Func<Graph, object, object> CopierOf(Type type)
    {
        if (typeof(GrainReference).IsAssignableFrom(type)) return static (_, value) => value;
        if (typeof(Exception).IsAssignableFrom(type)) return static (_, value) => value;
        if (typeof(Type).IsAssignableFrom(type)) return static (_, value) => value;
        if (typeof(IAddressable).IsAssignableFrom(type))
            return (graph, _) => throw graph.Refuse($"is {type}, a grain or observer itself; pass a reference of it (AsReference, CreateObjectReference)");
        if (type.IsArray) return CopyArray;
        if (type.IsDefined(typeof(GenerateSerializerAttribute), inherit: false)) return ObjectCopier(type);
        if (typeof(ITuple).IsAssignableFrom(type) && type.Namespace == "System") return FieldCopier(type);
        // Frozen collections, addresses and the like are private classes derived from the one they show.
        var shown = type;
        while (!shown.IsVisible && shown.BaseType is { } parent && shown.Assembly == typeof(FrozenSet).Assembly) shown = parent;
        if (shown.IsGenericType && Collections.TryGetValue(shown.GetGenericTypeDefinition(), out var method))
        {
            return typeof(ArgumentCodec).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!
                .MakeGenericMethod(shown.GetGenericArguments()).CreateDelegate<Func<Graph, object, object>>();
        }
        if (Atoms.Any(atom => atom != typeof(object) && !atom.IsSealed && atom.IsAssignableFrom(type))) return static (_, value) => value;
        return (graph, _) => throw graph.Refuse($"is {type}, which cannot cross a grain call: it has no [GenerateSerializer], and the serializer has no codec for it");
    }

    /// <summary>Copies the [Id] members, and refuses a type that has others: they would arrive empty.</summary>
    private static Func<Graph, object, object> ObjectCopier(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var level = type; level is not null && level != typeof(object) && level != typeof(ValueType); level = level.BaseType)
        {
            var declared = level.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
            if (declared.Length == 0) continue;
            if (!level.IsDefined(typeof(GenerateSerializerAttribute), inherit: false))
            {
                var missing = level;
                return (graph, _) => throw graph.Refuse($"is {type}, whose base {missing} has state but no [GenerateSerializer]");
            }
            var ids = new Dictionary<uint, string>();
            foreach (var field in declared)
            {
                if (field.Attributes.HasFlag(NotSerialized)) continue;
                var name = field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>')] : field.Name;
                var id = field.GetCustomAttribute<IdAttribute>()
                    ?? level.GetProperty(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)?.GetCustomAttribute<IdAttribute>();
                if (id is null) return (graph, _) => throw graph.Refuse($"is {type}, whose member {name} has no [Id]: it would be lost on the way");
                if (!ids.TryAdd(id.Id, name)) return (graph, _) => throw graph.Refuse($"is {type}, whose members {ids[id.Id]} and {name} share the [Id] {id.Id}");
                fields.Add(field);
            }
        }

        var constructor = type.IsValueType ? null : type.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, Type.EmptyTypes);
        return (graph, value) =>
        {
            var copy = constructor is null ? RuntimeHelpers.GetUninitializedObject(type) : constructor.Invoke(null);
            if (!type.IsValueType) graph.Remember(value, copy);
            foreach (var field in fields)
            {
                graph.Enter(field.Name.StartsWith('<') ? $"{type.Name}.{field.Name[1..field.Name.IndexOf('>')]}" : $"{type.Name}.{field.Name}");
                field.SetValue(copy, graph.Copy(field.GetValue(value)));
                graph.Leave();
            }
            return copy;
        };
    }

    /// <summary>Tuples: every field, no attributes.</summary>
    private static Func<Graph, object, object> FieldCopier(Type type)
    {
        var fields = type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        return (graph, value) =>
        {
            var copy = RuntimeHelpers.GetUninitializedObject(type);
            foreach (var field in fields) field.SetValue(copy, graph.Copy(field.GetValue(value)));
            return copy;
        };
    }

    private static object CopyArray(Graph graph, object value)
    {
        var copy = (Array)((Array)value).Clone();
        var element = copy.GetType().GetElementType()!;
        if (element.IsPrimitive || element.IsEnum || element == typeof(string)) return copy;
        var index = new int[copy.Rank];
        foreach (var item in (Array)value)
        {
            copy.SetValue(graph.Copy(item), index);
            for (var dimension = copy.Rank - 1; dimension >= 0 && ++index[dimension] == copy.GetLength(dimension) && dimension > 0; dimension--) index[dimension] = 0;
        }
        return copy;
    }

    private static IEnumerable<T> Items<T>(Graph graph, IEnumerable<T> items) => items.Select(graph.CopyAs);

    private static IEnumerable<KeyValuePair<K, V>> Pairs<K, V>(Graph graph, IEnumerable<KeyValuePair<K, V>> pairs) =>
        pairs.Select(pair => KeyValuePair.Create(graph.CopyAs(pair.Key), graph.CopyAs(pair.Value)));

    private static object CopyList<T>(Graph graph, object value) => Items(graph, (List<T>)value).ToList();
    private static object CopyHashSet<T>(Graph graph, object value) => Items(graph, (HashSet<T>)value).ToHashSet(((HashSet<T>)value).Comparer);
    private static object CopyQueue<T>(Graph graph, object value) => new Queue<T>(Items(graph, (Queue<T>)value));
    private static object CopyStack<T>(Graph graph, object value) => new Stack<T>(Items(graph, ((Stack<T>)value).Reverse()));
    private static object CopyDictionary<K, V>(Graph graph, object value) where K : notnull =>
        new Dictionary<K, V>(Pairs(graph, (Dictionary<K, V>)value), ((Dictionary<K, V>)value).Comparer);
    private static object CopySortedDictionary<K, V>(Graph graph, object value) where K : notnull =>
        new SortedDictionary<K, V>(new Dictionary<K, V>(Pairs(graph, (SortedDictionary<K, V>)value)), ((SortedDictionary<K, V>)value).Comparer);
    private static object CopySortedSet<T>(Graph graph, object value) => new SortedSet<T>(Items(graph, (SortedSet<T>)value), ((SortedSet<T>)value).Comparer);
    private static object CopyFrozenSet<T>(Graph graph, object value) => Items(graph, (FrozenSet<T>)value).ToFrozenSet(((FrozenSet<T>)value).Comparer);
    private static object CopyFrozenDictionary<K, V>(Graph graph, object value) where K : notnull =>
        Pairs(graph, (FrozenDictionary<K, V>)value).ToFrozenDictionary(((FrozenDictionary<K, V>)value).Comparer);
    private static object CopyImmutableArray<T>(Graph graph, object value) =>
        ((ImmutableArray<T>)value).IsDefault ? value : ImmutableArray.CreateRange(Items(graph, (ImmutableArray<T>)value));
    private static object CopyImmutableList<T>(Graph graph, object value) => ImmutableList.CreateRange(Items(graph, (ImmutableList<T>)value));
    private static object CopyImmutableHashSet<T>(Graph graph, object value) =>
        ImmutableHashSet.CreateRange(((ImmutableHashSet<T>)value).KeyComparer, Items(graph, (ImmutableHashSet<T>)value));
    private static object CopyImmutableSortedSet<T>(Graph graph, object value) =>
        ImmutableSortedSet.CreateRange(((ImmutableSortedSet<T>)value).KeyComparer, Items(graph, (ImmutableSortedSet<T>)value));
    private static object CopyImmutableDictionary<K, V>(Graph graph, object value) where K : notnull =>
        ImmutableDictionary.CreateRange(((ImmutableDictionary<K, V>)value).KeyComparer, ((ImmutableDictionary<K, V>)value).ValueComparer, Pairs(graph, (ImmutableDictionary<K, V>)value));
    private static object CopyImmutableSortedDictionary<K, V>(Graph graph, object value) where K : notnull =>
        ImmutableSortedDictionary.CreateRange(((ImmutableSortedDictionary<K, V>)value).KeyComparer, Pairs(graph, (ImmutableSortedDictionary<K, V>)value));
    private static object CopyReadOnlyCollection<T>(Graph graph, object value) => new ReadOnlyCollection<T>([.. Items(graph, (ReadOnlyCollection<T>)value)]);
    private static object CopyPair<K, V>(Graph graph, object value) =>
        KeyValuePair.Create(graph.CopyAs(((KeyValuePair<K, V>)value).Key), graph.CopyAs(((KeyValuePair<K, V>)value).Value));
    private static object CopyMemory<T>(Graph graph, object value) => new Memory<T>((T[])CopyArray(graph, ((Memory<T>)value).ToArray()));
    private static object CopyReadOnlyMemory<T>(Graph graph, object value) => new ReadOnlyMemory<T>((T[])CopyArray(graph, ((ReadOnlyMemory<T>)value).ToArray()));
}
