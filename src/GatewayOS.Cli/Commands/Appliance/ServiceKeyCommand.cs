using System.CommandLine;
using System.Text;
using GatewayOS.Api.Tokens;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>service-key</c>: makes the SSH key that lets a technician in, from the code on the front panel.</summary>
internal static class ServiceKeyCommand
{
    private const string CodeVariable = "GATEWAY_SERVICE_CODE";
    private const string KnownHostsSuffix = ".known_hosts";

    private static readonly Argument<string> s_file = new("FILE") { Description = $"Where the private key goes; the appliance's goes into FILE{KnownHostsSuffix}" };

    public static Command Build() => Verb.Make(
        "service-key",
        $"Make the SSH key that lets a technician in to an appliance's system, from the code that its front panel shows after 'Open service?' was held: asks for it (or {CodeVariable})",
        [s_file, Verb.JsonOption],
        Make);

    private static int Make(VerbContext context)
    {
        string file = context.Arguments.GetValue(s_file)!;
        string typed = Environment.GetEnvironmentVariable(CodeVariable) is { Length: > 0 } given ? given
            : SecretSource.Ask("Service code: ", $"No code was given and there is no terminal to ask on. Set {CodeVariable}.");
        ServiceCode code;
        try
        {
            code = ServiceCode.Parse(typed);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }

        string knownHosts = file + KnownHostsSuffix;
        SecretSource.WriteNewFile(file, Encoding.ASCII.GetBytes(code.ClientKeyPem), "key");
        try
        {
            SecretSource.WriteNewFile(knownHosts, Encoding.ASCII.GetBytes($"{ServiceCode.HostAlias} {code.HostKey}\n"), "file of the appliance's key");
        }
        catch
        {
            File.Delete(file);
            throw;
        }

        string command = $"ssh -i {file} -o UserKnownHostsFile={knownHosts} -o HostKeyAlias={ServiceCode.HostAlias} {ServiceCode.Account}@ADDRESS";
        context.Out.WriteLine($"Made {file} and {knownHosts}. They serve until service access ends. With the appliance's address:");
        context.Out.WriteLine($"  {command}");
        context.WriteJson(new ServiceKeyJson(true, file, knownHosts, command), BodyJson.Default.ServiceKeyJson);
        return ExitCode.Good;
    }
}
