namespace Tracking.Simulation;

internal static class Program
{
    public static Task<int> Main(string[] args) => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args);
}

public sealed class SeedTests
{
    [Fact]
    public void The_simulator_did_not_run_because_Orleans_owns_its_scheduler_and_no_seed_can_repeat_it()
        => Assert.Skip("SeedTests did not run: the simulator needs the embedded runtime (build without -p:ActorRuntime=orleans).");
}
