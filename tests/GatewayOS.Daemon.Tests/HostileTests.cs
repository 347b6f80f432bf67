using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Tests;

/// <summary>What a hostile agent tries is refused, logged, and changes nothing.</summary>
public sealed class HostileTests : IDisposable
{
    private static readonly byte[] s_secret = "the other node's secret, which must stay its own"u8.ToArray();

    private readonly ScratchDirectory _scratch = new("hostile");
    private readonly Appliance _appliance;
    private readonly Agent _victim;

    public HostileTests()
    {
        _appliance = new Appliance(_scratch);
        _victim = _appliance.Enroll("victim");
        Directory.CreateDirectory(_scratch["source"]);
        File.WriteAllBytes(_scratch["source/secret"], s_secret);
        _victim.Run("backup", _scratch["source"], "--quiet").Expect(0);
    }

    public void Dispose()
    {
        // Whatever was tried: the store is whole, the victim's backup is there and comes back.
        _appliance.VerifyStore();
        _victim.Run("restore", "latest", "--target", _scratch["out"]).Expect(0);
        Assert.Equal(s_secret, File.ReadAllBytes(_scratch["out"] + _scratch["source/secret"]));
        _appliance.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public async Task A_chunk_under_a_name_that_is_not_its_own_is_refused()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        ByteString session = await node.BeginAsync();
        using (AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(session))
        {
            await RefusedAsync(StatusCode.InvalidArgument, () => HostileNode.SendAsync(stream, ChunkKind.Data, "poison"u8.ToArray(), ChunkHash.Of(s_secret)));
        }

        using AsyncDuplexStreamingCall<DataFrame, DataFrame> again = node.Transfer(session);
        Assert.True(await HostileNode.LacksAsync(again, ChunkHash.Of("poison"u8)));
        Logged("does not have its hash");
    }

    [Fact]
    public async Task Whether_another_node_has_something_cannot_be_asked()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(await node.BeginAsync());
        Assert.True(await HostileNode.LacksAsync(stream, ChunkHash.Of(s_secret)), "the answer gives away that the chunk is there");
        Assert.True(await HostileNode.LacksAsync(stream, ChunkHash.Of("nobody has this"u8)));

        // After sending it, it is the node's own: that is how it goes with any content.
        using DataFrame stored = await HostileNode.SendAsync(stream, ChunkKind.Data, s_secret, ChunkHash.Of(s_secret));
        Assert.Equal(Frame.Types.Kind.Stored, stored.Kind);
        Assert.False(await HostileNode.LacksAsync(stream, ChunkHash.Of(s_secret)));
    }

    [Fact]
    public async Task Knowing_a_hash_does_not_give_the_content()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        byte[] hash = new byte[32];
        ChunkHash.Of(s_secret).CopyTo(hash);
        RpcException there = await ReadAsync(node, hash);
        RpcException nowhere = await ReadAsync(node, SHA256.HashData(hash));
        Assert.Equal(StatusCode.NotFound, there.StatusCode);
        Assert.Equal(nowhere.Status.Detail, there.Status.Detail);
    }

    [Fact]
    public async Task A_made_up_tree_cannot_claim_another_nodes_chunk()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        ByteString session = await node.BeginAsync();
        byte[] tree = HostileNode.Tree(ChunkHash.Of(s_secret), s_secret.Length);
        using (AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(session))
        {
            using DataFrame stored = await HostileNode.SendAsync(stream, ChunkKind.Tree, tree, ChunkHash.Of(tree));
            Assert.Equal(Frame.Types.Kind.Stored, stored.Kind);
        }

        var root = new ContentRef(0, [ContentPart.Chunk(ChunkHash.Of(tree), tree.Length)]);
        await RefusedAsync(StatusCode.FailedPrecondition, () => node.CommitAsync(session, root));
        Assert.Equal(1, _appliance.Operator("status", "--json").Expect(0).Json.GetProperty("snapshots").GetInt32());
        Logged("has not sent");
    }

    [Fact]
    public async Task Snapshots_and_runs_of_others_do_not_exist_for_a_node()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        using AsyncServerStreamingCall<SnapshotMessage> list = node.Runs.ListSnapshots(new ListSnapshotsRequest());
        Assert.False(await list.ResponseStream.MoveNext());
        using HostileNode other = await HostileNode.EnrolAsync(_appliance, "other");
        ByteString session = await other.BeginAsync();
        await RefusedAsync(StatusCode.NotFound, () => node.CommitAsync(session, ContentRef.Empty));
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(session);
        await RefusedAsync(StatusCode.NotFound, () => stream.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_node_is_no_operator_and_a_stranger_is_neither()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        await RefusedAsync(StatusCode.PermissionDenied, async () => await node.Management.RevokeNodeAsync(new NodeRequest { Node = "victim" }));
        using var stranger = new HostileNode(_appliance.Address, certificate: null);
        await RefusedAsync(StatusCode.Unauthenticated, async () => await stranger.Management.ListNodesAsync(new ListNodesRequest()));
        await RefusedAsync(StatusCode.Unauthenticated, async () => await stranger.BeginAsync());
        Logged("A certificate of this appliance is needed");
    }

    [Fact]
    public async Task Foreign_and_expired_certificates_are_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 foreign = new CertificateRequest("CN=node victim", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        using var impostor = new HostileNode(_appliance.Address, foreign);
        await RefusedAsync(StatusCode.Unauthenticated, async () => await impostor.BeginAsync());
        Logged("not of this appliance");

        using var elsewhere = new ScratchDirectory("expiry");
        using var brief = new Appliance(elsewhere, "--certificate-hours", "0.0003");
        using HostileNode late = new(brief.Address, await HostileNode.CertificateAsync(brief, "late"));
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        RpcException expired = await RefusedAsync(StatusCode.Unauthenticated, async () => await late.BeginAsync());
        Assert.Contains("expired", expired.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Oversize_and_garbage_frames_are_refused()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        ByteString session = await node.BeginAsync();
        await RefusedAsync(StatusCode.ResourceExhausted, () => SendFrameAsync(node, session, DataFrame.Over(Frame.Types.Kind.Chunks, 1, new byte[44], new byte[DataFrame.BytesMax])));
        await RefusedAsync(StatusCode.InvalidArgument, () => SendFrameAsync(node, session, DataFrame.Over(Frame.Types.Kind.Chunks, 1, new byte[44 * 2049], new byte[10])));
        await RefusedAsync(StatusCode.InvalidArgument, () => SendFrameAsync(node, session, DataFrame.Over(Frame.Types.Kind.Chunks, 1, RandomNumberGenerator.GetBytes(440), new byte[100])));
        await RefusedAsync(StatusCode.InvalidArgument, () => SendFrameAsync(node, session, DataFrame.Over(Frame.Types.Kind.Ask, 1, new byte[33])));
        await RefusedAsync(StatusCode.InvalidArgument, () => SendFrameAsync(node, session, DataFrame.Over(Frame.Types.Kind.Stored, 1)));
        await RefusedAsync(StatusCode.InvalidArgument, async () => await node.Runs.CommitAsync(new CommitRequest { SessionId = session, Document = ByteString.CopyFromUtf8("{\"root\": 7") }));
        Assert.Equal(1, _appliance.Operator("status", "--json").Expect(0).Json.GetProperty("snapshots").GetInt32());
    }

    [Fact]
    public async Task Streams_that_stall_and_connections_that_say_nothing_keep_nobody_out()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        ByteString session = await node.BeginAsync();
        var held = new List<IDisposable>();
        for (int i = 0; i < 40; i++)
        {
            held.Add(node.Transfer(session));
            var silent = new TcpClient();
            await silent.ConnectAsync("127.0.0.1", int.Parse(_appliance.Address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
            held.Add(silent);
            if (i % 2 == 0)
            {
                var tls = new SslStream(silent.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "x", ApplicationProtocols = [SslApplicationProtocol.Http2] });
                await tls.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\ngarbage that is no frame at all"u8.ToArray());
                held.Add(tls);
            }
        }

        _victim.Run("backup", _scratch["source"], "--quiet").Expect(0);
        held.ForEach(each => each.Dispose());
    }

    [Fact]
    public async Task A_run_has_one_stream_and_the_newest_takes_its_place()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        ByteString session = await node.BeginAsync();
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> first = node.Transfer(session);
        Assert.True(await HostileNode.LacksAsync(first, ChunkHash.Of("one"u8)));
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> second = node.Transfer(session);
        await RefusedAsync(StatusCode.Aborted, () => first.ResponseStream.MoveNext());
        Assert.True(await HostileNode.LacksAsync(second, ChunkHash.Of("two"u8)));
    }

    [Fact]
    public async Task A_node_cannot_open_reading_streams_without_end()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        var held = new List<AsyncDuplexStreamingCall<DataFrame, DataFrame>>();
        RpcException? refusal = null;
        for (int i = 0; i < 60 && refusal is null; i++)
        {
            AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Data.Read(default);
            held.Add(stream);

            // A stream that was taken in answers nothing until it is asked something.
            Task<bool> ended = stream.ResponseStream.MoveNext();
            if (await Task.WhenAny(ended, Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System)) == ended)
            {
                refusal = await RefusedAsync(StatusCode.ResourceExhausted, () => ended);
            }
        }

        Assert.NotNull(refusal);
        held.ForEach(each => each.Dispose());
    }

    [Fact]
    public async Task A_revoked_node_is_cut_off_in_the_middle_of_a_stream()
    {
        using HostileNode node = await HostileNode.EnrolAsync(_appliance, "hostile");
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(await node.BeginAsync());
        Assert.True(await HostileNode.LacksAsync(stream, ChunkHash.Of("one"u8)));
        _appliance.Operator("node", "revoke", "hostile").Expect(0);
        await RefusedAsync(StatusCode.Unauthenticated, () => stream.ResponseStream.MoveNext());
        await RefusedAsync(StatusCode.Unauthenticated, async () => await node.BeginAsync());
        Logged("was revoked");
    }

    private static async Task SendFrameAsync(HostileNode node, ByteString session, DataFrame frame)
    {
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Transfer(session);
        await stream.RequestStream.WriteAsync(frame);
        await stream.ResponseStream.MoveNext();
    }

    private static async Task<RpcException> ReadAsync(HostileNode node, byte[] hash) => await RefusedAsync(StatusCode.NotFound, async () =>
    {
        using AsyncDuplexStreamingCall<DataFrame, DataFrame> stream = node.Data.Read(default);
        await stream.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Ask, 1, hash));
        await stream.ResponseStream.MoveNext();
    });

    private static async Task<RpcException> RefusedAsync(StatusCode expected, Func<Task> attempt)
    {
        RpcException refusal = await Assert.ThrowsAsync<RpcException>(attempt);
        Assert.True(refusal.StatusCode == expected, refusal.ToString());
        return refusal;
    }

    private void Logged(string what) => Until.Holds(() => _appliance.Daemon.Log.Contains(what, StringComparison.Ordinal), $"the log says '{what}'");
}
