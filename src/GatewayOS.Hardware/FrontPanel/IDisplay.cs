using System.Text;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.FrontPanel;

/// <summary>A two-line character display. Used by one thread.</summary>
public interface IDisplay : IDisposable
{
    /// <summary>Shows two lines.</summary>
    /// <exception cref="IOException">It cannot be written now.</exception>
    void Show(string first, string second);
}

/// <summary>A display that is only remembered, for the service and for tests. Thread-safe.</summary>
public sealed class VirtualDisplay : IDisplay
{
    private volatile string[] _lines = ["", ""];

    /// <summary>What it shows.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <inheritdoc/>
    public void Show(string first, string second) => _lines = [first, second];

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>
/// A display behind the kernel's charlcd driver (HD44780 and its like, drivers/auxdisplay): a character device that keeps the controller's timing itself. Takes its escape
/// codes: <c>ESC [ L b</c> and <c>c</c> put blinking and cursor out, <c>ESC [ L x… y… ;</c> goes to a place. Opened with the first text, and anew after a failure.
/// </summary>
public sealed class CharacterDisplay(LcdProfile lcd) : IDisplay
{
    private FileStream? _device;

    /// <inheritdoc/>
    public void Show(string first, string second)
    {
        try
        {
            _device ??= new FileStream(lcd.Device!, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            _device.Write(Encoding.ASCII.GetBytes($"\e[Lb\e[Lc\e[Lx000y000;{Printable(first)}\e[Lx000y001;{Printable(second)}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            _device?.Dispose();
            _device = null;
            throw new IOException($"The display {lcd.Device} cannot be written: {error.Message} Look whether the driver is loaded and gatewayd may open it.", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _device?.Dispose();

    // The controller has one set of characters; control characters move its cursor.
    private string Printable(string text) => string.Create(lcd.Columns, text, static (line, text) =>
    {
        for (int i = 0; i < line.Length; i++)
        {
            line[i] = i < text.Length && text[i] is >= ' ' and <= '~' ? text[i] : i < text.Length ? '?' : ' ';
        }
    });
}
