using System.Globalization;
using System.Text;

namespace GatewayOS.Hardware.DBus;

/// <summary>
/// A value that came over D-Bus. Variants are unwrapped; structures are <see cref="Items"/>, dictionaries <see cref="Fields"/>. Asking a value for
/// what it is not gives the empty answer: what a service leaves out or changes must not end the reader.
/// </summary>
public sealed class DBusValue
{
    private readonly object? _value;

    private DBusValue(object? value) => _value = value;

    /// <summary>No value.</summary>
    public static DBusValue None { get; } = new(null);

    /// <summary>Text, object path or signature; numbers and truths in words; empty for what has no text.</summary>
    public string Text => _value switch
    {
        string text => text,
        bool truth => truth ? "true" : "false",
        long or ulong or double => Convert.ToString(_value, CultureInfo.InvariantCulture)!,
        _ => "",
    };

    /// <summary>An array of bytes as the file name it is (<c>ay</c>, UTF-8, ended by a zero byte); empty for what is none.</summary>
    public string FileName => _value is byte[] bytes ? Encoding.UTF8.GetString(bytes.AsSpan().TrimEnd((byte)0)) : "";

    /// <summary>A whole number; a fraction is cut off; 0 for what is none.</summary>
    public long Whole => _value switch
    {
        long number => number,
        ulong number => (long)Math.Min(number, long.MaxValue),
        double number when double.IsFinite(number) => (long)Math.Clamp(number, long.MinValue, long.MaxValue),
        _ => 0,
    };

    /// <summary>A number; 0 for what is none.</summary>
    public double Number => _value switch { double number => number, long number => number, ulong number => number, _ => 0 };

    /// <summary>A truth; false for what is none.</summary>
    public bool IsTrue => _value is true;

    /// <summary>Elements of an array or structure; none for what is neither.</summary>
    public IReadOnlyList<DBusValue> Items => _value as DBusValue[] ?? [];

    /// <summary>Entries of a dictionary, keys in words; none for what is no dictionary.</summary>
    public IReadOnlyDictionary<string, DBusValue> Fields => _value as Dictionary<string, DBusValue> ?? s_noFields;

    private static readonly Dictionary<string, DBusValue> s_noFields = [];

    /// <summary>An entry of a dictionary; <see cref="None"/> when it is not there.</summary>
    public DBusValue this[string field] => Fields.GetValueOrDefault(field, None);

    /// <summary>Makes a value of a text.</summary>
    public static DBusValue Of(string value) => new(value);

    /// <summary>Makes a value of a truth.</summary>
    public static DBusValue Of(bool value) => new(value);

    /// <summary>Makes a value of a whole number.</summary>
    public static DBusValue Of(long value) => new(value);

    /// <summary>Makes a value of a whole number without sign.</summary>
    public static DBusValue Of(ulong value) => new(value);

    /// <summary>Makes a value of a number.</summary>
    public static DBusValue Of(double value) => new(value);

    /// <summary>Makes a value of bytes; they are the value's from then on.</summary>
    public static DBusValue Of(byte[] value) => new(value);

    /// <summary>Makes an array or structure.</summary>
    public static DBusValue Of(DBusValue[] items) => new(items);

    /// <summary>Makes a dictionary; it is the value's from then on.</summary>
    public static DBusValue Of(Dictionary<string, DBusValue> fields) => new(fields);
}
