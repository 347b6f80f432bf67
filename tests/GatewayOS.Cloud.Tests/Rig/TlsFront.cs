using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>TLS in front of a service that speaks in the clear, with a certificate of its own.</summary>
internal sealed class TlsFront : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly X509Certificate2 _certificate;
    private readonly IPEndPoint _service;

    public TlsFront(string serviceAddress)
    {
        _service = IPEndPoint.Parse(serviceAddress);
        _certificate = MakeCertificate();
        File.WriteAllText(CaFile, _certificate.ExportCertificatePem());
        _listener.Start();
        new Thread(Accept) { IsBackground = true, Name = "TLS front" }.Start();
    }

    public string Endpoint => $"https://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>The certificate, as PEM.</summary>
    public string CaFile { get; } = Path.GetTempFileName();

    public void Dispose()
    {
        _listener.Dispose();
        _certificate.Dispose();
        File.Delete(CaFile);
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=vault", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(_listener.AcceptTcpClient());
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using TcpClient accepted = client;
            using var service = new TcpClient();
            await service.ConnectAsync(_service);
            await using var secured = new SslStream(client.GetStream());
            await secured.AuthenticateAsServerAsync(_certificate);
            await Task.WhenAny(secured.CopyToAsync(service.GetStream()), service.GetStream().CopyToAsync(secured));
        }
        catch (Exception error) when (error is IOException or SocketException or System.Security.Authentication.AuthenticationException)
        {
            // The client has gone, or does not trust it.
        }
    }
}
