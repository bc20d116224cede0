using System.Globalization;
using Tracking.Carriers.Files;

namespace Tracking.Silo.Commands;

/// <summary>
/// How far a long file is decoded, on standard error: one line that is drawn again where that is a terminal, a plain line every ten seconds where it is not. Files that are done within a second say nothing.
/// </summary>
internal sealed class DecodeProgress(FeedFile file, string name) : IDisposable
{
    private const int Width = 30;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1), Redraw = TimeSpan.FromMilliseconds(200), Line = TimeSpan.FromSeconds(10);

    private readonly bool _terminal = !Console.IsErrorRedirected;
    private readonly long _began = TimeProvider.System.GetTimestamp();
    private TimeSpan _next = Quiet;
    private long _events;
    private int _since;
    private bool _drawn;

    /// <summary>So many events more.</summary>
    public void Told(int events)
    {
        _events += events;
        if (++_since < 64) return;
        _since = 0;
        var elapsed = TimeProvider.System.GetElapsedTime(_began);
        if (elapsed < _next) return;
        _next = elapsed + (_terminal ? Redraw : Line);
        Say(elapsed);
    }

    private void Say(TimeSpan elapsed)
    {
        _drawn = true;
        var share = file.Length == 0 ? 1 : (double)file.Position / file.Length;
        var filled = (int)(share * Width);
        var text = string.Create(CultureInfo.InvariantCulture, $"{share,4:P0} of {name}, {_events:N0} events, {_events / Math.Max(elapsed.TotalSeconds, 0.001):N0} a second");
        if (_terminal) Console.Error.Write($"\r[{new string('#', filled)}{new string('.', Width - filled)}] {text} ");
        else Console.Error.WriteLine(text);
    }

    public void Dispose()
    {
        if (!_drawn) return;
        Say(TimeProvider.System.GetElapsedTime(_began));
        if (_terminal) Console.Error.WriteLine();
    }
}
