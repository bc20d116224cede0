using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Testing;

namespace Tracking.Domain.Tests.Shipments;

/// <summary>Appends as releases stored them, one file each in <c>Recorded</c>. A file there is never changed: what was written once is read for ever, and means the same.</summary>
public sealed class RecordedAppendTests
{
    public static TheoryData<string> Files => [.. Directory.GetFiles(Folder(), "*.json").Select(static file => Path.GetFileName(file)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Files))]
    public void What_a_release_stored_is_read_and_written_alike(string file)
    {
        var stored = File.ReadAllBytes(Path.Combine(Folder(), file)).AsSpan().TrimEnd((byte)'\n').ToArray();

        var append = ShipmentJson.Read(stored);

        var again = new ArrayBufferWriter<byte>();
        ShipmentJson.WriteOpen(again, append);
        Encoding.UTF8.GetString(again.WrittenSpan).ShouldBe(Encoding.UTF8.GetString(stored));
        A.Shipment().Apply(append).Version.ShouldBe(1);
    }

    [Fact]
    public void Every_kind_of_event_is_among_them()
    {
        if (Environment.GetEnvironmentVariable("TRACKING_RECORD") == "1") Record();
        var kinds = Directory.GetFiles(Folder(), "*.json").SelectMany(static file => ShipmentJson.Read(File.ReadAllBytes(file).AsSpan().TrimEnd((byte)'\n')).Events).Select(static e => e.GetType()).ToHashSet();

        typeof(ShipmentEvent).Assembly.GetTypes().Where(static type => type.BaseType == typeof(ShipmentEvent)).Except(kinds).ShouldBeEmpty();
    }

    private static void Record()
    {
        var scan = A.Scan(Milestone.OutForDelivery, "2025-03-11T08:00:00-05:00", code: "OT", city: "Duluth", modifiers: Modifiers.Delayed, reason: Reason.ExternalWeather, eventId: "e-1", published: "2025-03-11T13:05:00Z");
        var at = A.LongAfter;
        var estimate = new DeliveryEstimate { P10 = at, P50 = at.AddDays(1), P90 = at.AddDays(2), From = new DateOnly(2026, 1, 1), To = new DateOnly(2026, 1, 3), Confidence = 0.8, SnapshotId = 7 };
        var append = new ShipmentAppend(at, [new RecordedScan(scan, at.AddSeconds(-1))],
        [
            new UseOpened(0, null, scan.Key), new MilestoneReached(0, Milestone.InTransit, Milestone.OutForDelivery, Modifiers.Delayed, Reason.ExternalWeather, at, scan.Key),
            new EstimateIssued(0, estimate, JourneyStage.Transit, at), new WindowShown(0, new ShownWindow(new DateOnly(2026, 1, 1), new DateOnly(2026, 1, 3), 0.8, at, 7, WindowReason.First)),
            new WentSilent(0, at, at.AddHours(1), at.AddHours(2)), new LinkIssued(0, "link", 1),
        ]);
        var written = new ArrayBufferWriter<byte>();
        ShipmentJson.WriteOpen(written, append);
        File.WriteAllBytes(Path.Combine(Folder(), "0.1.0-all-events.json"), [.. written.WrittenSpan, (byte)'\n']);
    }

    private static string Folder([CallerFilePath] string here = "") => Path.Combine(Path.GetDirectoryName(here)!, "Recorded");
}
