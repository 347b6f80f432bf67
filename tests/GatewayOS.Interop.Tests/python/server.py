"""A server of the gRPC interop description. Prints its port and serves until standard input ends."""
import sys
import time
from concurrent import futures

import grpc
import interop_pb2 as pb
from rpc import error_details_pb2, status_pb2

# With this code (FAILED_PRECONDITION) the status has details.
RICH = 9


def zeros(size):
    return pb.Payload(body=b"\0" * size)


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == "x-grpc-test-echo-initial":
            context.send_initial_metadata(((key, value),))
        elif key == "x-grpc-test-echo-trailing-bin":
            context.set_trailing_metadata(((key, value),))


def echo_status(request, context):
    if request.HasField("response_status"):
        code = next(code for code in grpc.StatusCode if code.value[0] == request.response_status.code)
        context.abort(code, request.response_status.message)


def unary(request, context):
    echo_metadata(context)
    if request.HasField("response_compressed") and request.response_compressed.value:
        context.set_compression(grpc.Compression.Gzip)
    if request.response_status.code == RICH:
        details = status_pb2.Status(code=RICH, message="with details")
        details.details.add().Pack(error_details_pb2.ErrorInfo(reason="ECHOED", domain="interop"))
        context.set_trailing_metadata((("grpc-status-details-bin", details.SerializeToString()),))
    echo_status(request, context)
    return pb.SimpleResponse(payload=zeros(request.response_size))


def output(request, context):
    if any(parameters.compressed.value for parameters in request.response_parameters):
        context.set_compression(grpc.Compression.Gzip)
    for parameters in request.response_parameters:
        if parameters.HasField("compressed") and not parameters.compressed.value:
            context.disable_next_message_compression()
        time.sleep(parameters.interval_us / 1e6)
        yield pb.StreamingOutputCallResponse(payload=zeros(parameters.size))


def streaming_input(requests, context):
    return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(request.payload.body) for request in requests))


def duplex(requests, context):
    echo_metadata(context)
    for request in requests:
        echo_status(request, context)
        yield from output(request, context)


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16), options=(("grpc.max_receive_message_length", 68 << 20),))
server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("grpc.testing.TestService", {
    "EmptyCall": grpc.unary_unary_rpc_method_handler(lambda request, context: pb.Empty(), pb.Empty.FromString, pb.Empty.SerializeToString),
    "UnaryCall": grpc.unary_unary_rpc_method_handler(unary, pb.SimpleRequest.FromString, pb.SimpleResponse.SerializeToString),
    "StreamingOutputCall": grpc.unary_stream_rpc_method_handler(output, pb.StreamingOutputCallRequest.FromString, pb.StreamingOutputCallResponse.SerializeToString),
    "StreamingInputCall": grpc.stream_unary_rpc_method_handler(streaming_input, pb.StreamingInputCallRequest.FromString, pb.StreamingInputCallResponse.SerializeToString),
    "FullDuplexCall": grpc.stream_stream_rpc_method_handler(duplex, pb.StreamingOutputCallRequest.FromString, pb.StreamingOutputCallResponse.SerializeToString),
}),))
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None)
