using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace GatewayOS.Pages;

/// <summary>Browsers' connections.</summary>
public static class PageConnections
{
    /// <summary>Lets only so many in at once, and marks each.</summary>
    /// <param name="endpoint">Where they come in; before its TLS is set up.</param>
    /// <param name="most">Most connections.</param>
    /// <param name="mark">Marks one, so that its requests are known.</param>
    public static void Limit(ListenOptions endpoint, int most, Action<ConnectionContext> mark)
    {
        int connections = 0;
        endpoint.Use(next => async connection =>
        {
            try
            {
                if (Interlocked.Increment(ref connections) > most)
                {
                    connection.Abort(new ConnectionAbortedException("Too many browsers."));
                    return;
                }

                mark(connection);
                await next(connection).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref connections);
            }
        });
    }
}
