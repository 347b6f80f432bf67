using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Grpc.Tests.Protos;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace GatewayOS.Grpc.Tests;

/// <summary>All kinds of call over HTTP/2 in the clear, over TLS, and over TLS with certificates on both sides.</summary>
public sealed class TransportTests
{
    [Fact]
    public async Task All_kinds_of_call_work_in_the_clear()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        await CallAllAsync(host.Client());
    }

    [Fact]
    public async Task All_kinds_of_call_work_over_tls()
    {
        using X509Certificate2 certificate = MakeCertificate("server");
        await using EchoHost host = await EchoHost.StartAsync(listen: endpoint => endpoint.UseHttps(certificate));
        await CallAllAsync(host.Client(options => options.HttpHandler = Trusting(certificate)));
    }

    [Fact]
    public async Task A_client_with_a_certificate_is_known_by_it()
    {
        using X509Certificate2 server = MakeCertificate("server");
        using X509Certificate2 node = MakeCertificate("node-7");
        await using EchoHost host = await StartMutualAsync(server, node);
        host.Behaviour.Unary = (_, context) => Task.FromResult(new Note { Text = $"{context.AuthContext.IsPeerAuthenticated} {context.AuthContext.FindPropertiesByName("x509_subject").Single().Value} {context.GetHttpContext().Connection.ClientCertificate!.Thumbprint}" });
        Echo.EchoClient client = host.Client(options => options.HttpHandler = Trusting(server, node));
        Assert.Equal($"True CN=node-7 {node.Thumbprint}", (await client.UnaryAsync(new Note())).Text);
        host.Behaviour.Unary = static (request, _) => Task.FromResult(request);
        await CallAllAsync(client);
    }

    [Fact]
    public async Task A_client_without_a_certificate_or_with_a_stranger_s_is_not_let_in()
    {
        using X509Certificate2 server = MakeCertificate("server");
        using X509Certificate2 node = MakeCertificate("node-7");
        using X509Certificate2 stranger = MakeCertificate("node-7");
        await using EchoHost host = await StartMutualAsync(server, node);
        foreach (X509Certificate2? shown in new[] { null, stranger })
        {
            RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(options => options.HttpHandler = Trusting(server, shown)).UnaryAsync(new Note()));
            Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        }
    }

    [Fact]
    public async Task A_server_that_is_not_trusted_is_not_called()
    {
        using X509Certificate2 server = MakeCertificate("server");
        using X509Certificate2 other = MakeCertificate("server");
        await using EchoHost host = await EchoHost.StartAsync(listen: endpoint => endpoint.UseHttps(server));
        bool called = false;
        host.Behaviour.Unary = (request, _) =>
        {
            called = true;
            return Task.FromResult(request);
        };
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await host.Client(options => options.HttpHandler = Trusting(other)).UnaryAsync(new Note()));
        Assert.Equal((StatusCode.Unavailable, false), (error.StatusCode, called));
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        var host = await EchoHost.StartAsync();
        Uri address = host.Address;
        await host.DisposeAsync();
        using var channel = global::Grpc.Net.Client.GrpcChannel.ForAddress(address);
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await new Echo.EchoClient(channel).UnaryAsync(new Note()));
        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
        Assert.Contains(address.Authority, error.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_thousand_calls_share_a_connection()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        Echo.EchoClient client = host.Client();
        Note[] answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(async number => await client.UnaryAsync(new Note { Number = number })));
        Assert.Equal(Enumerable.Range(0, 1000), answers.Select(answer => answer.Number));
    }

    private static async Task CallAllAsync(Echo.EchoClient client)
    {
        Assert.Equal("a", (await client.UnaryAsync(new Note { Text = "a" })).Text);
        Assert.Equal("a", client.Unary(new Note { Text = "a" }).Text);
        using (AsyncClientStreamingCall<Note, Note> collect = client.Collect())
        {
            await collect.RequestStream.WriteAsync(new Note { Text = "a" });
            await collect.RequestStream.WriteAsync(new Note { Text = "b" });
            await collect.RequestStream.CompleteAsync();
            Assert.Equal("ab", (await collect).Text);
        }

        using (AsyncServerStreamingCall<Note> expand = client.Expand(new Note { Number = 3 }))
        {
            Assert.Equal([0, 1, 2], await expand.ResponseStream.ReadAllAsync().Select(note => note.Number).ToListAsync());
        }

        using AsyncDuplexStreamingCall<Note, Note> chat = client.Chat();
        foreach (string text in (string[])["x", "y"])
        {
            await chat.RequestStream.WriteAsync(new Note { Text = text });
            Assert.True(await chat.ResponseStream.MoveNext());
            Assert.Equal(text, chat.ResponseStream.Current.Text);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext());
    }

    private static Task<EchoHost> StartMutualAsync(X509Certificate2 server, X509Certificate2 node) => EchoHost.StartAsync(listen: endpoint => endpoint.UseHttps(https =>
    {
        https.ServerCertificate = server;
        https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
        https.ClientCertificateValidation = (shown, _, _) => shown.Thumbprint == node.Thumbprint;
    }));

    internal static SocketsHttpHandler Trusting(X509Certificate2 server, X509Certificate2? own = null) => new()
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == server.GetCertHashString(),
            ClientCertificates = own is null ? null : [own],
        },
    };

    internal static X509Certificate2 MakeCertificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
