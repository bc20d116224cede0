using System.Globalization;
using Tracking.Benchmarks;
using Tracking.Carriers;

// Tracking.Benchmarks [format…]: decodes for about a second each and prints events a second and bytes an event. Time is the process's own processor time, so
// that a busy machine shows the same figures as an idle one; the collector's share is in it.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var context = new FeedContext { Feed = "benchmark", ReceivedAt = new DateTimeOffset(2025, 3, 20, 0, 0, 0, TimeSpan.Zero) };
var cases = new List<(FeedDecoder Decoder, string Name, byte[] Message)>
{
    (FeedDecoders.Find("ups")!, "Track API, 25 activities", Messages.UpsTrack(25)),
    (FeedDecoders.Find("ups")!, "Quantum View, 425 kB", Messages.QuantumView()),
    (FeedDecoders.Find("easypost")!, "tracker, 25 details", Messages.EasyPost(25)),
    (FeedDecoders.Find("csv")!, "1,000 rows", Messages.Csv(1000)),
    (FeedDecoders.Find("fedex")!, "Track API, 25 scans", Messages.FedEx(25)),
    (FeedDecoders.Find("dhl")!, "Unified, 25 events", Messages.Dhl(25)),
    (FeedDecoders.Find("epcis")!, "document, 25 events", Messages.Epcis(25)),
    (FeedDecoders.Find("aftership")!, "tracking, 25 checkpoints", Messages.AfterShip(25)),
    (FeedDecoders.Find("x12-214")!, "500 sets", Messages.X12(500)),
};
// Every format with the recorded sample that gives it the most events as well: short messages pay for the message, long ones show the event.
var samples = Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Samples"), "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(p => (Name: Path.GetFileName(p), Bytes: File.ReadAllBytes(p))).ToList();
foreach (var decoder in FeedDecoders.BuiltIn)
{
    var best = samples.Select(s => (s.Name, s.Bytes, Items: decoder.Decode(s.Bytes, context).ToList()))
        .Where(s => s.Items.All(i => i.Problem is null)).Select(s => (s.Name, s.Bytes, Events: s.Items.Sum(i => i.Scans.Length))).DefaultIfEmpty().MaxBy(s => s.Events);
    if (best.Events > 0) cases.Add((decoder, best.Name, best.Bytes));
}

Console.WriteLine($"{"format",-16} {"message",-32} {"bytes",8} {"events",7} {"events/s",12} {"ms/message",11} {"bytes/event",12}");
foreach (var (decoder, name, message) in cases.OrderBy(c => c.Decoder.Format, StringComparer.Ordinal))
{
    if (args.Length > 0 && !args.Contains(decoder.Format)) continue;
    var (perSecond, milliseconds, allocated, events) = Measure(decoder, message, context);
    Console.WriteLine($"{decoder.Format,-16} {name,-32} {message.Length,8:N0} {events,7:N0} {perSecond,12:N0} {milliseconds,11:N3} {allocated,12:N0}");
}

static (double PerSecond, double Milliseconds, double Allocated, int Events) Measure(FeedDecoder decoder, byte[] message, FeedContext context)
{
    int Once()
    {
        var count = 0;
        foreach (var item in decoder.Decode(message, context)) count += item.Scans.Length;
        return count;
    }

    int Busy(int milliseconds)
    {
        var until = Environment.CpuUsage.TotalTime + TimeSpan.FromMilliseconds(milliseconds);
        var messages = 0;
        do
        {
            for (var i = 0; i < 10; i++) Once();
            messages += 10;
        }
        while (Environment.CpuUsage.TotalTime < until);
        return messages;
    }

    var events = Once();
    // Until the compiler has settled: it works in the background and waits for a pause, so some processor time and some pauses are what it needs.
    for (var round = 0; round < 4; round++)
    {
        Busy(400);
        Thread.Sleep(120);
    }

    var best = double.MaxValue;
    var allocated = 0.0;
    for (var run = 0; run < 5; run++)
    {
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        var before = Environment.CpuUsage.TotalTime;
        var messages = Busy(300);
        var cpu = (Environment.CpuUsage.TotalTime - before).TotalMilliseconds;
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        if (cpu / messages < best) best = cpu / messages;
        allocated = (double)bytes / messages / Math.Max(events, 1);
    }
    return (events / best * 1000, best, allocated, events);
}
