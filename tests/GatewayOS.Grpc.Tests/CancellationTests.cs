using System.Net.Sockets;
using GatewayOS.Grpc.Tests.Protos;
using Grpc.Core;

namespace GatewayOS.Grpc.Tests;

/// <summary>
/// Calls that end before their time: both sides learn it, and a request stream that its writer did not complete never looks complete to the
/// server, as a backup that was broken off would be taken for a whole one.
/// </summary>
public sealed class CancellationTests : IAsyncLifetime
{
    private readonly TaskCompletionSource<int> _got = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync()
    {
        _host = await EchoHost.StartAsync();
        Host.Behaviour.Collect = async (requests, context) =>
        {
            try
            {
                int count = 0;
                while (await requests.MoveNext(CancellationToken.None))
                {
                    _got.TrySetResult(++count);
                }

                _end.TrySetResult("complete");
            }
            catch (Exception error)
            {
                _end.TrySetResult(error is OperationCanceledException && context.CancellationToken.IsCancellationRequested ? "cancelled" : error.ToString());
                throw;
            }

            return new Note();
        };
    }

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Fact]
    public async Task A_completed_stream_is_complete()
    {
        using AsyncClientStreamingCall<Note, Note> call = Host.Client().Collect();
        await call.RequestStream.WriteAsync(new Note());
        await call.RequestStream.CompleteAsync();
        await call;
        Assert.Equal("complete", await EndAsync());
    }

    [Fact]
    public async Task A_cancelled_stream_is_cancelled_and_not_complete()
    {
        using var cancel = new CancellationTokenSource();
        AsyncClientStreamingCall<Note, Note> call = Host.Client().Collect(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(new Note());
        await _got.Task.WaitAsync(EchoHost.Patience);
        await cancel.CancelAsync();
        await call.RequestStream.CompleteAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_stream_whose_call_is_disposed_of_is_cancelled_and_not_complete()
    {
        using (AsyncClientStreamingCall<Note, Note> call = Host.Client().Collect())
        {
            await call.RequestStream.WriteAsync(new Note());
            await _got.Task.WaitAsync(EchoHost.Patience);
        }

        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_stream_at_its_deadline_is_not_complete()
    {
        using AsyncClientStreamingCall<Note, Note> call = Host.Client().Collect(deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(1));
        await call.RequestStream.WriteAsync(new Note());
        Assert.Equal(StatusCode.DeadlineExceeded, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
        await call.RequestStream.CompleteAsync();
        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_stream_with_a_message_that_cannot_be_written_is_not_complete()
    {
        using AsyncClientStreamingCall<Note, Note> call = Host.Client(options => options.MaxSendMessageSize = 100).Collect();
        await call.RequestStream.WriteAsync(new Note());
        await _got.Task.WaitAsync(EchoHost.Patience);
        RpcException error = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Note { Text = new string('x', 200) }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);
        await call.RequestStream.CompleteAsync();
        Assert.Equal("cancelled", await EndAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_whose_connection_breaks_is_not_complete(bool politely)
    {
        Socket? connection = null;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                connection = socket;
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using AsyncClientStreamingCall<Note, Note> call = Host.Client(options => options.HttpHandler = handler).Collect();
        await call.RequestStream.WriteAsync(new Note());
        await _got.Task.WaitAsync(EchoHost.Patience);
        if (politely)
        {
            connection!.Shutdown(SocketShutdown.Both);
        }
        else
        {
            connection!.LingerState = new LingerOption(enable: true, seconds: 0);
            connection.Close();
        }

        Assert.Equal("cancelled", await EndAsync());
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(async () => await call)).StatusCode);
    }

    [Fact]
    public async Task A_client_that_goes_away_stops_a_stream_of_responses()
    {
        Host.Behaviour.Expand = async (_, responses, context) =>
        {
            try
            {
                while (true)
                {
                    await responses.WriteAsync(new Note());
                }
            }
            catch (OperationCanceledException)
            {
                _end.TrySetResult(context.CancellationToken.IsCancellationRequested ? "cancelled" : "not cancelled");
                throw;
            }
        };
        using (AsyncServerStreamingCall<Note> call = Host.Client().Expand(new Note()))
        {
            Assert.True(await call.ResponseStream.MoveNext());
        }

        Assert.Equal("cancelled", await EndAsync());
    }

    [Fact]
    public async Task A_cancelled_read_ends_the_call()
    {
        Host.Behaviour.Chat = async (requests, _, context) =>
        {
            try
            {
                await requests.MoveNext(CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                _end.TrySetResult("cancelled");
                throw;
            }
        };
        using AsyncDuplexStreamingCall<Note, Note> call = Host.Client().Chat();
        using var cancel = new CancellationTokenSource();
        Task<bool> read = call.ResponseStream.MoveNext(cancel.Token);
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Assert.ThrowsAsync<RpcException>(() => read)).StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Cancellation_can_be_asked_for_as_its_own_exception()
    {
        using var cancel = new CancellationTokenSource();
        using AsyncClientStreamingCall<Note, Note> call = Host.Client(options => options.ThrowOperationCanceledOnCancellation = true).Collect(cancellationToken: cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call);
    }

    [Fact]
    public async Task A_call_cancelled_before_it_begins_does_not_begin()
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note(), cancellationToken: new CancellationToken(canceled: true)));
        Assert.Equal(StatusCode.Cancelled, error.StatusCode);
    }

    [Fact]
    public async Task A_status_sent_while_the_client_still_writes_reaches_the_writer()
    {
        Host.Behaviour.Collect = async (requests, _) =>
        {
            await requests.MoveNext(CancellationToken.None);
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "The store is full."));
        };
        using AsyncClientStreamingCall<Note, Note> call = Host.Client().Collect();
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await WriteForeverAsync(call.RequestStream));
        Assert.Equal(new Status(StatusCode.ResourceExhausted, "The store is full."), error.Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_status_behind_responses_that_were_not_read_is_not_lost(bool reading)
    {
        Host.Behaviour.Chat = async (requests, responses, _) =>
        {
            await requests.MoveNext(CancellationToken.None);
            await responses.WriteAsync(new Note { Number = 1 });
            await responses.WriteAsync(new Note { Number = 2 });
            throw new RpcException(new Status(StatusCode.ResourceExhausted, "The store is full."));
        };
        using AsyncDuplexStreamingCall<Note, Note> call = Host.Client().Chat();
        Task<int> reads = reading ? CountAsync(call.ResponseStream) : Task.FromResult(0);
        await Assert.ThrowsAsync<RpcException>(async () => await WriteForeverAsync(call.RequestStream));
        if (reading)
        {
            Assert.Equal(2, await reads);
        }
        else
        {
            Assert.Equal(2, await CountAsync(call.ResponseStream));
        }

        Assert.Equal(new Status(StatusCode.ResourceExhausted, "The store is full."), call.GetStatus());
    }

    private static async Task WriteForeverAsync(IClientStreamWriter<Note> requests)
    {
        while (true)
        {
            await requests.WriteAsync(new Note { Data = Google.Protobuf.ByteString.CopyFrom(new byte[32 * 1024]) });
        }
    }

    private static async Task<int> CountAsync(IAsyncStreamReader<Note> responses)
    {
        int count = 0;
        try
        {
            while (await responses.MoveNext(CancellationToken.None))
            {
                count++;
            }
        }
        catch (RpcException)
        {
            // The status is looked at apart.
        }

        return count;
    }

    private Task<string> EndAsync() => _end.Task.WaitAsync(EchoHost.Patience);
}
