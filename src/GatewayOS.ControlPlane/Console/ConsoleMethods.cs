using GatewayOS.Api;
using GatewayOS.Pages;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace GatewayOS.ControlPlane.Console;

/// <summary>The methods of the service <c>Fleet</c> as browsers call them: JSON in, JSON out, by the same instance and behind the same gate as over gRPC.</summary>
internal sealed class ConsoleMethods : ServiceBinderBase
{
    private readonly Dictionary<string, Func<HttpContext, Metadata, Task<IMessage>>> _methods = new(StringComparer.Ordinal);
    private readonly Fleet.FleetBase _service;
    private readonly Interceptor _gate;
    private readonly TimeProvider _time;

    /// <summary>Takes a service's methods.</summary>
    /// <param name="service">What serves them.</param>
    /// <param name="gate">What stands before it.</param>
    /// <param name="time">The clock.</param>
    public ConsoleMethods(Fleet.FleetBase service, Interceptor gate, TimeProvider time)
    {
        (_service, _gate, _time) = (service, gate, time);
        Fleet.BindService(this, service);
    }

    /// <summary>Calls a method with the message that a request carries.</summary>
    /// <param name="name">The method's name.</param>
    /// <param name="http">The request.</param>
    /// <param name="credentials">Who calls, as gRPC's metadata.</param>
    /// <exception cref="RpcException">There is no such method, the request is no such message, or the call is refused or fails.</exception>
    public Task<IMessage> CallAsync(string name, HttpContext http, Metadata credentials) => _methods.TryGetValue(name, out Func<HttpContext, Metadata, Task<IMessage>>? method)
        ? method(http, credentials)
        : throw new RpcException(new Status(StatusCode.NotFound, $"There is no method '{name}'."));

    /// <summary>Asks whose the credentials are.</summary>
    /// <exception cref="RpcException">Nobody's, or not any more.</exception>
    public async Task<FleetTokenInfo> WhoAsync(HttpContext http, Metadata credentials) =>
        await _gate.UnaryServerHandler(new GetSelfRequest(), Context(http, nameof(Fleet.FleetClient.GetSelf), credentials), _service.GetSelf).ConfigureAwait(false);

    public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler) => _methods.Add(method.Name, async (http, credentials) =>
    {
        var request = (TRequest)await MessageJson.ReadAsync(http, Fleet.Descriptor.FindMethodByName(method.Name).InputType, _time).ConfigureAwait(false);
        return (IMessage)await _gate.UnaryServerHandler(request, Context(http, method.Name, credentials), handler!).ConfigureAwait(false);
    });

    private static WebCallContext Context(HttpContext http, string method, Metadata credentials) => new(http, $"{Fleet.Descriptor.FullName}/{method}", account: null, http.RequestAborted, credentials);
}
