using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tracking.Carriers;
using Tracking.Carriers.Normalized;
using Tracking.Domain.Estimates;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Bench;
using Tracking.Grains.Shipments;
using Tracking.Journal;

// What one scan costs, stage by stage: bytes allocated (exact) and processor time of the process (a busy machine shows nearly the same as an idle one).
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const int parcels = 20_000;
var now = DateTimeOffset.UtcNow;
var context = new FeedContext { Feed = "scans", Channel = "api", ReceivedAt = now };
if (args is ["memory", var many])
{
    var count = int.Parse(many, CultureInfo.InvariantCulture) / 500 * 500;
    await GrainBench.MemoryAsync(count, p => ShipmentKey.Parse($"demo/ups/1Z999AA1{p:0000000000}"), (p, step) => Parse(Line(p, step, now)));
    return;
}
var lines = Enumerable.Range(0, parcels).Select(p => Enumerable.Range(0, 10).Select(n => Line(p, n, now)).ToArray()).ToArray();

var keys = Enumerable.Range(0, parcels).Select(p => ShipmentKey.Parse($"demo/ups/1Z999AA1{p:0000000000}")).ToArray();
var shipments = new Shipment[parcels];
var appends = new ShipmentAppend[parcels];

for (var p = 0; p < parcels; p++) shipments[p] = Grown(p, 8);
Say("parse a line", Cost(p => _ = Parse(lines[p][8])));
var scans = Enumerable.Range(0, parcels).Select(p => Parse(lines[p][8])).ToArray();
Say("dedup key", Cost(p => _ = scans[p].Key));
Say("decide (9th scan)", Cost(p => appends[p] = shipments[p].Record([scans[p]], now, now, EddSnapshot.ColdStart).Append!));
Say("apply (replay of it)", Cost(p => _ = shipments[p].Apply(appends[p])));
Say("encode the append", Cost(p => _ = AppendCodec.Encode(ShipmentStream.Of(keys[p]), 9, appends[p], [], null)));
Say("snapshot for the head", Cost(p => _ = ShipmentSnapshot.Write(shipments[p])));
Say("when to wake", Cost(p => _ = ShipmentClock.DueAt(shipments[p], EddSnapshot.ColdStart, now)));
var snapshots = shipments.Select(ShipmentSnapshot.Write).ToArray();
Say("read a snapshot", Cost(p => _ = ShipmentSnapshot.Read(keys[p], snapshots[p], now)));
var rows = appends.Select((a, p) => AppendCodec.Encode(ShipmentStream.Of(keys[p]), 9, a, [], null).Open.ToArray()).ToArray();
Say("read an append", Cost(p => _ = ShipmentJson.Read(rows[p])));
Console.WriteLine($"{"a row",-28} {rows.Average(r => r.Length),10:N0} bytes open; a snapshot {snapshots.Average(s => s.Length):N0} bytes of 8 scans");

shipments = new Shipment[parcels];
appends = [];
rows = snapshots = [];
var before = Held();
for (var p = 0; p < parcels; p++) shipments[p] = Grown(p, 8);
Console.WriteLine($"{"a shipment of 8 scans",-28} {(Held() - before) / parcels,10:N0} bytes held");
shipments = [];
await GrainBench.RunAsync(keys, scans, p => Parse(lines[p][9]), Say);

Shipment Grown(int parcel, int steps)
{
    var shipment = Shipment.Unseen(ShipmentKey.Parse($"demo/ups/1Z999AA1{parcel:0000000000}"));
    for (var n = 0; n < steps; n++) shipment = shipment.Record([Parse(lines[parcel][n])], now, now.AddMilliseconds(n), EddSnapshot.ColdStart).Next;
    return shipment;
}

Scan Parse(byte[] line)
{
    var json = new Utf8JsonReader(line);
    json.Read();
    return NormalizedScans.TryRead(ref json, context, out var problem) ?? throw new InvalidOperationException(problem!.Detail);
}

static byte[] Line(int parcel, int step, DateTimeOffset now) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture,
    $"{{\"carrier\":\"ups\",\"trackingNumber\":\"1Z999AA1{parcel:0000000000}\",\"eventId\":\"L000001-{parcel * 10 + step}\",\"status\":\"IN_TRANSIT\",\"code\":\"{(step % 2 == 0 ? "AR" : "DP")}\",\"occurredAt\":\"{now.AddDays(-30).AddHours(step):yyyy-MM-ddTHH:mm:ss}-05:00\",\"place\":{{\"city\":\"Louisville\",\"region\":\"KY\",\"postalCode\":\"40209\",\"country\":\"US\",\"facilityId\":\"HUB-SDF\"}}}}"));

static long Held() => GC.GetTotalMemory(forceFullCollection: true);

static void Say(string stage, (double Bytes, double Micros) cost) => Console.WriteLine($"{stage,-28} {cost.Bytes,10:N0} bytes {cost.Micros,8:N2} µs");

static (double Bytes, double Micros) Cost(Action<int> work)
{
    var best = (Bytes: double.MaxValue, Micros: double.MaxValue);
    for (var round = 0; round < 8; round++)
    {
        var (bytes, cpu) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CpuUsage.TotalTime);
        for (var p = 0; p < parcels; p++) work(p);
        best = (Math.Min(best.Bytes, (GC.GetAllocatedBytesForCurrentThread() - bytes) / (double)parcels), Math.Min(best.Micros, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / parcels));
    }
    return best;
}
