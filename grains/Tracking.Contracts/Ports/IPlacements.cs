using Tracking.Domain.Vocabulary;

namespace Tracking.Contracts.Ports;

/// <summary>
/// Chooses what a shop shows beside a parcel. The built-in rule takes from the shop's own list; somebody else's model may stand here instead. It never learns who
/// the reader is: only what is in the parcel and what was bought before, as categories.
/// </summary>
public interface IPlacements
{
    /// <summary>One thing to show, or null. Must answer fast: the page waits. Trouble shows nothing.</summary>
    ValueTask<PlacementChoice?> ChooseAsync(PlacementQuestion question, CancellationToken cancel = default);
}

/// <param name="Status">How far the parcel is: nothing is sold before it has arrived.</param>
/// <param name="IsTroubled">Damaged, late, silent or held: no moment to sell anything.</param>
/// <param name="Items">Categories of what is in it; empty when the visitor has not proven enough to be shown them.</param>
/// <param name="BoughtBefore">Categories bought earlier, under the same rule.</param>
public sealed record PlacementQuestion(
    string Retailer, Milestone Status, bool IsTroubled, string Language, ImmutableArray<string> Items, ImmutableArray<string> BoughtBefore);

/// <param name="Link">An https address.</param>
public sealed record PlacementChoice(string Text, string Link);
