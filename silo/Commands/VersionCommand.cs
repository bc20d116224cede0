using System.CommandLine;
using System.Reflection;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

internal static class VersionCommand
{
    public static string Version { get; } = typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static Command Create()
    {
        var command = new Command("version", "Prints the version and the actor runtime of this build.");
        command.SetAction(_ => Console.WriteLine($"Tracking.Actors {Version} ({ActorHost.Name} runtime)"));
        return command;
    }
}
