using System.CommandLine;
using System.Net;
using Tracking.LoadTest.Scenarios;
using Tracking.LoadTest.Silo;

namespace Tracking.LoadTest.Commands;

/// <summary>What is driven, and the fences around it: loopback unless somebody says it is theirs, and limits on rate and time unless somebody lifts them.</summary>
internal sealed class TargetOptions
{
    public Option<Uri?> Target { get; } = new("--target") { Description = "A running server. Without it the tool starts one of its own (SQLite, or --postgres)." };
    public Option<string> Key { get; } = new("--key") { DefaultValueFactory = _ => "demo", Description = "The retailer's API key. Default demo." };
    public Option<bool> Own { get; } = new("--i-own-this-target") { Description = "Needed for a target beyond loopback. Load on other people's servers is an attack." };
    public Option<string?> Postgres { get; } = new("--postgres") { Description = "Connection string for the server the tool starts." };
    public Option<string?> PgData { get; } = new("--pgdata") { Description = "Data directory of a PostgreSQL that may be restarted and paused by faults." };
    public Option<bool> Keep { get; } = new("--keep") { Description = "Leaves the folder of the server the tool starts (its SQLite store, its keys), and says where it is." };
    public Option<string[]> Set { get; } = CommandLine.Settings();
    public Option<double> MaxRate { get; } = new("--max-rate") { DefaultValueFactory = _ => 20_000, Description = "Most scans per second that may be offered. Default 20,000." };
    public Option<double> MaxMinutes { get; } = new("--max-minutes") { DefaultValueFactory = _ => 30, Description = "Longest a run may last. Default 30." };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[Target, Key, Own, Postgres, PgData, Keep, Set, MaxRate, MaxMinutes]) command.Options.Add(option);
    }

    public async Task<RunTarget> OpenAsync(ParseResult parsed, Action<string> say, CancellationToken stop, bool proxied = false)
    {
        var key = parsed.GetValue(Key)!;
        if (parsed.GetValue(Target) is { } address)
        {
            Require(address, parsed.GetValue(Own));
            if (parsed.GetValue(Postgres) is not null || parsed.GetValue(PgData) is not null) throw new SetUpException("--postgres and --pgdata belong to a server the tool starts itself; --target is one that runs already.");
            return new RunTarget(address, key, $"target {address.GetLeftPart(UriPartial.Authority)}", null);
        }
        var own = await OwnServer.StartAsync(parsed.GetValue(Postgres), parsed.GetValue(PgData), CommandLine.ParseSettings(parsed.GetValue(Set)!), say, stop, proxied);
        if (parsed.GetValue(Keep))
        {
            own.Keep = true;
            say($"The server's folder is kept: {own.Folder}");
        }
        return new RunTarget(own.Address, key, $"own silo (Release) on {own.Store}, ready in {own.StartedIn.TotalMilliseconds:F0} ms", own);
    }

    /// <summary>Throws unless the address is loopback or its owner speaks.</summary>
    internal static void Require(Uri address, bool owned)
    {
        if (address.Scheme is not ("http" or "https")) throw new SetUpException($"--target {address}: it is an http or https address.");
        var loopback = address.IsLoopback || (IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) && IPAddress.IsLoopback(ip));
        if (!loopback && !owned) throw new SetUpException($"{address.Host} is not this machine. Say --i-own-this-target if you may load it.");
    }

    public void RequireBounds(ParseResult parsed, double highestRate, double seconds)
    {
        if (highestRate > parsed.GetValue(MaxRate)) throw new SetUpException($"This would offer up to {highestRate:N0} scans/s; the limit is {parsed.GetValue(MaxRate):N0} (--max-rate).");
        if (seconds > parsed.GetValue(MaxMinutes) * 60) throw new SetUpException($"This would last {seconds / 60:F1} minutes; the limit is {parsed.GetValue(MaxMinutes):0.#} (--max-minutes).");
    }
}
