using System.Globalization;
using System.Text;
using System.Text.Json;
using Tracking.Contracts.Ports;
using Tracking.Contracts.Promotions;
using Tracking.Domain.Recovery;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Recovery;

namespace Tracking.Grains.Promotions;

/// <summary>Stores what the shop's promotion system is to hear, before anyone tries to tell it: a shop that is away holds up nothing and misses nothing.</summary>
public sealed class PromotionSender(IGrainFactory grains, IPromotionChannel channel) : IPromotions
{
    public Task SendAsync(OrderKey order, string what, RecoveryDecision decision, RemedyKind? remedy, string? code, DateTimeOffset at, CancellationToken cancel)
        => channel.IsOpen(order.Retailer)
            ? grains.GetGrain<IPromotionGrain>(order.ToString()).Owe(new PromotionMessage(IdOf(decision.Offer, what), what, Body(order, what, decision, remedy, code, at)))
            : Task.CompletedTask;

    /// <summary>The offer's id with what became of it: the same on every try, after every crash.</summary>
    public static string IdOf(string offer, string what) => $"{offer}-{what[(what.IndexOf('.', StringComparison.Ordinal) + 1)..]}";

    private static string Body(OrderKey order, string what, RecoveryDecision decision, RemedyKind? remedy, string? code, DateTimeOffset at)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("type", what);
            json.WriteString("timestamp", at.UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
            json.WriteStartObject("data");
            json.WriteString("offer", decision.Offer);
            json.WriteString("order", order.Order);
            json.WriteString("cause", decision.Cause.Cause.Name());
            json.WriteNumber("policyVersion", decision.PolicyVersion);
            json.WriteString("currency", decision.Currency);
            if (decision.ExpiresAt is { } until) json.WriteString("expiresAt", until.UtcDateTime);
            if (remedy is { } taken)
            {
                json.WriteString("remedy", taken.Name());
                if (code is not null) json.WriteString("code", code);
            }
            json.WriteStartArray("remedies");
            foreach (var one in decision.Remedies.Where(r => remedy is null || r.Kind == remedy))
            {
                json.WriteStartObject();
                json.WriteString("kind", one.Kind.Name());
                json.WriteNumber("cost", one.Cost);
                if (one.Percent is { } percent) json.WriteNumber("percent", percent);
                if (one.Item is not null) json.WriteString("item", one.Item);
                if (one.Price is { } price) json.WriteNumber("price", price);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
