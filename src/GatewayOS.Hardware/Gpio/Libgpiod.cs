using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Hardware.Gpio;

/// <summary>The part of <c>libgpiod.so.2</c> (1.6, gpiod.h) that is used, and the system calls beside it.</summary>
internal static partial class Libgpiod
{
    public const int FlagActiveLow = 1 << 2;

    public const int RisingEdge = 1;

    public const short PollIn = 1;
    public const short PollUrgent = 2;

    public const int Eintr = 4;

    private const string Library = "libgpiod.so.2";

    [StructLayout(LayoutKind.Sequential)]
    public struct LineEvent
    {
        public long Seconds;
        public long Nanoseconds;
        public int Kind;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Wanted;
        public short Came;
    }

    [LibraryImport(Library, EntryPoint = "gpiod_chip_open_by_label", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial ChipHandle OpenByLabel(string label);

    [LibraryImport(Library, EntryPoint = "gpiod_chip_close")]
    public static partial void CloseChip(nint chip);

    /// <summary>Lines belong to their chip; closing that frees them.</summary>
    [LibraryImport(Library, EntryPoint = "gpiod_chip_find_line", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FindLine(ChipHandle chip, string name);

    [LibraryImport(Library, EntryPoint = "gpiod_line_request_output_flags", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RequestOutput(nint line, string consumer, int flags, int value);

    [LibraryImport(Library, EntryPoint = "gpiod_line_request_both_edges_events_flags", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int RequestEdges(nint line, string consumer, int flags);

    [LibraryImport(Library, EntryPoint = "gpiod_line_set_value", SetLastError = true)]
    public static partial int SetValue(nint line, int value);

    [LibraryImport(Library, EntryPoint = "gpiod_line_get_value", SetLastError = true)]
    public static partial int GetValue(nint line);

    [LibraryImport(Library, EntryPoint = "gpiod_line_event_get_fd", SetLastError = true)]
    public static partial int EventDescriptor(nint line);

    [LibraryImport(Library, EntryPoint = "gpiod_line_event_read", SetLastError = true)]
    public static partial int ReadEvent(nint line, out LineEvent read);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static unsafe partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    /// <summary>An open chip.</summary>
    public sealed class ChipHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        public ChipHandle()
            : base(ownsHandle: true)
        {
        }

        protected override bool ReleaseHandle()
        {
            CloseChip(handle);
            return true;
        }
    }
}
