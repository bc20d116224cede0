using System.Buffers.Text;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Claims;

/// <summary>Something that was put right, and how it went down.</summary>
[GenerateSerializer, Immutable, Alias("tracking.recovery")]
public sealed record Recovery
{
    [Id(0)] public required string Id { get; init; }
    [Id(1)] public required string Cause { get; init; }
    [Id(2)] public required string Remedy { get; init; }
    [Id(3)] public Money? Cost { get; init; }
    [Id(4)] public bool Accepted { get; init; }
    [Id(5)] public DateTimeOffset At { get; init; }
    [Id(6)] public DateTimeOffset? AskedAt { get; init; }
    /// <summary>1 to 5; null while nobody answered.</summary>
    [Id(7)] public int? Score { get; init; }
    [Id(8)] public bool BoughtAgain { get; init; }
}

/// <summary>Why a claim or an answer was not taken. A value, never an exception: the caller did nothing wrong that a retry would mend.</summary>
/// <param name="Code">Stable: <c>claim-too-early</c>, <c>claim-too-late</c>, <c>claim-not-delivered</c>, <c>claim-delivered</c>, <c>claim-evidence-missing</c>, <c>claim-conflict</c>, <c>claim-settled-otherwise</c>, <c>claim-unknown</c>, <c>claim-decided</c>, <c>case-full</c>.</param>
/// <param name="Day">The day that an early or late claim turns on.</param>
[GenerateSerializer, Immutable, Alias("tracking.case-refusal")]
public sealed record CaseRefusal([property: Id(0)] string Code, [property: Id(1)] string Detail, [property: Id(2)] DateTimeOffset? Day = null);

/// <summary>What a decision comes to: a refusal, nothing new, or one append.</summary>
public readonly record struct CaseDecision(CaseRefusal? Refusal, CaseAppend? Append, string? ClaimId = null)
{
    public static readonly CaseDecision Nothing;
    public static CaseDecision Refuse(string code, string detail, DateTimeOffset? day = null) => new(new CaseRefusal(code, detail, day), null);
}

/// <summary>
/// All that goes on about one parcel beside its journey: what was said about signing, who looked at the page after delivery, what was claimed, how it was put right, how
/// people liked that. One stream per parcel, so a parcel cannot be paid for twice under two names, and its file is one chain. Pure and immutable.
/// </summary>
public sealed record ParcelCase
{
    /// <summary>More claims than this about one parcel are no claims any more.</summary>
    public const int MaxClaims = 40;
    public const int MaxViews = 50;
    public const int MaxRecoveries = 40;
    public const string Policy = "policy";

    public required ShipmentKey Key { get; init; }
    public int Version { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    public SignatureExpectation? Signature { get; init; }
    public string? Language { get; init; }
    public ImmutableArray<Claim> Claims { get; init; } = [];
    public ImmutableArray<Recovery> Recoveries { get; init; } = [];
    public ImmutableArray<PageSeen> Views { get; init; } = [];
    /// <summary>Notices decided so far, <c>kind|cause</c>.</summary>
    public ImmutableHashSet<string> Told { get; init; } = [];
    /// <summary>Missed attempts already counted, by use.</summary>
    public ImmutableDictionary<string, int> Missed { get; init; } = ImmutableDictionary<string, int>.Empty;
    /// <summary>Where answers go; personal, kept in memory only while the case is.</summary>
    public (string? Name, string? Email) Contact { get; init; }

    public static ParcelCase Unseen(ShipmentKey key) => new() { Key = key };

    public Claim? Find(string claimId) => Claims.FirstOrDefault(c => c.Id == claimId);

    /// <summary>A claim's id: derived from whose parcel, what happened and to which line, so the same claim made twice is one.</summary>
    public static string ClaimId(ShipmentKey key, string useId, ClaimKind kind, string? line)
        => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"claim\n{key}\n{useId}\n{kind.Name()}\n{line}")).AsSpan(0, 16));

    /// <summary>Digest of a customer's id, with the retailer in it so that it tells nothing across retailers.</summary>
    public static string ClaimantOf(string retailer, string customer)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"claimant\n{retailer}\n{customer}")).AsSpan(0, 12));

    // ---- claims ----------------------------------------------------------------------------------------------------------

    /// <summary>
    /// Takes a claim, weighs it and says who decides. The same claim again decides nothing (<see cref="CaseDecision.ClaimId"/> names the one there is); with other content it is refused.
    /// </summary>
    public CaseDecision File(ClaimFiling filing, ParcelFacts facts, int? earlierClaims, ClaimPolicy policy, string currency, DateTimeOffset now)
    {
        var id = ClaimId(Key, facts.UseId, filing.Kind, filing.Line);
        var claimant = filing.Customer is { } customer ? ClaimantOf(Key.Retailer, customer) : null;
        if (Find(id) is { } known)
        {
            var differing = Differing(known, filing, claimant);
            return differing.Count == 0 ? new CaseDecision(null, null, id)
                : CaseDecision.Refuse("claim-conflict", $"This claim was made before with another {string.Join(", ", differing)}.");
        }
        // One parcel, one compensation: the whole parcel or its lines, under whatever name.
        if (Claims.FirstOrDefault(c => c.UseId == facts.UseId && c.Status != ClaimStatus.Declined && (c.Line is null || filing.Line is null || c.Line == filing.Line)) is { } other)
            return CaseDecision.Refuse("claim-settled-otherwise", $"There is a claim for {(other.Line is null ? "this parcel" : $"line {other.Line}")} already: {other.Id} ({other.Kind.Name()}, {other.Status.Name()}).");
        if (Claims.Length >= MaxClaims) return CaseDecision.Refuse("case-full", $"There are {MaxClaims} claims about this parcel; a person must look at it.");

        if (policy.Window(filing.Kind, facts) is not { } window)
            return filing.Kind == ClaimKind.Lost && facts.DeliveredAt is not null
                ? CaseDecision.Refuse("claim-delivered", "The carrier reports this parcel delivered; claim 'delivered-not-received'.")
                : CaseDecision.Refuse("claim-not-delivered", "This can only be claimed after the carrier reported the delivery.");
        if (now < window.From) return CaseDecision.Refuse("claim-too-early", FormattableString.Invariant($"This can be claimed from {window.From:yyyy-MM-dd} on."), window.From);
        if (now >= window.Until) return CaseDecision.Refuse("claim-too-late", FormattableString.Invariant($"This could be claimed until {window.Until.AddDays(-1):yyyy-MM-dd}."), window.Until.AddDays(-1));
        if (policy.PhotoRequired && (filing.Kind is ClaimKind.Damaged or ClaimKind.WrongItem) && filing.Photos.IsEmpty)
            return CaseDecision.Refuse("claim-evidence-missing", $"A claim of kind '{filing.Kind.Name()}' needs at least one photo; send references in 'photos'.");

        var views = Views.Count(v => v.UseId == facts.UseId && v.At >= (facts.DeliveredAt ?? DateTimeOffset.MaxValue) && v.At <= now);
        var weighed = ClaimWeighing.Weigh(filing, facts, Signature, earlierClaims, views, policy, currency);
        var events = ImmutableArray.CreateBuilder<CaseEvent>();
        events.Add(new ClaimOpened(id, facts.UseId, filing.Kind, filing.Line, filing.Order, filing.Wish, filing.Value, claimant, filing.Reference, filing.FiledBy, filing.Language));
        events.Add(new ClaimWeighed(id, weighed.Path, weighed.Score, weighed.Evidence, weighed.Reasons, weighed.Amount, facts.ShipmentVersion, policy.Digest()));
        if (weighed.Path == ClaimPath.Person) events.Add(new NoticeOwed("claim-received", id));
        var personal = new CasePersonal { Name = filing.Name, Email = filing.Email, ClaimId = id, Text = filing.Text, Photos = filing.Photos };
        return new CaseDecision(null, Append(now, events.ToImmutable(), personal), id);
    }

    /// <summary>Ends a claim that needs no person: granted within what the day's budget still had, else handed to a person.</summary>
    /// <param name="reserved">True when the amount was reserved under the claim's id.</param>
    public CaseDecision Settle(string claimId, bool reserved, string budget, DateTimeOffset now)
    {
        if (Find(claimId) is not { Status: ClaimStatus.Settling } claim) return CaseDecision.Nothing;
        if (reserved) return new CaseDecision(null, Append(now, Granted(claim, claim.Wish, claim.Amount, Policy, claim.Reasons[^1])), claimId);
        return new CaseDecision(null, Append(now,
        [
            new ClaimWeighed(claim.Id, ClaimPath.Person, claim.Score, claim.Evidence, claim.Reasons.Add(budget), null, claim.ShipmentVersion, claim.Policy ?? ""),
            new NoticeOwed("claim-received", claim.Id),
        ]), claimId);
    }

    /// <summary>A person decides. The same decision again changes nothing; another one on a decided claim is refused.</summary>
    public CaseDecision Decide(string claimId, bool grant, ClaimRemedy remedy, Money? amount, string by, string why, string? note, DateTimeOffset now)
    {
        if (Find(claimId) is not { } claim) return CaseDecision.Refuse("claim-unknown", "No claim of that id is known.");
        remedy = grant ? remedy == ClaimRemedy.None ? claim.Wish : remedy : ClaimRemedy.None;
        amount = grant ? amount ?? claim.Value : null;
        if (claim.IsDecided)
            return claim.Status == ClaimStatus.Granted == grant && claim.Remedy == remedy && claim.Amount == amount
                ? new CaseDecision(null, null, claimId)
                : CaseDecision.Refuse("claim-decided", $"This claim was {claim.Status.Name()} by {claim.DecidedBy} and stays so.");
        if (grant && amount is null && remedy == ClaimRemedy.Refund) return CaseDecision.Refuse("claim-amount-missing", "The value is not known; say which amount is paid back.");
        if (grant && amount is { Minor: <= 0 }) return CaseDecision.Refuse("claim-amount", "The amount must be above zero.");
        if (grant && amount is { } paid && claim.Value is { } value && (paid.Currency != value.Currency || paid.Minor > value.Minor))
            return CaseDecision.Refuse("claim-amount", $"The amount of {paid} is more than the value of {value}, or in another currency.");
        var events = grant ? Granted(claim, remedy, amount, by, why) : [new ClaimDecided(claimId, false, ClaimRemedy.None, null, by, why), new NoticeOwed("claim-declined", claimId)];
        return new CaseDecision(null, Append(now, events, note is null ? null : new CasePersonal { ClaimId = claimId, Note = note }), claimId);
    }

    private static ImmutableArray<CaseEvent> Granted(Claim claim, ClaimRemedy remedy, Money? amount, string by, string why) =>
    [
        new ClaimDecided(claim.Id, true, remedy, amount, by, why),
        new RecoveryRecorded(claim.Id, claim.Kind.Name(), remedy.Name(), amount, true),
        new NoticeOwed("claim-granted", claim.Id, Amount: remedy == ClaimRemedy.Refund ? amount : null),
    ];

    private static List<string> Differing(Claim known, ClaimFiling filing, string? claimant)
    {
        var differing = new List<string>();
        if (filing.Value is not null && known.Value != filing.Value) differing.Add("value");
        if (filing.Order is not null && known.Order != filing.Order) differing.Add("order");
        if (claimant is not null && known.Claimant != claimant) differing.Add("customer");
        if (filing.Reference is not null && known.Reference != filing.Reference) differing.Add("reference");
        if (filing.FiledBy == known.FiledBy && known.Wish != filing.Wish) differing.Add("wish");
        return differing;
    }

    // ---- signature -------------------------------------------------------------------------------------------------------

    /// <summary>Sets what is expected about signing. Equal to what is set already: nothing.</summary>
    /// <param name="tell">False when the retailer tells the shopper itself, at checkout.</param>
    public CaseDecision Expect(SignatureNeed need, string? language, string? name, string? email, bool tell, DateTimeOffset now)
    {
        var contact = new CasePersonal { Name = name, Email = email };
        var same = Signature is { } set && set.Required == need.Required && set.Rule == need.Rule && (language is null || language == Language) && (contact.IsEmpty || (name, email) == Contact);
        if (same || (Signature is null && !need.Required && contact.IsEmpty)) return CaseDecision.Nothing;
        var events = ImmutableArray.Create<CaseEvent>(new SignatureExpected(need.Required, need.Rule, need.Why, language));
        if (need.Required && tell) events = Owe(events, new NoticeOwed("signature-needed", Key.ToString()));
        return new CaseDecision(null, Append(now, events, contact));
    }

    /// <summary>The shopper answers how the parcel shall be handed over; the newest answer counts.</summary>
    public CaseDecision Answer(string answer, DateTimeOffset now)
    {
        if (!SignatureExpectation.Answers.Contains(answer)) return CaseDecision.Refuse("answer-unknown", $"'{answer}' is none of {string.Join(", ", SignatureExpectation.Answers)}.");
        if (Signature is not { Required: true } signature) return CaseDecision.Refuse("signature-not-needed", "No signature is needed for this parcel.");
        return signature.Answer == answer ? CaseDecision.Nothing : new CaseDecision(null, Append(now, [new SignatureAnswered(answer)]));
    }

    // ---- what time and the parcel bring ----------------------------------------------------------------------------------

    /// <summary>
    /// Looks at the parcel: tells the shopper what is due (shipped with a signature needed, the evening before, a missed attempt), and asks for satisfaction when its time has come.
    /// </summary>
    public CaseDecision Look(ParcelFacts? facts, SignaturePolicy policy, ClaimPolicy claims, TimeZoneInfo retailersZone, DateTimeOffset now)
    {
        var events = ImmutableArray<CaseEvent>.Empty;
        if (facts is not null)
        {
            var missed = Missed.GetValueOrDefault(facts.UseId);
            if (facts.Attempts > missed) events = events.Add(new AttemptMissed(facts.UseId, facts.Attempts, Signature is { Required: true }));
            if (Signature is { Required: true } signature && !facts.Status.IsTerminal())
            {
                if (facts.Status >= Milestone.Accepted) events = Owe(events, new NoticeOwed("shipped", facts.UseId, facts.From, facts.To));
                if (facts.Attempts > missed) events = Owe(events, new NoticeOwed("attempt-missed", $"{facts.UseId}|{facts.Attempts}"));
                if (signature.Answer is null or "home" && EveningBefore(facts, policy, retailersZone) is { } evening && now >= evening && now < evening.AddHours(6))
                    events = Owe(events, new NoticeOwed("signature-evening-before", $"{facts.UseId}|{facts.From:yyyy-MM-dd}", facts.From, facts.From));
            }
        }
        foreach (var recovery in Recoveries)
            if (AskAt(recovery, facts, claims) is { } ask && now >= ask)
                events = Owe(events.Add(new SatisfactionAsked(recovery.Id)), new NoticeOwed("survey", recovery.Id));
        return events.IsEmpty ? CaseDecision.Nothing : new CaseDecision(null, Append(now, events));
    }

    /// <summary>When the case wants to be looked at again; null for never.</summary>
    public DateTimeOffset? DueAt(ParcelFacts? facts, SignaturePolicy policy, ClaimPolicy claims, TimeZoneInfo retailersZone, DateTimeOffset now)
    {
        DateTimeOffset? due = null;
        void Sooner(DateTimeOffset at) => due = due is { } known && known <= at ? known : at;

        if (Claims.Any(c => c.Status == ClaimStatus.Settling)) Sooner(now);   // a crash came between: go on
        foreach (var recovery in Recoveries)
            if (AskAt(recovery, facts, claims) is { } ask) Sooner(ask);
        if (Signature is { Required: true } && facts is not null && !facts.Status.IsTerminal())
        {
            // The evening before the day it is expected; without a day, or past it, every evening until it arrived.
            var evening = EveningBefore(facts, policy, retailersZone);
            Sooner(evening is { } at && at > now ? at : NextEvening(now, ZoneOf(facts, retailersZone), policy.EveningHour));
        }
        return due;
    }

    // An offer is judged when the parcel is there; one that never comes is asked about all the same, two weeks later. A claim's end is the end.
    private DateTimeOffset? AskAt(Recovery recovery, ParcelFacts? facts, ClaimPolicy claims)
    {
        if (recovery.AskedAt is not null || !recovery.Accepted) return null;
        var ask = recovery.At.AddDays(claims.SurveyAfterDays);
        return facts is null || facts.Status.IsTerminal() || Find(recovery.Id) is not null ? ask : ask.AddDays(14);
    }

    /// <summary>The page was opened. Remembered after delivery only, at most once an hour and not for ever.</summary>
    public CaseDecision See(string useId, DateTimeOffset at, DateTimeOffset now)
        => Views.Length >= MaxViews || Views.Any(v => v.UseId == useId && (at - v.At).Duration() < TimeSpan.FromHours(1)) ? CaseDecision.Nothing : new CaseDecision(null, Append(now, [new PageSeen(useId, at)]));

    // ---- recoveries and how they went down -------------------------------------------------------------------------------

    public CaseDecision Recover(string id, string cause, string remedy, Money? cost, bool accepted, DateTimeOffset now, string? language = null)
        => Recoveries.Any(r => r.Id == id) || Recoveries.Length >= MaxRecoveries ? CaseDecision.Nothing : new CaseDecision(null, Append(now, [new RecoveryRecorded(id, cause, remedy, cost, accepted, language)]));

    /// <summary>The survey's answer. The first counts: one who clicks through five smilies means the first as little as the last.</summary>
    public CaseDecision Rate(int score, DateTimeOffset now)
    {
        if (score is < 1 or > 5) return CaseDecision.Refuse("score-range", "The answer is a number from 1 to 5.");
        var asked = Recoveries.FirstOrDefault(r => r.AskedAt is not null && r.Score is null);
        return asked is null ? CaseDecision.Nothing : new CaseDecision(null, Append(now, [new SatisfactionAnswered(asked.Id, score)]));
    }

    public CaseDecision BuyAgain(string recoveryId, DateTimeOffset now)
        => Recoveries.Any(r => r.Id == recoveryId && !r.BoughtAgain) ? new CaseDecision(null, Append(now, [new BoughtAgain(recoveryId)])) : CaseDecision.Nothing;

    // ---- remembering -----------------------------------------------------------------------------------------------------

    public ParcelCase Apply(CaseAppend append)
    {
        var next = this with { Version = Version + 1, RecordedAt = append.RecordedAt };
        if (append.Personal is { } personal && (personal.Name ?? personal.Email) is not null) next = next with { Contact = (personal.Name, personal.Email) };
        foreach (var happened in append.Events) next = next.Apply(happened, append.RecordedAt);
        return next;
    }

    private ParcelCase Apply(CaseEvent happened, DateTimeOffset at) => happened switch
    {
        SignatureExpected e => this with
        {
            Language = e.Language ?? Language,
            Signature = new SignatureExpectation { Required = e.Required, Rule = e.Rule, Why = e.Why, SetAt = at, ToldAt = Signature?.ToldAt, Answer = Signature?.Answer, AnsweredAt = Signature?.AnsweredAt },
        },
        SignatureAnswered e => this with { Signature = Signature! with { Answer = e.Answer, AnsweredAt = at } },
        AttemptMissed e => this with { Missed = Missed.SetItem(e.UseId, e.Count) },
        PageSeen e => this with { Views = Views.Add(e) },
        ClaimOpened e => this with
        {
            Language = e.Language ?? Language,
            Claims = Claims.Add(new Claim
            {
                Id = e.Id, UseId = e.UseId, Kind = e.Kind, Line = e.Line, Order = e.Order, Wish = e.Wish, Value = e.Value, Claimant = e.Claimant, Reference = e.Reference, FiledBy = e.FiledBy,
                OpenedAt = at, Status = ClaimStatus.Open,
            }),
        },
        ClaimWeighed e => WithClaim(e.Id, c => c with
        {
            Path = e.Path, Score = e.Score, Evidence = e.Evidence, Reasons = e.Reasons, Amount = e.Amount, ShipmentVersion = e.ShipmentVersion, Policy = e.Policy,
            Status = e.Path == ClaimPath.Person ? ClaimStatus.Open : ClaimStatus.Settling,
        }),
        ClaimDecided e => WithClaim(e.Id, c => c with
        {
            Status = e.Granted ? ClaimStatus.Granted : ClaimStatus.Declined, Remedy = e.Remedy, Amount = e.Amount, DecidedAt = at, DecidedBy = e.By,
            Reasons = e.By == Policy ? c.Reasons : c.Reasons.Add(e.Why),
        }),
        NoticeOwed e => this with
        {
            Told = Told.Add(Name(e)),
            Signature = Signature is { ToldAt: null } untold && (e.Kind is "signature-needed" or "shipped" or "signature-evening-before") ? untold with { ToldAt = at } : Signature,
        },
        RecoveryRecorded e => this with { Language = e.Language ?? Language, Recoveries = Recoveries.Add(new Recovery { Id = e.Id, Cause = e.Cause, Remedy = e.Remedy, Cost = e.Cost, Accepted = e.Accepted, At = at }) },
        SatisfactionAsked e => WithRecovery(e.RecoveryId, r => r with { AskedAt = at }),
        SatisfactionAnswered e => WithRecovery(e.RecoveryId, r => r with { Score = e.Score }),
        BoughtAgain e => WithRecovery(e.RecoveryId, r => r with { BoughtAgain = true }),
        _ => throw new UnreachableException($"No rule for {happened.GetType().Name}."),
    };

    private ParcelCase WithClaim(string claimId, Func<Claim, Claim> change) => this with { Claims = [.. Claims.Select(c => c.Id == claimId ? change(c) : c)] };

    private ParcelCase WithRecovery(string recoveryId, Func<Recovery, Recovery> change) => this with { Recoveries = [.. Recoveries.Select(r => r.Id == recoveryId ? change(r) : r)] };

    private ImmutableArray<CaseEvent> Owe(ImmutableArray<CaseEvent> events, NoticeOwed notice)
        => Told.Contains(Name(notice)) || events.Any(e => e is NoticeOwed owed && Name(owed) == Name(notice)) ? events : events.Add(notice);

    private static string Name(NoticeOwed notice) => $"{notice.Kind}|{notice.Cause}";

    private CaseAppend Append(DateTimeOffset now, ImmutableArray<CaseEvent> events, CasePersonal? personal = null)
        => new(RecordedTime.Next(now, RecordedAt), events, personal is { IsEmpty: false } ? personal : null);

    // ---- evenings --------------------------------------------------------------------------------------------------------

    private static DateTimeOffset? EveningBefore(ParcelFacts facts, SignaturePolicy policy, TimeZoneInfo retailersZone)
        => facts.From is { } day ? At(day.AddDays(-1), policy.EveningHour, ZoneOf(facts, retailersZone)) : null;

    private static DateTimeOffset NextEvening(DateTimeOffset now, TimeZoneInfo zone, int hour)
    {
        var today = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(now, zone).DateTime);
        var evening = At(today, hour, zone);
        return evening > now ? evening : At(today.AddDays(1), hour, zone);
    }

    private static TimeZoneInfo ZoneOf(ParcelFacts facts, TimeZoneInfo retailersZone) => facts.Zone is { } zone && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) ? found : retailersZone;

    private static DateTimeOffset At(DateOnly day, int hour, TimeZoneInfo zone)
    {
        var local = day.ToDateTime(new TimeOnly(hour, 0));   // clocks are never changed in the evening
        return new DateTimeOffset(local, zone.GetUtcOffset(local));
    }
}
