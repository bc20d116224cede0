namespace Tracking.Contracts.Ports;

/// <summary>How a shop's promotion system is reached. Whoever sends has stored first what is to be told; a channel only carries, and may be asked for the same again.</summary>
public interface IPromotionChannel
{
    /// <summary>False: this shop listens to none of it, and nothing is kept for it.</summary>
    bool IsOpen(string retailer);

    /// <summary>Tries once. Never throws for what the other side does; ends within the shop's time-out.</summary>
    ValueTask<PromotionAnswer> SendAsync(string retailer, string id, ReadOnlyMemory<byte> body, CancellationToken cancel = default);
}

/// <param name="Taken">The shop has it.</param>
/// <param name="Gone">The shop says that it never wants it.</param>
/// <param name="Problem">Why it was not taken, in a few words without anything secret.</param>
/// <param name="RetryAfter">The shop's own wish, or when the channel tries that shop again.</param>
public readonly record struct PromotionAnswer(bool Taken, bool Gone = false, string? Problem = null, TimeSpan? RetryAfter = null)
{
    public static readonly PromotionAnswer Ok = new(true);
}

/// <summary>Where no shop listens.</summary>
public sealed class NoPromotionChannel : IPromotionChannel
{
    public bool IsOpen(string retailer) => false;

    public ValueTask<PromotionAnswer> SendAsync(string retailer, string id, ReadOnlyMemory<byte> body, CancellationToken cancel = default) => new(new PromotionAnswer(false, Problem: "no address is configured"));
}
