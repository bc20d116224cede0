using System.CommandLine;
using System.Text.Json;
using Tracking.Domain.Orders;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Orders;
using Tracking.Grains.Shipments;
using Tracking.Journal;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>
/// Prints what is stored as JSON lines, for verifiers: one line per stored scan with its retailer and journal version, one per decision. Reads only, also beside
/// a running silo. Carriers' texts and names are left out unless asked for.
/// </summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var personal = new Option<bool>("--personal") { Description = "With carriers' texts, names and streets, where their keys still exist." };
        var decisions = new Option<bool>("--decisions") { Description = "With one line per decision as well." };
        var offers = new Option<bool>("--offers") { Description = "With one line per offer that was made, and the order and cause it was made for." };
        var command = new Command("export", "Prints every stored scan as JSON lines.") { personal, decisions, offers };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancel) => RunAsync([.. parsed.UnmatchedTokens], parsed.GetValue(personal), parsed.GetValue(decisions), parsed.GetValue(offers), cancel));
        return command;
    }

    private static async Task<int> RunAsync(string[] settings, bool personal, bool decisions, bool offers, CancellationToken cancel)
    {
        var builder = SiloConfiguration.CreateBuilder(settings);
        var storage = Configured.Storage(builder.Configuration);
        storage.Access = StorageAccess.ReadOnly;
        try
        {
            await using var store = await JournalFactory.OpenAsync(storage, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, cancel);
            await using var output = new BufferedStream(Console.OpenStandardOutput(), 256 * 1024);
            await using var json = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
            var causes = new Dictionary<string, string>(StringComparer.Ordinal);
            await foreach (var row in store.Journal.ReadAllAsync(cancel))
            {
                if (offers && OrderStreams.KeyOf(row.Stream) is { } order) Offers(row, order);
                if (ShipmentStream.KeyOf(row.Stream) is not { } key) continue;
                var append = ShipmentJson.Read(row.Open.Span, personal ? row.Personal.Span : default);
                foreach (var (scan, receivedAt) in append.Scans)
                {
                    json.WriteStartObject();
                    json.WriteString("retailer"u8, key.Retailer);
                    json.WriteString("carrier"u8, key.Carrier);
                    json.WriteString("trackingNumber"u8, key.Number);
                    json.WriteNumber("version"u8, row.Version);
                    json.WriteString("recordedAt"u8, row.RecordedAt.UtcDateTime);
                    json.WriteString("dedupKey"u8, scan.Key.ToString());
                    if (scan.EventId is not null) json.WriteString("eventId"u8, scan.EventId);
                    json.WritePropertyName("scan"u8);
                    ScanJson.Write(json, scan, personal ? ScanParts.All : ScanParts.Open, receivedAt);
                    json.WriteEndObject();
                    Line();
                }
                if (!decisions) continue;
                foreach (var happened in append.Events)
                {
                    json.WriteStartObject();
                    json.WriteString("retailer"u8, key.Retailer);
                    json.WriteString("carrier"u8, key.Carrier);
                    json.WriteString("trackingNumber"u8, key.Number);
                    json.WriteNumber("version"u8, row.Version);
                    json.WriteString("recordedAt"u8, row.RecordedAt.UtcDateTime);
                    json.WritePropertyName("decision"u8);
                    ShipmentJson.WriteEvent(json, happened);
                    json.WriteEndObject();
                    Line();
                }
            }
            await output.FlushAsync(cancel);
            return 0;

            // A stream comes in order: an offer is decided, with its cause, before it is made.
            void Offers(JournalRow row, OrderKey order)
            {
                foreach (var happened in OrderJson.Read(row.Open.Span).Events)
                {
                    if (happened is RemedyDecided { Decision: { IsOffer: true } decision }) causes[decision.Offer] = decision.Cause.ToString();
                    if (happened is not OfferMade made) continue;
                    json.WriteStartObject();
                    json.WriteString("retailer"u8, order.Retailer);
                    json.WriteString("order"u8, order.Order);
                    json.WriteNumber("version"u8, row.Version);
                    json.WriteString("recordedAt"u8, row.RecordedAt.UtcDateTime);
                    json.WriteString("offer"u8, made.Offer);
                    json.WriteString("cause"u8, causes.GetValueOrDefault(made.Offer, "unknown"));
                    json.WriteEndObject();
                    Line();
                }
            }

            void Line()
            {
                json.Flush();
                json.Reset();
                output.WriteByte((byte)'\n');
            }
        }
        catch (StorageStartException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }
}
