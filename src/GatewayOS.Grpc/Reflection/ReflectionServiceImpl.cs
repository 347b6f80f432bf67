using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1Alpha;

namespace Grpc.Reflection;

/// <summary>Server reflection, version 1alpha, which most clients still ask for first: the same messages under another name.</summary>
public class ReflectionServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly ReflectionV1ServiceImpl _answers;

    /// <summary>Tells of these services.</summary>
    /// <param name="services">Their names with packages.</param>
    /// <param name="symbolRegistry">The files that define them.</param>
    public ReflectionServiceImpl(IEnumerable<string> services, SymbolRegistry symbolRegistry)
        : this(new ReflectionV1ServiceImpl(services, symbolRegistry))
    {
    }

    /// <summary>Tells of these services.</summary>
    public ReflectionServiceImpl(params IEnumerable<ServiceDescriptor> serviceDescriptors)
        : this(new ReflectionV1ServiceImpl(serviceDescriptors))
    {
    }

    internal ReflectionServiceImpl(ReflectionV1ServiceImpl answers) => _answers = answers;

    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(responseStream);
        await foreach (ServerReflectionRequest request in requestStream.ReadAllAsync().ConfigureAwait(false))
        {
            V1.ServerReflectionResponse answer = _answers.Answer(V1.ServerReflectionRequest.Parser.ParseFrom(request.ToByteString()));
            await responseStream.WriteAsync(ServerReflectionResponse.Parser.ParseFrom(answer.ToByteString())).ConfigureAwait(false);
        }
    }
}
