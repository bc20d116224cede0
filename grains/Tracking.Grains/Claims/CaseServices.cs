using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Grains.Partitions;

namespace Tracking.Grains.Claims;

public static class CaseServices
{
    /// <summary>All that cases need beside the journal, shipments, orders, recipients and the notice port.</summary>
    public static IServiceCollection AddCases(this IServiceCollection services)
    {
        services.AddSingleton<CareRules>();
        services.AddSingleton<CaseLoader>();
        services.AddSingleton<ParcelFactsReader>();
        services.AddSingleton<ParcelGoodsReader>();
        services.AddSingleton<ClaimMetrics>();
        services.AddSingleton<ICaseReader, CaseReader>();
        services.AddSingleton<IStreamWaker, CaseWaker>();
        services.AddSingleton<IReaction, ParcelMovedReaction>();
        services.AddSingleton<IReaction, CaseNoticeReaction>();
        services.AddSingleton<IReaction, OrderCareReaction>();
        return services;
    }
}
