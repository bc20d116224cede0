using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Tracking.LoadTest.Measure;
using Tracking.LoadTest.Scenarios;

namespace Tracking.LoadTest.Report;

/// <summary>A line every five seconds: for logs and pipes.</summary>
public sealed class PlainView(TextWriter to) : IRunView
{
    public void Tick(Second s, double done, OpenModel model)
    {
        if (s.At % 5 != 0) return;
        Say(string.Create(CultureInfo.InvariantCulture,
            $"{done,4:P0} {s.At,4} s  offered {s.Offered,7:N0}/s  served {s.Served,7:N0}/s  ack p50 {s.AckP50,6:F1} ms p99 {s.AckP99,7:F1} ms  errors {s.Errors:N0}/s  pages {s.Watchers:N0} (p99 {s.PageP99:F0} ms)  waiting {model.Outstanding}"));
    }

    public void Say(string line)
    {
        lock (to) to.WriteLine(line);
    }
}

/// <summary>A panel that moves, for people at a terminal; what is said appears above it.</summary>
public sealed class LiveView(string title) : IRunView
{
    private readonly List<Second> _last = [];
    private readonly Lock _gate = new();
    private LiveDisplayContext? _display;
    private double _done;
    private long _waiting, _late;

    /// <summary>Runs with a live panel when a person is at the terminal, else with plain lines.</summary>
    public static async Task<T> WithAsync<T>(string title, Func<IRunView, Task<T>> run)
    {
        if (Console.IsOutputRedirected || !AnsiConsole.Profile.Capabilities.Interactive || !AnsiConsole.Profile.Capabilities.Ansi)
            return await run(new PlainView(Console.Error));
        var view = new LiveView(title);
        return await AnsiConsole.Live(view.Draw()).AutoClear(false).StartAsync(async display =>
        {
            view._display = display;
            return await run(view);
        });
    }

    public void Tick(Second second, double done, OpenModel model)
    {
        lock (_gate)
        {
            _last.Add(second);
            if (_last.Count > 60) _last.RemoveAt(0);
            (_done, _waiting, _late) = (done, model.Outstanding, model.Late);
            _display?.UpdateTarget(Draw());
        }
    }

    public void Say(string line)
    {
        lock (_gate)
        {
            AnsiConsole.MarkupLineInterpolated($"[grey]{line}[/]");
            _display?.Refresh();
        }
    }

    private IRenderable Draw()
    {
        var s = _last.Count > 0 ? _last[^1] : null;
        var grid = new Grid().AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn().RightAligned()).AddColumn(new GridColumn().NoWrap());
        grid.AddRow(new Markup("progress"), new Markup($"{_done:P0}"), new Markup("[blue]" + new string('━', (int)(_done * 40)) + "[/][grey]" + new string('─', 40 - (int)(_done * 40)) + "[/]"));
        Row("offered", s is null ? "" : N(s.Offered) + "/s", x => x.Offered);
        Row("served", s is null ? "" : N(s.Served) + "/s", x => x.Served);
        Row("ack p50", s is null ? "" : F(s.AckP50) + " ms", x => x.AckP50);
        Row("ack p99", s is null ? "" : F(s.AckP99) + " ms", x => x.AckP99);
        Row("errors", s is null ? "" : N(s.Errors) + "/s", x => x.Errors);
        Row("pages open", s is null ? "" : N(s.Watchers), x => x.Watchers);
        Row("scan to glass p99", s is null ? "" : F(s.PageP99) + " ms", x => x.PageP99);
        Row("server memory", s is null ? "" : N(s.ServerMb) + " MB", x => x.ServerMb);
        grid.AddRow(new Markup("waiting / late"), new Markup($"{_waiting:N0} / {_late:N0}"), new Markup("[grey]requests under way or waiting / sends the generator itself was late with[/]"));
        return new Panel(grid).Header($" {Markup.Escape(title)} ").RoundedBorder();

        void Row(string name, string value, Func<Second, double> of) =>
            grid.AddRow(new Markup(name), new Markup(value), new Markup("[blue]" + Sparks([.. _last.TakeLast(40).Select(of)]) + "[/]"));
    }

    private static string Sparks(double[] values)
    {
        var top = values.Length == 0 ? 0 : values.Max();
        return string.Concat(values.Select(v => top <= 0 ? '▁' : "▁▂▃▄▅▆▇█"[(int)Math.Clamp(v / top * 7.999, 0, 7)]));
    }

    private static string N(double n) => n.ToString("N0", CultureInfo.InvariantCulture);
    private static string F(double n) => n.ToString("F1", CultureInfo.InvariantCulture);
}
