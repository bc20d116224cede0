using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;
using Tracking.Web.Http;

namespace Tracking.Web.Changes;

/// <summary>
/// Brings recipients' requests to the shop as Standard Webhooks (<c>webhook-id</c> is the request's id, so a repeat is recognised). The shop answers later by
/// <c>POST /v1/shipments/{carrier}/{number}/changes/{id}</c>. Without an address the request stays asked until the shop reads it.
/// </summary>
public sealed class RetailerWebhook : ICarrierIntercept, IDisposable
{
    private readonly IConfiguration _configuration;
    private readonly TimeProvider _clock;
    private readonly HttpClient _client;

    public RetailerWebhook(IConfiguration configuration, TimeProvider clock) : this(configuration, clock, OutgoingWebhook.Guarded()) { }

    internal RetailerWebhook(IConfiguration configuration, TimeProvider clock, HttpMessageHandler handler)
    {
        (_configuration, _clock) = (configuration, clock);
        _client = OutgoingWebhook.Client(handler);
    }

    public async ValueTask<InterceptAnswer> AskAsync(InterceptRequest request, CancellationToken cancel = default)
    {
        var options = Of(_configuration, request.Shipment.Retailer);
        if (options.Url is not { Length: > 0 } url || !OutgoingWebhook.IsSecret(options.Secret)) return new InterceptAnswer(ChangeState.Asked);

        var body = JsonSerializer.SerializeToUtf8Bytes(new
        {
            type = "delivery.change.asked",
            timestamp = request.AskedAt.ToString("O", CultureInfo.InvariantCulture),
            data = new { id = request.Id, carrier = request.Shipment.Carrier, trackingNumber = request.Shipment.Number, kind = request.Kind.Name(), day = request.Day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), words = request.Words },
        });
        using var answer = await OutgoingWebhook.SendAsync(_client, url, options.Secret, request.Id, _clock.GetUtcNow(), body, options.TimeoutSeconds, cancel).ConfigureAwait(false);
        // Gone: the shop takes no requests any more. Anything else that is no success is tried again.
        if (answer.StatusCode == HttpStatusCode.Gone) return new InterceptAnswer(ChangeState.Refused);
        if (!answer.IsSuccessStatusCode) throw new HttpRequestException($"The shop's address answered {(int)answer.StatusCode}.");
        return new InterceptAnswer(ChangeState.Asked);
    }

    public void Dispose() => _client.Dispose();

    internal static ChangeOptions Of(IConfiguration configuration, string retailer)
        => configuration.GetSection("Retailers").GetSection(retailer).GetSection("Changes").Get<ChangeOptions>() ?? new ChangeOptions();

    /// <summary>Everything wrong with where requests go, a sentence each.</summary>
    public static IReadOnlyList<string> Check(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var retailer in configuration.GetSection("Retailers").GetChildren())
        {
            var options = Of(configuration, retailer.Key);
            if (options.Url is not { Length: > 0 } url) continue;
            problems.AddRange(OutgoingWebhook.Problems($"Retailers:{retailer.Key}:Changes", url, options.Secret));
        }
        return problems;
    }
}
