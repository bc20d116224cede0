using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Tracking.Grains.Telemetry;
using Tracking.Silo.Commands;
using Tracking.Silo.Hosting;
using Tracking.Web.Live;
using Tracking.Web.Pages;
using Tracking.Web.Scans;

namespace Tracking.Silo.Telemetry;

/// <summary>Metrics for whoever scrapes, traces and metrics by OTLP for whoever sets <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
internal static class TelemetrySetup
{
    private static readonly string[] Meters = ["Tracking.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Http.Connections", "System.Runtime", "Npgsql", "Microsoft.Orleans"];

    public static void AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(provider => new ProcessMetrics(configuration.GetSection("Telemetry").Get<TelemetryOptions>() ?? new(), SiloConfiguration.DataFolder(configuration), provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService(provider => new Providers(provider.GetRequiredService<PrometheusText>(), configuration, provider));
        services.AddSingleton(new PrometheusText(IsOurs));
    }

    public static void MapMetrics(this WebApplication app)
        => app.MapGet("/metrics", (PrometheusText exporter) => Results.Text(exporter.Scrape(), "text/plain; version=0.0.4; charset=utf-8"))
            .WithName("Metrics").WithTags("Operations").WithSummary("Every instrument in the Prometheus text format.").Produces(200, contentType: "text/plain");

    private static bool IsOurs(string meter) => Array.Exists(Meters, pattern => pattern.EndsWith('*') ? meter.StartsWith(pattern[..^1], StringComparison.Ordinal) : meter == pattern);

    private sealed class Providers(PrometheusText exporter, IConfiguration configuration, IServiceProvider services) : IHostedService
    {
        private MeterProvider? _metrics;
        private TracerProvider? _traces;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            // Made here, so that their instruments exist before the first scrape.
            services.GetRequiredService<ProcessMetrics>();
            var (ingest, grains) = (services.GetRequiredService<IngestMetrics>(), services.GetRequiredService<TrackingMetrics>());
            services.GetRequiredService<LiveMetrics>();
            services.GetRequiredService<PageMetrics>();
            var resource = ResourceBuilder.CreateDefault().AddService("tracking-actors", serviceVersion: VersionCommand.Version);
            var otlp = configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] is { Length: > 0 };
            var metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Meters)
                .AddView(instrument => instrument is Histogram<double> or Histogram<float> && instrument.Name.EndsWith("_seconds", StringComparison.Ordinal)
                    ? new ExplicitBucketHistogramConfiguration { Boundaries = Bounds(instrument.Name) } : null)
                .AddReader(new BaseExportingMetricReader(exporter) { TemporalityPreference = MetricReaderTemporalityPreference.Cumulative });
            if (otlp) metrics.AddOtlpExporter();
            _metrics = metrics.Build();
            ingest.StartAtZero();
            grains.StartAtZero();
            if (otlp) _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Tracking.*", "Microsoft.AspNetCore").AddOtlpExporter().Build();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _metrics?.Dispose();
            _traces?.Dispose();
            return Task.CompletedTask;
        }

        // How far off a window was in days, how late a scan is told in hours; everything else in fractions of a second.
        private static readonly double[] Days = [-5, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 5, 10];

        private static double[] Bounds(string name) => name.Contains("estimate_error", StringComparison.Ordinal) ? [.. Days.Select(static days => days * 86_400)]
            : name.Contains("lateness", StringComparison.Ordinal) || name.Contains("lag", StringComparison.Ordinal)
            ? [1, 10, 60, 300, 900, 3600, 3 * 3600, 12 * 3600, 24 * 3600, 3 * 24 * 3600]
            : [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    }
}
