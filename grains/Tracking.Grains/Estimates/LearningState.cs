using Tracking.Domain.Estimates;
using Tracking.Journal;

namespace Tracking.Grains.Estimates;

/// <summary>
/// What the learning grain stores in one row: how far it has read each partition, and what it learned up to there. Both or neither, so that nothing is ever counted twice.
/// </summary>
internal sealed class LearningState(LearningDesk desk)
{
    private const byte Format = 1;

    public LearningDesk Desk { get; } = desk;
    public JournalPosition[] Positions { get; } = new JournalPosition[Journal.Partitions.Count];
    /// <summary>Recorded time of the newest row taken of each partition: after the database began a new life, rows up to it are skipped.</summary>
    public long[] SeenTicks { get; } = new long[Journal.Partitions.Count];
    public bool[] SkipsSeen { get; } = new bool[Journal.Partitions.Count];

    public static LearningState Fresh() => new(new LearningDesk(new EddLearner(sharing: false), new CalibrationBook()));

    public JournalPosition Furthest => Positions.Max();

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
            to.Write(SkipsSeen[p]);
        }
        to.Write(learner.Length);
        to.Write(learner);
        to.Write(book.Length);
        to.Write(book);
        to.Flush();
        return bytes.ToArray();
    }

    /// <param name="cursor">As the journal gave it: its own position was moved if the database began a new life since.</param>
    /// <exception cref="InvalidDataException">The state is damaged or of another format.</exception>
    public static LearningState Read(ReaderCursor cursor)
    {
        try
        {
            using var from = new BinaryReader(new MemoryStream(cursor.State.ToArray(), writable: false));
            if (from.ReadByte() is var format && format != Format) throw new InvalidDataException($"What was learned is stored in format {format}; this code reads format {Format}.");
            var (positions, seen, skips) = (new JournalPosition[Journal.Partitions.Count], new long[Journal.Partitions.Count], new bool[Journal.Partitions.Count]);
            for (var p = 0; p < Journal.Partitions.Count; p++)
                (positions[p], seen[p], skips[p]) = (new JournalPosition(from.ReadInt64(), from.ReadInt64(), from.ReadInt64()), from.ReadInt64(), from.ReadBoolean());
            var learner = EddLearner.Read(Part(from));
            var book = CalibrationBook.Read(Part(from));
            var state = new LearningState(new LearningDesk(learner, book));
            positions.CopyTo(state.Positions, 0);
            seen.CopyTo(state.SeenTicks, 0);
            skips.CopyTo(state.SkipsSeen, 0);
            if (state.Furthest != JournalPosition.Start && state.Furthest.Epoch != cursor.Position.Epoch)
                for (var p = 0; p < Journal.Partitions.Count; p++) (state.Positions[p], state.SkipsSeen[p]) = (JournalPosition.Start, true);   // positions mean nothing any more; recorded times do
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
