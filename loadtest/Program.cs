using System.CommandLine;
using Tracking.LoadTest.Commands;
using Tracking.LoadTest.Measure;

Priority.Raise();
// A pipe has no width: tables keep their shape there.
if (Console.IsOutputRedirected) Spectre.Console.AnsiConsole.Profile.Width = 140;

var root = new RootCommand("Rehearses peak: open-model load on a tracking silo, its measures and reports, over the public surface only.");
RunCommand.AddTo(root);
root.Subcommands.Add(ThroughputCommand.Create());
root.Subcommands.Add(KneeCommand.Create());
root.Subcommands.Add(CompareCommand.Create());
LimitCommands.AddTo(root);
root.Subcommands.Add(CapacityCommand.Create());

var parsed = root.Parse(args);
if (parsed.Errors.Count > 0)
{
    foreach (var error in parsed.Errors) Console.Error.WriteLine(error.Message);
    Console.Error.WriteLine("See --help.");
    return ExitCodes.SetUpFailed;
}
// Ctrl-C cancels, and a command may then take its time to stop what it started and to report.
return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(6) });
