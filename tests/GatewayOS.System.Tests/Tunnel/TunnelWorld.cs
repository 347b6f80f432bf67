using System.Globalization;
using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Tunnel;

/// <summary>
/// Four networks: an appliance, a fresh machine and the cloud, each with a cable to the net between them, where relays stand in for the internet. The cloud has the real other end of a tunnel (wireguard-go,
/// set up by wg(8)) and a real S3 service that listens inside of it. From the appliance a second cable leads to the cloud in the open.
/// </summary>
public sealed class TunnelWorld : IDisposable
{
    /// <summary>The S3 service's address inside of the tunnel; by the open cable it is reached, too.</summary>
    public const string Service = "10.77.0.1";

    /// <summary>The relays, as the appliance sees them: the way to the cloud, and another one.</summary>
    public const string Gate = "198.51.100.1:51820";

    public const string SecondGate = "198.51.100.1:51821";

    private const int Seed = 8;

    // SHA-256 of nothing: the service wants the body's in each request.
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private static readonly string s_cloudDevice = $"gwc{Environment.ProcessId}";

    private readonly ScratchDirectory _scratch = new("tunnel-world");
    private readonly BuiltProgram _peer;
    private int _buckets;

    public TunnelWorld()
    {
        Site.Link("uplink", "198.51.100.2/24", Net, "left", "198.51.100.1/24");
        Fresh.Link("uplink", "198.51.101.2/24", Net, "middle", "198.51.101.1/24");
        Cloud.Link("uplink", "203.0.113.2/24", Net, "right", "203.0.113.1/24");
        Site.Link("open", "192.0.2.2/24", Cloud, "open", "192.0.2.1/24");
        Introduce(Site, "192.0.2.2", Cloud);
        Introduce(Cloud, "192.0.2.1", Site);
        Relay = new UdpRelay(Net, 51820, "203.0.113.2:51820", Seed);
        SecondRelay = new UdpRelay(Net, 51821, "203.0.113.2:51820", Seed + 1);
        _peer = StartPeer();
        S3 = new S3Server(Cloud, Service);
        Credentials = _scratch["s3.txt"];
        File.WriteAllText(Credentials, $"aws_access_key_id = {S3Server.AccessKey}\naws_secret_access_key = {S3Server.SecretKey}\n");
    }

    public NetworkSpace Site { get; } = new("site");

    public NetworkSpace Fresh { get; } = new("fresh");

    public NetworkSpace Cloud { get; } = new("cloud");

    public NetworkSpace Net { get; } = new("net");

    public UdpRelay Relay { get; }

    public UdpRelay SecondRelay { get; }

    public S3Server S3 { get; }

    /// <summary>File with the access key.</summary>
    public string Credentials { get; }

    /// <summary>The cloud end's public key.</summary>
    public string PublicKey { get; private set; } = "";

    /// <summary>A name for a device: /run/wireguard is shared by all networks of a machine.</summary>
    public static string Device(string name) => $"gw{name}{Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}";

    /// <summary>Lets an end in.</summary>
    public void Admit(string publicKey, string address) => Cloud.Run($"wg set {s_cloudDevice} peer {publicKey} allowed-ips {address}/32");

    /// <summary>Makes a bucket, by the open way.</summary>
    public string MakeBucket()
    {
        string bucket = $"vault-{++_buckets}";
        Cloud.Run($"curl -s -f -X PUT -H x-amz-content-sha256:{EmptyHash} --user {S3Server.AccessKey}:{S3Server.SecretKey} --aws-sigv4 aws:amz:us-east-1:s3 {S3.Endpoint}/{bucket}");
        return bucket;
    }

    /// <summary>A tunnel's configuration as the cloud's operator hands it out.</summary>
    public string Config(string device, string address, params string[] endpoints) =>
        $"[Interface]\nAddress = {address}/32\nProbe = {Service}\nDevice = {device}\n[Peer]\nPublicKey = {PublicKey}\nAllowedIPs = 10.77.0.0/24\n{string.Concat(endpoints.Select(endpoint => $"Endpoint = {endpoint}\n"))}PersistentKeepalive = 5\n";

    /// <summary>What holds for a machine here: files of its own.</summary>
    public static Dictionary<string, string> Machine(ScratchDirectory scratch, string name) =>
        new() { ["GATEWAY_VAULTS"] = scratch[$"{name}/vaults.json"], ["GATEWAY_TUNNEL"] = scratch[$"{name}/tunnel.json"], ["GATEWAY_TUNNEL_STATE"] = scratch[$"{name}/tunnel"] };

    /// <summary>An appliance with a tunnel that is up.</summary>
    public Appliance StartAppliance(ScratchDirectory scratch, params string[] endpoints)
    {
        var appliance = new Appliance(scratch, Machine(scratch, "site"), Site);
        Admit(appliance.Operator("tunnel", "key").Expect(0).Output.Trim(), "10.77.0.2");
        File.WriteAllText(scratch["tunnel.conf"], Config(Device("a"), "10.77.0.2", endpoints));
        appliance.Operator("tunnel", "set", "--config", scratch["tunnel.conf"]).Expect(0);
        AwaitState(appliance, "up");
        return appliance;
    }

    /// <summary>How an appliance says its tunnel is.</summary>
    public static JsonElement Status(Appliance appliance) => appliance.Operator("tunnel", "status", "--json").Json;

    public static void AwaitState(Appliance appliance, string state)
    {
        JsonElement last = default;
        Until.Holds(() => (last = Status(appliance)).GetProperty("state").GetString() == state, () => $"the tunnel is {state}; it is {last}\n{appliance.Daemon.Log}");
    }

    /// <summary>Everything as it was before a test.</summary>
    public void Mend()
    {
        foreach (UdpRelay relay in (UdpRelay[])[Relay, SecondRelay])
        {
            (relay.IsCut, relay.LossPercent, relay.DelayMs, relay.DatagramBytesMax, relay.BytesPerSecond) = (false, 0, 0, 0, 0);
        }

        Shell.Run($"ip -n {Site.Name} link set uplink up; ip -n {Site.Name} address flush dev uplink; ip -n {Site.Name} address add 198.51.100.2/24 dev uplink");
    }

    public void Dispose()
    {
        S3.Dispose();
        _peer.Dispose();
        Relay.Dispose();
        SecondRelay.Dispose();
        Site.Dispose();
        Fresh.Dispose();
        Cloud.Dispose();
        Net.Dispose();
        _scratch.Dispose();
    }

    // Packets by the open cable are counted: nobody asks there who has which address.
    private static void Introduce(NetworkSpace from, string address, NetworkSpace to)
    {
        string hardware = from.Run("cat /sys/class/net/open/address").Trim();
        to.Run($"ip neighbour replace {address} lladdr {hardware} dev open nud permanent");
    }

    private BuiltProgram StartPeer()
    {
        var peer = new BuiltProgram("/usr/bin/wireguard-go", ["--foreground", s_cloudDevice], new Dictionary<string, string> { ["WG_PROCESS_FOREGROUND"] = "1" }, Cloud);
        Until.Holds(() => File.Exists($"/run/wireguard/{s_cloudDevice}.sock") || File.Exists($"/var/run/wireguard/{s_cloudDevice}.sock"), () => $"the cloud's end is there; it says {peer.Log}");
        string key = Shell.Run("wg genkey").Trim();
        PublicKey = Shell.Run($"echo {key} | wg pubkey").Trim();
        File.WriteAllText(_scratch["cloud.key"], key);
        Cloud.Run($"wg set {s_cloudDevice} private-key {_scratch["cloud.key"]} listen-port 51820 && ip address add {Service}/24 dev {s_cloudDevice} && ip link set {s_cloudDevice} mtu 1420 up");
        return peer;
    }
}

/// <summary>Tests that share the world, one at a time.</summary>
[CollectionDefinition(Name)]
public sealed class TunnelGroup : ICollectionFixture<TunnelWorld>
{
    public const string Name = "tunnel";
}
