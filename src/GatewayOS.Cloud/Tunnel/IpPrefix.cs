using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>An address with the length of its prefix, as <c>10.7.0.2/24</c>: a device's own address, or a range that a peer may use.</summary>
/// <param name="Address">The address, host bits included.</param>
/// <param name="Length">Leading bits that are the network's: 0 to 32, or to 128 for IPv6.</param>
public readonly record struct IpPrefix(IPAddress Address, int Length)
{
    /// <summary>True for the range of all addresses of a family.</summary>
    public bool IsDefault => Length == 0;

    /// <summary>True for IPv6.</summary>
    public bool IsV6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>The range without host bits, as routes name it.</summary>
    public IPNetwork Network => new(Masked(Address, Length), Length);

    /// <summary>Reads one; without a length it is a single address.</summary>
    /// <param name="text">As <c>10.7.0.2/24</c>, <c>fd00::1</c>.</param>
    /// <param name="prefix">The result.</param>
    public static bool TryParse(string text, out IpPrefix prefix)
    {
        prefix = default;
        string[] parts = text.Split('/');
        if (parts.Length > 2 || !IPAddress.TryParse(parts[0], out IPAddress? address) || !IsWhole(parts[0], address))
        {
            return false;
        }

        int bits = address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32;
        int length = bits;
        if (parts.Length == 2 && (!int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bits))
        {
            return false;
        }

        prefix = new IpPrefix(address, length);
        return true;
    }

    /// <summary>True when an address is in the range.</summary>
    public bool Contains(IPAddress address) => address.AddressFamily == Address.AddressFamily && Network.Contains(address);

    /// <summary>As it is written.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Address}/{Length}");

    // '10.7' is an address to the parser, and a mistake in a configuration.
    private static bool IsWhole(string text, IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.ScopeId == 0 : text.Count(letter => letter == '.') == 3;

    private static IPAddress Masked(IPAddress address, int length)
    {
        byte[] bytes = address.GetAddressBytes();
        for (int i = 0; i < bytes.Length; i++)
        {
            int bits = Math.Clamp(length - (8 * i), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - bits));
        }

        return new IPAddress(bytes);
    }
}
