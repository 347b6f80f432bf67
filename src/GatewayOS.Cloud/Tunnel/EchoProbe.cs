using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Pings by one device: echo requests of a chosen size (ICMP, RFC 792; ICMPv6, RFC 4443) that are not fragmented and take no notice of a route's MTU, which is what is to be found out.
/// Needs CAP_NET_RAW. Not thread-safe.
/// </summary>
/// <param name="device">The device.</param>
/// <param name="identifier">Tells the answers apart from those to others.</param>
internal sealed class EchoProbe(string device, ushort identifier)
{
    private const int EchoBytes = 8;
    private const int HeaderBytesV4 = 20;
    private const int HeaderBytesV6 = 40;
    private const int BufferBytes = 16 * 1024;

    // setsockopt(2): IP_MTU_DISCOVER and IPV6_MTU_DISCOVER, set to IP_PMTUDISC_PROBE.
    private const int LevelV4 = 0;
    private const int DiscoverV4 = 10;
    private const int LevelV6 = 41;
    private const int DiscoverV6 = 23;
    private const int DiscoverProbe = 3;

    private ushort _sequence;

    /// <summary>Sends one and waits for its answer.</summary>
    /// <param name="target">Whom.</param>
    /// <param name="packetBytes">Length of the IP packet; shorter than the headers gives an empty one.</param>
    /// <param name="limit">How long.</param>
    /// <returns>The round trip; null when there was no answer.</returns>
    /// <exception cref="TunnelException">This process may not ping.</exception>
    public TimeSpan? Ping(IPAddress target, int packetBytes, TimeSpan limit)
    {
        bool isV6 = target.AddressFamily == AddressFamily.InterNetworkV6;
        byte[] request = Request(isV6, packetBytes);
        try
        {
            using var socket = new Socket(target.AddressFamily, SocketType.Raw, isV6 ? ProtocolType.IcmpV6 : ProtocolType.Icmp);
            BoundSocket.Bind(socket, device);
            socket.SetRawSocketOption(isV6 ? LevelV6 : LevelV4, isV6 ? DiscoverV6 : DiscoverV4, BitConverter.GetBytes(DiscoverProbe));
            long sent = Stopwatch.GetTimestamp();
            socket.SendTo(request, new IPEndPoint(target, 0));
            byte[] buffer = new byte[BufferBytes];
            while (limit - Stopwatch.GetElapsedTime(sent) is { } left && left > TimeSpan.Zero && socket.Poll(left, SelectMode.SelectRead))
            {
                EndPoint from = new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
                int length = socket.ReceiveFrom(buffer, ref from);
                if (IsAnswer(buffer.AsSpan(0, length), isV6) && ((IPEndPoint)from).Address.Equals(target))
                {
                    return Stopwatch.GetElapsedTime(sent);
                }
            }
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.AccessDenied or SocketError.OperationNotSupported)
        {
            throw new TunnelException($"This process may not ping ({error.Message}): give it CAP_NET_RAW, as the unit gatewayd.service does.", error);
        }
        catch (SocketException)
        {
            // Larger than the device takes, no route, no session yet: no answer.
        }

        return null;
    }

    private byte[] Request(bool isV6, int packetBytes)
    {
        byte[] request = new byte[Math.Max(EchoBytes, packetBytes - (isV6 ? HeaderBytesV6 : HeaderBytesV4))];
        request[0] = (byte)(isV6 ? 128 : 8);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(4), identifier);
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(6), ++_sequence);
        if (!isV6)
        {
            // The kernel does it for ICMPv6.
            BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(2), Checksum(request));
        }

        return request;
    }

    // An IPv4 socket gets the packet with its header, an IPv6 socket without.
    private bool IsAnswer(ReadOnlySpan<byte> packet, bool isV6)
    {
        int header = isV6 || packet.IsEmpty ? 0 : (packet[0] & 0xf) * 4;
        return packet.Length >= header + EchoBytes && packet[header] == (isV6 ? 129 : 0)
            && BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 4)..]) == identifier && BinaryPrimitives.ReadUInt16BigEndian(packet[(header + 6)..]) == _sequence;
    }

    // RFC 1071.
    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (int i = 0; i < bytes.Length; i += 2)
        {
            sum += (uint)((bytes[i] << 8) | (i + 1 < bytes.Length ? bytes[i + 1] : 0));
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}
