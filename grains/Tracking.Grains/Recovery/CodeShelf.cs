using System.Collections.Concurrent;
using Tracking.Domain.Recovery;

namespace Tracking.Grains.Recovery;

/// <summary>The pools of codes as this node has read them. Every node reads the same files; a pool without a file is empty.</summary>
public sealed class CodeShelf
{
    private readonly ConcurrentDictionary<(string Retailer, string Pool), CodePool> _pools = new();

    public CodePool Of(string retailer, string pool) => _pools.GetValueOrDefault((retailer, pool)) ?? new CodePool(pool, []);

    public void Put(string retailer, CodePool pool) => _pools[(retailer, pool.Name)] = pool;
}
