"""One case of the gRPC interop description against a server: client.py PORT CASE. Exits with 0 when it holds."""
import sys
import time

import grpc
import interop_pb2 as pb
from google.protobuf import descriptor_pool, message_factory
from health.v1 import health_pb2
from reflection.v1 import reflection_pb2 as reflection_v1_pb2
from reflection.v1alpha import reflection_pb2 as reflection_v1alpha_pb2
from rpc import error_details_pb2, status_pb2

PORT, CASE = sys.argv[1], sys.argv[2]
SERVICE = "/grpc.testing.TestService/"
METADATA = (("x-grpc-test-echo-initial", "test_initial_metadata_value"), ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab"))


class Stub:
    def __init__(self, channel):
        def unary(name, request, response, service=SERVICE):
            return channel.unary_unary(service + name, request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        self.channel = channel
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


def client_compressed_streaming(stub):
    requests = [pb.StreamingInputCallRequest(payload=zeros(size), expect_compressed=pb.BoolValue(value=True)) for size in (27182, 45904)]
    assert stub.input(iter(requests), compression=grpc.Compression.Gzip).aggregated_payload_size == 73086


def server_compressed_streaming(stub):
    parameters = [pb.ResponseParameters(size=31415, compressed=pb.BoolValue(value=True)), pb.ResponseParameters(size=92653, compressed=pb.BoolValue(value=False))]
    responses = list(stub.output(pb.StreamingOutputCallRequest(response_parameters=parameters)))
    assert [response.payload for response in responses] == [zeros(31415), zeros(92653)]


def compressed_flag_that_lies(stub):
    request = large()
    request.expect_compressed.value = True
    expect_status(lambda: stub.unary(request, compression=grpc.Compression.NoCompression), grpc.StatusCode.INVALID_ARGUMENT)


def very_large(stub):
    # Each way longer than any window.
    for size in (4 << 20, 64 << 20):
        assert stub.unary(pb.SimpleRequest(response_size=size, payload=zeros(size))).payload == zeros(size)
    size = 16 << 20
    assert stub.input(iter([pb.StreamingInputCallRequest(payload=zeros(size))])).aggregated_payload_size == size
    parameters = [pb.ResponseParameters(size=size), pb.ResponseParameters(size=9)]
    assert [len(response.payload.body) for response in stub.output(pb.StreamingOutputCallRequest(response_parameters=parameters))] == [size, 9]
    requests = iter([pb.StreamingOutputCallRequest(response_parameters=parameters, payload=zeros(size))])
    assert [len(response.payload.body) for response in stub.duplex(requests)] == [size, 9]


def large_metadata(stub):
    # grpcio takes 8 KiB unless told otherwise; our server 32 KiB.
    _, call = stub.unary.with_call(pb.SimpleRequest(response_size=1), metadata=(("x-grpc-test-echo-initial", "x" * 7000),))
    assert ("x-grpc-test-echo-initial", "x" * 7000) in call.initial_metadata()
    expect_status(lambda: stub.unary(pb.SimpleRequest(response_size=1), metadata=(("x-grpc-test-echo-initial", "x" * 12000),)), grpc.StatusCode.RESOURCE_EXHAUSTED)


def health_check(stub):
    def check(service):
        return stub.channel.unary_unary("/grpc.health.v1.Health/Check", request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                                        response_deserializer=health_pb2.HealthCheckResponse.FromString)(health_pb2.HealthCheckRequest(service=service))

    assert check("").status == health_pb2.HealthCheckResponse.SERVING
    assert check("grpc.testing.TestService").status == health_pb2.HealthCheckResponse.NOT_SERVING
    expect_status(lambda: check("nobody"), grpc.StatusCode.NOT_FOUND)


def health_watch(stub):
    responses = stub.channel.unary_stream("/grpc.health.v1.Health/Watch", request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
                                          response_deserializer=health_pb2.HealthCheckResponse.FromString)(health_pb2.HealthCheckRequest(service="nobody"))
    assert next(responses).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    responses.cancel()


def reflect(stub, pb2, version):
    """Builds a client of the test service of nothing but what the server says of itself, and calls a method with it."""
    requests = [pb2.ServerReflectionRequest(list_services="*"), pb2.ServerReflectionRequest(file_containing_symbol="grpc.testing.TestService"),
                pb2.ServerReflectionRequest(file_by_filename="interop.proto"), pb2.ServerReflectionRequest(file_containing_symbol="grpc.testing.Nothing")]
    answers = list(stub.channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", request_serializer=pb2.ServerReflectionRequest.SerializeToString,
                                              response_deserializer=pb2.ServerReflectionResponse.FromString)(iter(requests)))
    services = [service.name for service in answers[0].list_services_response.service]
    assert {"grpc.testing.TestService", "grpc.health.v1.Health", f"grpc.reflection.{version}.ServerReflection"} <= set(services), services
    assert list(answers[1].file_descriptor_response.file_descriptor_proto) == list(answers[2].file_descriptor_response.file_descriptor_proto)
    assert answers[3].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
    pool = descriptor_pool.DescriptorPool()
    for proto in reversed(answers[1].file_descriptor_response.file_descriptor_proto):
        pool.AddSerializedFile(proto)
    method = pool.FindServiceByName("grpc.testing.TestService").FindMethodByName("UnaryCall")
    factory = message_factory.MessageFactory(pool)
    request_type, response_type = factory.GetPrototype(method.input_type), factory.GetPrototype(method.output_type)
    call = stub.channel.unary_unary(SERVICE + method.name, request_serializer=request_type.SerializeToString, response_deserializer=response_type.FromString)
    assert len(call(request_type(response_size=31)).payload.body) == 31


def reflection_v1(stub):
    reflect(stub, reflection_v1_pb2, "v1")


def reflection_v1alpha(stub):
    reflect(stub, reflection_v1alpha_pb2, "v1alpha")


def rich_status(stub):
    try:
        stub.unary(pb.SimpleRequest(response_status=pb.EchoStatus(code=9, message="with details")))
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = status_pb2.Status.FromString(details)
        assert (status.code, status.message) == (9, "with details"), status
        info = error_details_pb2.ErrorInfo()
        assert status.details[0].Unpack(info) and info.reason == "ECHOED", status
        return
    raise AssertionError("the call succeeded")


def oversize_message(stub):
    expect_status(lambda: stub.unary(pb.SimpleRequest(payload=zeros(65 << 20))), grpc.StatusCode.RESOURCE_EXHAUSTED)


def many_calls_at_once(stub):
    futures = [stub.unary.future(large()) for _ in range(100)]
    assert all(future.result().payload == zeros(314159) for future in futures)


options = (("grpc.max_receive_message_length", -1),) if CASE == "very_large" else ()
channel = grpc.insecure_channel("127.0.0.1:" + PORT, options=options)
started = time.time()
globals()[CASE](Stub(channel))
channel.close()
print("ok", CASE, round(time.time() - started, 2))
