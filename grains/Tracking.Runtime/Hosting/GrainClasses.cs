using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Core;
using Orleans.Runtime;
using Orleans.Storage;

namespace Tracking.Runtime;

/// <summary>One grain class: its stable name, how its calls mix, and how an instance is made.</summary>
internal sealed class GrainClass
{
    private readonly ObjectFactory _make;
    private readonly (Type State, string Name, string? Storage)[] _states;

    internal GrainClass(Type type)
    {
        Type = type;
        GrainType = type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType ?? GrainType.Create(DefaultName(type));
        Activates = !typeof(Grain).IsAssignableFrom(type) || type.GetMethod(nameof(Grain.OnActivateAsync), [typeof(CancellationToken)])?.DeclaringType != typeof(Grain);
        Reentrant = type.IsDefined(typeof(ReentrantAttribute));
        MaxWorkers = type.GetCustomAttribute<StatelessWorkerAttribute>()?.MaxLocalWorkers;

        var constructors = type.GetConstructors();
        var constructor = constructors.Length == 1 ? constructors[0]
            : constructors.SingleOrDefault(one => one.IsDefined(typeof(ActivatorUtilitiesConstructorAttribute)))
            ?? throw new InvalidOperationException($"Grain class {type} must have one public constructor (it has {constructors.Length}).");
        var facets = constructor.GetParameters().Where(parameter => parameter.IsDefined(typeof(PersistentStateAttribute))).ToArray();
        _states = Array.ConvertAll(facets, parameter =>
        {
            var attribute = parameter.GetCustomAttribute<PersistentStateAttribute>()!;
            return parameter.ParameterType is { IsGenericType: true } persistent && persistent.GetGenericTypeDefinition() == typeof(IPersistentState<>)
                ? (persistent.GetGenericArguments()[0], attribute.StateName, attribute.StorageName)
                : throw new InvalidOperationException($"Parameter {parameter.Name} of {type} carries [PersistentState] but is no IPersistentState<T>.");
        });
        _make = ActivatorUtilities.CreateFactory(type, Array.ConvertAll(facets, parameter => parameter.ParameterType));
    }

    internal Type Type { get; }
    internal GrainType GrainType { get; }
    internal bool Reentrant { get; }
    /// <summary>Whether it does anything before its first call.</summary>
    internal bool Activates { get; }
    /// <summary>How many activations of one id may run side by side; null for an ordinary grain.</summary>
    internal int? MaxWorkers { get; }

    internal (object Grain, IStorage[] States) Make(IServiceProvider services, Activation activation)
    {
        if (_states.Length == 0) return (_make(services, null), []);
        var states = Array.ConvertAll(_states, state => (IStorage)Activator.CreateInstance(
            typeof(PersistentState<>).MakeGenericType(state.State), state.Name, activation.GrainId, StorageNamed(services, state.Storage, activation.GrainId))!);
        return (_make(services, states), states);
    }

    private static IGrainStorage StorageNamed(IServiceProvider services, string? name, GrainId grain) =>
        services.GetKeyedService<IGrainStorage>(name ?? "Default")
        ?? throw new InvalidOperationException($"Grain {grain} keeps state in storage \"{name ?? "Default"}\", which is not registered.");

    private static string DefaultName(Type type)
    {
        var name = type.Name.ToLowerInvariant();
        return name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name;
    }
}

/// <summary>The grain classes of a silo, by the interface they are called through and by name.</summary>
internal sealed class GrainClasses
{
    // An assembly's grain classes do not change and know no silo. Looking for them and compiling their constructors takes tens of milliseconds,
    // and a process may start many silos: tests do, and a simulated day has one for every crash.
    private static readonly ConditionalWeakTable<Assembly, GrainClass[]> Known = [];

    private readonly Dictionary<GrainType, GrainClass> _byName = [];
    private readonly Dictionary<Type, List<GrainClass>> _byInterface = [];

    internal GrainClasses(IEnumerable<Assembly> assemblies)
    {
        foreach (var made in assemblies.Distinct().SelectMany(static assembly => Known.GetValue(assembly, ClassesIn)))
        {
            if (!_byName.TryAdd(made.GrainType, made))
                throw new InvalidOperationException($"{made.Type} and {_byName[made.GrainType].Type} are both the grain type \"{made.GrainType}\"; give one a [GrainType].");
            foreach (var shown in made.Type.GetInterfaces().Where(shown => typeof(IGrain).IsAssignableFrom(shown)))
            {
                if (!_byInterface.TryGetValue(shown, out var classes))
                {
                    Proxies.Check(shown);
                    _byInterface[shown] = classes = [];
                }
                classes.Add(made);
            }
        }
    }

    private static GrainClass[] ClassesIn(Assembly assembly) =>
    [
        .. assembly.GetTypes()
            .Where(type => type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && typeof(IGrain).IsAssignableFrom(type) && !typeof(GrainReference).IsAssignableFrom(type))
            .Select(type => new GrainClass(type)),
    ];

    internal GrainClass? Find(GrainType name) => _byName.GetValueOrDefault(name);

    internal GrainClass ImplementationOf(Type interfaceType, string? classNamePrefix)
    {
        if (!_byInterface.TryGetValue(interfaceType, out var classes))
            throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName}. Is its assembly among the grain assemblies?");
        if (classNamePrefix is not null)
        {
            classes = classes.FindAll(one => one.Type.FullName!.StartsWith(classNamePrefix, StringComparison.Ordinal));
            if (classes.Count == 0) throw new ArgumentException($"Could not find an implementation for interface {interfaceType.FullName} whose class name starts with \"{classNamePrefix}\".");
        }
        if (classes.Count == 1) return classes[0];

        // IShipmentGrain means ShipmentGrain before any other class that implements it.
        return classes.Find(one => "I" + one.Type.Name == interfaceType.Name)
            ?? throw new ArgumentException($"Several grain classes implement {interfaceType.FullName}: {string.Join(", ", classes.Select(one => one.Type.FullName))}. Say which by class name prefix.");
    }
}
