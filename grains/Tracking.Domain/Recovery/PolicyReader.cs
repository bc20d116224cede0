using System.Globalization;
using System.Text.Json;
using Tracking.Domain.Vocabulary;

namespace Tracking.Domain.Recovery;

/// <summary>What is wrong with a policy file, where, and what would make it right.</summary>
public sealed record PolicyProblem(int Line, string Problem, string Fix)
{
    public override string ToString() => $"line {Line}: {Problem} {Fix}";
}

/// <summary>
/// Reads a policy as people write it (JSON; comments and trailing commas are fine). All problems are found at once, each with its line and what to do. A policy
/// with a problem is not used at all: the last good one stays.
/// </summary>
public static class PolicyReader
{
    /// <summary>The policy, or null with at least one problem.</summary>
    /// <param name="retailerCurrency">The shop's own currency; a policy in another is refused. Null: any.</param>
    public static RecoveryPolicy? Read(ReadOnlySpan<byte> json, string? retailerCurrency, out IReadOnlyList<PolicyProblem> problems)
    {
        var reading = new Reading(retailerCurrency);
        var policy = PolicyNode.TryParse(json, out var root, out var unreadable) ? reading.Policy(root) : null;
        if (unreadable is not null) reading.Problems.Add(unreadable);
        problems = [.. reading.Problems.OrderBy(p => p.Line)];
        return problems.Count == 0 ? policy : null;
    }

    private sealed class Reading(string? retailerCurrency)
    {
        public List<PolicyProblem> Problems { get; } = [];

        public RecoveryPolicy Policy(PolicyNode root)
        {
            Known(root, "version", "currency", "zone", "since", "settleMinutes", "maxAgeHours", "missProbability", "silenceRate", "coolDownHours", "spacingDays", "budget", "rules", "campaigns",
                "holidays", "codePrefix");
            var currency = Text(root, "currency") ?? retailerCurrency ?? "";
            if (Currencies.Digits(currency) is null) Wrong(root["currency"] ?? root, $"'{currency}' is no currency with minor units.", "Write an ISO 4217 code such as \"EUR\".");
            else if (retailerCurrency is not null && currency != retailerCurrency) Wrong(root["currency"] ?? root, $"The policy is in {currency} and the shop in {retailerCurrency}.", $"Write \"currency\": \"{retailerCurrency}\".");
            var zone = Text(root, "zone") ?? "Etc/UTC";
            if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out _)) Wrong(root["zone"] ?? root, $"'{zone}' is no IANA zone.", "Write one such as \"Europe/Berlin\".");

            var budget = root["budget"];
            long perDay = 0;
            if (budget is null) Wrong(root, "There is no budget: the policy would spend without limit.", "Add \"budget\": { \"perDay\": 50000 } (minor units).");
            else
            {
                Known(budget, "perDay", "currency");
                if (budget["currency"] is { } other && other.Text != currency) Wrong(other, $"The budget is in {other.Text} and the policy in {currency}.", $"Write \"currency\": \"{currency}\", or leave it out.");
                if (budget["perDay"] is null) Wrong(budget, "The budget has no amount per day: the policy would spend without limit.", "Add \"perDay\": 50000 (minor units).");
                else perDay = Amount(budget, "perDay") ?? 0;
            }

            var rules = Rules(root, currency);
            var campaigns = Campaigns(root, currency);
            if (rules.IsEmpty && campaigns.IsEmpty) Wrong(root["rules"] ?? root, "There is no rule.", "Add at least one to \"rules\".");
            var ids = new HashSet<string>(StringComparer.Ordinal);
            foreach (var rule in rules.Concat(campaigns.SelectMany(c => c.Rules)))
                if (!ids.Add(rule.Id)) Wrong(root["rules"] ?? root, $"Two rules are called '{rule.Id}'.", "Give each a name of its own.");
            return new RecoveryPolicy
            {
                Version = (int)(Whole(root, "version", 1, int.MaxValue) ?? Missing(root, "version", "\"version\": 1; raise it with every change")),
                Currency = currency, Zone = zone,
                Since = Instant(root, "since") ?? DateTimeOffset.MinValue,
                Settle = TimeSpan.FromMinutes(Number(root, "settleMinutes", 0, 10_080) ?? 10),
                MaxAge = TimeSpan.FromHours(Number(root, "maxAgeHours", 1, 8_760) ?? 72),
                Thresholds = new Thresholds(Number(root, "missProbability", 0.5, 0.99) ?? 0.7, Number(root, "silenceRate", 0.0001, 0.1) ?? 0.005),
                CoolDown = TimeSpan.FromHours(Number(root, "coolDownHours", 0, 8_760) ?? 72),
                SpacingDays = (int)(Whole(root, "spacingDays", 0, 3_650) ?? 30),
                BudgetPerDay = perDay,
                Rules = rules, Campaigns = campaigns, Holidays = Holidays(root),
                CodePrefix = Prefix(root),
            };
        }

        private ImmutableArray<RecoveryRule> Rules(PolicyNode of, string currency)
        {
            var rules = ImmutableArray.CreateBuilder<RecoveryRule>();
            foreach (var node in Items(of, "rules")) rules.Add(Rule(node, currency));
            return rules.ToImmutable();
        }

        private RecoveryRule Rule(PolicyNode node, string currency)
        {
            Known(node, "id", "causes", "when", "shipments", "minSlipDays", "who", "remedies", "expiresDays", "remindDays", "whenRestored");
            var id = Text(node, "id");
            if (id is null || id.Length is 0 or > 60) Wrong(node["id"] ?? node, "A rule needs a name of 1 to 60 characters.", "Add \"id\": \"late-parcels\".");
            var causes = ImmutableArray.CreateBuilder<Cause>();
            foreach (var cause in Items(node, "causes"))
                if (Causes.TryParse(cause.Text, out var known)) causes.Add(known);
                else Wrong(cause, $"'{cause.Text}' is no cause.", $"Write one of {string.Join(", ", Causes.AllNames)}.");
            if (node["causes"] is null) Wrong(node, "The rule names no causes.", "Add \"causes\": [\"predicted-promise-miss\"].");

            var remedies = ImmutableArray.CreateBuilder<RemedyRule>();
            foreach (var remedy in Items(node, "remedies"))
            {
                Known(remedy, "kind", "cost", "percent", "item", "currency", "pool", "whenEmpty");
                if (!Remedies.TryParse(Text(remedy, "kind"), out var kind))
                {
                    Wrong(remedy["kind"] ?? remedy, $"'{remedy["kind"]?.Text}' is no remedy.", $"Write one of {string.Join(", ", Remedies.AllNames)}.");
                    continue;
                }
                if (remedy["currency"] is { } other && other.Text != currency) Wrong(other, $"The remedy is in {other.Text} and the policy in {currency}.", "Leave the currency out.");
                var free = kind is RemedyKind.Apology or RemedyKind.WaitAndSee;
                var cost = Amount(remedy, "cost");
                if (cost is null && !free && remedy["cost"] is null) Wrong(remedy, $"The remedy {kind.Name()} has no cost, so no budget could be kept.", "Add \"cost\": 500 (minor units; 0 if it costs nothing).");
                if (remedies.Any(r => r.Kind == kind)) Wrong(remedy, $"The remedy {kind.Name()} stands twice; a choice needs different ones.", "Remove one.");
                var pool = Text(remedy, "pool");
                if (pool is not null && !CodePool.IsName(pool)) Wrong(remedy["pool"]!, $"'{pool}' is no name of a pool.", "Write 1 to 40 small letters, digits and hyphens; its codes stand in codes/{retailer}/{pool}.txt, one a line.");
                else if (pool is not null && !kind.HasCode()) Wrong(remedy["pool"]!, $"The remedy {kind.Name()} has no code, so it needs no pool.", "Leave the pool out.");
                if (pool is null && remedy["whenEmpty"] is { } useless) Wrong(useless, "'whenEmpty' says what happens when a pool is used up, and there is no pool.", "Add \"pool\": \"ten-percent\", or leave it out.");
                remedies.Add(new RemedyRule(kind, cost ?? 0, (int?)Whole(remedy, "percent", 1, 100), Text(remedy, "item"), pool, Choice(remedy, "whenEmpty", ("generate", false), ("withhold", true))));
            }
            if (remedies.Count > 5) Wrong(node["remedies"]!, "More than five remedies are no choice any more.", "Leave the best five.");

            var expires = (int)(Whole(node, "expiresDays", 1, 365) ?? 14);
            var remind = (int?)Whole(node, "remindDays", 1, 365);
            if (remind >= expires) Wrong(node["remindDays"]!, $"The reminder after {remind} days comes when the offer has expired ({expires} days).", $"Write less than {expires}, or leave it out.");
            return new RecoveryRule
            {
                Id = id ?? "", Causes = causes.ToImmutable(),
                When = Choice(node, "when", ("any", PromiseSide.Any), ("before-promise", PromiseSide.Before), ("after-promise", PromiseSide.After)),
                AllShipments = Choice(node, "shipments", ("one", false), ("all", true)),
                MinSlipDays = (int)(Whole(node, "minSlipDays", 0, 365) ?? 0),
                Who = Who(node["who"]),
                Remedies = remedies.ToImmutable(), ExpiresDays = expires, RemindDays = remind,
                EndsWhenRestored = Choice(node, "whenRestored", ("keep", false), ("end", true)),
            };
        }

        private Qualification Who(PolicyNode? node)
        {
            if (node is null) return new Qualification();
            Known(node, "tiers", "minValue", "maxValue", "anonymous", "withoutOrder", "gift", "occasion", "countries", "parties");
            var (least, most) = (Amount(node, "minValue"), Amount(node, "maxValue"));
            if (least > most) Wrong(node["minValue"]!, "minValue is above maxValue, so nobody qualifies.", "Exchange them.");
            var parties = ImmutableArray.CreateBuilder<Party>();
            foreach (var party in Items(node, "parties"))
                if (Enum.TryParse<Party>(party.Text, ignoreCase: true, out var known) && party.Text is { Length: > 0 } && char.IsLetter(party.Text[0])) parties.Add(known);
                else Wrong(party, $"'{party.Text}' is no party.", "Write carrier, retailer, consignee, customs, weather or other.");
            return new Qualification
            {
                Tiers = Texts(node, "tiers"), MinValue = least, MaxValue = most, Anonymous = Flag(node, "anonymous") ?? true, WithoutOrder = Flag(node, "withoutOrder") ?? true,
                Gift = Flag(node, "gift"), Occasion = Flag(node, "occasion"), Countries = Texts(node, "countries"), Parties = parties.ToImmutable(),
            };
        }

        private ImmutableArray<Campaign> Campaigns(PolicyNode root, string currency)
        {
            var campaigns = new List<(Campaign Campaign, PolicyNode Node)>();
            foreach (var node in Items(root, "campaigns"))
            {
                Known(node, "id", "from", "to", "budget", "currency", "rules");
                var id = Text(node, "id") ?? "";
                if (id.Length is 0 or > 40 || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')) Wrong(node["id"] ?? node, "A campaign needs a name of 1 to 40 letters, digits and hyphens.", "Add \"id\": \"winter-2026\".");
                var (from, to) = (Day(node, "from"), Day(node, "to"));
                if (from is null || to is null) Wrong(node, "A campaign needs its first and last day.", "Add \"from\": \"2026-12-01\", \"to\": \"2026-12-26\".");
                else if (from > to) Wrong(node["from"]!, "The campaign ends before it begins.", "Exchange \"from\" and \"to\".");
                if (node["currency"] is { } other && other.Text != currency) Wrong(other, $"The campaign's budget is in {other.Text} and the policy in {currency}.", $"Write \"currency\": \"{currency}\", or leave it out.");
                if (node["budget"] is null) Wrong(node, $"The campaign {id} has no budget: it would spend without limit.", "Add \"budget\": 1000000 (minor units).");
                var campaign = new Campaign(id, from ?? default, to ?? default, Amount(node, "budget") ?? 0, Rules(node, currency));
                foreach (var (known, _) in campaigns)
                {
                    if (known.Id == id) Wrong(node["id"] ?? node, $"Two campaigns are called '{id}'; they would share a purse.", "Give each a name of its own.");
                    if (known.From <= campaign.To && campaign.From <= known.To && from is not null && to is not null)
                        Wrong(node["from"] ?? node, $"The campaigns {known.Id} and {id} overlap, so it is open which one pays.", $"Begin {id} after {known.To:yyyy-MM-dd}, or end {known.Id} before {campaign.From:yyyy-MM-dd}.");
                }
                campaigns.Add((campaign, node));
            }
            return [.. campaigns.Select(c => c.Campaign)];
        }

        private ImmutableArray<HolidayRule> Holidays(PolicyNode root)
        {
            var holidays = ImmutableArray.CreateBuilder<HolidayRule>();
            foreach (var node in Items(root, "holidays"))
            {
                Known(node, "from", "to", "rest", "extraSlipDays", "expiresDays", "name");
                var from = Day(node, "from");
                if (from is null) Wrong(node, "A holiday needs its first day.", "Add \"from\": \"2026-12-24\".");
                var to = Day(node, "to") ?? from;
                if (from > to) Wrong(node["from"]!, "The holiday ends before it begins.", "Exchange \"from\" and \"to\".");
                holidays.Add(new HolidayRule(from ?? default, to ?? default, Flag(node, "rest") ?? false, (int)(Whole(node, "extraSlipDays", 0, 60) ?? 0), (int?)Whole(node, "expiresDays", 1, 365)));
            }
            return holidays.ToImmutable();
        }

        private string Prefix(PolicyNode root)
        {
            var prefix = Text(root, "codePrefix") ?? "SORRY";
            if (prefix.Length is 0 or > 12 || !prefix.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c))) Wrong(root["codePrefix"] ?? root, $"'{prefix}' cannot begin a code.", "Write 1 to 12 capital letters and digits.");
            return prefix;
        }

        // ---- small parts -------------------------------------------------------------------------------------------------

        private void Wrong(PolicyNode at, string problem, string fix) => Problems.Add(new PolicyProblem(at.Line, problem, fix));

        private long Missing(PolicyNode at, string name, string fix)
        {
            if (at[name] is null) Wrong(at, $"'{name}' is missing.", $"Add {fix}.");
            return 1;
        }

        private void Known(PolicyNode node, params string[] names)
        {
            if (!node.IsObject) { Wrong(node, "An object in braces is expected here.", "Write { … }."); return; }
            foreach (var (name, value) in node.Members)
                if (!names.Contains(name))
                    Wrong(value, $"'{name}' is not known here.", $"Write one of {string.Join(", ", names)}, or remove it.");
        }

        private IEnumerable<PolicyNode> Items(PolicyNode node, string name)
        {
            if (node[name] is not { } list) return [];
            if (list.IsArray) return list.Items;
            Wrong(list, $"'{name}' is a list.", "Write [ … ].");
            return [];
        }

        private string? Text(PolicyNode node, string name)
        {
            if (node[name] is not { } value) return null;
            if (value.Text is null) Wrong(value, $"'{name}' is a text.", "Write it in quotation marks.");
            return value.Text;
        }

        private ImmutableArray<string> Texts(PolicyNode node, string name)
        {
            var texts = ImmutableArray.CreateBuilder<string>();
            foreach (var item in Items(node, name))
                if (item.Text is { } text) texts.Add(text);
                else Wrong(item, $"'{name}' holds texts.", "Write them in quotation marks.");
            return texts.ToImmutable();
        }

        private bool? Flag(PolicyNode node, string name)
        {
            if (node[name] is not { } value) return null;
            if (value.Flag is null) Wrong(value, $"'{name}' is yes or no.", "Write true or false.");
            return value.Flag;
        }

        private double? Number(PolicyNode node, string name, double least, double most)
        {
            if (node[name] is not { } value) return null;
            if (value.Number is not { } number) { Wrong(value, $"'{name}' is a number.", FormattableString.Invariant($"Write one from {least} to {most}.")); return null; }
            if (number < least || number > most) Wrong(value, FormattableString.Invariant($"'{name}' is {number}."), FormattableString.Invariant($"Write a number from {least} to {most}."));
            return number;
        }

        private long? Whole(PolicyNode node, string name, long least, long most)
        {
            if (Number(node, name, least, most) is not { } number) return null;
            if (number != Math.Floor(number)) Wrong(node[name]!, $"'{name}' is a whole number.", $"Write {Math.Floor(number).ToString(CultureInfo.InvariantCulture)} or {Math.Ceiling(number).ToString(CultureInfo.InvariantCulture)}.");
            return number is >= long.MinValue and <= long.MaxValue ? (long)number : null;
        }

        private long? Amount(PolicyNode node, string name)
        {
            if (node[name] is not { } value) return null;
            if (value.Number is not { } number) { Wrong(value, $"'{name}' is an amount in minor units.", "Write a whole number such as 500 for 5.00."); return null; }
            if (number < 0) { Wrong(value, $"'{name}' is negative.", "Write 0 or more, in minor units."); return null; }
            if (number != Math.Floor(number)) { Wrong(value, $"'{name}' is in minor units and so a whole number.", $"For {number.ToString(CultureInfo.InvariantCulture)} of the main unit write {(number * 100).ToString("F0", CultureInfo.InvariantCulture)}."); return null; }
            if (number > 1e15) { Wrong(value, $"'{name}' is so much that it is no limit.", "Write what may really be spent, in minor units."); return null; }
            return (long)number;
        }

        private DateOnly? Day(PolicyNode node, string name)
        {
            if (node[name] is not { } value) return null;
            if (DateOnly.TryParseExact(value.Text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day)) return day;
            Wrong(value, $"'{value.Text}' is no day.", "Write it as 2026-12-24.");
            return null;
        }

        private DateTimeOffset? Instant(PolicyNode node, string name)
        {
            if (node[name] is not { } value) return null;
            if (value.Text is { } text && (text.EndsWith('Z') || text.LastIndexOf('+') > 10 || text.LastIndexOf('-') > 10)
                && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)) return at;
            Wrong(value, $"'{value.Text}' is no instant with an offset.", "Write it as 2026-11-01T00:00:00Z.");
            return null;
        }

        private T Choice<T>(PolicyNode node, string name, params ReadOnlySpan<(string Name, T Value)> choices)
        {
            if (node[name] is not { } value) return choices[0].Value;
            foreach (var (known, chosen) in choices)
                if (known == value.Text)
                    return chosen;
            var names = new List<string>();
            foreach (var (known, _) in choices) names.Add(known);
            Wrong(value, $"'{value.Text}' is not known for '{name}'.", $"Write {string.Join(" or ", names)}.");
            return choices[0].Value;
        }
    }
}
