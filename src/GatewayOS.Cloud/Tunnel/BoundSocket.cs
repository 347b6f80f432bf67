using System.Net.Sockets;
using System.Text;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Sockets that leave by one network device and no other (SO_BINDTODEVICE, socket(7)). When the device is down or gone, nothing leaves; no route, and no mistake in one, sends it elsewhere.
/// Since Linux 5.7 no privilege is needed.
/// </summary>
internal static class BoundSocket
{
    private const int SocketLevel = 1;
    private const int BindToDevice = 25;

    /// <summary>Binds a socket that has no connection yet.</summary>
    /// <exception cref="SocketException">There is no such device.</exception>
    public static void Bind(Socket socket, string device) => socket.SetRawSocketOption(SocketLevel, BindToDevice, Encoding.ASCII.GetBytes(device + "\0"));
}
