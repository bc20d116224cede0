using Tracking.Contracts.Ports;
using Tracking.Domain.Vocabulary;

namespace Tracking.Web.Pages;

/// <summary>
/// The built-in rule over the shop's own list. Before arrival only help with what was bought; in trouble nothing but such help; after arrival what fits the
/// items, then what fits earlier purchases, then what fits everybody.
/// </summary>
public sealed class ConfiguredPlacements(IPageBrands brands) : IPlacements
{
    public ValueTask<PlacementChoice?> ChooseAsync(PlacementQuestion question, CancellationToken cancel = default)
    {
        var arrived = question.Status == Milestone.Delivered && !question.IsTroubled;
        Placement? best = null;
        var bestRank = int.MaxValue;
        foreach (var placement in brands.For(question.Retailer).Placements)
        {
            if (!placement.IsHelp && !arrived) continue;
            if (!placement.Text.ContainsKey(question.Language)) continue;
            var rank = placement.Categories.Any(question.Items.Contains) ? 0 : placement.Categories.Any(question.BoughtBefore.Contains) ? 1 : placement.Categories.IsEmpty ? 2 : int.MaxValue;
            if (rank >= bestRank) continue;
            (best, bestRank) = (placement, rank);
        }
        return new(best is null ? null : new PlacementChoice(best.Text[question.Language], best.Link));
    }
}
