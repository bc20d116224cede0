using System.Globalization;
using Microsoft.Extensions.Logging;
using Tracking.Contracts.Claims;
using Tracking.Contracts.Orders;
using Tracking.Domain.Claims;
using Tracking.Domain.Vocabulary;
using Tracking.Journal;

namespace Tracking.Grains.Claims;

/// <summary>The one place in the cluster that decides about a parcel's claims. Loads, decides, journals, believes; who must hear of it hears behind the journal.</summary>
[GrainType("case")]
public sealed partial class CaseGrain(
    IEventJournal journal, IHeadStore heads, CaseLoader loader, ParcelFactsReader parcels, ParcelGoodsReader goods, CareRules rules, ClaimMetrics metrics, TimeProvider clock, ILogger<CaseGrain> log) : Grain, ICaseGrain
{
    private ParcelCase? _case;

    private ShipmentKey Key => ShipmentKey.Parse(this.GetPrimaryKeyString());

    public async Task<CaseAnswer> File(ClaimFiling filing)
    {
        try
        {
            var parcel = await LoadAsync();
            var care = rules.For(Key.Retailer);
            if (await parcels.ReadAsync(Key, filing.Use) is not { } facts) return new CaseAnswer(null, new CaseRefusal("shipment-unknown", "No shipment of that carrier and number is known, or no such use of the number."));
            var now = clock.GetUtcNow();
            var tried = parcel.File(filing, facts, null, care.Claims, care.Currency, now);
            if (tried.Refusal is not null) return Answer(tried);
            if (tried.Append is null)
            {
                await SettleAsync(tried.ClaimId!, care);   // made before; a crash may have come between
                return Answer(tried);
            }
            if (await goods.ReadAsync(Key) is { } known)
            {
                (filing, var refusal) = known.Complete(filing);
                if (refusal is not null) return new CaseAnswer(CaseView.Of(parcel), refusal);
                facts = facts with { Compensated = known.Compensated };
            }
            int? earlier = null;
            if (filing.Customer is { } customer)
            {
                // Only claims that are taken count; this one is about to be.
                earlier = await GrainFactory.GetGrain<IClaimantGrain>($"{Key.Retailer}/{ParcelCase.ClaimantOf(Key.Retailer, customer)}").Remember(tried.ClaimId!, now, Key);
                if (earlier < 0) return new CaseAnswer(CaseView.Of(parcel), NotStored: true);
            }
            var decided = parcel.File(filing, facts, earlier, care.Claims, care.Currency, now);
            var id = decided.ClaimId!;
            await StoreAsync(decided, facts, [new LinkRow(CaseStream.ClaimHash(id), CaseStream.Of(Key), "claim", 0)]);
            metrics.Opened(filing.Kind, _case!.Find(id)!.Path);
            LogOpened(log, Key, filing.Kind, _case.Find(id)!.Path);
            await SettleAsync(id, care);
            return Answer(decided) with { Created = true };
        }
        catch (Exception refused) when (IsJournals(refused)) { return Failed(refused); }
    }

    public async Task<CaseAnswer> Decide(ClaimVerdict verdict)
    {
        try
        {
            var decided = (await LoadAsync()).Decide(verdict.ClaimId, verdict.Grant, verdict.Remedy, verdict.Amount, verdict.By, verdict.Why, verdict.Note, clock.GetUtcNow());
            if (decided.Append is not null)
            {
                await StoreAsync(decided, null);
                metrics.Decided(verdict.Grant, byPolicy: false);
                LogDecided(log, Key, verdict.Grant, verdict.By);
            }
            return Answer(decided);
        }
        catch (Exception refused) when (IsJournals(refused)) { return Failed(refused); }
    }

    public Task<CaseAnswer> Expect(SignatureNotice notice)
    {
        var care = rules.For(Key.Retailer);
        var need = notice.Asked is { } asked
            ? new SignatureNeed(asked, "asked", asked ? "The retailer asks for a signature on this parcel." : "The retailer asks for no signature on this parcel.")
            : care.Signature.Decide(notice.Value?.Amount, notice.Value?.Currency, care.Currency, notice.Items);
        return ThenLookAsync(parcel => parcel.Expect(need, notice.Language, notice.Name, notice.Email, notice.Tell, clock.GetUtcNow()));
    }

    public Task<CaseAnswer> Answer(string answer) => ThenLookAsync(parcel => parcel.Answer(answer, clock.GetUtcNow()));

    public async Task Seen(string useId, DateTimeOffset at)
    {
        try { if ((await LoadAsync()).See(useId, at, clock.GetUtcNow()) is { Append: not null } seen) await StoreAsync(seen, null); }
        catch (Exception refused) when (IsJournals(refused)) { LogNotStored(log, Key, refused.Message); }   // a view that was not remembered harms nobody
    }

    public Task<CaseAnswer> Recovered(RecoveryNote note)
        => ThenLookAsync(parcel =>
        {
            var decided = parcel.Recover(note.Id, note.Cause, note.Remedy, note.Cost, note.Accepted, clock.GetUtcNow(), note.Language);
            return decided.Append is { } append && (note.Name ?? note.Email) is not null ? decided with { Append = append with { Personal = new CasePersonal { Name = note.Name, Email = note.Email } } } : decided;
        });

    public Task<CaseAnswer> Rate(int score) => DoAsync(parcel =>
    {
        var decided = parcel.Rate(score, clock.GetUtcNow());
        if (decided.Append is not null) metrics.Answered(score);
        return decided;
    });

    public Task<CaseAnswer> BoughtAgain(string recoveryId) => DoAsync(parcel => parcel.BuyAgain(recoveryId, clock.GetUtcNow()));

    public Task Forget()
    {
        _case = null;
        return Task.CompletedTask;
    }

    public async Task Wake()
    {
        try
        {
            var parcel = await LoadAsync();
            if (parcel.Version == 0) return;
            var care = rules.For(Key.Retailer);
            foreach (var claim in parcel.Claims)
                if (claim.Status == ClaimStatus.Settling) await SettleAsync(claim.Id, care);
            await LookAsync(care);
        }
        catch (Exception refused) when (IsJournals(refused)) { LogNotStored(log, Key, refused.Message); }   // still due: the sweep comes back
    }

    // Pays, or hands to a person. The purse answers the same to the same id, so a crash between its answer and ours pays once.
    private async Task SettleAsync(string claimId, Care care)
    {
        if (_case!.Find(claimId) is not { Status: ClaimStatus.Settling, Amount: { } amount } claim) return;
        var day = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(claim.OpenedAt, care.Zone).DateTime);
        var limit = ClaimWeighing.ToMoney(care.Claims.AutomaticPerDay, care.Currency);
        var purse = GrainFactory.GetGrain<IBudgetShareGrain>(string.Create(CultureInfo.InvariantCulture, $"{Key.Retailer}/{amount.Currency}/claims-{day:yyyy-MM-dd}/0"));
        var reserved = await purse.Reserve(claimId, amount.Minor, limit.Minor);
        var settled = _case.Settle(claimId, reserved, $"The {limit} that may be granted in a day without a person are used up, so a person decides.", clock.GetUtcNow());
        await StoreAsync(settled, null);
        if (!reserved) return;
        metrics.Decided(granted: true, byPolicy: true);
        await purse.Spend(claimId, amount.Minor);   // lost by a crash, the reservation stays: the purse is then too careful, never too generous
    }

    private async Task<CaseAnswer> DoAsync(Func<ParcelCase, CaseDecision> decide)
    {
        try
        {
            var decided = decide(await LoadAsync());
            if (decided.Append is not null) await StoreAsync(decided, null);
            return Answer(decided);
        }
        catch (Exception refused) when (IsJournals(refused)) { return Failed(refused); }
    }

    private async Task<CaseAnswer> ThenLookAsync(Func<ParcelCase, CaseDecision> decide)
    {
        var answer = await DoAsync(decide);
        if (answer.NotStored || answer.Refusal is not null || _case is null or { Version: 0 }) return answer;
        try { await LookAsync(rules.For(Key.Retailer)); }
        catch (Exception refused) when (IsJournals(refused)) { LogNotStored(log, Key, refused.Message); }
        return answer with { Case = _case is { } now ? CaseView.Of(now) : answer.Case };
    }

    private async Task LookAsync(Care care)
    {
        var facts = await parcels.ReadAsync(Key);
        var now = clock.GetUtcNow();
        var looked = _case!.Look(facts, care.Signature, care.Claims, care.Zone, now);
        foreach (var missed in looked.Append?.Events.OfType<AttemptMissed>() ?? []) metrics.AttemptMissed(missed.Expected);
        if (looked.Append is not null) await StoreAsync(looked, facts);
        else Offer(facts);
    }

    private async ValueTask<ParcelCase> LoadAsync() => _case ??= await loader.LoadAsync(Key);

    private async Task StoreAsync(CaseDecision decided, ParcelFacts? facts, IReadOnlyList<LinkRow>? links = null)
    {
        if (decided.Append is not { } append) return;
        var parcel = _case!;
        try
        {
            await journal.AppendAsync(new JournalAppend(
                CaseStream.Of(Key), parcel.Version + 1, append.RecordedAt, CaseJson.WriteOpen(append), CaseJson.WritePersonal(append), append.HasReaction, links));
        }
        catch
        {
            _case = null;   // fenced, or outcome unknown: read again
            throw;
        }
        _case = parcel.Apply(append);   // only then believe it
        if (facts is null && (_case.Signature is { Required: true } || !_case.Recoveries.IsEmpty)) facts = await parcels.ReadAsync(Key);
        Offer(facts);
    }

    private void Offer(ParcelFacts? facts)
    {
        var care = rules.For(Key.Retailer);
        heads.Offer(CaseStream.HeadOf(_case!, _case!.DueAt(facts, care.Signature, care.Claims, care.Zone, clock.GetUtcNow())));
    }

    private CaseAnswer Answer(CaseDecision decided) => new(_case is { } parcel ? CaseView.Of(parcel) : null, decided.Refusal, decided.ClaimId);

    private CaseAnswer Failed(Exception refused)
    {
        LogNotStored(log, Key, refused.Message);
        return new CaseAnswer(null, NotStored: true);
    }

    // A purse or claimant that cannot answer now says TimeoutException.
    private static bool IsJournals(Exception refused) => refused is JournalFencedException or JournalUnavailableException or JournalOutcomeUnknownException or JournalRejectedException or TimeoutException;

    [LoggerMessage(Level = LogLevel.Information, Message = "{Shipment}: a claim ({Kind}) was taken; decided by {Path}.")]
    private static partial void LogOpened(ILogger log, ShipmentKey shipment, ClaimKind kind, ClaimPath path);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Shipment}: a claim was decided (granted: {Granted}) by {By}.")]
    private static partial void LogDecided(ILogger log, ShipmentKey shipment, bool granted, string by);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Shipment}: its case could not be stored and will be read again: {Problem}")]
    private static partial void LogNotStored(ILogger log, ShipmentKey shipment, string problem);
}
