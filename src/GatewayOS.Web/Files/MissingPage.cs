namespace GatewayOS.Web.Files;

/// <summary>What is served where the page was not built.</summary>
internal static class MissingPage
{
    /// <summary>HTML.</summary>
    public static byte[] Content { get; } =
    """
    <!doctype html>
    <html lang="en">
    <head><meta charset="utf-8"><title>GatewayOS</title></head>
    <body>
    <h1>GatewayOS</h1>
    <p>This gatewayd was built without its web page. <code>./build.sh build</code> builds both, where Node.js is installed. Everything the page does, <code>gatewayctl</code> does too.</p>
    </body>
    </html>

    """u8.ToArray();
}
