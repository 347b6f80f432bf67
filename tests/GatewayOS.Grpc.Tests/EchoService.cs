using GatewayOS.Grpc.Tests.Protos;
using Grpc.Core;

namespace GatewayOS.Grpc.Tests;

/// <summary>What the service does; a test replaces the method it is about.</summary>
public sealed class EchoBehaviour
{
    public UnaryServerMethod<Note, Note> Unary { get; set; } = static (request, _) => Task.FromResult(request);

    public ClientStreamingServerMethod<Note, Note> Collect { get; set; } = static async (requests, _) =>
    {
        var sum = new Note();
        await foreach (Note request in requests.ReadAllAsync())
        {
            sum.Number += request.Number;
            sum.Text += request.Text;
        }

        return sum;
    };

    public ServerStreamingServerMethod<Note, Note> Expand { get; set; } = static async (request, responses, _) =>
    {
        for (int i = 0; i < request.Number; i++)
        {
            await responses.WriteAsync(new Note { Number = i, Data = request.Data });
        }
    };

    public DuplexStreamingServerMethod<Note, Note> Chat { get; set; } = static async (requests, responses, _) =>
    {
        await foreach (Note request in requests.ReadAllAsync())
        {
            await responses.WriteAsync(request);
        }
    };
}

public sealed class EchoService(EchoBehaviour behaviour) : Echo.EchoBase
{
    public override Task<Note> Unary(Note request, ServerCallContext context) => behaviour.Unary(request, context);

    public override Task<Note> Collect(IAsyncStreamReader<Note> requestStream, ServerCallContext context) => behaviour.Collect(requestStream, context);

    public override Task Expand(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context) => behaviour.Expand(request, responseStream, context);

    public override Task Chat(IAsyncStreamReader<Note> requestStream, IServerStreamWriter<Note> responseStream, ServerCallContext context) => behaviour.Chat(requestStream, responseStream, context);
}
