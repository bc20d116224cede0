using Microsoft.Extensions.DependencyInjection;
using Tracking.Contracts.Claims;
using Tracking.Grains.Partitions;

namespace Tracking.Grains.Claims;

public static class CaseServices
{
    /// <summary>All that cases need beside the journal, shipments, recipients and the notice port.</summary>
    public static IServiceCollection AddCases(this IServiceCollection services)
    {
        services.AddSingleton<CareRules>();
        services.AddSingleton<CaseLoader>();
        services.AddSingleton<ParcelFactsReader>();
        services.AddSingleton<ClaimMetrics>();
        services.AddSingleton<ICaseReader, CaseReader>();
        services.AddSingleton<IStreamWaker, CaseWaker>();
        services.AddSingleton<IReaction, ParcelMovedReaction>();
        services.AddSingleton<IReaction, CaseNoticeReaction>();
        return services;
    }
}
