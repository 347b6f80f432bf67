using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Hardware.DBus;

/// <summary>
/// A connection to the system bus with a thread of its own: calls, property gets, signals. When the bus goes away the connection is made again by
/// itself, with all matches; calls meanwhile fail at once with <see cref="DBusError.Disconnected"/>. Thread-safe.
/// </summary>
/// <remarks>
/// Stands in for Tmds.DBus. One call is at work at a time; the others wait, no more than <see cref="CallsMax"/>. Signals that arrive during a
/// call are kept by sd-bus and handed on after it.
/// </remarks>
public sealed unsafe class DBusConnection : IDisposable
{
    /// <summary>Calls that may wait; further ones fail.</summary>
    public const int CallsMax = 64;

    /// <summary>Matches a connection may have.</summary>
    public const int MatchesMax = 32;

    /// <summary>Name of the bus itself.</summary>
    public const string BusName = "org.freedesktop.DBus";

    private const string BusPath = "/org/freedesktop/DBus";
    private const string PropertiesInterface = "org.freedesktop.DBus.Properties";
    private const int ConnectMsMax = 10_000;
    private const int ReconnectMsMin = 100;
    private const int ReconnectMsMax = 5000;

    // EFD_CLOEXEC | EFD_NONBLOCK.
    private const int EventNonBlocking = 0x80800;

    private readonly string _address;
    private readonly Lock _gate = new();
    private readonly Queue<PendingCall> _calls = [];
    private readonly List<string> _matches = [];
    private readonly SafeFileHandle _wake;
    private readonly Thread _thread;
    private int _matchesMade;
    private volatile bool _stopping;
    private volatile bool _isConnected;

    /// <summary>Makes a connection; whether it comes about shows later.</summary>
    /// <param name="address">The bus (D-Bus specification, "Server Addresses").</param>
    /// <exception cref="DllNotFoundException">The library is missing; the message names its Debian package.</exception>
    public DBusConnection(string address)
    {
        _address = address;
        if (!NativeLibrary.TryLoad(SdBus.Library, out _))
        {
            throw new DllNotFoundException($"{SdBus.Library} is missing: install the Debian package {SdBus.DebianPackage}. A retry helps after that.");
        }

        int wake = SdBus.NewEvent(0, EventNonBlocking);
        _wake = wake >= 0 ? new SafeFileHandle(wake, ownsHandle: true) : throw new IOException($"No event descriptor for D-Bus: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");
        _thread = new Thread(Run) { Name = "dbus", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Address of the system bus: what <c>DBUS_SYSTEM_BUS_ADDRESS</c> says, or where the specification has it.</summary>
    public static string SystemBus => Environment.GetEnvironmentVariable("DBUS_SYSTEM_BUS_ADDRESS") is { Length: > 0 } address ? address : "unix:path=/run/dbus/system_bus_socket";

    /// <summary>True while there is a connection.</summary>
    public bool IsConnected => _isConnected;

    /// <summary>A signal that a match asked for. On the connection's thread: handlers return at once and make no calls.</summary>
    public event Action<DBusSignal>? Signal;

    /// <summary>The connection came about or broke: whatever was known by signals is to be read anew. On the connection's thread.</summary>
    public event Action? ConnectionChanged;

    /// <summary>Asks for signals, now and after every reconnection.</summary>
    /// <param name="rule">A match rule (D-Bus specification, "Match Rules").</param>
    /// <exception cref="InvalidOperationException">There are <see cref="MatchesMax"/> already.</exception>
    public void Match(string rule)
    {
        lock (_gate)
        {
            if (_matches.Count == MatchesMax)
            {
                throw new InvalidOperationException($"A connection has no more than {MatchesMax} matches.");
            }

            _matches.Add(rule);
        }

        Wake();
    }

    /// <summary>Calls a method and waits for the answer.</summary>
    public DBusReply Call(DBusCall call)
    {
        if (Thread.CurrentThread == _thread)
        {
            throw new InvalidOperationException("A handler of D-Bus signals must not wait for a call.");
        }

        var pending = new PendingCall(call);
        lock (_gate)
        {
            if (_stopping || _calls.Count == CallsMax)
            {
                return _stopping ? NotConnected() : DBusReply.Failed(DBusError.LimitsExceeded, $"{CallsMax} calls wait already.");
            }

            _calls.Enqueue(pending);
        }

        Wake();
        return pending.Reply.GetAwaiter().GetResult();
    }

    /// <summary>Gets all properties of an object's interface, as a dictionary.</summary>
    public DBusReply Properties(string destination, string path, string @interface) =>
        Call(new DBusCall(destination, path, PropertiesInterface, "GetAll") { Arguments = [new DBusArgument.Text(@interface)] });

    /// <summary>Gets all objects of a service: a dictionary of paths, of interfaces, of properties.</summary>
    public DBusReply Objects(string destination, string root) => Call(new DBusCall(destination, root, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"));

    /// <summary>Ends the connection; calls that wait fail.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _stopping = true;
        }

        Wake();
        _thread.Join();
        _wake.Dispose();
    }

    private static DBusReply NotConnected() => DBusReply.Failed(DBusError.Disconnected, "There is no connection to the system bus.");

    private void Wake() => SdBus.Write(_wake, 1, sizeof(ulong));

    private void Run()
    {
        int reconnectMs = ReconnectMsMin;
        while (!_stopping)
        {
            bool wasConnected = false;
            using (SdBus.BusHandle? bus = Open())
            {
                if (bus is not null)
                {
                    wasConnected = Serve(bus);
                    Changed(isConnected: false);
                }
            }

            FailCalls();
            reconnectMs = wasConnected ? ReconnectMsMin : Math.Min(reconnectMs * 2, ReconnectMsMax);
            if (!_stopping)
            {
                Wait(new SdBus.PollEntry { Descriptor = -1 }, reconnectMs);
            }
        }

        FailCalls();
    }

    private SdBus.BusHandle? Open()
    {
        int result = SdBus.New(out SdBus.BusHandle bus);
        result = result < 0 ? result : SdBus.SetAddress(bus, _address);
        result = result < 0 ? result : SdBus.SetBusClient(bus, 1);
        if (result >= 0 && SdBus.Start(bus) >= 0)
        {
            return bus;
        }

        bus.Dispose();
        return null;
    }

    // Until the connection breaks; false when it never came about.
    private bool Serve(SdBus.BusHandle bus)
    {
        _matchesMade = 0;
        bool isKnown = false;
        while (!_stopping)
        {
            int processed = ProcessOne(bus);
            if (processed < 0)
            {
                return isKnown;
            }

            if (processed > 0)
            {
                continue;
            }

            if (SdBus.IsReady(bus) <= 0)
            {
                // Who is connected to still has to say hello; one that never does is no bus.
                if (!Wait(SocketOf(bus), ConnectMsMax))
                {
                    return isKnown;
                }

                continue;
            }

            // What arrives during a call waits in sd-bus, which does not ask for the socket's data meanwhile: after each call that comes first.
            if (NextMatch() is { } rule)
            {
                if (!MakeMatch(bus, rule))
                {
                    return isKnown;
                }

                continue;
            }

            if (!isKnown)
            {
                isKnown = true;
                Changed(isConnected: true);
            }

            if (!AnswerOne(bus))
            {
                Wait(SocketOf(bus), timeoutMs: -1);
            }
        }

        return isKnown;
    }

    // Positive when there may be more, negative when the connection broke.
    private int ProcessOne(SdBus.BusHandle bus)
    {
        int processed = SdBus.Process(bus, out SdBus.MessageHandle message);
        using (message)
        {
            if (processed >= 0 && !message.IsInvalid)
            {
                Hand(message);
            }
        }

        return processed;
    }

    private static SdBus.PollEntry SocketOf(SdBus.BusHandle bus) => new() { Descriptor = SdBus.GetDescriptor(bus), Events = (short)SdBus.GetEvents(bus) };

    private void Changed(bool isConnected)
    {
        _isConnected = isConnected;
        ConnectionChanged?.Invoke();
    }

    private void Hand(SdBus.MessageHandle message)
    {
        if (SdBus.GetKind(message, out byte kind) >= 0 && kind == SdBus.Signal)
        {
            try
            {
                Signal?.Invoke(new DBusSignal(Text(SdBus.GetPath(message)), Text(SdBus.GetInterface(message)), Text(SdBus.GetMember(message)), DBusBody.Read(message)));
            }
            catch (InvalidDataException)
            {
                // A broken signal tells only that something changed, and the next look at the service's objects shows what.
                Signal?.Invoke(new DBusSignal(Text(SdBus.GetPath(message)), Text(SdBus.GetInterface(message)), Text(SdBus.GetMember(message)), []));
            }
        }
    }

    private string? NextMatch()
    {
        lock (_gate)
        {
            return _matchesMade < _matches.Count ? _matches[_matchesMade] : null;
        }
    }

    private bool MakeMatch(SdBus.BusHandle bus, string rule)
    {
        _matchesMade++;
        return Make(bus, new DBusCall(BusName, BusPath, BusName, "AddMatch") { Arguments = [new DBusArgument.Text(rule)] }).Error is null;
    }

    private bool AnswerOne(SdBus.BusHandle bus)
    {
        if (Next() is not { } pending)
        {
            return false;
        }

        pending.Answer(Make(bus, pending.Call));
        return true;
    }

    private void FailCalls()
    {
        while (Next() is { } pending)
        {
            pending.Answer(NotConnected());
        }
    }

    private PendingCall? Next()
    {
        lock (_gate)
        {
            return _calls.TryDequeue(out PendingCall? pending) ? pending : null;
        }
    }

    private static DBusReply Make(SdBus.BusHandle bus, DBusCall call)
    {
        int result = SdBus.NewCall(bus, out SdBus.MessageHandle message, call.Destination, call.Path, call.Interface, call.Member);
        using (message)
        {
            result = result < 0 ? result : DBusBody.Write(message, call.Arguments);
            if (result < 0)
            {
                return DBusReply.Failed("org.freedesktop.DBus.Error.InvalidArgs", $"{call.Member} of {call.Path} cannot be called so ({Marshal.GetPInvokeErrorMessage(-result)}).");
            }

            var error = default(SdBus.Error);
            result = SdBus.Call(bus, message, (ulong)call.Timeout.TotalMicroseconds, ref error, out SdBus.MessageHandle reply);
            using (reply)
            {
                try
                {
                    return result >= 0 ? new DBusReply(DBusBody.Read(reply), null) : DBusReply.Failed(Text(error.Name), Text(error.Message));
                }
                catch (InvalidDataException broken)
                {
                    return DBusReply.Failed("org.freedesktop.DBus.Error.InvalidSignature", broken.Message);
                }
                finally
                {
                    SdBus.Free(ref error);
                }
            }
        }
    }

    // Until the descriptor has something, somebody wakes this thread, or the time is over: then false.
    private bool Wait(SdBus.PollEntry bus, int timeoutMs)
    {
        SdBus.PollEntry* entries = stackalloc SdBus.PollEntry[2];
        entries[0] = bus;
        entries[1] = new SdBus.PollEntry { Descriptor = (int)_wake.DangerousGetHandle(), Events = SdBus.PollIn };
        bool isWoken = SdBus.Poll(entries, 2, timeoutMs) != 0;
        SdBus.ReadEvent(_wake, out _, sizeof(ulong));
        return isWoken;
    }

    private static string Text(nint text) => Marshal.PtrToStringUTF8(text) ?? "";

    private sealed class PendingCall(DBusCall call)
    {
        private readonly TaskCompletionSource<DBusReply> _reply = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public DBusCall Call { get; } = call;

        public Task<DBusReply> Reply => _reply.Task;

        public void Answer(DBusReply reply) => _reply.SetResult(reply);
    }
}
