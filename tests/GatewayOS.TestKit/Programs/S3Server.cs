using System.Net;
using System.Net.Sockets;

namespace GatewayOS.TestKit.Programs;

/// <summary>A real S3 service of a test's own (tools/s3-server.sh), on the loopback unless told otherwise. Disposing ends it.</summary>
public sealed class S3Server : IDisposable
{
    /// <summary>Its access key.</summary>
    public const string AccessKey = "AKTEST";

    /// <summary>And the secret to it.</summary>
    public const string SecretKey = "SKTEST";

    private const long CapacityBytesDefault = 2L << 30;

    // The service wants a second port a thousand below.
    private const int PortMin = 20_000;

    private readonly ScratchDirectory _scratch = new("s3");
    private readonly string _script = Path.Join(Gatewayctl.Root, "tools/s3-server.sh");

    /// <summary>Starts it; answers when this returns.</summary>
    /// <param name="capacityBytes">How much it can hold, in memory. What is deleted counts for hours.</param>
    /// <param name="storageClass">A storage class that it has beside the usual one; a day of its age rules lasts a second then. Null for none.</param>
    public S3Server(long capacityBytes = CapacityBytesDefault, string? storageClass = null)
        : this(space: null, "127.0.0.1", capacityBytes, storageClass)
    {
    }

    /// <summary>Starts it in a network of a test's own.</summary>
    /// <param name="space">The network; null for this process's.</param>
    /// <param name="listen">The address there that it listens on.</param>
    /// <param name="capacityBytes">How much it can hold, in memory. What is deleted counts for hours.</param>
    /// <param name="storageClass">As above.</param>
    public S3Server(NetworkSpace? space, string listen, long capacityBytes = CapacityBytesDefault, string? storageClass = null)
    {
        int port = FreePort();
        Endpoint = Shell.Run($"{(space is null ? "" : $"ip netns exec {space.Name} ")}env LISTEN={listen} OSD_BYTES={capacityBytes} CLASS={storageClass} '{_script}' start '{_scratch["ceph"]}' {port}").Trim();
        Address = $"{listen}:{port}";
    }

    /// <summary>Where it is, as an URL.</summary>
    public string Endpoint { get; }

    /// <summary>Where it is, as address and port.</summary>
    public string Address { get; }

    /// <summary>Makes a signed request.</summary>
    /// <param name="method">GET, PUT…</param>
    /// <param name="what">Bucket, object and question, as <c>bucket?lifecycle=</c>.</param>
    /// <param name="bodyFile">The file that is its body; null for none.</param>
    /// <returns>The answer.</returns>
    public string Request(string method, string what, string? bodyFile = null)
    {
        string body = bodyFile ?? "/dev/null";
        return Shell.Run(
            $"curl -s -f -X {method} -H x-amz-content-sha256:$(sha256sum < '{body}' | cut -d' ' -f1) {(bodyFile is null ? "" : $"-H content-md5:$(openssl md5 -binary '{body}' | base64) --data-binary @'{body}' ")}"
            + $"--user {AccessKey}:{SecretKey} --aws-sigv4 aws:amz:us-east-1:s3 '{Endpoint}/{what}'");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Shell.Run($"'{_script}' stop '{_scratch["ceph"]}'");
        _scratch.Dispose();
    }

    private static int FreePort()
    {
        while (true)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            int port = ((IPEndPoint)listener.LocalEndpoint).Port;
            if (port >= PortMin)
            {
                return port;
            }
        }
    }
}
