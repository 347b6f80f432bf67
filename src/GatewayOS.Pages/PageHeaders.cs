namespace GatewayOS.Pages;

/// <summary>Headers that every answer has.</summary>
public static class PageHeaders
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

    // A year, as HSTS is asked for; only for a certificate that browsers trust by themselves, or nobody could ever click through to the page again.
    private const string StrictTransport = "max-age=31536000";

    /// <summary>Adds them.</summary>
    /// <param name="headers">The answer's.</param>
    /// <param name="isReplaced">True when the certificate is the owner's.</param>
    public static void Add(IHeaderDictionary headers, bool isReplaced)
    {
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (isReplaced)
        {
            headers.StrictTransportSecurity = StrictTransport;
        }
    }
}
