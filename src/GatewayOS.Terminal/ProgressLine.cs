using System.Diagnostics;

namespace GatewayOS.Terminal;

/// <summary>What a long job says of itself at one moment.</summary>
/// <param name="Stage">What it does.</param>
/// <param name="Done">Done so far, in bytes or items.</param>
/// <param name="Total">All there is to do, or 0 when unknown.</param>
/// <param name="IsBytes">True when the counts are bytes, false for items.</param>
/// <param name="Detail">Further figures.</param>
internal readonly record struct ProgressState(string Stage, long Done, long Total, bool IsBytes, string Detail = "");

/// <summary>
/// Shows progress on standard error: a line rewritten in place on a terminal, a plain line now and then otherwise, nothing when quiet.
/// Has a thread of its own, so a stuck job is seen to be stuck.
/// </summary>
internal sealed class ProgressLine : IDisposable
{
    private const int TerminalIntervalMs = 200;
    private const int PlainIntervalMs = 10_000;
    private const int BarCells = 24;
    private const int WidthDefault = 79;

    private readonly Func<ProgressState> _state;
    private readonly TextWriter _output;
    private readonly bool _terminal;
    private readonly ManualResetEventSlim _end = new();
    private readonly Thread? _thread;
    private readonly long _start = Stopwatch.GetTimestamp();
    private int _shownLength;

    public ProgressLine(Func<ProgressState> state, bool quiet)
    {
        _state = state;
        _output = Console.Error;
        _terminal = !Console.IsErrorRedirected && Environment.GetEnvironmentVariable("TERM") != "dumb";
        if (!quiet)
        {
            _thread = new Thread(Run) { Name = "progress", IsBackground = true };
            _thread.Start();
        }
    }

    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_start);

    public void Dispose()
    {
        _end.Set();
        _thread?.Join();
        if (_shownLength > 0)
        {
            _output.Write("\r" + new string(' ', _shownLength) + "\r");
        }

        _end.Dispose();
    }

    /// <summary>Progress as text: share, amount, rate and time left.</summary>
    public static string Format(in ProgressState state, TimeSpan elapsed, bool bar)
    {
        string amount = state.IsBytes ? Sizes.Bytes(state.Done) : Sizes.Count(state.Done);
        string text = state.Stage;
        if (state.Total > 0)
        {
            double share = Math.Min(1, (double)state.Done / state.Total);
            int filled = (int)(share * BarCells);
            string total = state.IsBytes ? Sizes.Bytes(state.Total) : Sizes.Count(state.Total);
            string left = share is > 0.01 and < 1 && elapsed.TotalSeconds > 1 ? $", {Sizes.Time(elapsed * ((1 - share) / share))} left" : "";
            string drawn = bar ? $" [{new string('#', filled)}{new string('.', BarCells - filled)}]" : "";
            text += $"{drawn} {share * 100:0.0} %  {amount} of {total}{left}";
        }
        else if (state.Done > 0)
        {
            text += $"  {amount}";
        }

        text += state.IsBytes && elapsed.TotalSeconds > 0.5 ? $"  {Sizes.Rate(state.Done, elapsed)}" : "";
        return state.Detail.Length > 0 ? $"{text}  {state.Detail}" : text;
    }

    private void Run()
    {
        while (!_end.Wait(_terminal ? TerminalIntervalMs : PlainIntervalMs))
        {
            string text = Format(_state(), Elapsed, _terminal);
            if (_terminal)
            {
                int width = TerminalWidth();
                text = text.Length > width ? text[..width] : text;
                _output.Write("\r" + text.PadRight(_shownLength));
                _shownLength = Math.Max(_shownLength, text.Length);
            }
            else
            {
                _output.WriteLine(text);
            }
        }
    }

    private static int TerminalWidth()
    {
        try
        {
            // A terminal that does not know its width says 0.
            return Console.WindowWidth > 1 ? Console.WindowWidth - 1 : WidthDefault;
        }
        catch (IOException)
        {
            return WidthDefault;
        }
    }
}
