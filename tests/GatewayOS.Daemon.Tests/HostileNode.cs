using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1;

namespace GatewayOS.Daemon.Tests;

/// <summary>A node whose program is not ours: says over the wire whatever a test wants.</summary>
internal sealed class HostileNode : IDisposable
{
    private readonly GrpcChannel _channel;

    public HostileNode(string address, X509Certificate2? certificate) => _channel = ApplianceChannel.Open(address, ca: null, certificate);

    public BackupRuns.BackupRunsClient Runs => new(_channel);

    public DataPathService.Client Data => new(_channel);

    public Management.ManagementClient Management => new(_channel);

    public Agents.AgentsClient Agents => new(_channel);

    public Jobs.JobsClient Jobs => new(_channel);

    public Policies.PoliciesClient Policies => new(_channel);

    public Enrolment.EnrolmentClient Enrolment => new(_channel);

    public Health.HealthClient Health => new(_channel);

    public ServerReflection.ServerReflectionClient Reflection => new(_channel);

    public static async Task<HostileNode> EnrolAsync(Appliance appliance, string name) => new(appliance.Address, await CertificateAsync(appliance, name));

    public static async Task<X509Certificate2> CertificateAsync(Appliance appliance, string name)
    {
        string token = appliance.NodeToken();
        (_, X509Certificate2 ca) = await ApplianceChannel.IdentifyAsync(appliance.Address, EnrolmentToken.Parse(token), CancellationToken.None);
        ca.Dispose();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var node = new HostileNode(appliance.Address, certificate: null);
        EnrolReply reply = await node.Enrolment.EnrolAsync(new EnrolRequest { NodeName = name, Token = token, CertificateRequest = ByteString.CopyFrom(new CertificateRequest("CN=x", key, HashAlgorithmName.SHA256).CreateSigningRequest()) });
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
        using X509Certificate2 withKey = certificate.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
    }

    public async Task<ByteString> BeginAsync() => (await Runs.BeginAsync(new BeginRequest())).SessionId;

    public AsyncDuplexStreamingCall<DataFrame, DataFrame> Transfer(ByteString session) =>
        Data.Transfer(new CallOptions(new Metadata { { DataPathService.SessionKey, session.ToByteArray() } }));

    /// <summary>Sends a chunk under a hash of the caller's choice.</summary>
    public static async Task<DataFrame> SendAsync(AsyncDuplexStreamingCall<DataFrame, DataFrame> stream, ChunkKind kind, byte[] content, ContentHash hash)
    {
        byte[] row = new byte[ChunkDirectory.RowBytes];
        row[0] = (byte)kind;
        BitConverter.TryWriteBytes(row.AsSpan(4), content.Length);
        BitConverter.TryWriteBytes(row.AsSpan(8), content.Length);
        hash.CopyTo(row.AsSpan(12));
        await stream.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Chunks, 1, row, content));
        Assert.True(await stream.ResponseStream.MoveNext());
        return stream.ResponseStream.Current;
    }

    /// <summary>True when the appliance says that it lacks the chunk.</summary>
    public static async Task<bool> LacksAsync(AsyncDuplexStreamingCall<DataFrame, DataFrame> stream, ContentHash hash)
    {
        byte[] bytes = new byte[ContentHash.SizeBytes];
        hash.CopyTo(bytes);
        await stream.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Ask, 2, bytes));
        Assert.True(await stream.ResponseStream.MoveNext());
        return stream.ResponseStream.Current.Head.Span[0] != 0;
    }

    /// <summary>Asks for a chunk, for a restore job or as its own.</summary>
    /// <returns>Null when it comes, else why it does not.</returns>
    public async Task<StatusCode?> ReadAsync(ContentHash hash, string? restoreJob)
    {
        byte[] bytes = new byte[ContentHash.SizeBytes];
        hash.CopyTo(bytes);
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = Data.Read(new CallOptions(restoreJob is null ? null : new Metadata { { DataPathService.RestoreJobKey, restoreJob } }));
        try
        {
            await stream.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Ask, 1, bytes));
            return await stream.ResponseStream.MoveNext() ? null : StatusCode.OK;
        }
        catch (RpcException error)
        {
            return error.StatusCode;
        }
    }

    public async Task CommitAsync(ByteString session, ContentRef root)
    {
        var draft = new SnapshotDraft { Host = "hostile", NodeId = "somebody else", Sources = ["/x"], StartedUtc = TimeProvider.System.GetUtcNow(), Root = root };
        await Runs.CommitAsync(new CommitRequest { SessionId = session, Document = ByteString.CopyFrom(SnapshotDocuments.Encode(draft, draft.StartedUtc, "x")) });
    }

    public void Dispose() => _channel.Dispose();

    /// <summary>A tree of one file.</summary>
    public static byte[] Tree(ContentHash content, long bytes)
    {
        var sink = new CollectingSink();
        var builder = new TreeBuilder(sink);
        builder.Add(new TreeNode { Name = "loot"u8.ToArray(), Type = NodeType.File, Mode = 0b110_100_100, SizeBytes = bytes, Content = new ContentRef(0, [ContentPart.Chunk(content, bytes)]) });
        builder.Finish();
        return sink.Last;
    }

    private sealed class CollectingSink : ChunkSink
    {
        public byte[] Last { get; private set; } = [];

        public override ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain)
        {
            Last = plain.ToArray();
            return ChunkHash.Of(plain);
        }
    }
}
