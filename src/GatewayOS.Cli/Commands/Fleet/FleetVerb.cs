using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using GatewayOS.Cli.Connection;
using GatewayOS.Cli.Errors;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>What verbs against a control plane share: its address, the token, errors in words.</summary>
internal static class FleetVerb
{
    public const string AddressVariable = "GATEWAY_CONTROL";
    public const string TokenVariable = "GATEWAY_FLEET_TOKEN";

    public static readonly Option<string?> ControlOption = new("--control") { Description = $"The control plane (or {AddressVariable})", HelpName = "HOST[:PORT]", Recursive = true };
    public static readonly Option<string?> TokenFileOption = new("--token-file") { Description = $"File with a token of the control plane (or {TokenVariable} with the token)", HelpName = "FILE", Recursive = true };

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(60);

    /// <summary>Runs calls on the control plane. It is recognised by the token before that is sent.</summary>
    public static T Call<T>(VerbContext context, Func<Api.Fleet.FleetClient, CallOptions, T> call)
    {
        string address = Address(context);
        string token = Token(context);
        try
        {
            (_, X509Certificate2 ca) = FleetChannel.IdentifyAsync(address, EnrolmentToken.Parse(token), context.Cancellation).GetAwaiter().GetResult();
            using GrpcChannel channel = ApplianceChannel.Open(address, ca, certificate: null);
            var options = new CallOptions(new Metadata { { "authorization", $"Bearer {token}" } }, TimeProvider.System.GetUtcNow().UtcDateTime + s_timeout, context.Cancellation);
            return call(new Api.Fleet.FleetClient(channel), options);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
        catch (RpcException error)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            throw new ApplianceException(error, address, FleetChannel.Explain);
        }
    }

    private static string Address(VerbContext context)
    {
        string given = context.Arguments.GetValue(ControlOption) ?? Environment.GetEnvironmentVariable(AddressVariable) ?? throw new UsageException($"No control plane was named. Use --control HOST or set {AddressVariable}.");
        try
        {
            return FleetChannel.Address(given);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    private static string Token(VerbContext context) => (context.Arguments.GetValue(TokenFileOption) is { } file
        ? File.ReadAllText(file)
        : Environment.GetEnvironmentVariable(TokenVariable) ?? throw new UsageException($"A token of the control plane is needed: --token-file FILE, or {TokenVariable}. The first one stands in its state directory, in 'first-admin-token'.")).Trim();
}
