using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>What the device tells of the peer in use.</summary>
/// <param name="Handshake">Time of the last handshake, to the second; null for none.</param>
/// <param name="ReceivedBytes">Received from it.</param>
/// <param name="SentBytes">Sent to it.</param>
/// <param name="Endpoint">Where it is now: WireGuard follows a peer that answers from elsewhere.</param>
/// <param name="ListenPort">UDP port that is sent from.</param>
internal sealed record DeviceReading(DateTimeOffset? Handshake, long ReceivedBytes, long SentBytes, string? Endpoint, int ListenPort);

/// <summary>
/// The network device: the kernel's where it has WireGuard, else <c>wireguard-go</c> as a child that ends with the thread that opened it. A device that is there already is taken over as it is,
/// so that its traffic goes on. Not thread-safe: one thread owns it, from opening to closing.
/// </summary>
/// <param name="name">Its name.</param>
internal sealed partial class WireGuardDevice(string name) : IDisposable
{
    /// <summary>Routing table for the ranges of all addresses, which only what is bound to the device uses.</summary>
    public const int RouteTable = 51888;

    private const int ReadyTriesMax = 100;
    private static readonly TimeSpan s_readyPause = TimeSpan.FromMilliseconds(50);

    private readonly StringBuilder _childErrors = new();
    private Process? _child;

    /// <summary>What moves its packets; null while it is closed.</summary>
    public string? Engine { get; private set; }

    /// <summary>True while the kernel has it.</summary>
    public bool IsThere => IndexOf(name) != 0 && _child is not { HasExited: true };

    /// <summary>Makes the device, or takes it over.</summary>
    /// <exception cref="TunnelException">It cannot be made.</exception>
    public void Open()
    {
        if (IsThere)
        {
            Engine = File.Exists($"/sys/class/net/{name}/tun_flags") ? "wireguard-go" : "kernel";
            if (SystemProgram.Run("wg", ["show", name]).ExitCode != 0)
            {
                Engine = null;
                throw new TunnelException($"There is a network device {name} already, and it is none of WireGuard: name another one with 'Device = …'.");
            }

            return;
        }

        Close();
        string[] add = ["link", "add", name, "type", "wireguard"];
        ProgramResult made = SystemProgram.Run("ip", add);
        if (made.ExitCode == 0)
        {
            Engine = "kernel";
        }
        else if (made.Errors.Contains("Unknown device type", StringComparison.Ordinal) || made.Errors.Contains("not supported", StringComparison.Ordinal))
        {
            StartChild();
        }
        else
        {
            throw SystemProgram.Failed("ip", add, made.Errors);
        }
    }

    /// <summary>Has the device use a way. Sessions with the same peer go on; only what differs is changed (wg syncconf).</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="privateKey">This end's key.</param>
    /// <param name="way">The way.</param>
    /// <param name="address">Its address; null leaves the peer where it is.</param>
    /// <exception cref="TunnelException">The device refused it.</exception>
    public void Use(TunnelConfig config, string privateKey, TunnelWay way, IPEndPoint? address)
    {
        // Without a port another one would be taken with each change.
        int port = config.ListenPort ?? Read(way.Peer.PublicKey).ListenPort;
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"[Interface]\nPrivateKey = {privateKey}\nListenPort = {port}\n[Peer]\nPublicKey = {way.Peer.PublicKey}\n");
        text.Append(CultureInfo.InvariantCulture, $"AllowedIPs = {string.Join(", ", way.Peer.AllowedIps)}\nPersistentKeepalive = {way.Peer.KeepaliveSeconds}\n");
        if (way.Peer.PresharedKey is { } shared)
        {
            text.Append(CultureInfo.InvariantCulture, $"PresharedKey = {shared}\n");
        }

        if (address is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $"Endpoint = {address}\n");
        }

        SystemProgram.Must("wg", ["syncconf", name, "/dev/stdin"], text.ToString());
    }

    /// <summary>Gives the device its addresses and routes, and takes away what is no longer configured.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="mtuBytes">Largest packet that the routes allow.</param>
    public void Address(TunnelConfig config, int mtuBytes)
    {
        foreach (IpPrefix stale in Addresses().Except(config.Addresses))
        {
            SystemProgram.Must("ip", ["address", "del", stale.ToString(), "dev", name]);
        }

        foreach (IpPrefix address in config.Addresses)
        {
            SystemProgram.Must("ip", ["address", "replace", address.ToString(), "dev", name, "noprefixroute"]);
        }

        SystemProgram.Must("ip", ["link", "set", name, "mtu", config.MtuBytes.ToString(CultureInfo.InvariantCulture), "up"]);
        Route(config, mtuBytes);
    }

    /// <summary>
    /// Sets the routes. The ranges that are allowed lead into the device; that of all addresses does so for what is bound to the device alone, so that the appliance's other traffic stays where it is.
    /// </summary>
    /// <param name="config">The configuration.</param>
    /// <param name="mtuBytes">Largest packet that they allow. It is theirs and not the device's, so that probes may be larger.</param>
    public void Route(TunnelConfig config, int mtuBytes)
    {
        IReadOnlyList<IpPrefix> ranges = config.Peers[0].AllowedIps;
        foreach (string family in (string[])["-4", "-6"])
        {
            bool isV6 = family == "-6";
            if (isV6 && !config.Addresses.Any(address => address.IsV6))
            {
                continue;
            }

            IpPrefix[] wanted = [.. ranges.Where(range => range.IsV6 == isV6 && !range.IsDefault)];
            foreach (string stale in Routes(family).Except(wanted.Select(RouteName)))
            {
                SystemProgram.Must("ip", [family, "route", "del", stale, "dev", name]);
            }

            string mtu = mtuBytes.ToString(CultureInfo.InvariantCulture);
            foreach (IpPrefix range in wanted)
            {
                SystemProgram.Must("ip", [family, "route", "replace", range.ToString(), "dev", name, "mtu", mtu]);
            }

            if (ranges.Any(range => range.IsV6 == isV6 && range.IsDefault))
            {
                string table = RouteTable.ToString(CultureInfo.InvariantCulture);
                SystemProgram.Must("ip", [family, "route", "replace", "default", "dev", name, "mtu", mtu, "table", table]);
                string[] rule = [family, "rule", "add", "oif", name, "lookup", table, "priority", table];
                if (SystemProgram.Run("ip", rule) is { ExitCode: not 0 } refused && !refused.Errors.Contains("exists", StringComparison.Ordinal))
                {
                    throw SystemProgram.Failed("ip", rule, refused.Errors);
                }
            }
        }
    }

    /// <summary>Reads what the device knows of a peer.</summary>
    /// <param name="publicKey">The peer.</param>
    /// <exception cref="TunnelException">There is no such device.</exception>
    public DeviceReading Read(string publicKey)
    {
        // A line of the device (keys, port, mark), then one of each peer (key, preshared key, endpoint, ranges, handshake, received, sent, keepalive); wg(8), show … dump.
        string[] lines = SystemProgram.Must("wg", ["show", name, "dump"]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        int port = int.Parse(lines[0].Split('\t')[2], CultureInfo.InvariantCulture);
        string[]? peer = lines.Skip(1).Select(line => line.Split('\t')).FirstOrDefault(fields => fields[0] == publicKey);
        if (peer is null)
        {
            return new DeviceReading(null, 0, 0, null, port);
        }

        long handshake = long.Parse(peer[4], CultureInfo.InvariantCulture);
        return new DeviceReading(
            handshake == 0 ? null : DateTimeOffset.FromUnixTimeSeconds(handshake), long.Parse(peer[5], CultureInfo.InvariantCulture), long.Parse(peer[6], CultureInfo.InvariantCulture),
            peer[2] == "(none)" ? null : peer[2], port);
    }

    /// <summary>Removes the device and what leads to it.</summary>
    public void Close()
    {
        if (Engine is null && _child is null)
        {
            return;
        }

        Engine = null;
        SystemProgram.Run("ip", ["link", "del", name]);
        foreach (string family in (string[])["-4", "-6"])
        {
            SystemProgram.Run("ip", [family, "rule", "del", "priority", RouteTable.ToString(CultureInfo.InvariantCulture)]);
        }

        if (_child is { } child)
        {
            // It ends by itself when its device goes, and takes its socket with it.
            if (!child.WaitForExit(TimeSpan.FromSeconds(2)))
            {
                child.Kill();
                child.WaitForExit();
            }

            child.Dispose();
            _child = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    // In the network that this process is in, whatever /sys shows. 0 when there is none (if_nametoindex(3)).
    [LibraryImport("libc", EntryPoint = "if_nametoindex", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint IndexOf(string name);

    // As ip(8) shows a route: a single address without its length.
    private static string RouteName(IpPrefix range) => range.Length == (range.IsV6 ? 128 : 32) ? range.Address.ToString() : range.ToString();

    // Its death with this thread is the kernel's business (setpriv): a device that nobody looks after would go on.
    private void StartChild()
    {
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "TERM", "wireguard-go", "--foreground", name]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.Environment["WG_PROCESS_FOREGROUND"] = "1";
        start.Environment["LOG_LEVEL"] = "error";
        _childErrors.Clear();
        Process child = Process.Start(start)!;
        _child = child;
        child.ErrorDataReceived += (_, line) => Note(line.Data);
        child.OutputDataReceived += (_, line) => Note(line.Data);
        child.BeginErrorReadLine();
        child.BeginOutputReadLine();
        Engine = "wireguard-go";
        for (int i = 0; i < ReadyTriesMax && !child.HasExited; i++)
        {
            if (IsThere && SystemProgram.Run("wg", ["show", name]).ExitCode == 0)
            {
                return;
            }

            child.WaitForExit(s_readyPause);
        }

        Close();
        string said;
        lock (_childErrors)
        {
            said = _childErrors.ToString().Trim();
        }

        throw said.Contains("No such file", StringComparison.Ordinal) && said.Contains("wireguard-go", StringComparison.Ordinal)
            ? new TunnelException("This kernel has no WireGuard, and wireguard-go is not installed: install the package wireguard-go.")
            : SystemProgram.Failed("wireguard-go", [name], said);
    }

    private void Note(string? line)
    {
        lock (_childErrors)
        {
            const int CharsMax = 2000;
            if (line is not null && _childErrors.Length < CharsMax)
            {
                _childErrors.Append(line).Append(' ');
            }
        }
    }

    private IEnumerable<IpPrefix> Addresses()
    {
        using JsonDocument shown = JsonDocument.Parse(SystemProgram.Must("ip", ["-j", "address", "show", "dev", name]));
        var found = new List<IpPrefix>();
        foreach (JsonElement info in shown.RootElement.EnumerateArray().SelectMany(device => device.TryGetProperty("addr_info", out JsonElement infos) ? infos.EnumerateArray().ToArray() : []))
        {
            // The kernel's own link-local address stays.
            if (info.TryGetProperty("local", out JsonElement local) && info.GetProperty("scope").GetString() != "link" && IpPrefix.TryParse($"{local.GetString()}/{info.GetProperty("prefixlen").GetInt32()}", out IpPrefix prefix))
            {
                found.Add(prefix);
            }
        }

        return found;
    }

    private string[] Routes(string family)
    {
        using JsonDocument shown = JsonDocument.Parse(SystemProgram.Must("ip", ["-j", family, "route", "show", "dev", name]));
        return [.. shown.RootElement.EnumerateArray().Where(route => !route.TryGetProperty("protocol", out JsonElement made) || made.GetString() != "kernel").Select(route => route.GetProperty("dst").GetString()!)];
    }
}
