using Tracking.Domain.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>
/// What the learning grain stores in one row: how far it has read each partition, and what it learned up to there. Both or neither, so that nothing is ever counted twice.
/// </summary>
internal sealed class LearningState(LearningDesk desk)
{
    private const byte Format = 2;

    public LearningDesk Desk { get; } = desk;
    public JournalPosition[] Positions { get; } = new JournalPosition[Journal.Partitions.Count];
    /// <summary>Recorded time of the newest row taken of each partition.</summary>
    public long[] SeenTicks { get; } = new long[Journal.Partitions.Count];
    /// <summary>Rows recorded up to then are skipped, because they were taken under a position that means nothing any more; 0 for none.</summary>
    public long[] SkipsUpTo { get; } = new long[Journal.Partitions.Count];

    /// <summary>The partition's database began a new life, or the partition was moved to another: recorded times take the place of its position.</summary>
    public void StartAgain(int partition) => (Positions[partition], SkipsUpTo[partition]) = (JournalPosition.Start, SeenTicks[partition]);

    public static LearningState Fresh() => new(new LearningDesk(new EddLearner(sharing: false), new CalibrationBook()));

    public DateTimeOffset NewestRow => new(Math.Max(SeenTicks.Max(), DateTimeOffset.UnixEpoch.UtcTicks), TimeSpan.Zero);

    public byte[] Write()
    {
        var (learner, book) = (Desk.Learner.Write(), Desk.Book.Write());
        using var bytes = new MemoryStream(learner.Length + book.Length + 9_000);
        using var to = new BinaryWriter(bytes);
        to.Write(Format);
        for (var p = 0; p < Journal.Partitions.Count; p++)
        {
            to.Write(Positions[p].Epoch);
            to.Write(Positions[p].Transaction);
            to.Write(Positions[p].Row);
            to.Write(SeenTicks[p]);
            to.Write(SkipsUpTo[p]);
        }
        to.Write(learner.Length);
        to.Write(learner);
        to.Write(book.Length);
        to.Write(book);
        to.Flush();
        return bytes.ToArray();
    }

    /// <exception cref="InvalidDataException">The state is damaged or of another format.</exception>
    public static LearningState Read(ReadOnlyMemory<byte> stored)
    {
        try
        {
            using var from = new BinaryReader(new MemoryStream(stored.ToArray(), writable: false));
            if (from.ReadByte() is var format && format != Format) throw new InvalidDataException($"What was learned is stored in format {format}; this code reads format {Format}.");
            var (positions, seen, skips) = (new JournalPosition[Journal.Partitions.Count], new long[Journal.Partitions.Count], new long[Journal.Partitions.Count]);
            for (var p = 0; p < Journal.Partitions.Count; p++)
                (positions[p], seen[p], skips[p]) = (new JournalPosition(from.ReadInt64(), from.ReadInt64(), from.ReadInt64()), from.ReadInt64(), from.ReadInt64());
            var learner = EddLearner.Read(Part(from));
            var book = CalibrationBook.Read(Part(from));
            var state = new LearningState(new LearningDesk(learner, book));
            positions.CopyTo(state.Positions, 0);
            seen.CopyTo(state.SeenTicks, 0);
            skips.CopyTo(state.SkipsUpTo, 0);
            return state;
        }
        catch (EndOfStreamException) { throw new InvalidDataException("What was learned is stored incompletely."); }
    }

    private static byte[] Part(BinaryReader from)
    {
        var length = from.ReadInt32();
        if (length < 0 || length > from.BaseStream.Length - from.BaseStream.Position) throw new InvalidDataException("What was learned is stored incompletely.");
        return from.ReadBytes(length);
    }
}
