using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.TestKit.Programs;

/// <summary>A network namespace of a test's own: a machine as far as its network goes. Needs root. Disposing ends what still runs in it.</summary>
public sealed partial class NetworkSpace : IDisposable
{
    private const int NewNetwork = 0x40000000;

    /// <summary>Makes it, with a loopback and nothing else; IPv6 is off, so that nothing is sent unasked.</summary>
    /// <param name="name">For people.</param>
    public NetworkSpace(string name)
    {
        Name = string.Create(CultureInfo.InvariantCulture, $"gateway-{name}-{Environment.ProcessId}");
        Shell.Run($"ip netns add {Name} && ip -n {Name} link set lo up");
        Run("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6 2>/dev/null || true");
    }

    /// <summary>Its name, for ip(8).</summary>
    public string Name { get; }

    /// <summary>Runs a command line inside.</summary>
    public string Run(string command) => Shell.Run($"ip netns exec {Name} bash -c '{command}'");

    /// <summary>Lays a cable to another one.</summary>
    /// <param name="device">Name of this end.</param>
    /// <param name="address">Its address with the length of its prefix.</param>
    /// <param name="other">The other one.</param>
    /// <param name="otherDevice">Name of the other end.</param>
    /// <param name="otherAddress">Its address.</param>
    public void Link(string device, string address, NetworkSpace other, string otherDevice, string otherAddress) => Shell.Run(
        $"ip link add {device} netns {Name} type veth peer name {otherDevice} netns {other.Name}"
        + $" && ip -n {Name} address add {address} dev {device} && ip -n {other.Name} address add {otherAddress} dev {otherDevice}"
        + $" && ip -n {Name} link set {device} up && ip -n {other.Name} link set {otherDevice} up");

    /// <summary>Packets that left by a device.</summary>
    public long PacketsSent(string device) => long.Parse(Run($"cat /sys/class/net/{device}/statistics/tx_packets"), CultureInfo.InvariantCulture);

    /// <summary>Makes something on a thread that is inside: sockets stay where they were made.</summary>
    public T Enter<T>(Func<T> make)
    {
        T? made = default;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using SafeFileHandle space = File.OpenHandle($"/run/netns/{Name}");
                if (SetNamespace(space, NewNetwork) != 0)
                {
                    throw new InvalidOperationException($"setns({Name}) failed with {Marshal.GetLastPInvokeError()}");
                }

                made = make();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? made! : throw new InvalidOperationException(failure.Message, failure);
    }

    /// <inheritdoc/>
    public void Dispose() => Shell.Run($"ip netns pids {Name} | xargs -r kill 2>/dev/null; ip netns del {Name}");

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle space, int kind);
}
