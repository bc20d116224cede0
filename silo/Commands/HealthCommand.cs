using System.CommandLine;
using Tracking.Silo.Hosting;

namespace Tracking.Silo.Commands;

/// <summary>Asks the silo of this machine whether it is ready: for images that have no other program in them.</summary>
internal static class HealthCommand
{
    public static Command Create()
    {
        var command = new Command("health", "Asks the silo that runs here, by the same settings, whether it is ready; exit code 0 when it is.") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction((parsed, cancel) => RunAsync(SiloConfiguration.CreateBuilder([.. parsed.UnmatchedTokens]).Configuration, cancel));
        return command;
    }

    private static async Task<int> RunAsync(IConfiguration configuration, CancellationToken cancel)
    {
        var address = BindingAddress.Parse(Doors.Urls(configuration)[0]);
        // An address that means every interface is reached on this machine's own.
        var host = address.Host is "0.0.0.0" or "[::]" or "*" or "+" ? "127.0.0.1" : address.Host;
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(4) };
        try
        {
            using var answer = await client.GetAsync(new Uri($"{address.Scheme}://{host}:{address.Port}/health/ready"), cancel);
            Console.WriteLine((await answer.Content.ReadAsStringAsync(cancel)).TrimEnd());
            return answer.IsSuccessStatusCode ? 0 : 1;
        }
        catch (Exception silent) when (silent is HttpRequestException or TaskCanceledException)
        {
            Console.WriteLine($"{host}:{address.Port} does not answer: {silent.Message}");
            return 1;
        }
    }
}
