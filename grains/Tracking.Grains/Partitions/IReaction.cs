using Tracking.Journal;

namespace Tracking.Grains.Partitions;

/// <summary>
/// What must happen because something was stored: an order hears of its shipment, a notice goes out, a budget is asked. Run by the partition reader behind a
/// stored cursor, never by the grain that stored it, so a crash repeats a reaction and never loses one. Hence every reaction is idempotent, by an id made of
/// its cause. Rows of one stream come in their order, one at a time; rows of different streams come together.
/// </summary>
public interface IReaction
{
    /// <summary>What logs call it.</summary>
    string Name { get; }

    /// <summary>First letters of the streams it wants to hear of (<c>"so"</c>: shipments and orders).</summary>
    string Kinds { get; }

    /// <summary>
    /// Does what the row asks for, or throws; then it is called with the same row again, after a pause that doubles. What can never work must not throw for
    /// ever: it answers by storing a refusal.
    /// </summary>
    ValueTask ReactAsync(JournalRow row, CancellationToken cancel);
}

/// <summary>Wakes streams of one kind when their <c>due_at</c> has come, or when a crash lost their head. Waking twice does nothing.</summary>
public interface IStreamWaker
{
    /// <summary>First letter of the streams it wakes.</summary>
    char Kind { get; }

    Task WakeAsync(string stream);
}
