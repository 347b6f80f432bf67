"""One case of the gRPC interop description against a server: client.py PORT CASE. Exits with 0 when it holds."""
import sys
import time

import grpc
import interop_pb2 as pb

PORT, CASE = sys.argv[1], sys.argv[2]
SERVICE = "/grpc.testing.TestService/"
METADATA = (("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))


class Stub:
    def __init__(self, channel):
        def unary(name, request, response, service=SERVICE):
            return channel.unary_unary(service + name, request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        self.empty = unary("EmptyCall", pb.Empty, pb.Empty)
        self.unary = unary("UnaryCall", pb.SimpleRequest, pb.SimpleResponse)
        self.unimplemented = unary("UnimplementedCall", pb.Empty, pb.Empty)
        self.no_service = unary("UnimplementedCall", pb.Empty, pb.Empty, "/grpc.testing.UnimplementedService/")
        self.output = channel.unary_stream(
            SERVICE + "StreamingOutputCall", request_serializer=pb.StreamingOutputCallRequest.SerializeToString, response_deserializer=pb.StreamingOutputCallResponse.FromString)
        self.input = channel.stream_unary(
            SERVICE + "StreamingInputCall", request_serializer=pb.StreamingInputCallRequest.SerializeToString, response_deserializer=pb.StreamingInputCallResponse.FromString)
        self.duplex = channel.stream_stream(
            SERVICE + "FullDuplexCall", request_serializer=pb.StreamingOutputCallRequest.SerializeToString, response_deserializer=pb.StreamingOutputCallResponse.FromString)


def zeros(size):
    return pb.Payload(body=b"\0" * size)


def large():
    return pb.SimpleRequest(response_size=314159, payload=zeros(271828))


def expect_status(call, code, details=None):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, error
        assert details is None or error.details() == details, error.details()
        return
    raise AssertionError("the call succeeded")


def empty_unary(stub):
    assert stub.empty(pb.Empty()) == pb.Empty()


def large_unary(stub):
    assert stub.unary(large()).payload == zeros(314159)


def client_streaming(stub):
    sizes = (27182, 8, 1828, 45904)
    assert stub.input(pb.StreamingInputCallRequest(payload=zeros(size)) for size in sizes).aggregated_payload_size == 74922


def server_streaming(stub):
    sizes = (31415, 9, 2653, 58979)
    request = pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=size) for size in sizes])
    assert [len(response.payload.body) for response in stub.output(request)] == list(sizes)


class Pipe:
    def __init__(self):
        import queue
        self._queue = queue.Queue()

    def put(self, request):
        self._queue.put(request)

    def close(self):
        self._queue.put(None)

    def __iter__(self):
        return iter(self._queue.get, None)


def ping_pong(stub):
    pipe = Pipe()
    responses = stub.duplex(iter(pipe))
    for request_size, response_size in ((27182, 31415), (8, 9), (1828, 2653), (45904, 58979)):
        pipe.put(pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=response_size)], payload=zeros(request_size)))
        assert len(next(responses).payload.body) == response_size
    pipe.close()
    assert list(responses) == []


def empty_stream(stub):
    assert list(stub.duplex(iter(()))) == []


def cancel_after_begin(stub):
    pipe = Pipe()
    future = stub.input.future(iter(pipe))
    future.cancel()
    assert future.cancelled() and future.code() == grpc.StatusCode.CANCELLED


def cancel_after_first_response(stub):
    pipe = Pipe()
    responses = stub.duplex(iter(pipe))
    pipe.put(pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=31415)], payload=zeros(27182)))
    next(responses)
    responses.cancel()
    expect_status(lambda: next(responses), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server(stub):
    pipe = Pipe()
    responses = stub.duplex(iter(pipe), timeout=0.05)
    pipe.put(pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=1, interval_us=20_000_000)], payload=zeros(27182)))
    expect_status(lambda: next(responses), grpc.StatusCode.DEADLINE_EXCEEDED)


def status_code_and_message(stub):
    status = pb.EchoStatus(code=2, message="test status message")
    expect_status(lambda: stub.unary(pb.SimpleRequest(response_status=status)), grpc.StatusCode.UNKNOWN, "test status message")
    expect_status(lambda: list(stub.duplex(iter([pb.StreamingOutputCallRequest(response_status=status)]))), grpc.StatusCode.UNKNOWN, "test status message")


def special_status_message(stub):
    message = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    expect_status(lambda: stub.unary(pb.SimpleRequest(response_status=pb.EchoStatus(code=2, message=message))), grpc.StatusCode.UNKNOWN, message)


def unimplemented_method(stub):
    expect_status(lambda: stub.unimplemented(pb.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(stub):
    expect_status(lambda: stub.no_service(pb.Empty()), grpc.StatusCode.UNIMPLEMENTED)


def check_metadata(call):
    assert ("x-grpc-test-echo-initial", "test_initial_metadata_value") in call.initial_metadata(), call.initial_metadata()
    assert ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab") in call.trailing_metadata(), call.trailing_metadata()


def custom_metadata(stub):
    _, call = stub.unary.with_call(pb.SimpleRequest(response_size=1), metadata=METADATA)
    check_metadata(call)
    responses = stub.duplex(iter([pb.StreamingOutputCallRequest(response_parameters=[pb.ResponseParameters(size=1)])]), metadata=METADATA)
    assert len(list(responses)) == 1
    check_metadata(responses)


def client_compressed_unary(stub):
    request = large()
    request.expect_compressed.value = True
    assert stub.unary(request, compression=grpc.Compression.Gzip).payload == zeros(314159)
    request.expect_compressed.value = False
    assert stub.unary(request, compression=grpc.Compression.NoCompression).payload == zeros(314159)


def server_compressed_unary(stub):
    for wish in (True, False):
        assert stub.unary(pb.SimpleRequest(response_size=314159, response_compressed=pb.BoolValue(value=wish))).payload == zeros(314159)


def oversize_message(stub):
    expect_status(lambda: stub.unary(pb.SimpleRequest(payload=zeros(5 * 1024 * 1024))), grpc.StatusCode.RESOURCE_EXHAUSTED)


def many_calls_at_once(stub):
    futures = [stub.unary.future(large()) for _ in range(100)]
    assert all(future.result().payload == zeros(314159) for future in futures)


channel = grpc.insecure_channel("127.0.0.1:" + PORT)
started = time.time()
globals()[CASE](Stub(channel))
channel.close()
print("ok", CASE, round(time.time() - started, 2))
