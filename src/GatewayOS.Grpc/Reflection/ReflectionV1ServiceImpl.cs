using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Reflection;

/// <summary>Server reflection, version 1: tells clients without stubs what services there are and what their messages look like.</summary>
public class ReflectionV1ServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly IReadOnlyList<string> _services;
    private readonly SymbolRegistry _symbols;

    /// <summary>Tells of these services.</summary>
    /// <param name="services">Their names with packages.</param>
    /// <param name="symbolRegistry">The files that define them.</param>
    public ReflectionV1ServiceImpl(IEnumerable<string> services, SymbolRegistry symbolRegistry)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(symbolRegistry);
        (_services, _symbols) = ([.. services.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)], symbolRegistry);
    }

    /// <summary>Tells of these services.</summary>
    public ReflectionV1ServiceImpl(params IEnumerable<ServiceDescriptor> serviceDescriptors)
        : this(serviceDescriptors.Select(static service => service.FullName), SymbolRegistry.FromFiles(serviceDescriptors.Select(static service => service.File)))
    {
    }

    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(responseStream);
        await foreach (ServerReflectionRequest request in requestStream.ReadAllAsync().ConfigureAwait(false))
        {
            await responseStream.WriteAsync(Answer(request)).ConfigureAwait(false);
        }
    }

    internal ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        ServerReflectionResponse response = request.MessageRequestCase switch
        {
            ServerReflectionRequest.MessageRequestOneofCase.ListServices => Services(),
            ServerReflectionRequest.MessageRequestOneofCase.FileByFilename => File(_symbols.FileByName(request.FileByFilename), $"The file '{request.FileByFilename}'"),
            ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol => File(_symbols.FileContainingSymbol(request.FileContainingSymbol), $"The symbol '{request.FileContainingSymbol}'"),
            ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension => File(
                _symbols.FileContainingExtension(request.FileContainingExtension.ContainingType, request.FileContainingExtension.ExtensionNumber),
                $"Extension {request.FileContainingExtension.ExtensionNumber} of '{request.FileContainingExtension.ContainingType}'"),
            ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType => Extensions(request.AllExtensionNumbersOfType),
            _ => Error(StatusCode.InvalidArgument, "The request asks for nothing that is known."),
        };
        (response.ValidHost, response.OriginalRequest) = (request.Host, request);
        return response;
    }

    private static ServerReflectionResponse File(FileDescriptor? file, string what)
    {
        if (file is null)
        {
            return Error(StatusCode.NotFound, $"{what} is not known here.");
        }

        var response = new FileDescriptorResponse();
        response.FileDescriptorProto.AddRange(SymbolRegistry.WithImports(file).Select(static each => each.SerializedData));
        return new ServerReflectionResponse { FileDescriptorResponse = response };
    }

    private static ServerReflectionResponse Error(StatusCode code, string message) => new() { ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = message } };

    private ServerReflectionResponse Services()
    {
        var response = new ListServiceResponse();
        response.Service.AddRange(_services.Select(static name => new ServiceResponse { Name = name }));
        return new ServerReflectionResponse { ListServicesResponse = response };
    }

    private ServerReflectionResponse Extensions(string type)
    {
        if (_symbols.ExtensionNumbersOf(type) is not { } numbers)
        {
            return Error(StatusCode.NotFound, $"The message type '{type}' is not known here.");
        }

        var response = new ExtensionNumberResponse { BaseTypeName = type };
        response.ExtensionNumber.AddRange(numbers);
        return new ServerReflectionResponse { AllExtensionNumbersResponse = response };
    }
}
