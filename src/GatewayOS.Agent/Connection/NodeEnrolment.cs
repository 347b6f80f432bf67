using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Agent.Connection;

/// <summary>Enrols the node, and renews its certificate.</summary>
internal static class NodeEnrolment
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    /// <summary>Enrols with a token, or asks for approval. Running it again goes on where it was.</summary>
    /// <returns>The answer.</returns>
    public static async Task<EnrolReply> EnrolAsync(AgentState state, string gateway, string nodeName, string? tokenText, Action<string> tell, CancellationToken cancellation)
    {
        EnrolmentToken? token = Parse(tokenText);
        if (state.Vault.Config is { } vault)
        {
            throw new AgentException($"This machine backs up straight to {vault.Place}. Run 'gateway-agent vault remove' first, or enrol with another --state.");
        }

        if (state.Enrolled is { NodeId.Length: > 0 } enrolled && enrolled.Gateway != gateway)
        {
            throw new AgentException($"This node is enrolled at {enrolled.Gateway}. Run 'gateway-agent forget' first to enrol it elsewhere.");
        }

        // A pending node comes back to the CA it saw the first time.
        using X509Certificate2? known = state.Ca();
        X509Certificate2 ca = await FirstContactAsync(gateway, token, known, tell, cancellation).ConfigureAwait(false);
        using ECDsa key = state.Key();
        var request = new CertificateRequest($"CN={nodeName}", key, HashAlgorithmName.SHA256);
        using var connection = new ApplianceConnection(gateway, ca, certificate: null);
        EnrolReply reply = await CallAsync(gateway, options => connection.Enrolment.EnrolAsync(
            new EnrolRequest
            {
                NodeName = nodeName,
                CertificateRequest = ByteString.CopyFrom(request.CreateSigningRequest()),
                Token = tokenText ?? "",
                Platform = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
                AgentVersion = ProgramVersion.Text,
            },
            options).ResponseAsync, cancellation).ConfigureAwait(false);
        state.SaveCa(ca);
        if (!reply.Pending)
        {
            state.SaveCertificate(reply.Certificate.Span);
        }

        state.SaveEnrolled(new Enrolled(gateway, nodeName, reply.Pending ? "" : reply.NodeId));
        return reply;
    }

    /// <summary>Renews the certificate when less than a third of its life is left.</summary>
    /// <returns>True when there is a new one.</returns>
    public static async Task<bool> RenewIfDueAsync(AgentState state, TimeProvider time, CancellationToken cancellation)
    {
        using (X509Certificate2 present = state.Certificate()!)
        {
            TimeSpan life = present.NotAfter - present.NotBefore;
            if (present.NotAfter.ToUniversalTime() - time.GetUtcNow().UtcDateTime > life / 3)
            {
                return false;
            }
        }

        using ECDsa key = state.NextKey();
        using ApplianceConnection connection = ApplianceConnection.Open(state);
        var request = new CertificateRequest($"CN={state.Enrolled!.NodeName}", key, HashAlgorithmName.SHA256);
        RenewReply reply = await CallAsync(connection.Gateway, options => connection.Enrolment.RenewAsync(
            new RenewRequest { CertificateRequest = ByteString.CopyFrom(request.CreateSigningRequest()) }, options).ResponseAsync, cancellation).ConfigureAwait(false);
        state.SaveCertificate(reply.Certificate.Span);
        state.AdoptNextKey();
        return true;
    }

    private static EnrolmentToken? Parse(string? text)
    {
        try
        {
            return text is null ? null : EnrolmentToken.Parse(text);
        }
        catch (FormatException error)
        {
            throw new AgentException(error.Message, inner: error);
        }
    }

    // Who answers is not known yet. With a token its pin decides; without, the person who approves compares, and who answered first is kept to.
    private static async Task<X509Certificate2> FirstContactAsync(string gateway, EnrolmentToken? token, X509Certificate2? known, Action<string> tell, CancellationToken cancellation)
    {
        (ApplianceIdentity identity, X509Certificate2 ca) = await CallAsync(gateway, _ => ApplianceChannel.IdentifyAsync(gateway, token, cancellation), cancellation).ConfigureAwait(false);
        if (token is null && known is not null && !known.RawDataMemory.Span.SequenceEqual(ca.RawDataMemory.Span))
        {
            throw new AgentException($"What answers at {gateway} is another appliance than the one first asked. Run 'gateway-agent forget' if that is meant to be so.");
        }

        tell($"Appliance '{identity.Name}' ({identity.Model}), CA {Convert.ToHexStringLower(ApplianceChannel.KeyHash(ca).AsSpan(0, 8))}.");
        return ca;
    }

    private static async Task<T> CallAsync<T>(string gateway, Func<CallOptions, Task<T>> call, CancellationToken cancellation)
    {
        try
        {
            return await call(new CallOptions(deadline: TimeProvider.System.GetUtcNow().UtcDateTime + s_timeout, cancellationToken: cancellation)).ConfigureAwait(false);
        }
        catch (RpcException error)
        {
            throw ApplianceConnection.Explain(error, gateway);
        }
    }
}
