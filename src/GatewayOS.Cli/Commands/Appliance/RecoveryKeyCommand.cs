using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Rendering;
using GatewayOS.Cli.Secrets;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>recovery-key</c>: makes a recovery key of the appliance's store, while somebody at its front panel vouches for it.</summary>
internal static class RecoveryKeyCommand
{
    private static readonly Option<string?> s_label = new("--label") { Description = "Name of the key slot", HelpName = "TEXT" };
    private static readonly Option<string?> s_out = new("--out", "-o") { Description = "Also write a printable sheet: .svg or .txt", HelpName = "FILE" };

    public static Command Build() => Verb.Make(
        "recovery-key",
        "Make a recovery key of the appliance's store; needs somebody who holds 'I am here' on its front panel",
        [ApplianceVerb.GatewayOption, s_label, s_out, Verb.JsonOption],
        Make);

    private static int Make(VerbContext context)
    {
        string? file = context.Arguments.GetValue(s_out);
        RecoverySheet.CheckName(file);
        if (file is not null)
        {
            // First of all: once there is a key, nothing may keep it from being written down.
            SecretSource.WriteNewFile(file, [], "recovery sheet");
        }

        MakeRecoveryKeyReply reply;
        try
        {
            reply = ApplianceVerb.Call(context, (client, options) => client.MakeRecoveryKey(new MakeRecoveryKeyRequest { Label = context.Arguments.GetValue(s_label) ?? "" }, options));
        }
        catch
        {
            if (file is not null)
            {
                File.Delete(file);
            }

            throw;
        }

        RecoverySheet.Show(context.Out, reply.StoreId, reply.SlotId, reply.Key);
        if (file is not null)
        {
            File.WriteAllBytes(file, RecoverySheet.Of(file, reply.StoreId, reply.Key));
        }

        context.WriteJson(new ApplianceKeyJson(true, reply.StoreId, reply.SlotId, reply.Key, file), BodyJson.Default.ApplianceKeyJson);
        return ExitCode.Good;
    }
}
