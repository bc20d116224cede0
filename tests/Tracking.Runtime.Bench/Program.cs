using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Tracking.Runtime;

// Each figure is the best of three rounds: the machine has other things to do. A dictionary behind one lock, asked by as many loops, is the reference that
// makes two machines comparable.
const int loops = 64, callsPerLoop = 5_000, grains = 1_000, coldGrains = 200_000;

var services = new ServiceCollection().AddEmbeddedActors(options => options.GrainAssemblies.Add(typeof(EchoGrain).Assembly)).BuildServiceProvider();
var silo = services.GetRequiredService<EmbeddedSilo>();
var echoes = Enumerable.Range(0, grains).Select(i => silo.GetGrain<IEchoGrain>($"demo/ups/{i}")).ToArray();
var locked = Enumerable.Range(0, grains).ToDictionary(i => $"demo/ups/{i}", i => i);

double fromOutside = 0, betweenGrains = 0, cold = 0, reference = 0;
long bytes = 0;
for (var round = 0; round < 3; round++)
{
    reference = Math.Max(reference, await Rate(loops * callsPerLoop * 10, loop =>
    {
        for (var i = 0; i < callsPerLoop * 10; i++) lock (locked) locked[$"demo/ups/{(loop * 31 + i) % grains}"]++;
        return Task.CompletedTask;
    }));
    fromOutside = Math.Max(fromOutside, await Rate(loops * callsPerLoop, async loop =>
    {
        for (var i = 0; i < callsPerLoop; i++) await echoes[(loop * 31 + i) % grains].Echo(i);
    }));
    betweenGrains = Math.Max(betweenGrains, await Rate(loops * callsPerLoop, loop => silo.GetGrain<IEchoGrain>($"from{loop}").Ask($"to{loop}", callsPerLoop)));

    var before = GC.GetTotalMemory(forceFullCollection: true);
    cold = Math.Max(cold, await Rate(coldGrains, async loop =>
    {
        for (var i = loop; i < coldGrains; i += loops) await silo.GetGrain<IEchoGrain>($"cold{round}/ups/1Z999AA1{i:0000000000}").Echo(i);
    }));
    bytes = (GC.GetTotalMemory(forceFullCollection: true) - before) / coldGrains;
    silo.CollectNow();
}

Console.WriteLine($"calls from outside      {fromOutside,12:N0} /s   {fromOutside / reference:0.00} of the locked dictionary");
Console.WriteLine($"calls between grains    {betweenGrains,12:N0} /s   {betweenGrains / reference:0.00}");
Console.WriteLine($"cold activations        {cold,12:N0} /s   {cold / reference:0.00}");
Console.WriteLine($"bytes per idle grain    {bytes,12:N0}");
Console.WriteLine($"(locked dictionary      {reference,12:N0} /s, {Environment.ProcessorCount} cores)");

static async Task<double> Rate(int times, Func<int, Task> work)
{
    var watch = Stopwatch.StartNew();
    await Task.WhenAll(Enumerable.Range(0, loops).Select(loop => Task.Run(() => work(loop))));
    return times / watch.Elapsed.TotalSeconds;
}

public interface IEchoGrain : IGrainWithStringKey
{
    Task<int> Echo(int value);
    Task Ask(string other, int times);
}

public sealed class EchoGrain : Grain, IEchoGrain
{
    private int _last;

    public Task<int> Echo(int value) => Task.FromResult(_last = value);

    public async Task Ask(string other, int times)
    {
        var to = GrainFactory.GetGrain<IEchoGrain>(other);
        for (var i = 0; i < times; i++) await to.Echo(i);
    }
}
