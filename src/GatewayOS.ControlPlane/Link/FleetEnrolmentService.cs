using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.Certificates;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Link;

/// <summary>How appliances come into the fleet.</summary>
internal sealed class FleetEnrolmentService(FleetStore store, FleetAuthority authority, ControlOptions options, ILogger<FleetEnrolmentService> logger) : FleetEnrolment.FleetEnrolmentBase
{
    private const int ResumeTokenBytes = 16;
    private const int NameCharactersMax = 63;

    public override Task<ControlPlaneIdentity> Identify(IdentifyControlPlaneRequest request, ServerCallContext context) =>
        Task.FromResult(new ControlPlaneIdentity { Name = options.Name, Version = ControlOptions.Version, CaCertificate = ByteString.CopyFrom(authority.CaCertificate) });

    public override async Task<ClaimReply> Claim(ClaimRequest request, ServerCallContext context)
    {
        byte[] csr = request.CertificateRequest.ToByteArray();
        try
        {
            var code = EnrolmentToken.Parse(request.Code);
            if (request.ApplianceName.Length is 0 or > NameCharactersMax)
            {
                throw new FormatException($"The appliance's name has {request.ApplianceName.Length} characters; it has 1 to {NameCharactersMax}.");
            }

            byte[] resume = RandomNumberGenerator.GetBytes(ResumeTokenBytes);
            (ClaimOutcome outcome, string id, string tenant) = await store.ClaimAsync(code.Id, code.Secret, CertificateAuthority.KeyHashOf(csr), request.ApplianceName, resume, context.CancellationToken).ConfigureAwait(false);
            if (outcome != ClaimOutcome.Taken)
            {
                string why = outcome switch
                {
                    ClaimOutcome.Used => "The claim code has been used. Ask for a new one: each takes one appliance in.",
                    ClaimOutcome.Expired => "The claim code's time is over. Ask for a new one.",
                    _ => "The claim code is not one of this control plane.",
                };
                ControlLog.Refused(logger, context.Peer, request.ApplianceName, context.Method, why);
                throw new RpcException(new Status(StatusCode.PermissionDenied, why));
            }

            byte[] certificate = await authority.IssueAsync(csr, id, context.CancellationToken).ConfigureAwait(false);
            List<(string Id, string Name)> tenants = await store.TenantsAsync(new Scope(tenant), context.CancellationToken).ConfigureAwait(false);
            ControlLog.Joined(logger, request.ApplianceName, id, tenants[0].Name);
            return new ClaimReply { ApplianceId = id, Certificate = ByteString.CopyFrom(certificate), ResumeToken = ByteString.CopyFrom(resume), Tenant = tenants[0].Name };
        }
        catch (Exception error) when (error is FormatException or CertificateRequestException)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, error.Message));
        }
        catch (FleetDatabaseException error)
        {
            ControlLog.DatabaseFailed(logger, error.Message);
            throw new RpcException(new Status(StatusCode.Unavailable, "The control plane's database cannot be used now. Try again."));
        }
    }
}
