using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// What programs of this machine must know to go through its tunnel: a small file that whoever keeps the tunnel writes when its device is there and removes with it. It holds no secret.
/// A stale one does no harm: the device is gone then, and what is bound to it goes nowhere.
/// </summary>
/// <param name="Device">Name of the network device.</param>
/// <param name="Dns">Name servers inside.</param>
public sealed record TunnelNotice(string Device, IReadOnlyList<string> Dns)
{
    /// <summary>Names another file.</summary>
    public const string PathVariable = "GATEWAY_TUNNEL";

    /// <summary>Where it is (<see cref="StateDirectory.PathOfMachine"/>).</summary>
    public static string Location => StateDirectory.PathOfMachine("tunnel.json", PathVariable);

    /// <summary>The name servers' addresses.</summary>
    [JsonIgnore]
    public IReadOnlyList<IPAddress> Servers => [.. Dns.Select(IPAddress.Parse)];

    /// <summary>Reads it.</summary>
    /// <exception cref="TunnelException">There is none, so there is no tunnel; or it cannot be read.</exception>
    public static TunnelNotice Read()
    {
        try
        {
            TunnelNotice? notice = File.Exists(Location) ? JsonSerializer.Deserialize(File.ReadAllBytes(Location), TunnelJson.Default.TunnelNotice) : null;
            return notice ?? throw new TunnelException("There is no tunnel on this machine, and what is pinned to it goes no other way. 'gatewayctl tunnel status' says why; 'gatewayctl tunnel up' switches it on.");
        }
        catch (Exception error) when (error is JsonException or UnauthorizedAccessException)
        {
            throw new TunnelException($"{Location} cannot be read: {error.Message} Switch the tunnel off and on to have it written anew.", error);
        }
    }

    /// <summary>Writes it.</summary>
    /// <exception cref="StoreIoException">It cannot be written.</exception>
    public void Write() => new StateDirectory(Path.GetDirectoryName(Path.GetFullPath(Location))!).Replace(Path.GetFileName(Location), JsonSerializer.SerializeToUtf8Bytes(this, TunnelJson.Default.TunnelNotice));

    /// <summary>Removes it.</summary>
    public static void Remove() => File.Delete(Location);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TunnelNotice))]
internal sealed partial class TunnelJson : JsonSerializerContext;
