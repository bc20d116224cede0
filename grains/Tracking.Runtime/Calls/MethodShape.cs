using System.Reflection;
using Orleans;
using Orleans.Concurrency;

namespace Tracking.Runtime;

/// <summary>What the runtime must know of one interface method: its name and how its calls mix with others.</summary>
internal sealed class MethodShape(MethodInfo method)
{
    public string Name { get; } = $"{method.DeclaringType!.Name}.{method.Name}";
    public MethodInfo Method { get; } = method;
    public bool AlwaysInterleave { get; } = method.IsDefined(typeof(AlwaysInterleaveAttribute));
    public bool ReadOnly { get; } = method.IsDefined(typeof(ReadOnlyAttribute));
    /// <summary>The caller does not wait. A method without a result can have no waiter either.</summary>
    public bool OneWay { get; } = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
    public TimeSpan? Timeout { get; } = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
}
