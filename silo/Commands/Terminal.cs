namespace Tracking.Silo.Commands;

/// <summary>What commands say beside their results.</summary>
internal static class Terminal
{
    /// <summary>Says why a command does nothing, or no more; its exit code, by default that of words it cannot use.</summary>
    public static async Task<int> RefuseAsync(string why, int code = 2)
    {
        await Console.Error.WriteLineAsync(why);
        return code;
    }

    /// <summary>A bar that takes the share done, 0 to 1; null where nobody looks at a terminal.</summary>
    public static Action<double>? Bar(string? what = null) => Console.IsErrorRedirected ? null : done =>
    {
        const int Width = 40;
        var filled = (int)(done * Width);
        Console.Error.Write($"\r{(what is null ? "" : what + " ")}[{new string('#', filled)}{new string('.', Width - filled)}] {done:P0} ");
        if (done >= 1) Console.Error.WriteLine();
    };
}
