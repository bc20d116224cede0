using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tracking.Contracts.Orders;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Promotions;
using Tracking.Grains.Partitions;
using Tracking.Grains.Promotions;
using Tracking.Grains.Recovery;

namespace Tracking.Grains.Orders;

/// <summary>What orders and recovery need beside the journal, the links, a channel for notices and a secret for codes (<see cref="OfferCodes"/>).</summary>
public static class OrderServices
{
    public static IServiceCollection AddOrders(this IServiceCollection services)
    {
        services.AddOptions<RecoveryOptions>().BindConfiguration("Recovery").ValidateDataAnnotations();
        services.TryAddSingleton<PolicyBook>();
        services.AddSingleton<OrderLoader>();
        services.AddSingleton<IOrderReader, OrderReader>();
        services.AddSingleton<Purses>();
        services.AddSingleton<OrderTeller>();
        services.AddSingleton<IErasure, Customers.Erasure>();
        services.AddSingleton<Events.EventWriter>();
        services.AddSingleton<IEventLog, Events.EventLog>();
        services.TryAddSingleton<CodeShelf>();
        services.AddSingleton<PooledCodes>();
        services.TryAddSingleton<IPromotionChannel, NoPromotionChannel>();
        services.TryAddSingleton<IPromotions, PromotionSender>();
        services.AddSingleton<IPromotionReader, PromotionReader>();
        services.AddSingleton<IStreamWaker, PromotionWaker>();
        services.AddSingleton<IReaction, ShipmentReaction>();
        services.AddSingleton<IReaction, OrderReaction>();
        services.AddSingleton<IStreamWaker, OrderWaker>();
        return services;
    }
}
