using System.Collections.Concurrent;
using Tracking.Domain.Recovery;

namespace Tracking.Grains.Recovery;

/// <summary>
/// The recovery policies this node uses now, one per retailer. Grains read it without a call; whoever publishes a newer one replaces it whole. A retailer without one
/// gets no offers made: its shoppers are told what is wrong, and that is decided and stored like an offer.
/// </summary>
public sealed class PolicyBook
{
    /// <summary>Tells, and offers nothing.</summary>
    public static readonly RecoveryPolicy TellOnly = new()
    {
        Version = 0, Currency = "EUR", Zone = "Etc/UTC", BudgetPerDay = 0,
        Rules =
        [
            new RecoveryRule { Id = "tell", Causes = [.. Enum.GetValues<Cause>()], Who = new Qualification { WithoutOrder = false } },
        ],
    };

    private readonly ConcurrentDictionary<string, RecoveryPolicy> _policies = new(StringComparer.Ordinal);

    public RecoveryPolicy Of(string retailer) => _policies.GetValueOrDefault(retailer, TellOnly);

    /// <summary>True when shipments that nobody told an order for are looked after as well.</summary>
    public bool MindsStandIns(string retailer)
        => _policies.TryGetValue(retailer, out var policy) && policy.MindsStandIns;

    public void Publish(string retailer, RecoveryPolicy policy) => _policies[retailer] = policy;
}
