using System.Runtime.InteropServices;

namespace GatewayOS.Hardware.DBus;

/// <summary>An argument of a call, as far as calls of this program need one.</summary>
public abstract record DBusArgument
{
    private DBusArgument()
    {
    }

    /// <summary>Text (<c>s</c>).</summary>
    public sealed record Text(string Value) : DBusArgument;

    /// <summary>An object's path (<c>o</c>).</summary>
    public sealed record Path(string Value) : DBusArgument;

    /// <summary>Paths of objects (<c>ao</c>).</summary>
    public sealed record Paths(params IReadOnlyList<string> Values) : DBusArgument;

    /// <summary>A whole number without sign (<c>t</c>).</summary>
    public sealed record Number(ulong Value) : DBusArgument;

    /// <summary>Options (<c>a{sv}</c>), all of them truths.</summary>
    public sealed record Options(params IReadOnlyList<KeyValuePair<string, bool>> Values) : DBusArgument;
}

/// <summary>A call of a method.</summary>
/// <param name="Destination">Name of the service on the bus.</param>
/// <param name="Path">The object.</param>
/// <param name="Interface">The interface.</param>
/// <param name="Member">The method.</param>
public sealed record DBusCall(string Destination, string Path, string Interface, string Member)
{
    /// <summary>Its arguments.</summary>
    public IReadOnlyList<DBusArgument> Arguments { get; init; } = [];

    /// <summary>How long an answer is waited for. Other calls wait meanwhile.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Why a call was not answered as it should.</summary>
/// <param name="Name">D-Bus name of the error, as <c>org.freedesktop.DBus.Error.ServiceUnknown</c>.</param>
/// <param name="Message">What the service says.</param>
public sealed record DBusError(string Name, string Message)
{
    /// <summary>There is no connection to the bus; the program tries to make one. A retry helps.</summary>
    public const string Disconnected = "org.freedesktop.DBus.Error.Disconnected";

    /// <summary>More calls wait than may. A retry helps.</summary>
    public const string LimitsExceeded = "org.freedesktop.DBus.Error.LimitsExceeded";

    /// <summary>Nobody on the bus has that name, and the bus cannot start it.</summary>
    public bool IsServiceMissing => Name is "org.freedesktop.DBus.Error.ServiceUnknown" or "org.freedesktop.DBus.Error.NameHasNoOwner" or "org.freedesktop.DBus.Error.Spawn.ServiceNotFound";
}

/// <summary>The answer to a call: its values, or an error.</summary>
/// <param name="Values">What the method returned.</param>
/// <param name="Error">Null when it succeeded.</param>
public readonly record struct DBusReply(IReadOnlyList<DBusValue> Values, DBusError? Error)
{
    /// <summary>The first value, or none.</summary>
    public DBusValue First => Values is { Count: > 0 } ? Values[0] : DBusValue.None;

    internal static DBusReply Failed(string name, string message) => new([], new DBusError(name, message));
}

/// <summary>A signal.</summary>
/// <param name="Path">Who sends it.</param>
/// <param name="Interface">Of which interface.</param>
/// <param name="Member">Its name.</param>
/// <param name="Values">What it carries.</param>
public sealed record DBusSignal(string Path, string Interface, string Member, IReadOnlyList<DBusValue> Values);

/// <summary>Writes and reads the bodies of messages.</summary>
internal static unsafe class DBusBody
{
    /// <summary>Values in one message; a message that has more is taken for broken. A machine with a thousand disks stays far below.</summary>
    private const int ValuesMax = 1_000_000;

    /// <summary>Containers in each other (D-Bus specification, "Valid Signatures": 32 arrays and 32 structures).</summary>
    private const int DepthMax = 64;

    private const byte Array = (byte)'a';
    private const byte Variant = (byte)'v';
    private const byte Structure = (byte)'r';
    private const byte Entry = (byte)'e';

    public static int Write(SdBus.MessageHandle message, IReadOnlyList<DBusArgument> arguments)
    {
        int result = 0;
        foreach (DBusArgument argument in arguments)
        {
            result = Math.Min(result, argument switch
            {
                DBusArgument.Text text => SdBus.AppendText(message, (byte)'s', text.Value),
                DBusArgument.Path path => SdBus.AppendText(message, (byte)'o', path.Value),
                DBusArgument.Paths paths => Write(message, paths),
                DBusArgument.Number number => SdBus.AppendLong(message, (byte)'t', number.Value),
                DBusArgument.Options options => Write(message, options),
                _ => throw new ArgumentOutOfRangeException(nameof(arguments)),
            });
        }

        return result;
    }

    /// <summary>Reads all values of a message.</summary>
    /// <exception cref="InvalidDataException">The message is broken or too large.</exception>
    public static IReadOnlyList<DBusValue> Read(SdBus.MessageHandle message)
    {
        int left = ValuesMax;
        return ReadAll(message, DepthMax, ref left);
    }

    private static int Write(SdBus.MessageHandle message, DBusArgument.Paths paths)
    {
        int result = SdBus.Open(message, Array, "o");
        foreach (string path in paths.Values)
        {
            result = Math.Min(result, SdBus.AppendText(message, (byte)'o', path));
        }

        return Math.Min(result, SdBus.Close(message));
    }

    private static int Write(SdBus.MessageHandle message, DBusArgument.Options options)
    {
        int result = SdBus.Open(message, Array, "{sv}");
        foreach ((string name, bool value) in options.Values)
        {
            result = Math.Min(result, SdBus.Open(message, Entry, "sv"));
            result = Math.Min(result, SdBus.AppendText(message, (byte)'s', name));
            result = Math.Min(result, SdBus.Open(message, Variant, "b"));
            result = Math.Min(result, SdBus.AppendWord(message, (byte)'b', value ? 1 : 0));
            result = Math.Min(result, SdBus.Close(message));
            result = Math.Min(result, SdBus.Close(message));
        }

        return Math.Min(result, SdBus.Close(message));
    }

    private static DBusValue[] ReadAll(SdBus.MessageHandle message, int depth, ref int left)
    {
        var values = new List<DBusValue>();
        while (Check(SdBus.Peek(message, out byte type, out nint contents)) > 0)
        {
            if (depth == 0 || --left < 0)
            {
                throw new InvalidDataException($"A message of D-Bus has more than {ValuesMax} values, or more than {DepthMax} levels.");
            }

            values.Add(ReadOne(message, type, contents, depth - 1, ref left));
        }

        return [.. values];
    }

    private static DBusValue ReadOne(SdBus.MessageHandle message, byte type, nint contents, int depth, ref int left)
    {
        if (type is Array or Variant or Structure or Entry)
        {
            return ReadContainer(message, type, contents, depth, ref left);
        }

        Check(SdBus.Read(message, type, out ulong raw));
        return (char)type switch
        {
            's' or 'o' or 'g' => DBusValue.Of(Marshal.PtrToStringUTF8((nint)raw) ?? ""),
            'b' => DBusValue.Of((uint)raw != 0),
            'y' => DBusValue.Of((long)(byte)raw),
            'n' => DBusValue.Of((long)(short)raw),
            'q' => DBusValue.Of((long)(ushort)raw),
            'i' or 'h' => DBusValue.Of((long)(int)raw),
            'u' => DBusValue.Of((long)(uint)raw),
            'x' => DBusValue.Of((long)raw),
            't' => DBusValue.Of(raw),
            'd' => DBusValue.Of(BitConverter.UInt64BitsToDouble(raw)),
            _ => throw new InvalidDataException($"A message of D-Bus has a value of the unknown type '{(char)type}'."),
        };
    }

    private static DBusValue ReadContainer(SdBus.MessageHandle message, byte type, nint contents, int depth, ref int left)
    {
        string inner = Marshal.PtrToStringUTF8(contents) ?? "";
        if (type == Array && inner == "y")
        {
            Check(SdBus.ReadArray(message, (byte)'y', out byte* items, out nuint bytes));
            return DBusValue.Of(new ReadOnlySpan<byte>(items, (int)bytes).ToArray());
        }

        Check(SdBus.Enter(message, type, contents));
        DBusValue[] values = ReadAll(message, depth, ref left);
        Check(SdBus.Exit(message));
        if (type == Variant)
        {
            return values.Length == 1 ? values[0] : DBusValue.None;
        }

        if (type != Array || !inner.StartsWith('{'))
        {
            return DBusValue.Of(values);
        }

        var fields = new Dictionary<string, DBusValue>(values.Length, StringComparer.Ordinal);
        foreach (DBusValue entry in values)
        {
            fields[entry.Items[0].Text] = entry.Items[1];
        }

        return DBusValue.Of(fields);
    }

    private static int Check(int result) => result >= 0 ? result : throw new InvalidDataException($"A message of D-Bus cannot be read ({Marshal.GetPInvokeErrorMessage(-result)}).");
}
