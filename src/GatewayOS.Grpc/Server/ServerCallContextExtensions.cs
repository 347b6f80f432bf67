using Grpc.AspNetCore.Server.Internal;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

/// <summary>What a call on ASP.NET Core has besides.</summary>
public static class ServerCallContextExtensions
{
    /// <summary>The HTTP request the call came as.</summary>
    /// <exception cref="InvalidOperationException">It came otherwise.</exception>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext) =>
        (serverCallContext as HttpServerCallContext)?.Http ?? throw new InvalidOperationException("The call did not come through ASP.NET Core.");
}
