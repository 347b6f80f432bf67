using System.Security.Cryptography.X509Certificates;
using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Hosting;

namespace GatewayOS.Grpc.Tests;

/// <summary>Messages longer than every window and buffer on their way, with content that shows a byte out of place.</summary>
public sealed class LargeMessageTests
{
    private const int Mebibyte = 1024 * 1024;

    public static TheoryData<int, bool> Sizes
    {
        get
        {
            var sizes = new TheoryData<int, bool>();
            foreach (int bytes in (int[])[65_535, 65_536, 271_828, 314_159, 768 * 1024, Mebibyte - 5, 4 * Mebibyte, 16 * Mebibyte])
            {
                sizes.Add(bytes, false);
                sizes.Add(bytes, true);
            }

            return sizes;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public async Task A_large_message_comes_through_in_every_kind_of_call(int bytes, bool tls)
    {
        using X509Certificate2? certificate = tls ? TransportTests.MakeCertificate("server") : null;
        await using EchoHost host = await EchoHost.StartAsync(options => options.MaxReceiveMessageSize = null, certificate is null ? null : endpoint => endpoint.UseHttps(certificate));
        Echo.EchoClient client = host.Client(options =>
        {
            options.MaxReceiveMessageSize = null;
            options.HttpHandler = certificate is null ? null : TransportTests.Trusting(certificate);
        });
        var note = new Note { Data = Content(bytes) };
        Same(note, await client.UnaryAsync(note));

        host.Behaviour.Collect = async (requests, _) =>
        {
            var last = new Note();
            await foreach (Note request in requests.ReadAllAsync())
            {
                last = request;
            }

            return last;
        };
        using (AsyncClientStreamingCall<Note, Note> collect = client.Collect())
        {
            await collect.RequestStream.WriteAsync(new Note());
            await collect.RequestStream.WriteAsync(note);
            await collect.RequestStream.CompleteAsync();
            Same(note, await collect);
        }

        using (AsyncServerStreamingCall<Note> expand = client.Expand(new Note { Number = 2, Data = note.Data }))
        {
            for (int i = 0; i < 2; i++)
            {
                Assert.True(await expand.ResponseStream.MoveNext());
                Same(note, expand.ResponseStream.Current);
            }

            Assert.False(await expand.ResponseStream.MoveNext());
        }

        using AsyncDuplexStreamingCall<Note, Note> chat = client.Chat();
        for (int i = 0; i < 2; i++)
        {
            await chat.RequestStream.WriteAsync(note);
            Assert.True(await chat.ResponseStream.MoveNext());
            Same(note, chat.ResponseStream.Current);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_message_of_64_MiB_comes_through_and_back()
    {
        await using EchoHost host = await EchoHost.StartAsync(options => options.MaxReceiveMessageSize = null);
        var note = new Note { Data = Content(64 * Mebibyte) };
        Same(note, await host.Client(options => options.MaxReceiveMessageSize = null).UnaryAsync(note));
    }

    // Cheaper than drawing random bytes, and no two blocks of 4 KiB are alike.
    private static ByteString Content(int bytes)
    {
        byte[] content = new byte[bytes];
        for (int at = 0; at + 4 <= bytes; at += 4)
        {
            BitConverter.TryWriteBytes(content.AsSpan(at), at * 2_654_435_761u);
        }

        return UnsafeByteOperations.UnsafeWrap(content);
    }

    private static void Same(Note expected, Note actual) => Assert.True(expected.Data.Span.SequenceEqual(actual.Data.Span), "The content is not what was sent.");
}
