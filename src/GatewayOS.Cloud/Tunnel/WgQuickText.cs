using System.Globalization;
using System.Net;
using System.Text;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>What reading a configuration gave.</summary>
public sealed record TunnelReadResult
{
    /// <summary>The configuration; null when there are errors.</summary>
    public TunnelConfig? Config { get; init; }

    /// <summary>The private key that stood in it, base64; null for none. A secret: neither shown nor logged.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>Every error, with its line and remedy.</summary>
    public IReadOnlyList<string> Errors { get; init; } = [];

    /// <summary>What is understood and not followed, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>
/// Reads and writes a tunnel's configuration in the syntax of wg-quick(8), which every provider hands out. Beyond it: several <c>Endpoint</c> lines in a peer, further peers as
/// alternatives, and in [Interface]
/// <c>Probe</c>, <c>Device</c> and <c>Enabled</c>. Commands in it (PostUp and the like) are refused: a file from somewhere runs nothing here as root.
/// </summary>
public static class WgQuickText
{
    /// <summary>Longest text that is read, in characters.</summary>
    public const int CharsMax = 64 * 1024;

    private const int KeyBytes = 32;
    private const int PortMax = 65535;

    private static readonly string[] s_commands = ["preup", "postup", "predown", "postdown"];

    /// <summary>Reads a configuration; every error at once.</summary>
    /// <param name="text">The text.</param>
    public static TunnelReadResult Read(string text)
    {
        if (text.Length > CharsMax)
        {
            return new TunnelReadResult { Errors = [$"The configuration is longer than {CharsMax} characters: that is none of a tunnel."] };
        }

        var reader = new Reader();
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Split('#', 2)[0].Trim();
            if (line.Length > 0)
            {
                reader.Line(number, line);
            }
        }

        return reader.End();
    }

    /// <summary>Checks a key: base64 of 32 bytes that are not all zero.</summary>
    public static bool IsKey(string text)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 1];
        return text.Length == 44 && Convert.TryFromBase64String(text, bytes, out int length) && length == KeyBytes && bytes[..KeyBytes].ContainsAnyExcept((byte)0);
    }

    /// <summary>Writes a configuration to be read again by <see cref="Read"/>; the private key is kept elsewhere.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="withSecrets">False masks preshared keys, for people to look at.</param>
    public static string Write(TunnelConfig config, bool withSecrets)
    {
        var text = new StringBuilder("[Interface]\n");
        Add(text, "Address", string.Join(", ", config.Addresses));
        Add(text, "DNS", string.Join(", ", config.Dns));
        Add(text, "MTU", config.MtuBytes == TunnelConfig.MtuBytesDefault ? "" : config.MtuBytes.ToString(CultureInfo.InvariantCulture));
        Add(text, "ListenPort", config.ListenPort?.ToString(CultureInfo.InvariantCulture) ?? "");
        Add(text, "Probe", config.Probe?.ToString() ?? "");
        Add(text, "Device", config.Device == TunnelConfig.DeviceDefault ? "" : config.Device);
        Add(text, "Enabled", config.IsOn ? "" : "false");
        foreach (TunnelPeer peer in config.Peers)
        {
            text.Append("\n[Peer]\n");
            Add(text, "PublicKey", peer.PublicKey);
            Add(text, "PresharedKey", peer.PresharedKey is null ? "" : withSecrets ? peer.PresharedKey : "(hidden)");
            Add(text, "AllowedIPs", string.Join(", ", peer.AllowedIps));
            foreach (TunnelEndpoint endpoint in peer.Endpoints)
            {
                Add(text, "Endpoint", endpoint.ToString());
            }

            Add(text, "PersistentKeepalive", peer.KeepaliveSeconds.ToString(CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    private static void Add(StringBuilder text, string key, string value)
    {
        if (value.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{key} = {value}\n");
        }
    }

    private sealed class PeerLines(int line)
    {
        public int Line { get; } = line;

        public string? PublicKey { get; set; }

        public string? PresharedKey { get; set; }

        public int? Keepalive { get; set; }

        public List<IpPrefix> AllowedIps { get; } = [];

        public List<TunnelEndpoint> Endpoints { get; } = [];
    }

    private sealed class Reader
    {
        private readonly List<string> _errors = [];
        private readonly List<string> _notes = [];
        private readonly List<PeerLines> _peers = [];
        private readonly List<IpPrefix> _addresses = [];
        private readonly List<IPAddress> _dns = [];
        private readonly HashSet<string> _once = [];
        private string? _section;
        private string? _privateKey;
        private int? _mtu;
        private int? _port;
        private IPAddress? _probe;
        private string _device = TunnelConfig.DeviceDefault;
        private bool _isOn = true;

        public void Line(int number, string line)
        {
            if (line.StartsWith('['))
            {
                Begin(number, line);
                return;
            }

            string[] parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[1].Length == 0)
            {
                Wrong(number, $"'{parts[0]}' has no value: it goes like 'Address = 10.7.0.2/32'.");
                return;
            }

            string key = parts[0].ToLowerInvariant();
            switch (_section)
            {
                case "[interface]":
                    Interface(number, key, parts[0], parts[1]);
                    break;
                case "[peer]":
                    Peer(number, _peers[^1], key, parts[0], parts[1]);
                    break;
                case null:
                    Wrong(number, $"'{parts[0]}' stands in no section: begin with [Interface].");
                    break;
            }
        }

        public TunnelReadResult End()
        {
            foreach (PeerLines peer in _peers)
            {
                Require(peer, peer.PublicKey is not null, "PublicKey", "the other end's public key");
                Require(peer, peer.AllowedIps.Count > 0, "AllowedIPs", "what is reached through it");
                Require(peer, peer.Endpoints.Count > 0, "Endpoint", "where it is reached, as vpn.example.org:51820: this end calls, it is not called");
            }

            var config = new TunnelConfig
            {
                Addresses = _addresses,
                Dns = _dns,
                MtuBytes = _mtu ?? TunnelConfig.MtuBytesDefault,
                ListenPort = _port,
                Probe = _probe,
                Device = _device,
                IsOn = _isOn,
                Peers = [.. _peers.Where(peer => peer.PublicKey is not null).Select(peer => new TunnelPeer
                {
                    PublicKey = peer.PublicKey!,
                    PresharedKey = peer.PresharedKey,
                    AllowedIps = peer.AllowedIps,
                    Endpoints = peer.Endpoints,
                    KeepaliveSeconds = peer.Keepalive ?? TunnelPeer.KeepaliveSecondsDefault,
                })],
            };

            // What follows from a line that was not understood is no error of its own.
            _errors.AddRange(_errors.Count == 0 || _peers.Count == 0 ? config.Validate() : []);
            return new TunnelReadResult { Config = _errors.Count == 0 ? config : null, PrivateKey = _errors.Count == 0 ? _privateKey : null, Errors = _errors, Notes = _notes };
        }

        private void Begin(int number, string line)
        {
            _section = line.ToLowerInvariant();
            if (_section == "[peer]")
            {
                _peers.Add(new PeerLines(number));
            }
            else if (_section != "[interface]")
            {
                Wrong(number, $"There is no section {line}: [Interface] and [Peer] are known.");
                _section = "";
            }
            else if (!_once.Add(_section))
            {
                Wrong(number, "[Interface] stands there twice: put its lines into one.");
            }
        }

        private void Interface(int number, string key, string name, string value)
        {
            switch (key)
            {
                case "privatekey" when Once(number, key, name):
                    _privateKey = Key(number, name, value, isSecret: true);
                    break;
                case "address":
                    _addresses.AddRange(Prefixes(number, name, value));
                    break;
                case "dns":
                    AddServers(number, value);
                    break;
                case "mtu" when Once(number, key, name):
                    _mtu = Number(number, name, value, TunnelConfig.MtuBytesMin, TunnelConfig.MtuBytesMax);
                    break;
                case "listenport" when Once(number, key, name):
                    _port = Number(number, name, value, 0, PortMax) is > 0 and { } port ? port : null;
                    break;
                case "probe" when Once(number, key, name):
                    _probe = IPAddress.TryParse(value, out IPAddress? probe) ? probe : Wrong<IPAddress>(number, $"Probe '{value}' is no address: give one inside the tunnel that answers pings.");
                    break;
                case "device" when Once(number, key, name):
                    _device = value;
                    break;
                case "enabled" when Once(number, key, name):
                    _isOn = bool.TryParse(value, out bool isOn) ? isOn : Wrong(number, $"Enabled '{value}' is neither true nor false.");
                    break;
                case "table" or "fwmark" or "saveconfig":
                    _notes.Add($"line {number}: {name} is not followed. The appliance's own traffic keeps its routes; what is pinned goes through the tunnel.");
                    break;
                case var _ when s_commands.Contains(key):
                    Wrong(number, $"{name} would run a command as root, and none from a file is run here: take the line out.");
                    break;
                case "privatekey" or "mtu" or "listenport" or "probe" or "device" or "enabled":
                    break;
                default:
                    Wrong(number, $"[Interface] knows no '{name}': it knows PrivateKey, Address, DNS, MTU, ListenPort, Probe, Device and Enabled.");
                    break;
            }
        }

        private void Peer(int number, PeerLines peer, string key, string name, string value)
        {
            bool isFirst = key is "allowedips" or "endpoint" || Once(number, $"{peer.Line} {key}", name);
            switch (key)
            {
                case "publickey" when isFirst:
                    peer.PublicKey = Key(number, name, value, isSecret: false);
                    break;
                case "presharedkey" when isFirst:
                    peer.PresharedKey = Key(number, name, value, isSecret: true);
                    break;
                case "allowedips":
                    peer.AllowedIps.AddRange(Prefixes(number, name, value).Select(prefix => new IpPrefix(prefix.Network.BaseAddress, prefix.Length)));
                    break;
                case "endpoint":
                    foreach (string one in value.Split(',', StringSplitOptions.TrimEntries))
                    {
                        if (Endpoint(number, one) is { } endpoint)
                        {
                            peer.Endpoints.Add(endpoint);
                        }
                    }

                    break;
                case "persistentkeepalive" when isFirst:
                    peer.Keepalive = value == "off" ? 0 : Number(number, name, value, 0, PortMax);
                    break;
                case "publickey" or "presharedkey" or "persistentkeepalive":
                    break;
                default:
                    Wrong(number, $"[Peer] knows no '{name}': it knows PublicKey, PresharedKey, AllowedIPs, Endpoint and PersistentKeepalive.");
                    break;
            }
        }

        private bool Once(int number, string key, string name)
        {
            if (_once.Add(key))
            {
                return true;
            }

            Wrong(number, $"{name} stands there twice: leave one.");
            return false;
        }

        private IEnumerable<IpPrefix> Prefixes(int number, string name, string value)
        {
            foreach (string one in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (IpPrefix.TryParse(one, out IpPrefix prefix))
                {
                    yield return prefix;
                }
                else
                {
                    Wrong(number, $"{name} '{one}' is no address: it goes like 10.7.0.2/24 or fd00:7::2/64.");
                }
            }
        }

        // wg-quick takes search domains there, too.
        private void AddServers(int number, string value)
        {
            foreach (string one in value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (IPAddress.TryParse(one, out IPAddress? server))
                {
                    _dns.Add(server);
                }
                else if (Uri.CheckHostName(one) == UriHostNameType.Dns)
                {
                    _notes.Add($"line {number}: the search domain {one} is not followed: vaults are named whole.");
                }
                else
                {
                    Wrong(number, $"DNS '{one}' is no address: give that of a name server inside the tunnel.");
                }
            }
        }

        private TunnelEndpoint? Endpoint(int number, string text)
        {
            int colon = text.LastIndexOf(':');
            string host = colon > 0 ? text[..colon].Trim('[', ']') : "";
            bool isHost = text.StartsWith('[') ? IPAddress.TryParse(host, out _) : Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4;
            return isHost && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= PortMax
                ? new TunnelEndpoint(host, port)
                : Wrong<TunnelEndpoint>(number, $"Endpoint '{text}' is none: it goes like vpn.example.org:51820, 192.0.2.1:51820 or [2001:db8::1]:51820.");
        }

        // A key is not repeated in an error: it may be the secret one, pasted into the wrong line.
        private string? Key(int number, string name, string value, bool isSecret) => IsKey(value)
            ? value
            : Wrong<string>(number, $"{name} is no key: 44 letters of base64, as {(isSecret ? "'wg genkey' or 'wg genpsk'" : "'wg pubkey'")} writes it; this has {value.Length}.");

        private int? Number(int number, string name, string value, int least, int most)
        {
            if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int result) && result >= least && result <= most)
            {
                return result;
            }

            Wrong(number, $"{name} '{value}' is outside {least} to {most}: correct it.");
            return null;
        }

        private void Require(PeerLines peer, bool isThere, string name, string what)
        {
            if (!isThere && !_errors.Any(error => error.Contains(name, StringComparison.Ordinal)))
            {
                Wrong(peer.Line, $"This [Peer] has no {name}: add '{name} = …', {what}.");
            }
        }

        private bool Wrong(int number, string what)
        {
            _errors.Add($"line {number}: {what}");
            return false;
        }

        private T? Wrong<T>(int number, string what)
            where T : class
        {
            Wrong(number, what);
            return null;
        }
    }
}
