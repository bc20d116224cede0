using Microsoft.Extensions.Logging;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>
/// Reminds grains of what the reminder table holds. Everything here runs in turns of one activation of its own, so there is nothing to lock and a simulator
/// owns it like any grain. The table belongs to this process alone (the embedded runtime holds an exclusive lock), so it is read once, at start.
/// </summary>
internal sealed partial class ReminderClock(EmbeddedSilo silo, IReminderTable table)
{
    private static readonly GrainType Type = GrainType.Create("sys.reminders");
    private readonly Activation _turns = new(silo, GrainId.Create(Type, "0"), null);
    private readonly Dictionary<(GrainId, string), Reminder> _reminders = [];
    private readonly ILogger _log = silo.Services.GetRequiredService<ILogger<ReminderClock>>();
    private volatile bool _stopped;

    internal async Task StartAsync(CancellationToken cancellationToken)
    {
        await table.StartAsync(cancellationToken);
        await InTurn(async () =>
        {
            foreach (var entry in (await table.ReadRows(0, 0)).Reminders) Follow(entry);
        });
    }

    internal async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped) return;
        _stopped = true;
        await InTurn(() =>
        {
            foreach (var reminder in _reminders.Values) reminder.Stop();
            _reminders.Clear();
            return Task.CompletedTask;
        });
        await table.StopAsync(cancellationToken);
    }

    internal void Abandon()
    {
        _stopped = true;
        _turns.Abandon();
        foreach (var reminder in _reminders.Values) reminder.Stop();
    }

    internal async Task<IGrainReminder> Register(GrainId grain, string name, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(dueTime), dueTime, "A reminder cannot be due before now.");
        if (period < TimeSpan.Zero) throw new ArgumentOutOfRangeException(nameof(period), period, "A reminder needs a period.");
        if (period < silo.Options.MinimumReminderPeriod)
            throw new ArgumentException($"Reminder {name} asks for a period of {period}; the shortest allowed is {silo.Options.MinimumReminderPeriod}.");

        var entry = new ReminderEntry { GrainId = grain, ReminderName = name, StartAt = Now + dueTime, Period = period };
        entry.ETag = await table.UpsertRow(entry) ?? throw new ReminderException($"Reminder {entry} could not be stored: somebody else changed it.");
        await InTurn(() =>
        {
            Follow(entry);
            return Task.CompletedTask;
        });
        return new Handle(name, entry.ETag);
    }

    internal async Task Unregister(GrainId grain, IGrainReminder reminder)
    {
        if (reminder is not Handle handle) throw new ArgumentException("Only a reminder of this runtime can be unregistered.", nameof(reminder));
        if (!await table.RemoveRow(grain, handle.ReminderName, handle.ETag))
            throw new ReminderException($"Reminder {handle.ReminderName} of {grain} was not removed: it is another one by now, or gone.");
        await InTurn(() =>
        {
            if (_reminders.Remove((grain, handle.ReminderName), out var local)) local.Stop();
            return Task.CompletedTask;
        });
    }

    internal async Task<IGrainReminder?> Find(GrainId grain, string name) =>
        await table.ReadRow(grain, name) is { ETag: { } etag } ? new Handle(name, etag) : null;

    private DateTime Now => silo.Clock.GetUtcNow().UtcDateTime;

    private void Follow(ReminderEntry entry)
    {
        if (_stopped) return;
        if (_reminders.Remove((entry.GrainId, entry.ReminderName), out var old)) old.Stop();
        var reminder = new Reminder(this, entry);
        _reminders[(entry.GrainId, entry.ReminderName)] = reminder;
        reminder.SetNext(after: null);
    }

    private Task InTurn(Func<Task> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, _turns).Unwrap();

    private sealed record Handle(string ReminderName, string ETag) : IGrainReminder;

    private sealed class Reminder
    {
        private readonly ReminderClock _clock;
        private readonly ReminderEntry _entry;
        private readonly ITimer _timer;
        private DateTime _next;
        private bool _stopped;

        internal Reminder(ReminderClock clock, ReminderEntry entry)
        {
            _clock = clock;
            _entry = entry;
            using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
            {
                _timer = clock.Silo.Clock.CreateTimer(static state =>
                {
                    var reminder = (Reminder)state!;
                    reminder._clock._turns.Post(static due => ((Reminder)due!).Due(), reminder);
                }, this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }
        }

        internal void Stop()
        {
            _stopped = true;
            _timer.Dispose();
        }

        /// <summary>The next tick is the first one, or a whole number of periods after it: ticks missed meanwhile are skipped.</summary>
        internal void SetNext(DateTime? after)
        {
            var now = _clock.Now;
            var start = DateTime.SpecifyKind(_entry.StartAt, DateTimeKind.Utc);
            var period = Math.Max(1, _entry.Period.Ticks);
            _next = now <= start ? start : start.AddTicks((now - start).Ticks / period * period is var whole && start.AddTicks(whole) == now ? whole : whole + period);
            if (after is { } previous && _next <= previous) _next = previous.AddTicks(period);
            SetTimer(now);
        }

        private void SetTimer(DateTime now)
        {
            // A timer cannot be set for longer than seven weeks; look again every day.
            var wait = _next - now;
            if (!_stopped) _timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait > TimeSpan.FromDays(1) ? TimeSpan.FromDays(1) : wait, Timeout.InfiniteTimeSpan);
        }

        private async void Due()
        {
            if (_stopped) return;
            var now = _clock.Now;
            if (now < _next)
            {
                SetTimer(now);
                return;
            }
            try
            {
                var grain = (IRemindable)(object)Proxies.Make(typeof(IRemindable), _clock.Silo, _entry.GrainId);
                await grain.ReceiveReminder(_entry.ReminderName, new TickStatus(_entry.StartAt, _entry.Period, now));
            }
            catch (Exception failure)
            {
                LogTickFailed(_clock._log, _entry.ToString(), failure);
            }
            if (!_stopped) SetNext(after: _next);
        }
    }

    private EmbeddedSilo Silo => silo;

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reminder {Reminder} was not received; it comes again at its next time.")]
    private static partial void LogTickFailed(ILogger log, string reminder, Exception failure);
}
