using Grpc.Core;

namespace GatewayOS.Pages;

/// <summary>Keeps other sites' pages from asking in the name of whoever is signed in here.</summary>
public static class ForeignPages
{
    /// <summary>Refuses what a browser says another site's page has asked for (Fetch Metadata, W3C).</summary>
    /// <exception cref="RpcException">It was one.</exception>
    public static void Refuse(HttpContext http)
    {
        if (http.Request.Headers["Sec-Fetch-Site"] is [{ } site] && site is not ("same-origin" or "none"))
        {
            throw new RpcException(new Status(StatusCode.PermissionDenied, "Another site's page may not ask for this."));
        }
    }
}
