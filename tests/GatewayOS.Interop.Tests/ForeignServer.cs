using System.Diagnostics;
using Grpc.Net.Client;
using Grpc.Testing;

namespace GatewayOS.Interop.Tests;

/// <summary>Debian's python3-grpcio as a server, and our client of it.</summary>
public sealed class ForeignServer : IAsyncLifetime
{
    private Process? _python;
    private GrpcChannel? _channel;
    private GrpcChannel? _unlimited;

    public TestService.TestServiceClient Client => new(_channel!);

    /// <summary>A client that takes messages of any length.</summary>
    public TestService.TestServiceClient Unlimited => new(_unlimited!);

    public UnimplementedService.UnimplementedServiceClient NoService => new(_channel!);

    public async Task InitializeAsync()
    {
        _python = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["server.py"])
        {
            WorkingDirectory = Path.Join(AppContext.BaseDirectory, "python"),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string port = await _python.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The python server did not start.");
        _channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        _unlimited = GrpcChannel.ForAddress($"http://127.0.0.1:{port}", new GrpcChannelOptions { MaxReceiveMessageSize = null });
    }

    public async Task DisposeAsync()
    {
        _channel?.Dispose();
        _unlimited?.Dispose();
        _python!.StandardInput.Close();
        await _python.WaitForExitAsync();
        _python.Dispose();
    }
}
