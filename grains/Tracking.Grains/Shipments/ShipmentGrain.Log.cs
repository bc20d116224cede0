using Microsoft.Extensions.Logging;
using Tracking.Domain.Vocabulary;

namespace Tracking.Grains.Shipments;

public sealed partial class ShipmentGrain
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "{Shipment} is {Milestone} after {Scans} new scans.")]
    private static partial void LogMilestone(ILogger log, ShipmentKey shipment, Milestone milestone, int scans);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Shipment} went silent: nothing was heard since {LastScanAt:u}.")]
    private static partial void LogSilent(ILogger log, ShipmentKey shipment, DateTimeOffset lastScanAt);

    [LoggerMessage(Level = LogLevel.Information, Message = "The links of {Shipment} were withdrawn; those of generation {Generation} open it now.")]
    private static partial void LogLinksWithdrawn(ILogger log, ShipmentKey shipment, int generation);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Shipment} could not be stored and will be read again: {Problem}")]
    private static partial void LogNotStored(ILogger log, ShipmentKey shipment, string problem);
}
