using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Benchmarks.Results;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace GatewayOS.Benchmarks;

/// <summary>
/// A client-streaming call of 1 MiB frames over the loopback, both ends in this process, beside the same bytes as a bare HTTP/2 request body and
/// over a bare socket; without TLS and with it. What the service does with the bytes is nothing.
/// </summary>
internal static class GrpcSuite
{
    private const int MessageBytes = 1024 * 1024;
    private const int MebibytesDefault = 512;
    private const int RoundsDefault = 5;
    private const int StreamWindowKibibytesDefault = 2048;

    public static async Task<int> RunAsync(string[] arguments)
    {
        var options = new BenchArguments(arguments, "--mib", "--rounds", "--window-kib");
        int mebibytes = options.Number("--mib", MebibytesDefault);
        int rounds = options.Number("--rounds", RoundsDefault);
        int window = options.Number("--window-kib", StreamWindowKibibytesDefault) * 1024;
        var results = new BenchResults("grpc");
        using X509Certificate2 certificate = MakeCertificate();
        await using WebApplication server = await StartAsync(certificate, window);
        int[] ports = [.. server.Urls.Select(static url => new Uri(url).Port)];
        Console.WriteLine($"{mebibytes} MiB in messages of 1 MiB, stream window {window / 1024} KiB, {rounds} rounds, alternating; median (least to most)");
        foreach (bool tls in (bool[])[false, true])
        {
            using var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = window, SslOptions = Trusting() };
            var uri = new Uri($"{(tls ? "https" : "http")}://127.0.0.1:{ports[tls ? 1 : 0].ToString(CultureInfo.InvariantCulture)}");
            using var channel = GrpcChannel.ForAddress(uri, new GrpcChannelOptions { HttpHandler = handler });
            using var client = new HttpClient(handler, disposeHandler: false);
            var cases = new (string Name, Func<int, Task> Send, List<(double Rate, double Allocated)> Seen)[]
            {
                ("gRPC", count => CallAsync(channel, count), []),
                ("HTTP/2 body", count => PostAsync(client, uri, count), []),
                (tls ? "TLS socket" : "TCP socket", count => SocketAsync(tls ? certificate : null, count), []),
            };
            for (int round = -1; round < rounds; round++)
            {
                foreach ((string name, Func<int, Task> send, List<(double Rate, double Allocated)> seen) in cases)
                {
                    (double Rate, double Allocated) run = await MeasureAsync(send, mebibytes);
                    if (round >= 0)
                    {
                        seen.Add(run);
                        results.Add(tls ? "1 MiB messages, TLS" : "1 MiB messages, in the clear", name, "MB/s", run.Rate, $"--mib {mebibytes} --window-kib {window / 1024}");
                    }
                }
            }

            Report(tls ? "TLS" : "in the clear", [.. cases.Select(static each => (each.Name, each.Seen))]);
        }

        results.PrintOrigin();
        return 0;
    }

    private static void Report(string transport, (string Name, List<(double Rate, double Allocated)> Seen)[] cases)
    {
        Console.WriteLine(transport);
        foreach ((string name, List<(double Rate, double Allocated)> seen) in cases)
        {
            double[] rates = [.. seen.Select(static run => run.Rate).Order()];
            double[] ratios = [.. cases[0].Seen.Zip(seen, static (ours, other) => ours.Rate / other.Rate).Order()];
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {name,-12} {rates[rates.Length / 2],6:0} MB/s ({rates[0]:0} to {rates[^1]:0}), {seen.Select(static run => run.Allocated).Order().ElementAt(seen.Count / 2),8:0} bytes allocated a message; gRPC's ratio to it {ratios[ratios.Length / 2]:0.00} ({ratios[0]:0.00} to {ratios[^1]:0.00})"));
        }
    }

    private static async Task<(double Rate, double Allocated)> MeasureAsync(Func<int, Task> send, int count)
    {
        long before = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        await send(count);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (count * (double)MessageBytes / 1e6 / seconds, (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)count);
    }

    private static async Task CallAsync(GrpcChannel channel, int count)
    {
        byte[] content = new byte[MessageBytes];
        using AsyncClientStreamingCall<DataFrame, DataFrame> call = channel.CreateCallInvoker().AsyncClientStreamingCall(Sink.Put, null, default);
        for (int i = 0; i < count; i++)
        {
            await call.RequestStream.WriteAsync(DataFrame.Over(Frame.Types.Kind.Chunks, 1, payload: content));
        }

        await call.RequestStream.CompleteAsync();
        using DataFrame answer = await call;
        Expect(count, (long)answer.Group / MessageBytes);
    }

    private static async Task PostAsync(HttpClient client, Uri server, int count)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server, "/raw")) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = new RawContent(count) };
        using HttpResponseMessage response = await client.SendAsync(request);
        Expect(count, long.Parse(await response.Content.ReadAsStringAsync(), CultureInfo.InvariantCulture) / MessageBytes);
    }

    private static async Task SocketAsync(X509Certificate2? certificate, int count)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task<long> received = ReceiveAsync(listener, certificate);
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        await using (Stream stream = certificate is null ? socket.GetStream() : new SslStream(socket.GetStream()))
        {
            if (stream is SslStream ssl)
            {
                await ssl.AuthenticateAsClientAsync(Trusting());
            }

            byte[] content = new byte[MessageBytes];
            for (int i = 0; i < count; i++)
            {
                await stream.WriteAsync(content);
            }
        }

        Expect(count, await received / MessageBytes);
    }

    private static async Task<long> ReceiveAsync(TcpListener listener, X509Certificate2? certificate)
    {
        using TcpClient socket = await listener.AcceptTcpClientAsync();
        await using Stream stream = certificate is null ? socket.GetStream() : new SslStream(socket.GetStream());
        if (stream is SslStream ssl)
        {
            await ssl.AuthenticateAsServerAsync(certificate!);
        }

        byte[] buffer = new byte[64 * 1024];
        long sum = 0;
        while (await stream.ReadAsync(buffer) is int read and > 0)
        {
            sum += read;
        }

        return sum;
    }

    private static void Expect(long sent, long received)
    {
        if (sent != received)
        {
            throw new InvalidOperationException($"{sent} messages were sent, and {received} arrived.");
        }
    }

    private static async Task<WebApplication> StartAsync(X509Certificate2 certificate, int window)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.Http2.InitialStreamWindowSize = window;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 2 * window;
            kestrel.Listen(IPAddress.Loopback, 0, static endpoint => endpoint.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http2;
                endpoint.UseHttps(certificate);
            });
        });
        builder.Services.AddGrpc();
        WebApplication app = builder.Build();
        app.MapGrpcService<SinkServer>();
        app.MapPost("/raw", static async (HttpContext http) =>
        {
            long sum = 0;
            while (true)
            {
                System.IO.Pipelines.ReadResult read = await http.Request.BodyReader.ReadAsync();
                sum += read.Buffer.Length;
                http.Request.BodyReader.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    break;
                }
            }

            await http.Response.WriteAsync(sum.ToString(CultureInfo.InvariantCulture));
        });
        await app.StartAsync();
        return app;
    }

    // The loopback of this process is what it is.
    private static SslClientAuthenticationOptions Trusting() => new() { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, _, _, _) => true };

    private static X509Certificate2 MakeCertificate()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = new CertificateRequest("CN=bench", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    private sealed class RawContent(int count) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            byte[] content = new byte[MessageBytes];
            for (int i = 0; i < count; i++)
            {
                await stream.WriteAsync(content);
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = -1;
            return false;
        }
    }
}

/// <summary>A service that takes frames and counts their bytes; written as generated code is.</summary>
internal static class Sink
{
    public static Method<DataFrame, DataFrame> Put { get; } = new(MethodType.ClientStreaming, "gatewayos.bench.Sink", "Put", DataFrame.Marshaller, DataFrame.Marshaller);

    public static void BindService(ServiceBinderBase serviceBinder, Base? service) => serviceBinder.AddMethod(Put, service is null ? null : new ClientStreamingServerMethod<DataFrame, DataFrame>(service.Put));

    [BindServiceMethod(typeof(Sink), nameof(BindService))]
    internal abstract class Base
    {
        public abstract Task<DataFrame> Put(IAsyncStreamReader<DataFrame> requestStream, ServerCallContext context);
    }
}

internal sealed class SinkServer : Sink.Base
{
    public override async Task<DataFrame> Put(IAsyncStreamReader<DataFrame> requestStream, ServerCallContext context)
    {
        ulong sum = 0;
        while (await requestStream.MoveNext())
        {
            using DataFrame frame = requestStream.Current;
            sum += (ulong)frame.Payload.Length;
        }

        return DataFrame.Over(Frame.Types.Kind.Stored, sum);
    }
}
