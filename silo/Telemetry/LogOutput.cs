using System.Text;

namespace Tracking.Silo.Telemetry;

/// <summary>
/// Standard output that never fails its writer. The disk a log goes to may be full, and whoever read the other end of a pipe may be gone: a line that cannot be written then is dropped and counted
/// (<c>tracking.log_lines_dropped</c>), and the work it would have told of goes on.
/// </summary>
internal sealed class LogOutput(TextWriter real) : TextWriter
{
    private static long _dropped;

    /// <summary>Lines of this process that were dropped.</summary>
    public static long Dropped => Interlocked.Read(ref _dropped);

    public override Encoding Encoding => real.Encoding;

    /// <summary>From now on everything this process prints goes this way. Once a process: again changes nothing.</summary>
    public static void Install()
    {
        // Console wraps whatever it is given, so what it gives back is never the same object.
        if (Interlocked.Exchange(ref _installed, 1) != 0) return;
        Console.SetOut(new LogOutput(Console.Out));
        Console.SetError(new LogOutput(Console.Error));
    }

    private static int _installed;

    public override void Write(char value) => Try(static (writer, value) => writer.Write(value), value);
    public override void Write(string? value) => Try(static (writer, value) => writer.Write(value), value);
    public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));
    public override void Write(ReadOnlySpan<char> buffer) => Write(buffer.ToString());
    public override void WriteLine(string? value) => Try(static (writer, value) => writer.WriteLine(value), value);
    public override void Flush() => Try(static (writer, _) => writer.Flush(), 0);

    private void Try<T>(Action<TextWriter, T> write, T value)
    {
        try { write(real, value); }
        catch (IOException) { Interlocked.Increment(ref _dropped); }
    }
}
