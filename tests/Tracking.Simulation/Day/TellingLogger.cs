using Microsoft.Extensions.Logging;

namespace Tracking.Simulation.Day;

/// <summary>When a run is told line by line, what the product logs is part of the story.</summary>
internal sealed class TellingLogger<T>(World world) : ILogger<T>
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => world.Tell is not null && logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel)) world.Tell!($"      {formatter(state, exception)} {exception?.Message}");
    }
}
