using System.Collections.Concurrent;
using GatewayOS.Web.Logs;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Keeps the newest lines of the log in memory, for people with a browser: whoever has none reads the journal. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class LogTail(TimeProvider time) : ILoggerProvider
{
    /// <summary>Most lines that are kept.</summary>
    public const int LinesMax = 2000;

    /// <summary>Longest line, in characters; the rest is cut off.</summary>
    public const int LineLengthMax = 2000;

    private readonly ConcurrentQueue<LogLine> _lines = new();
    private long _number;

    /// <summary>What is kept, oldest first.</summary>
    public IReadOnlyList<LogLine> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName[(categoryName.LastIndexOf('.') + 1)..]);

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string source, string text)
    {
        _lines.Enqueue(new LogLine(Interlocked.Increment(ref _number), time.GetUtcNow().ToUnixTimeMilliseconds(), level.ToString().ToLowerInvariant(), source, text.Length > LineLengthMax ? text[..LineLengthMax] + "…" : text));
        while (_lines.Count > LinesMax)
        {
            _lines.TryDequeue(out _);
        }
    }

    private sealed class Writer(LogTail tail, string source) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                tail.Add(logLevel, source, exception is null ? formatter(state, exception) : $"{formatter(state, exception)} {exception.Message}");
            }
        }
    }
}
