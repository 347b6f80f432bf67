using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace GatewayOS.Hardware.Clock;

/// <summary>Whether something keeps the machine's clock right, and how far it may be off.</summary>
/// <param name="IsSynchronized">True when chrony, ntpd or systemd-timesyncd says that it does.</param>
/// <param name="ErrorMax">How far off it may be at most, as that program reckons; null while nothing keeps it right.</param>
public sealed record ClockState(bool IsSynchronized, TimeSpan? ErrorMax);

/// <summary>Asks the kernel about its clock: whichever program keeps it right tells the kernel (adjtimex(2)), and timedatectl asks it, too.</summary>
public static unsafe partial class KernelClock
{
    // struct timex of a 64-bit kernel (asm-generic): modes at 0, maxerror in µs at 24, status at 40; 208 bytes in all.
    private const int TimexBytes = 208;
    private const int ErrorMaxAt = 24;
    private const int StatusAt = 40;
    private const int StatusUnsynchronized = 0x40;

    /// <summary>Asks.</summary>
    /// <returns>Null when the kernel does not say.</returns>
    public static ClockState? Read()
    {
        Span<byte> timex = stackalloc byte[TimexBytes];
        timex.Clear();
        int answer;
        fixed (byte* at = timex)
        {
            answer = adjtimex(at);
        }

        if (answer < 0)
        {
            return null;
        }

        bool isSynchronized = (BinaryPrimitives.ReadInt32LittleEndian(timex[StatusAt..]) & StatusUnsynchronized) == 0;
        return new ClockState(isSynchronized, isSynchronized ? TimeSpan.FromMicroseconds(BinaryPrimitives.ReadInt64LittleEndian(timex[ErrorMaxAt..])) : null);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int adjtimex(byte* timex);
}
