using System.Text;

namespace GatewayOS.Terminal;

/// <summary>
/// Paths given on the command line as the bytes they are: the runtime hands arguments over as text, in which bytes that are no UTF-8 are lost.
/// </summary>
internal static class RawArguments
{
    private const char Replacement = '\ufffd';

    public static byte[] Bytes(string argument)
    {
        if (argument.Contains(Replacement, StringComparison.Ordinal) && File.Exists("/proc/self/cmdline"))
        {
            byte[] line = File.ReadAllBytes("/proc/self/cmdline");
            foreach (Range range in line.AsSpan().Split((byte)0))
            {
                ReadOnlySpan<byte> raw = line.AsSpan(range);
                if (Encoding.UTF8.GetString(raw) == argument)
                {
                    return raw.ToArray();
                }
            }
        }

        return Encoding.UTF8.GetBytes(argument);
    }
}
