using System.CommandLine;
using Tracking.Silo.Commands;

// One executable: `serve` is what it does unless told otherwise.
var root = new RootCommand("Tracking.Actors tells shoppers where their parcel is, when it will come, and makes it right when it won't.")
{
    TreatUnmatchedTokensAsErrors = false,   // --Urls=…, --Storage:Postgres=… and every other setting may stand on the command line
};
ServeCommand.AddTo(root);
root.Subcommands.Add(BacktestCommand.Create());
root.Subcommands.Add(LearnCommand.Create());
root.Subcommands.Add(DecodeCommand.Create());
root.Subcommands.Add(CheckCommand.Create());
root.Subcommands.Add(ExportCommand.Create());
root.Subcommands.Add(ReplayCommand.Create());
root.Subcommands.Add(VerifyClaimCommand.Create());
root.Subcommands.Add(PolicyCommand.Create());
root.Subcommands.Add(RetailerCommand.Create());
root.Subcommands.Add(OpenApiCommand.Create());
root.Subcommands.Add(ShardsCommand.Create());
root.Subcommands.Add(HealthCommand.Create());
root.Subcommands.Add(VersionCommand.Create());
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
