using System.Net;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Polling;

/// <summary>What one round of questions came to, in shipments.</summary>
/// <param name="NotFound">Asked for and politely not known.</param>
/// <param name="Refused">Told to wait (429), or the account was refused.</param>
/// <param name="Failed">A carrier that is ill or silent, or an answer that could not be kept.</param>
/// <param name="Problems">What a person should know: refused credentials, a carrier that fails. One sentence each, without secrets.</param>
public sealed record PollRound(int Asked, int Answered, int NotFound, int Refused, int Failed, IReadOnlyList<string> Problems)
{
    public static readonly PollRound Nothing = new(0, 0, 0, 0, 0, []);
}

/// <summary>How far one account is behind.</summary>
/// <param name="Watched">Shipments that are asked for.</param>
/// <param name="Due">Those whose time has come and that wait for the budget, a pause or the carrier.</param>
/// <param name="OldestDue">How long the first of them waits.</param>
public readonly record struct PollBacklog(string Retailer, string Carrier, int Watched, int Due, TimeSpan OldestDue);

/// <summary>
/// Asks carriers that only answer questions, with the retailers' own accounts: what is due, in order of its due time, as far as each account's budget goes. A shipment whose
/// news are pushed is never asked for: neither one of a (retailer, carrier) that has a push feed, nor one that a push has told of.
/// <para>Keeps the schedule in memory, about 200 bytes a shipment, up to <see cref="MaxTargets"/>; the host stores it with <see cref="Schedule"/> and gives it back with
/// <see cref="Watch"/>. Everything may be called from any thread, except <see cref="AskDueAsync"/> and <see cref="RunAsync"/>: one caller at a time.</para>
/// </summary>
public sealed class CarrierPoller
{
    /// <summary>Beyond this a new shipment is refused, and said so.</summary>
    public const int MaxTargets = 2_000_000;
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private const int FailuresBeforePause = 3;

    private readonly Dictionary<(string Retailer, string Carrier), Account> _accounts = [];
    private readonly HashSet<(string Retailer, string Carrier)> _pushed;
    private readonly Dictionary<ShipmentKey, Entry> _entries = [];
    private readonly Lock _gate = new();
    private readonly HttpMessageInvoker _http;
    private readonly IPollHost _host;
    private readonly TimeProvider _clock;
    private readonly Func<double> _dice;
    private long _questions;

    /// <param name="http">Its handler decides about proxies, certificates and connections; redirects should be off.</param>
    /// <param name="pushed">Retailer and carrier of every push feed: what they tell of is not asked for. <c>dhl</c> means every division, <c>dhl-express</c> that one.</param>
    /// <param name="dice">0 to 1, for jitter.</param>
    /// <exception cref="ArgumentException">An account of a carrier that cannot be asked, or two for one retailer and carrier.</exception>
    public CarrierPoller(
        IEnumerable<PollAccount> accounts, IEnumerable<(string Retailer, string Carrier)> pushed, HttpMessageInvoker http, IPollHost host, TimeProvider clock, Func<double> dice)
    {
        (_http, _host, _clock, _dice) = (http, host, clock, dice);
        _pushed = [.. pushed];
        foreach (var account in accounts)
        {
            var api = CarrierApi.Find(account.Carrier) ?? throw new ArgumentException($"Nobody can ask '{account.Carrier}': only ups, fedex, usps and dhl answer questions.", nameof(accounts));
            var made = new Account(account, api, new RequestBudget(account.RequestsPerMinute, account.RequestsPerDay, clock.GetUtcNow()), new AccessTokens(http, api, account, clock));
            if (!_accounts.TryAdd((account.Retailer, api.Format), made)) throw new ArgumentException($"Retailer '{account.Retailer}' has two accounts for {api.Format}.", nameof(accounts));
        }
    }

    /// <summary>Shipments that will be asked for.</summary>
    public int Watched { get { lock (_gate) return _entries.Count; } }

    /// <summary>
    /// Starts to ask for a shipment, or takes note of its new state. False when it will not be asked for: no account, a push feed, a push that told of it, a terminal status, long
    /// forgotten, or <see cref="MaxTargets"/> reached.
    /// </summary>
    /// <param name="stored">When it was due before a restart; without it a shipment that is new here is asked for at once.</param>
    public bool Watch(PollTarget target, PollDue? stored = null)
    {
        lock (_gate)
        {
            var known = _entries.GetValueOrDefault(target.Key);
            var now = _clock.GetUtcNow();
            if (AccountOf(target.Key) is not { } account || PollSchedule.After(target, now, _dice()) is not { } due) { Remove(target.Key); return false; }
            if (known is null && _entries.Count >= MaxTargets) return false;
            // The first question comes at once, unless it is just under way. A changed status may bring the next one forward, never put it off.
            if (known is not null) { if (known.Due < due) due = known.Due; }
            else if (stored is { } before) { if (before.Failures > 0 || before.Due < due) due = before.Due; }
            else if (!account.Asking.Contains(target.Key)) due = now;
            Put(account, new Entry(target, due, known?.Failures ?? stored?.Failures ?? 0));
            return true;
        }
    }

    /// <summary>Stops asking for a shipment. True if it was watched.</summary>
    public bool Forget(ShipmentKey key) { lock (_gate) return Remove(key); }

    /// <summary>Whether this node asks with an account. Of several nodes one does; a new poller asks with all.</summary>
    public void Own(string retailer, string carrier, bool owned)
    {
        lock (_gate)
            if (_accounts.TryGetValue((retailer, carrier), out var account) && account.Owned != owned)
            {
                account.Owned = owned;
                account.Wake();
            }
    }

    /// <summary>Puts what an account's shipments were due at before into its schedule; null for one that was not known.</summary>
    public void Restore(string retailer, string carrier, Func<ShipmentKey, PollDue?> stored)
    {
        lock (_gate)
            if (_accounts.TryGetValue((retailer, carrier), out var account))
                foreach (var entry in account.Entries.ToList())
                    if (stored(entry.Target.Key) is { } before)
                        Put(account, entry with { Due = before.Due, Failures = before.Failures });
    }

    /// <summary>When <see cref="AskDueAsync"/> next has something to do; null for never.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate) return _accounts.Values.Min(a => a.ReadyAt(_clock.GetUtcNow()));
        }
    }

    /// <summary>How far each account is behind.</summary>
    public IReadOnlyList<PollBacklog> Backlog()
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            return [.. _accounts.Select(a => new PollBacklog(a.Key.Retailer, a.Key.Carrier, a.Value.Count, a.Value.DueBy(now), a.Value.Next is { } next && next < now ? now - next : TimeSpan.Zero))];
        }
    }

    /// <summary>What an account has to remember over a restart.</summary>
    public IReadOnlyList<(ShipmentKey Key, PollDue Due)> Schedule(string retailer, string carrier)
    {
        lock (_gate) return _accounts.TryGetValue((retailer, carrier), out var account) ? [.. account.Entries.Select(e => (e.Target.Key, new PollDue(e.Due, e.Failures)))] : [];
    }

    /// <summary>Asks until cancelled; every account in its own time, so that a slow carrier holds up no other.</summary>
    /// <param name="after">Called after each round of an account that came to something, with its retailer and carrier. Rounds of different accounts may end at once.</param>
    public Task RunAsync(Action<string, string, PollRound> after, CancellationToken cancel)
        => Task.WhenAll(_accounts.Values.Select(account => RunAsync(account, after, cancel)));

    private async Task RunAsync(Account account, Action<string, string, PollRound> after, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                TimeSpan wait;
                Task changed;
                lock (_gate)
                {
                    var now = _clock.GetUtcNow();
                    wait = account.ReadyAt(now) is { } ready ? ready - now : LongestWait;
                    changed = account.Changed;
                }
                if (wait > TimeSpan.Zero)
                {
                    using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancel);
                    await Task.WhenAny(changed, Task.Delay(wait < LongestWait ? wait : LongestWait, _clock, enough.Token));
                    await enough.CancelAsync();
                    continue;
                }
                var round = await AskAsync(account, cancel);
                if (round.Asked > 0 || round.Problems.Count > 0) after(account.Settings.Retailer, account.Api.Format, round);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested) { }
    }

    /// <summary>
    /// One round: every account asks what is due now, as far as its budget goes. Failures are in the answer and in the schedule; only cancellation is thrown.
    /// </summary>
    public async Task<PollRound> AskDueAsync(CancellationToken cancel)
    {
        List<Account> due;
        lock (_gate) due = [.. _accounts.Values.Where(a => a.Next is { } next && next <= _clock.GetUtcNow())];
        if (due.Count == 0) return PollRound.Nothing;
        var rounds = await Task.WhenAll(due.Select(account => AskAsync(account, cancel)));
        return new PollRound(
            rounds.Sum(r => r.Asked), rounds.Sum(r => r.Answered), rounds.Sum(r => r.NotFound), rounds.Sum(r => r.Refused), rounds.Sum(r => r.Failed), [.. rounds.SelectMany(r => r.Problems)]);
    }

    private async Task<PollRound> AskAsync(Account account, CancellationToken cancel)
    {
        var round = new Tally();
        var underWay = new List<Task>();
        try
        {
            while (true)
            {
                cancel.ThrowIfCancellationRequested();
                List<Entry>? batch = null;
                lock (_gate)
                {
                    var now = _clock.GetUtcNow();
                    if (underWay.Count < account.AtOnce && account.ReadyAt(now) <= now)
                    {
                        batch = account.TakeDue(now, account.Api.BatchSize);
                        foreach (var entry in batch) _entries.Remove(entry.Target.Key);
                    }
                }
                if (batch is not null)
                {
                    underWay.Add(AskAsync(account, batch, round, cancel));
                    if (!underWay[^1].IsCompleted && underWay.Count < account.AtOnce) continue;
                }
                if (underWay.Count == 0) return round.Sum();
                var ended = await Task.WhenAny(underWay);
                underWay.Remove(ended);
                await ended;
            }
        }
        finally { await Task.WhenAll(underWay).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); }
    }

    private async Task AskAsync(Account account, List<Entry> taken, Tally round, CancellationToken cancel)
    {
        var batch = taken;
        try
        {
            batch = await LookAsync(taken, cancel);
            lock (_gate)
            {
                if (batch.Count == 0) return;
                if (!account.Budget.TryTake(_clock.GetUtcNow()))
                {
                    // Another question took the last of the budget: these keep their place.
                    foreach (var entry in batch) PutUnlessKnown(account, entry);
                    return;
                }
            }
            round.Add(asked: batch.Count);
            var body = await QuestionAsync(account, batch, cancel);
            account.Succeeded();
            var known = false;
            if (body is not null)
            {
                if (await TakeAsync(account, batch, body.Value, round, cancel) is not { } told) return;
                known = told;
            }
            if (known) round.Add(answered: batch.Count);
            else round.Add(notFound: batch.Count);
            foreach (var entry in batch) Again(account, entry, failures: 0);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            lock (_gate) foreach (var entry in batch) PutUnlessKnown(account, entry);
            throw;   // asked again at once when somebody runs this again
        }
        catch (PollRefusal refusal)
        {
            var until = refusal.RetryAt;
            var waits = refusal.Status == HttpStatusCode.TooManyRequests || refusal.Credentials;
            if (refusal.Credentials)
            {
                until = _clock.GetUtcNow() + RefusedPause;
                round.Tell($"{account.Api.Format} refuses the account of retailer '{account.Settings.Retailer}' ({(int)refusal.Status}); it is asked again in {RefusedPause.TotalMinutes:0} minutes.");
            }
            else if (refusal.Status == HttpStatusCode.TooManyRequests) until ??= _clock.GetUtcNow() + TimeSpan.FromMinutes(1);
            if (waits) round.Add(refused: batch.Count);
            else round.Add(failed: batch.Count);
            if (until is { } pause) lock (_gate) account.Budget.PauseUntil(pause);
            Fail(account, batch, until, round, counts: !waits);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException)
        {
            round.Add(failed: batch.Count);
            Fail(account, batch, null, round, counts: true);
        }
        finally
        {
            lock (_gate)
                foreach (var entry in taken)
                {
                    account.Asking.Remove(entry.Target.Key);
                    account.Forgotten.Remove(entry.Target.Key);
                }
        }
    }

    // Between the last answer and now somebody else may have told of the shipment. What the host cannot tell at the moment is asked for as it is known.
    private async Task<List<Entry>> LookAsync(List<Entry> taken, CancellationToken cancel)
    {
        var looked = new List<Entry>(taken.Count);
        foreach (var entry in taken)
        {
            PollTarget? newest;
            try { newest = await _host.LookAsync(entry.Target, cancel); }
            catch (Exception e) when (e is not OperationCanceledException) { newest = entry.Target; }
            if (newest is not null && PollSchedule.After(newest, _clock.GetUtcNow(), 0.5) is not null) looked.Add(entry with { Target = newest });
        }
        return looked;
    }

    // What takes answers in may be down while the carrier is well; then the question is asked again later, and the carrier is not blamed. Null: not kept.
    private async Task<bool?> TakeAsync(Account account, List<Entry> batch, ReadOnlyMemory<byte> body, Tally round, CancellationToken cancel)
    {
        try
        {
            return await _host.TakeAsync(new PollAnswer(account.Settings.Retailer, account.Api.Format, [.. batch.Select(e => e.Target)], body, _clock.GetUtcNow()), cancel);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            round.Tell($"An answer of {account.Api.Format} for retailer '{account.Settings.Retailer}' could not be kept ({e.GetType().Name}); it is asked for again.");
            round.Add(failed: batch.Count);
            Fail(account, batch, null, round, counts: false);
            return null;
        }
    }

    // Null: the carrier does not know the number (yet).
    private async Task<ReadOnlyMemory<byte>?> QuestionAsync(Account account, List<Entry> batch, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(account.Settings.Timeout, _clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        for (var again = false; ; again = true)
        {
            var token = await account.Tokens.GetAsync(both.Token);
            using var request = account.Api.Question(account.Settings, token, [.. batch.Select(e => e.Target)], $"t{Interlocked.Increment(ref _questions)}-{_clock.GetUtcNow().ToUnixTimeMilliseconds()}");
            using var answer = await _http.SendAsync(request, both.Token);
            if (answer.StatusCode == HttpStatusCode.Unauthorized && token.Length > 0 && !again) { account.Tokens.Forget(token); continue; }
            // A number that the carrier finds no good is no illness of the carrier: it must not hold up the others.
            if (answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Gone or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity) return null;
            if (!answer.IsSuccessStatusCode)
                throw new PollRefusal(answer.StatusCode, PollBody.RetryAfter(answer, _clock.GetUtcNow()), credentials: answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
            return await PollBody.ReadAsync(answer, FeedContext.DefaultMaxMessageBytes, both.Token);
        }
    }

    private void Again(Account account, Entry entry, int failures)
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            var due = failures == 0 ? PollSchedule.After(entry.Target, now, _dice()) : now + PollSchedule.BackOff(failures, _dice());
            if (due is not { } at) return;
            PutUnlessKnown(account, entry with { Due = at, Failures = failures });
        }
    }

    private void Fail(Account account, List<Entry> batch, DateTimeOffset? retryAt, Tally round, bool counts)
    {
        if (counts && account.Failed() is >= FailuresBeforePause and var failures)
        {
            // The carrier is ill, not the parcel: the account waits as one.
            var until = _clock.GetUtcNow() + PollSchedule.BackOff(failures - FailuresBeforePause + 1, _dice());
            lock (_gate) account.Budget.PauseUntil(until);
            if (failures == FailuresBeforePause) round.Tell($"{account.Api.Format} failed {failures} times in a row for retailer '{account.Settings.Retailer}'; its questions wait.");
        }
        foreach (var entry in batch)
            // Told to wait until then is no failure of the parcel's: it goes on when the account does.
            if (!counts && retryAt is { } at) lock (_gate) PutUnlessKnown(account, entry with { Due = at });
            else Again(account, entry, entry.Failures + 1);
    }

    private Account? AccountOf(ShipmentKey key)
        => CarrierApi.AccountOf(key.Carrier) is { } carrier && !_pushed.Contains((key.Retailer, carrier)) && !_pushed.Contains((key.Retailer, key.Carrier)) ? _accounts.GetValueOrDefault((key.Retailer, carrier)) : null;

    private void Put(Account account, Entry entry)
    {
        Remove(entry.Target.Key);
        _entries.Add(entry.Target.Key, entry);
        account.Add(entry);
    }

    // While a question was under way somebody may have told us more of its shipment, or that it is done: that knowledge is newer than the batch's.
    private void PutUnlessKnown(Account account, Entry entry)
    {
        if (!_entries.ContainsKey(entry.Target.Key) && !account.Forgotten.Remove(entry.Target.Key)) Put(account, entry);
    }

    private bool Remove(ShipmentKey key)
    {
        if (CarrierApi.AccountOf(key.Carrier) is not { } carrier || !_accounts.TryGetValue((key.Retailer, carrier), out var account)) return false;
        if (_entries.Remove(key, out var entry)) { account.Remove(entry); return true; }
        if (account.Asking.Contains(key)) account.Forgotten.Add(key);
        return false;
    }

    private sealed record Entry(PollTarget Target, DateTimeOffset Due, int Failures);

    // Several questions of one account may end at once.
    private sealed class Tally
    {
        private readonly Lock _gate = new();
        private readonly List<string> _problems = [];
        private int _asked, _answered, _notFound, _refused, _failed;

        public void Add(int asked = 0, int answered = 0, int notFound = 0, int refused = 0, int failed = 0)
        {
            lock (_gate) (_asked, _answered, _notFound, _refused, _failed) = (_asked + asked, _answered + answered, _notFound + notFound, _refused + refused, _failed + failed);
        }

        public void Tell(string problem)
        {
            lock (_gate) if (!_problems.Contains(problem)) _problems.Add(problem);
        }

        public PollRound Sum() { lock (_gate) return new PollRound(_asked, _answered, _notFound, _refused, _failed, [.. _problems]); }
    }

    // Everything but the two counters is touched inside the poller's gate only.
    private sealed class Account(PollAccount settings, CarrierApi api, RequestBudget budget, AccessTokens tokens)
    {
        private readonly SortedSet<Entry> _due = new(Comparer<Entry>.Create((a, b)
            => a.Due != b.Due ? a.Due.CompareTo(b.Due) : string.CompareOrdinal(a.Target.Key.Carrier, b.Target.Key.Carrier) is var c and not 0 ? c : string.CompareOrdinal(a.Target.Key.Number, b.Target.Key.Number)));
        private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _failures, _atOnce = 1;

        public PollAccount Settings { get; } = settings;
        public CarrierApi Api { get; } = api;
        public RequestBudget Budget { get; } = budget;
        public AccessTokens Tokens { get; } = tokens;
        public bool Owned { get; set; } = true;
        /// <summary>What the questions under way are about, and what was forgotten meanwhile.</summary>
        public HashSet<ShipmentKey> Asking { get; } = [];
        public HashSet<ShipmentKey> Forgotten { get; } = [];

        /// <summary>Questions that may be under way together: one to begin with and after a failure, one more with each answer, as many as the budget starts in two seconds.</summary>
        public int AtOnce => Volatile.Read(ref _atOnce);
        public int Count => _due.Count;
        public IEnumerable<Entry> Entries => _due;
        public DateTimeOffset? Next => _due.Min?.Due;
        /// <summary>Ends when the next due time came nearer, or the account changed hands.</summary>
        public Task Changed => _changed.Task;

        public DateTimeOffset? ReadyAt(DateTimeOffset now) => !Owned || Next is not { } due ? null : Budget.ReadyAt(now) is var ready && due < ready ? ready : due;

        public int DueBy(DateTimeOffset now) => _due.TakeWhile(e => e.Due <= now).Count();

        public void Add(Entry entry)
        {
            var first = _due.Min;
            _due.Add(entry);
            if (first is null || entry.Due < first.Due) Wake();
        }

        public void Remove(Entry entry) => _due.Remove(entry);

        public void Wake()
        {
            var changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            changed.SetResult();
        }

        public void Succeeded()
        {
            Interlocked.Exchange(ref _failures, 0);
            if (AtOnce < Math.Clamp(Settings.RequestsPerMinute / 30, 1, 16)) Interlocked.Increment(ref _atOnce);
        }

        public int Failed()
        {
            Interlocked.Exchange(ref _atOnce, 1);
            return Interlocked.Increment(ref _failures);
        }

        public List<Entry> TakeDue(DateTimeOffset now, int most)
        {
            var taken = new List<Entry>(most);
            while (taken.Count < most && _due.Min is { } entry && entry.Due <= now)
            {
                _due.Remove(entry);
                taken.Add(entry);
                Asking.Add(entry.Target.Key);
            }
            return taken;
        }
    }
}
