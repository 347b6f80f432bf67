using GatewayOS.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace GatewayOS.Grpc.Tests;

/// <summary>Deadlines, headers, trailers, statuses, limits and interceptors.</summary>
public sealed class CallTests : IAsyncLifetime
{
    private const int LimitBytes = 100_000;

    private readonly List<string> _seen = [];
    private EchoHost? _host;

    private EchoHost Host => _host!;

    public async Task InitializeAsync() => _host = await EchoHost.StartAsync(options =>
    {
        options.MaxReceiveMessageSize = LimitBytes;
        options.MaxSendMessageSize = LimitBytes;
        options.Interceptors.Add<Noting>("first", _seen);
        options.Interceptors.Add<Noting>("second", _seen);
    });

    public async Task DisposeAsync() => await Host.DisposeAsync();

    [Fact]
    public async Task The_server_knows_the_deadline_and_stops_at_it()
    {
        var cancelled = new TaskCompletionSource<DateTime>(TaskCreationOptions.RunContinuationsAsynchronously);
        Host.Behaviour.Unary = async (request, context) =>
        {
            await using (context.CancellationToken.Register(() => cancelled.TrySetResult(context.Deadline)))
            {
                await Task.Delay(Timeout.Infinite, context.CancellationToken);
            }

            return request;
        };
        DateTime deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(500);
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note(), deadline: deadline));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        DateTime known = await cancelled.Task.WaitAsync(EchoHost.Patience);
        Assert.NotEqual(DateTime.MaxValue, known);
        Assert.True(known >= deadline.AddMilliseconds(-1), "The server's deadline is before the client's.");
    }

    [Fact]
    public async Task A_deadline_that_has_passed_sends_nothing()
    {
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note(), deadline: DateTime.UnixEpoch));
        Assert.Equal(StatusCode.DeadlineExceeded, error.StatusCode);
        Assert.Empty(_seen);
    }

    [Fact]
    public async Task The_server_keeps_a_deadline_that_its_client_does_not()
    {
        Host.Behaviour.Unary = async (request, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return request;
        };
        RawAnswer answer = await Host.SendRawAsync("/gatewayos.grpc.tests.Echo/Unary", MalformedFrameTests.Frame(0, []), headers: ("grpc-timeout", "100m"));
        Assert.Equal(StatusCode.DeadlineExceeded, answer.Status);
    }

    [Fact]
    public async Task A_method_that_ignores_its_deadline_does_not_hold_its_client()
    {
        var stubborn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Host.Behaviour.Expand = async (_, responses, _) =>
        {
            await responses.WriteAsync(new Note());
            await stubborn.Task;
        };
        try
        {
            RawAnswer answer = await Host.SendRawAsync("/gatewayos.grpc.tests.Echo/Expand", MalformedFrameTests.Frame(0, []), headers: ("grpc-timeout", "100m"));
            Assert.Equal((StatusCode.DeadlineExceeded, 5), (answer.Status!.Value, answer.Body.Length));
        }
        finally
        {
            stubborn.SetResult();
        }
    }

    [Fact]
    public async Task Metadata_that_a_server_would_break_the_connection_for_is_not_sent()
    {
        Echo.EchoClient client = Host.Client();
        using AsyncDuplexStreamingCall<Note, Note> other = client.Chat();
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new Note(), new Metadata { { "word", new string('x', 40_000) } }));
        Assert.Equal(StatusCode.ResourceExhausted, error.StatusCode);

        // What is just within the limit arrives, and the other call goes on.
        await client.UnaryAsync(new Note(), new Metadata { { "word", new string('x', 31_500) } });
        await other.RequestStream.WriteAsync(new Note());
        Assert.True(await other.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task Metadata_beyond_the_client_s_limit_is_refused_and_the_next_call_made()
    {
        Host.Behaviour.Unary = async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "word", new string('x', request.Number) } });
            return request;
        };

        // In KiB.
        Echo.EchoClient client = Host.Client(options => options.HttpHandler = new SocketsHttpHandler { MaxResponseHeadersLength = 16 });
        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(async () => await client.UnaryAsync(new Note { Number = 20_000 }))).StatusCode);
        await client.UnaryAsync(new Note { Number = 10_000 });
    }

    [Fact]
    public async Task Without_a_deadline_there_is_none()
    {
        DateTime deadline = default;
        Host.Behaviour.Unary = (request, context) =>
        {
            deadline = context.Deadline;
            return Task.FromResult(request);
        };
        await Host.Client().UnaryAsync(new Note());
        Assert.Equal(DateTime.MaxValue, deadline);
    }

    [Fact]
    public async Task Headers_and_trailers_travel_both_ways_in_order()
    {
        Host.Behaviour.Unary = async (request, context) =>
        {
            await context.WriteResponseHeadersAsync(new Metadata { { "got", string.Join(", ", context.RequestHeaders.GetAll("word").Select(entry => entry.Value)) } });
            foreach (Metadata.Entry entry in context.RequestHeaders.GetAll("data-bin"))
            {
                context.ResponseTrailers.Add(entry);
            }

            return request;
        };
        // HTTP may join values of the same name; bytes are taken apart again, text cannot be.
        byte[][] data = [[0], [0xfb, 0xff], [1, 2, 3]];
        var headers = new Metadata { { "Word", "one" }, { "word", "two" } };
        foreach (byte[] value in data)
        {
            headers.Add("data-bin", value);
        }

        using AsyncUnaryCall<Note> call = Host.Client().UnaryAsync(new Note(), headers);
        await call;
        Assert.Equal("one, two", (await call.ResponseHeadersAsync).GetValue("got"));
        Assert.Equal(data, call.GetTrailers().GetAll("data-bin").Select(entry => entry.ValueBytes));
        Assert.Equal(Status.DefaultSuccess, call.GetStatus());
    }

    [Fact]
    public async Task Trailers_come_with_an_error_before_and_behind_messages()
    {
        Host.Behaviour.Expand = async (request, responses, _) =>
        {
            for (int i = 0; i < request.Number; i++)
            {
                await responses.WriteAsync(new Note());
            }

            throw new RpcException(new Status(StatusCode.NotFound, "No such snapshot: 100 % sure, ä"), new Metadata { { "hint", "list them" } });
        };
        foreach (int messages in (int[])[0, 2])
        {
            using AsyncServerStreamingCall<Note> call = Host.Client().Expand(new Note { Number = messages });
            for (int i = 0; i < messages; i++)
            {
                Assert.True(await call.ResponseStream.MoveNext());
            }

            RpcException error = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());
            Assert.Equal(new Status(StatusCode.NotFound, "No such snapshot: 100 % sure, ä"), error.Status);
            Assert.Equal("list them", error.Trailers.GetValue("hint"));
            Assert.Equal("list them", call.GetTrailers().GetValue("hint"));
        }
    }

    [Fact]
    public async Task A_status_that_is_set_is_sent()
    {
        Host.Behaviour.Expand = (_, _, context) =>
        {
            context.Status = new Status(StatusCode.Aborted, "Again, please.");
            return Task.CompletedTask;
        };
        using AsyncServerStreamingCall<Note> call = Host.Client().Expand(new Note());
        Assert.Equal(StatusCode.Aborted, (await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext())).StatusCode);
    }

    [Fact]
    public async Task A_message_that_waits_in_the_buffer_has_its_status_behind_it()
    {
        Host.Behaviour.Expand = async (_, responses, _) =>
        {
            responses.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
            await responses.WriteAsync(new Note { Number = 5 });
        };
        using AsyncServerStreamingCall<Note> call = Host.Client().Expand(new Note());
        Assert.Equal([5], await call.ResponseStream.ReadAllAsync().Select(note => note.Number).ToListAsync());
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task An_exception_is_not_told_to_clients()
    {
        Host.Behaviour.Unary = (_, _) => throw new InvalidOperationException("the password is 1234");
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note()));
        Assert.Equal(StatusCode.Unknown, error.StatusCode);
        Assert.DoesNotContain("1234", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metadata_that_http_cannot_carry_is_refused_on_both_sides()
    {
        RpcException sent = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note(), new Metadata { { "name", "Jürgen\r\nx: y" } }));
        Assert.Equal(StatusCode.Internal, sent.StatusCode);
        Host.Behaviour.Unary = (request, context) =>
        {
            context.ResponseTrailers.Add("name", "Jürgen");
            return Task.FromResult(request);
        };
        RpcException received = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note()));
        Assert.Equal(StatusCode.Internal, received.StatusCode);
        Assert.Contains("name", received.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_cannot_forge_the_protocol_s_own_trailers()
    {
        Host.Behaviour.Unary = (request, context) =>
        {
            context.ResponseTrailers.Add("grpc-status", "7");
            return Task.FromResult(request);
        };
        await Host.Client().UnaryAsync(new Note());
    }

    [Theory]
    [InlineData(LimitBytes - 5, true)]
    [InlineData(LimitBytes + 1, false)]
    public async Task Messages_are_held_to_the_limits(int dataBytes, bool fits)
    {
        Note note = Sized(dataBytes);
        await HoldAsync(fits, async () => await Host.Client().UnaryAsync(note));
        await HoldAsync(fits, async () => await Host.Client(options => options.MaxSendMessageSize = LimitBytes).UnaryAsync(note));
        Host.Behaviour.Unary = (_, _) => Task.FromResult(note);
        await HoldAsync(fits, async () => await Host.Client().UnaryAsync(new Note()));
    }

    [Fact]
    public async Task A_client_takes_no_more_than_it_wants()
    {
        Host.Behaviour.Unary = (_, _) => Task.FromResult(Sized(5000));
        await HoldAsync(fits: false, async () => await Host.Client(options => options.MaxReceiveMessageSize = 4999).UnaryAsync(new Note()));
        await HoldAsync(fits: true, async () => await Host.Client(options => options.MaxReceiveMessageSize = 5000).UnaryAsync(new Note()));
    }

    [Fact]
    public async Task Server_interceptors_see_every_kind_of_call_the_first_one_first()
    {
        Echo.EchoClient client = Host.Client();
        await client.UnaryAsync(new Note());
        using (AsyncClientStreamingCall<Note, Note> collect = client.Collect())
        {
            await collect.RequestStream.CompleteAsync();
            await collect;
        }

        using (AsyncServerStreamingCall<Note> expand = client.Expand(new Note()))
        {
            Assert.False(await expand.ResponseStream.MoveNext());
        }

        using (AsyncDuplexStreamingCall<Note, Note> chat = client.Chat())
        {
            await chat.RequestStream.CompleteAsync();
            Assert.False(await chat.ResponseStream.MoveNext());
        }

        Assert.Equal(["first Unary", "second Unary", "first Collect", "second Collect", "first Expand", "second Expand", "first Chat", "second Chat"], _seen);
    }

    [Fact]
    public async Task An_interceptor_can_refuse_a_call()
    {
        bool called = false;
        Host.Behaviour.Unary = (request, _) =>
        {
            called = true;
            return Task.FromResult(request);
        };
        RpcException error = await Assert.ThrowsAsync<RpcException>(async () => await Host.Client().UnaryAsync(new Note(), new Metadata { { "refuse", "second" } }));
        Assert.Equal((StatusCode.PermissionDenied, false), (error.StatusCode, called));
    }

    [Fact]
    public async Task Client_interceptors_wrap_calls_the_first_one_first()
    {
        string? order = null;
        Host.Behaviour.Unary = (request, context) =>
        {
            order = string.Join(", ", context.RequestHeaders.GetAll("by").Select(entry => entry.Value));
            return Task.FromResult(request);
        };
        CallInvoker invoker = Host.Channel().Intercept(new Marking("outer"), new Marking("inner"));
        await new Echo.EchoClient(invoker).UnaryAsync(new Note());
        Assert.Equal("outer, inner", order);
    }

    [Fact]
    public async Task A_second_read_or_write_at_once_is_a_bug_that_is_told()
    {
        using AsyncDuplexStreamingCall<Note, Note> call = Host.Client().Chat();
        Task<bool> read = call.ResponseStream.MoveNext();
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext());
        await call.RequestStream.WriteAsync(new Note { Number = 3 });
        Assert.True(await read);
        Assert.Equal(3, call.ResponseStream.Current.Number);
    }

    private static Note Sized(int messageBytes)
    {
        var note = new Note();
        while (note.CalculateSize() != messageBytes)
        {
            note.Data = ByteString.CopyFrom(new byte[messageBytes - (note.CalculateSize() - note.Data.Length)]);
        }

        return note;
    }

    private static async Task HoldAsync(bool fits, Func<Task> call)
    {
        if (fits)
        {
            await call();
            return;
        }

        Assert.Equal(StatusCode.ResourceExhausted, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
    }

    private sealed class Noting(string name, List<string> seen) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            See(context);
            return continuation(request, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            See(context);
            return continuation(requestStream, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            See(context);
            return continuation(request, responseStream, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            See(context);
            return continuation(requestStream, responseStream, context);
        }

        private void See(ServerCallContext context)
        {
            seen.Add($"{name} {context.Method.Split('/')[^1]}");
            if (context.RequestHeaders.GetValue("refuse") == name)
            {
                throw new RpcException(new Status(StatusCode.PermissionDenied, "Not you."));
            }
        }
    }

    private sealed class Marking(string name) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            Metadata headers = context.Options.Headers ?? [];
            headers.Add("by", name);
            return continuation(request, new ClientInterceptorContext<TRequest, TResponse>(context.Method, context.Host, context.Options.WithHeaders(headers)));
        }
    }
}
