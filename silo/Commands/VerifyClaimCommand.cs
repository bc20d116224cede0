using System.CommandLine;
using Tracking.Domain.Claims;

namespace Tracking.Silo.Commands;

/// <summary>Checks a claim file with nothing but the file: no database, no key, no network.</summary>
internal static class VerifyClaimCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "The claim file, or - for standard input." };
        var expect = new Option<string?>("--expect") { Description = "A digest that one of the lines must have: the `fileHash` that was answered with the claim." };
        var command = new Command("verify-claim", "Checks a claim file offline; names the first line that is not as it was written.") { file, expect };
        command.SetAction(parsed => Run(parsed.GetValue(file)!, parsed.GetValue(expect)));
        return command;
    }

    private static int Run(string path, string? expect)
    {
        try
        {
            var count = 0;
            IEnumerable<string> Counted()
            {
                using var reader = path == "-" ? new StreamReader(Console.OpenStandardInput()) : new StreamReader(path);
                while (reader.ReadLine() is { } line)
                {
                    count++;
                    yield return line;
                }
            }
            if (ClaimFile.Verify(Counted(), expect) is { } fault)
            {
                Console.WriteLine($"broken: {fault}");
                return 1;
            }
            Console.WriteLine($"whole: {count} lines, each follows the one before{(expect is null ? "" : ", and the expected digest is among them")}");
            return 0;
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"{path} cannot be read: {refused.Message}");
            return 2;
        }
    }
}
