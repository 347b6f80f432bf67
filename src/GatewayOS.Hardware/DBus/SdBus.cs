using System.Runtime.InteropServices;

namespace GatewayOS.Hardware.DBus;

/// <summary>sd-bus of <c>libsystemd.so.0</c> (Debian package libsystemd0), as far as it is needed. Negative results are negated errno values.</summary>
internal static unsafe partial class SdBus
{
    public const string Library = "libsystemd.so.0";
    public const string DebianPackage = "libsystemd0";

    /// <summary>Kind of a message: a signal (D-Bus specification, "Message Types").</summary>
    public const byte Signal = 4;

    /// <summary>poll(2): there is something to read.</summary>
    public const short PollIn = 1;

    [LibraryImport(Library, EntryPoint = "sd_bus_new")]
    public static partial int New(out BusHandle bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_set_address", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SetAddress(BusHandle bus, string address);

    [LibraryImport(Library, EntryPoint = "sd_bus_set_bus_client")]
    public static partial int SetBusClient(BusHandle bus, int isClient);

    [LibraryImport(Library, EntryPoint = "sd_bus_start")]
    public static partial int Start(BusHandle bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_is_ready")]
    public static partial int IsReady(BusHandle bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_close_unref")]
    public static partial nint CloseAndRelease(nint bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_fd")]
    public static partial int GetDescriptor(BusHandle bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_get_events")]
    public static partial int GetEvents(BusHandle bus);

    [LibraryImport(Library, EntryPoint = "sd_bus_process")]
    public static partial int Process(BusHandle bus, out MessageHandle message);

    [LibraryImport(Library, EntryPoint = "sd_bus_call")]
    public static partial int Call(BusHandle bus, MessageHandle message, ulong timeoutUs, ref Error error, out MessageHandle reply);

    [LibraryImport(Library, EntryPoint = "sd_bus_error_free")]
    public static partial void Free(ref Error error);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_new_method_call", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int NewCall(BusHandle bus, out MessageHandle message, string destination, string path, string @interface, string member);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_unref")]
    public static partial nint Release(nint message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_append_basic", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int AppendText(MessageHandle message, byte type, string value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_append_basic")]
    public static partial int AppendWord(MessageHandle message, byte type, in int value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_append_basic")]
    public static partial int AppendLong(MessageHandle message, byte type, in ulong value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_open_container", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Open(MessageHandle message, byte type, string contents);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_close_container")]
    public static partial int Close(MessageHandle message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_peek_type")]
    public static partial int Peek(MessageHandle message, out byte type, out nint contents);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_read_basic")]
    public static partial int Read(MessageHandle message, byte type, out ulong value);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_read_array")]
    public static partial int ReadArray(MessageHandle message, byte type, out byte* items, out nuint bytes);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_enter_container")]
    public static partial int Enter(MessageHandle message, byte type, nint contents);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_exit_container")]
    public static partial int Exit(MessageHandle message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_get_type")]
    public static partial int GetKind(MessageHandle message, out byte kind);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_get_path")]
    public static partial nint GetPath(MessageHandle message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_get_interface")]
    public static partial nint GetInterface(MessageHandle message);

    [LibraryImport(Library, EntryPoint = "sd_bus_message_get_member")]
    public static partial nint GetMember(MessageHandle message);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    public static partial int NewEvent(uint value, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    public static partial nint Write(SafeHandle file, in ulong value, nint bytes);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    public static partial nint ReadEvent(SafeHandle file, out ulong value, nint bytes);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    public static partial int Poll(PollEntry* entries, nuint count, int timeoutMs);

    /// <summary><c>sd_bus_error</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Error
    {
        public nint Name;
        public nint Message;
        public int NeedsFree;
    }

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PollEntry
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }

    /// <summary>A connection of sd-bus; closed with the handle.</summary>
    public sealed class BusHandle() : SafeHandle(nint.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == nint.Zero;

        protected override bool ReleaseHandle()
        {
            CloseAndRelease(handle);
            return true;
        }
    }

    /// <summary>A message of sd-bus.</summary>
    public sealed class MessageHandle() : SafeHandle(nint.Zero, ownsHandle: true)
    {
        public override bool IsInvalid => handle == nint.Zero;

        protected override bool ReleaseHandle()
        {
            Release(handle);
            return true;
        }
    }
}
