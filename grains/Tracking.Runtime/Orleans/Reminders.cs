using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Tracking.Runtime;

namespace Orleans
{
    /// <summary>A grain that can be reminded: called at a time that outlives activations, restarts and silos.</summary>
    public interface IRemindable : IGrain
    {
        Task ReceiveReminder(string reminderName, TickStatus status);
    }

    public static class GrainReminderExtensions
    {
        /// <summary>
        /// Reminds this grain first after <paramref name="dueTime"/>, then every <paramref name="period"/> (at least a minute unless configured). Ticks missed
        /// while no silo ran are not made up for. Stored before the task ends.
        /// </summary>
        /// <exception cref="InvalidOperationException">The grain is not <see cref="IRemindable"/>.</exception>
        public static Task<IGrainReminder> RegisterOrUpdateReminder(this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
            RegisterOrUpdateReminder((IGrainBase)grain, reminderName, dueTime, period);

        /// <inheritdoc cref="RegisterOrUpdateReminder(Grain, string, TimeSpan, TimeSpan)"/>
        public static Task<IGrainReminder> RegisterOrUpdateReminder(this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
        {
            ArgumentNullException.ThrowIfNull(grain);
            if (string.IsNullOrWhiteSpace(reminderName)) throw new ArgumentNullException(nameof(reminderName));
            if (grain is not IRemindable) throw new InvalidOperationException($"Grain {grain.GrainContext.GrainId} is not '{nameof(IRemindable)}', so it cannot be reminded.");
            return Reminders(grain).Register(grain.GrainContext.GrainId, reminderName, dueTime, period);
        }

        public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder) => UnregisterReminder((IGrainBase)grain, reminder);

        public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder) => Reminders(grain).Unregister(grain.GrainContext.GrainId, reminder);

        /// <summary>The reminder of that name, or null.</summary>
        public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName) => GetReminder((IGrainBase)grain, reminderName);

        /// <inheritdoc cref="GetReminder(Grain, string)"/>
        public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName)
        {
            if (string.IsNullOrWhiteSpace(reminderName)) throw new ArgumentNullException(nameof(reminderName));
            return Reminders(grain).Find(grain.GrainContext.GrainId, reminderName);
        }

        private static ReminderClock Reminders(IGrainBase grain) => Activation.Of(grain).Silo.Reminders;
    }

    /// <summary>Where reminders are kept. Writes are compare-and-set by <see cref="ReminderEntry.ETag"/>; all rows must outlive the process.</summary>
    public interface IReminderTable
    {
        Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

        Task<ReminderTableData> ReadRows(GrainId grainId);

        /// <summary>Rows of the hash range (begin, end]; the embedded runtime owns every row and always asks for (0, 0].</summary>
        Task<ReminderTableData> ReadRows(uint begin, uint end);

        Task<ReminderEntry?> ReadRow(GrainId grainId, string reminderName);

        /// <summary>Inserts or replaces a row and answers its new etag.</summary>
        Task<string?> UpsertRow(ReminderEntry entry);

        /// <summary>Removes a row if its etag is still that one; answers whether it did.</summary>
        Task<bool> RemoveRow(GrainId grainId, string reminderName, string eTag);

        Task TestOnlyClearTable();

        Task StopAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }

    [GenerateSerializer]
    public sealed class ReminderTableData
    {
        public ReminderTableData(IEnumerable<ReminderEntry> list) => Reminders = [.. list];
        public ReminderTableData(ReminderEntry entry) => Reminders = [entry];
        public ReminderTableData() => Reminders = [];

        [Id(0)] public IList<ReminderEntry> Reminders { get; private set; }
    }

    [GenerateSerializer]
    public sealed class ReminderEntry
    {
        [Id(0)] public GrainId GrainId { get; set; }
        [Id(1)] public string ReminderName { get; set; } = null!;
        /// <summary>UTC instant of the first tick.</summary>
        [Id(2)] public DateTime StartAt { get; set; }
        [Id(3)] public TimeSpan Period { get; set; }
        [Id(4)] public string? ETag { get; set; }

        public override string ToString() => $"{ReminderName} of {GrainId}, every {Period} from {StartAt:O}";
    }
}

namespace Orleans.Runtime
{
    public interface IGrainReminder
    {
        string ReminderName { get; }
    }

    /// <summary>When a reminder ticked; all instants UTC.</summary>
    [GenerateSerializer, Immutable]
    public readonly struct TickStatus
    {
        public TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
        {
            FirstTickTime = firstTickTime;
            Period = period;
            CurrentTickTime = timeStamp;
        }

        [Id(0)] public DateTime FirstTickTime { get; }
        [Id(1)] public TimeSpan Period { get; }
        [Id(2)] public DateTime CurrentTickTime { get; }

        public override string ToString() => $"<{FirstTickTime}, {Period}, {CurrentTickTime}>";
    }

    [GenerateSerializer]
    public sealed class ReminderException : OrleansException
    {
        public ReminderException(string message) : base(message) { }
    }
}
