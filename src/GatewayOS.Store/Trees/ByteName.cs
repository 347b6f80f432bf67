using System.Text;

namespace GatewayOS.Store.Trees;

/// <summary>
/// Text form of names, which are bytes. Valid UTF-8 without control characters and backslashes stays as it is; every other byte becomes
/// <c>\xNN</c>. <see cref="Unescape"/> reverses it exactly, so a listing can be fed back.
/// </summary>
public static class ByteName
{
    /// <summary>Escapes a name or path for people and JSON.</summary>
    public static string Escape(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        Span<char> pair = stackalloc char[2];
        while (!name.IsEmpty)
        {
            bool valid = Rune.DecodeFromUtf8(name, out Rune rune, out int used) == System.Buffers.OperationStatus.Done;
            if (valid && !Rune.IsControl(rune) && rune.Value != '\\' && !IsInvisible(rune.Value))
            {
                text.Append(pair[..rune.EncodeToUtf16(pair)]);
            }
            else
            {
                foreach (byte value in name[..used])
                {
                    text.Append("\\x").Append(value.ToString("x2", null));
                }
            }

            name = name[used..];
        }

        return text.ToString();
    }

    /// <summary>Reverses <see cref="Escape"/>. A backslash that starts no <c>\xNN</c> stands for itself.</summary>
    public static byte[] Unescape(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int length = 0;
        for (int i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] == '\\' && i + 3 < utf8.Length && utf8[i + 1] == 'x' && Hex(utf8[i + 2]) >= 0 && Hex(utf8[i + 3]) >= 0)
            {
                utf8[length++] = (byte)((Hex(utf8[i + 2]) << 4) | Hex(utf8[i + 3]));
                i += 3;
            }
            else
            {
                utf8[length++] = utf8[i];
            }
        }

        return utf8[..length];
    }

    /// <summary>The names in a '/'-separated path; empty ones and "." are passed over.</summary>
    public static IReadOnlyList<byte[]> Split(ReadOnlySpan<byte> path)
    {
        var names = new List<byte[]>();
        foreach (Range range in path.Split((byte)'/'))
        {
            ReadOnlySpan<byte> name = path[range];
            if (!name.IsEmpty && !name.SequenceEqual("."u8))
            {
                names.Add(name.ToArray());
            }
        }

        return names;
    }

    // Line separators and direction overrides would let a file name forge other lines of a listing.
    private static bool IsInvisible(int rune) => rune is 0x2028 or 0x2029 or (>= 0x200e and <= 0x200f) or (>= 0x202a and <= 0x202e) or (>= 0x2066 and <= 0x2069);

    private static int Hex(byte digit) => digit switch
    {
        >= (byte)'0' and <= (byte)'9' => digit - '0',
        >= (byte)'a' and <= (byte)'f' => digit - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => digit - 'A' + 10,
        _ => -1,
    };
}
