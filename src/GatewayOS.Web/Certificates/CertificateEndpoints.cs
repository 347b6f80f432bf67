using System.Security.Cryptography.X509Certificates;
using GatewayOS.Store.Storage;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Transcoding;
using Grpc.Core;
using Microsoft.AspNetCore.Http.Features;

namespace GatewayOS.Web.Certificates;

/// <summary>Shows the certificate of the page, takes the owner's, and gives that up again.</summary>
internal sealed class CertificateEndpoints(WebAppliance appliance)
{
    /// <summary>Shows it.</summary>
    public Task ShowAsync(HttpContext http, CallerSession caller) => WriteAsync(http);

    /// <summary>Takes the owner's.</summary>
    public async Task ReplaceAsync(HttpContext http, CallerSession caller)
    {
        NewCertificateDocument document = await RequestBody.ReadAsync(http, WebJson.Default.NewCertificateDocument, appliance.Time).ConfigureAwait(false);
        await ChangeAsync(() => Of(http).Replace(document.CertificatePem, document.KeyPem)).ConfigureAwait(false);
        await WriteAsync(http).ConfigureAwait(false);
    }

    /// <summary>Goes back to the one that the appliance makes.</summary>
    public async Task GiveUpAsync(HttpContext http, CallerSession caller)
    {
        await ChangeAsync(() =>
        {
            Of(http).GiveUpReplaced();
            return null;
        }).ConfigureAwait(false);
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static WebCertificate Of(HttpContext http) => http.Features.GetRequiredFeature<WebListener>().Certificate;

    private static Task WriteAsync(HttpContext http)
    {
        WebCertificate certificate = Of(http);
        X509Certificate2 shown = certificate.Shown;
        X509SubjectAlternativeNameExtension? names = shown.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        var document = new CertificateDocument(
            certificate.Fingerprint,
            shown.Subject,
            shown.Issuer,
            [.. names?.EnumerateDnsNames() ?? [], .. (names?.EnumerateIPAddresses() ?? []).Select(address => address.ToString())],
            new DateTimeOffset(shown.NotBefore).ToUnixTimeMilliseconds(),
            new DateTimeOffset(shown.NotAfter).ToUnixTimeMilliseconds(),
            certificate.IsReplaced);
        return Answers.WriteAsync(http, document, WebJson.Default.CertificateDocument);
    }

    private async Task ChangeAsync(Func<string?> change)
    {
        try
        {
            if (await appliance.Workers.RunAsync(change).ConfigureAwait(false) is { } problem)
            {
                throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, problem);
            }
        }
        catch (StoreIoException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
    }
}
