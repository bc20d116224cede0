using System.Net;
using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Polling;

/// <summary>What one round of questions came to.</summary>
/// <param name="Problems">What a person should know: refused credentials, a carrier that fails. One sentence each, without secrets.</param>
public sealed record PollRound(int Asked, int Answered, int NotFound, int Failed, IReadOnlyList<string> Problems)
{
    public static readonly PollRound Nothing = new(0, 0, 0, 0, []);
}

/// <summary>
/// Asks carriers that only answer questions, with the retailers' own accounts: what is due, in order of its due time, as far as each account's budget goes. A shipment whose
/// news are pushed is never asked for: neither one of a (retailer, carrier) that has a push feed, nor one that a push has told of.
/// <para>Keeps the schedule in memory, about 200 bytes a shipment, up to <see cref="MaxTargets"/>; after a restart the host watches its live shipments again. Watch, forget and heard
/// may be called from any thread; <see cref="AskDueAsync"/> by one caller at a time.</para>
/// </summary>
public sealed class CarrierPoller
{
    /// <summary>Beyond this a new shipment is refused, and said so.</summary>
    public const int MaxTargets = 2_000_000;
    private static readonly TimeSpan RefusedPause = TimeSpan.FromMinutes(30);
    private const int FailuresBeforePause = 3;

    private readonly Dictionary<(string Retailer, string Carrier), Account> _accounts = [];
    private readonly HashSet<(string Retailer, string Carrier)> _pushed;
    private readonly Dictionary<ShipmentKey, Entry> _entries = [];
    private readonly Lock _gate = new();
    private readonly HttpMessageInvoker _http;
    private readonly IPollAnswers _answers;
    private readonly TimeProvider _clock;
    private readonly Func<double> _dice;
    private long _questions;

    /// <param name="http">Its handler decides about proxies, certificates and connections; redirects should be off.</param>
    /// <param name="pushed">Retailer and carrier of every push feed: what they tell of is not asked for.</param>
    /// <param name="dice">0 to 1, for jitter.</param>
    /// <exception cref="ArgumentException">An account of a carrier that cannot be asked, or two for one retailer and carrier.</exception>
    public CarrierPoller(
        IEnumerable<PollAccount> accounts, IEnumerable<(string Retailer, string Carrier)> pushed, HttpMessageInvoker http, IPollAnswers answers, TimeProvider clock, Func<double> dice)
    {
        (_http, _answers, _clock, _dice) = (http, answers, clock, dice);
        _pushed = [.. pushed.Select(p => (p.Retailer, CarrierApi.AccountOf(p.Carrier) ?? p.Carrier))];
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
    public bool Watch(PollTarget target)
    {
        lock (_gate)
        {
            var known = _entries.GetValueOrDefault(target.Key);
            if (AccountOf(target.Key) is not { } account || PollSchedule.After(target, _clock.GetUtcNow(), _dice()) is not { } due) { Remove(target.Key); return false; }
            if (known is null && _entries.Count >= MaxTargets) return false;
            // The first question comes at once, unless it is just under way. A changed status may bring the next one forward, never put it off.
            if (known is not null) { if (known.Due < due) due = known.Due; }
            else if (!account.Asking.Contains(target.Key)) due = _clock.GetUtcNow();
            Put(account, new Entry(target, due, known?.Failures ?? 0));
            return true;
        }
    }

    /// <summary>Stops asking for a shipment. True if it was watched.</summary>
    public bool Forget(ShipmentKey key) { lock (_gate) return Remove(key); }

    /// <summary>When <see cref="AskDueAsync"/> next has something to do; null for never.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_gate)
            {
                DateTimeOffset? next = null;
                foreach (var account in _accounts.Values)
                    if (account.Next is { } due)
                    {
                        var ready = account.Budget.ReadyAt(_clock.GetUtcNow());
                        if (due < ready) due = ready;
                        if (next is null || due < next) next = due;
                    }
                return next;
            }
        }
    }

    /// <summary>Asks until cancelled: waits for what is due next, at most a minute, because a new shipment may be due before it.</summary>
    /// <param name="after">Called after each round that asked something.</param>
    public async Task RunAsync(Action<PollRound> after, CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            var now = _clock.GetUtcNow();
            var wait = (NextDue ?? DateTimeOffset.MaxValue) - now;
            if (wait > TimeSpan.Zero)
            {
                try { await Task.Delay(wait > TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : wait, _clock, cancel); }
                catch (OperationCanceledException) { return; }
                continue;
            }
            var round = await AskDueAsync(cancel);
            if (round.Asked > 0 || round.Problems.Count > 0) after(round);
        }
    }

    /// <summary>
    /// One round: every account asks what is due now, as far as its budget goes; accounts work side by side, one account asks one question at a time. Failures
    /// are in the answer and in the schedule; only cancellation is thrown.
    /// </summary>
    public async Task<PollRound> AskDueAsync(CancellationToken cancel)
    {
        List<Account> due;
        lock (_gate) due = [.. _accounts.Values.Where(a => a.Next is { } next && next <= _clock.GetUtcNow())];
        if (due.Count == 0) return PollRound.Nothing;
        var rounds = await Task.WhenAll(due.Select(account => AskAsync(account, cancel)));
        return new PollRound(rounds.Sum(r => r.Asked), rounds.Sum(r => r.Answered), rounds.Sum(r => r.NotFound), rounds.Sum(r => r.Failed), [.. rounds.SelectMany(r => r.Problems)]);
    }

    private async Task<PollRound> AskAsync(Account account, CancellationToken cancel)
    {
        var (asked, answered, notFound, failed) = (0, 0, 0, 0);
        var problems = new List<string>();
        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            var now = _clock.GetUtcNow();
            List<Entry> batch;
            lock (_gate)
            {
                if (account.Next is not { } next || next > now || !account.Budget.TryTake(now)) break;
                batch = account.TakeDue(now, account.Api.BatchSize);
                foreach (var entry in batch) _entries.Remove(entry.Target.Key);
            }
            asked += batch.Count;
            try
            {
                var body = await QuestionAsync(account, batch, cancel);
                account.Failures = 0;
                if (body is null) notFound += batch.Count;
                else if (await TakeAsync(account, batch, body.Value, problems, cancel)) answered += batch.Count;
                else { failed += batch.Count; continue; }
                foreach (var entry in batch) Again(account, entry, failures: 0, retryAt: null);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                lock (_gate) foreach (var entry in batch) PutUnlessKnown(account, entry);
                throw;   // asked again at once when somebody runs this again
            }
            catch (PollRefusal refusal)
            {
                failed += batch.Count;
                var until = refusal.RetryAt;
                if (refusal.Credentials)
                {
                    until = _clock.GetUtcNow() + RefusedPause;
                    problems.Add($"{account.Api.Format} refuses the account of retailer '{account.Settings.Retailer}' ({(int)refusal.Status}); it is asked again in {RefusedPause.TotalMinutes:0} minutes.");
                }
                else if (refusal.Status == HttpStatusCode.TooManyRequests) until ??= _clock.GetUtcNow() + TimeSpan.FromMinutes(1);
                lock (_gate) if (until is { } pause) account.Budget.PauseUntil(pause);
                Fail(account, batch, until, problems, counts: refusal.Status != HttpStatusCode.TooManyRequests && !refusal.Credentials);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or InvalidOperationException)
            {
                failed += batch.Count;
                Fail(account, batch, null, problems, counts: true);
            }
            finally
            {
                lock (_gate) { account.Asking.Clear(); account.Forgotten.Clear(); }
            }
        }
        return new PollRound(asked, answered, notFound, failed, problems);
    }

    // What takes answers in may be down while the carrier is well; then the question is asked again later, and the carrier is not blamed.
    private async Task<bool> TakeAsync(Account account, List<Entry> batch, ReadOnlyMemory<byte> body, List<string> problems, CancellationToken cancel)
    {
        try
        {
            await _answers.TakeAsync(new PollAnswer(account.Settings.Retailer, account.Api.Format, [.. batch.Select(e => e.Target)], body, _clock.GetUtcNow()), cancel);
            return true;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            problems.Add($"An answer of {account.Api.Format} for retailer '{account.Settings.Retailer}' could not be kept ({e.GetType().Name}); it is asked for again.");
            Fail(account, batch, null, problems, counts: false);
            return false;
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
            if (answer.StatusCode == HttpStatusCode.Unauthorized && token.Length > 0 && !again) { account.Tokens.Forget(); continue; }
            if (answer.StatusCode == HttpStatusCode.NotFound) return null;
            if (!answer.IsSuccessStatusCode)
                throw new PollRefusal(answer.StatusCode, PollBody.RetryAfter(answer, _clock.GetUtcNow()), credentials: answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
            return await PollBody.ReadAsync(answer, FeedContext.DefaultMaxMessageBytes, both.Token);
        }
    }

    private void Again(Account account, Entry entry, int failures, DateTimeOffset? retryAt)
    {
        lock (_gate)
        {
            var now = _clock.GetUtcNow();
            var due = failures == 0 ? PollSchedule.After(entry.Target, now, _dice()) : now + PollSchedule.BackOff(failures, _dice());
            if (due is not { } at) return;
            if (retryAt > at) at = retryAt.Value;
            PutUnlessKnown(account, entry with { Due = at, Failures = failures });
        }
    }

    private void Fail(Account account, List<Entry> batch, DateTimeOffset? retryAt, List<string> problems, bool counts)
    {
        if (counts && ++account.Failures >= FailuresBeforePause)
        {
            // The carrier is ill, not the parcel: the account waits as one.
            var until = _clock.GetUtcNow() + PollSchedule.BackOff(account.Failures - FailuresBeforePause + 1, _dice());
            lock (_gate) account.Budget.PauseUntil(until);
            if (account.Failures == FailuresBeforePause) problems.Add($"{account.Api.Format} failed {account.Failures} times in a row for retailer '{account.Settings.Retailer}'; its questions wait.");
        }
        foreach (var entry in batch) Again(account, entry, entry.Failures + 1, retryAt);
    }

    private Account? AccountOf(ShipmentKey key)
        => CarrierApi.AccountOf(key.Carrier) is { } carrier && !_pushed.Contains((key.Retailer, carrier)) ? _accounts.GetValueOrDefault((key.Retailer, carrier)) : null;

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

    private sealed class Account(PollAccount settings, CarrierApi api, RequestBudget budget, AccessTokens tokens)
    {
        private readonly SortedSet<Entry> _due = new(Comparer<Entry>.Create((a, b)
            => a.Due != b.Due ? a.Due.CompareTo(b.Due) : string.CompareOrdinal(a.Target.Key.Carrier, b.Target.Key.Carrier) is var c and not 0 ? c : string.CompareOrdinal(a.Target.Key.Number, b.Target.Key.Number)));

        public PollAccount Settings { get; } = settings;
        public CarrierApi Api { get; } = api;
        public RequestBudget Budget { get; } = budget;
        public AccessTokens Tokens { get; } = tokens;
        public int Failures { get; set; }
        /// <summary>What the question under way is about, and what was forgotten meanwhile.</summary>
        public HashSet<ShipmentKey> Asking { get; } = [];
        public HashSet<ShipmentKey> Forgotten { get; } = [];

        public DateTimeOffset? Next => _due.Min?.Due;
        public void Add(Entry entry) => _due.Add(entry);
        public void Remove(Entry entry) => _due.Remove(entry);

        public List<Entry> TakeDue(DateTimeOffset now, int most)
        {
            Asking.Clear();
            Forgotten.Clear();
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
