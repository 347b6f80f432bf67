using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Api.Client;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Agent.Connection;

/// <summary>An enrolled node's connection to its appliance.</summary>
internal sealed class ApplianceConnection : IDisposable
{
    private readonly X509Certificate2? _certificate;
    private readonly X509Certificate2? _ca;
    private readonly GrpcChannel _channel;

    /// <summary>Makes a connection.</summary>
    /// <param name="gateway">Address of the appliance.</param>
    /// <param name="ca">Its CA. Owned.</param>
    /// <param name="certificate">The node's certificate with key; null when it has none yet. Owned.</param>
    public ApplianceConnection(string gateway, X509Certificate2 ca, X509Certificate2? certificate)
    {
        (Gateway, _ca, _certificate) = (gateway, ca, certificate);
        _channel = ApplianceChannel.Open(gateway, ca, certificate);
    }

    public string Gateway { get; }

    public Enrolment.EnrolmentClient Enrolment => new(_channel);

    public BackupRuns.BackupRunsClient Runs => new(_channel);

    public Agents.AgentsClient Agents => new(_channel);

    public DataPathService.Client Data => new(_channel);

    /// <summary>Opens the connection of an enrolled node.</summary>
    /// <exception cref="AgentException">It is not enrolled.</exception>
    public static ApplianceConnection Open(AgentState state)
    {
        Enrolled enrolled = state.Enrolled ?? throw new AgentException(state.Vault.Config is { } vault
            ? $"This machine backs up straight to {vault.Place}: no appliance gives it orders. Let a timer run 'gateway-agent backup'."
            : "This node is not enrolled. Run 'gateway-agent enroll --gateway HOST:PORT --token TOKEN', or 'gateway-agent vault init PLACE' to back up without an appliance.");
        X509Certificate2 certificate = state.Certificate() ?? throw new AgentException($"This node waits for approval at {enrolled.Gateway}. Have an operator run 'gatewayctl node approve {enrolled.NodeName}', then 'gateway-agent enroll' again.");
        return new ApplianceConnection(enrolled.Gateway, state.Ca() ?? throw new AgentException("The appliance's CA certificate is missing. Enrol the node again."), certificate);
    }

    /// <summary>Takes an error of a call to words.</summary>
    public static AgentException Explain(RpcException error, string gateway) => new(ApplianceChannel.Explain(error, gateway), IsRetryable(error.StatusCode), error);

    /// <summary>True when a call that ended so may succeed later.</summary>
    public static bool IsRetryable(StatusCode code) => code is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Internal or StatusCode.Unknown or StatusCode.Cancelled or StatusCode.Aborted;

    public void Dispose()
    {
        _channel.Dispose();
        _certificate?.Dispose();
        _ca?.Dispose();
    }
}
