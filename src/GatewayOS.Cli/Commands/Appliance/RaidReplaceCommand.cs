using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary>
/// <c>raid replace</c>: a disk's replacement from the verdict to the closing check. The appliance does it; this follows, asks and can be ended and begun
/// again at any step.
/// </summary>
internal static class RaidReplaceCommand
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);

    private static readonly Option<int?> s_bay = new("--bay", "-b") { Description = "The disk in this bay", HelpName = "N" };
    private static readonly Option<string?> s_disk = new("--disk", "-d") { Description = "The disk with this serial number or device", HelpName = "SERIAL" };
    private static readonly Option<bool> s_yes = new("--yes", "-y") { Description = "Ask nothing" };
    private static readonly Option<bool> s_risk = new("--accept-risk") { Description = "Also when something speaks against pulling the disk now" };
    private static readonly Option<bool> s_detach = new("--detach") { Description = "Do not follow it: the appliance goes on by itself" };
    private static readonly Option<bool> s_cancel = new("--cancel") { Description = "Call the replacement off" };
    private static readonly Option<string?> s_overwrite = new("--overwrite") { Description = "Give up what is on the new disk with this serial number", HelpName = "SERIAL" };

    public static Command Build() => Verb.Make(
        "replace",
        "Replace a disk, step by step; taken up again where it stands",
        [s_bay, s_disk, s_yes, s_risk, s_overwrite, s_cancel, s_detach],
        Run);

    private static int Run(VerbContext context)
    {
        if (context.Arguments.GetValue(s_cancel))
        {
            return End(context, RaidCommands.Call(context, (client, options) => client.CancelReplacement(new ReplacementRequest(), options)));
        }

        ReplacementInfo at = context.Arguments.GetValue(s_overwrite) is { } serial
            ? RaidCommands.Call(context, (client, options) => client.OverwriteNewDisk(new OverwriteNewDiskRequest { Serial = serial }, options))
            : TakeUpOrBegin(context);
        if (at.Step == "confirm" && Confirm(context, at) is { } confirmed)
        {
            at = confirmed;
        }

        return context.Arguments.GetValue(s_detach) || at.Step == "confirm" ? End(context, at) : End(context, Follow(context, at));
    }

    private static ReplacementInfo TakeUpOrBegin(VerbContext context)
    {
        ReplacementInfo? open = Status(context).Replacement;
        if (open is not null && !IsEnded(open))
        {
            bool isAnother = context.Arguments.GetValue(s_bay) is { } other && (!open.HasBay || open.Bay != other) || context.Arguments.GetValue(s_disk) is { } disk && disk != open.OldSerial && disk != open.OldDevice;
            return isAnother
                ? throw new UsageException($"The disk {open.OldSerial} of {open.Array} is being replaced. Finish that first ('gatewayctl raid replace'), or call it off with '--cancel'.")
                : open;
        }

        var request = new ReplaceDiskRequest { Disk = context.Arguments.GetValue(s_disk) ?? "", Confirmed = context.Arguments.GetValue(s_yes), AcceptRisk = context.Arguments.GetValue(s_risk) };
        if (context.Arguments.GetValue(s_bay) is { } bay)
        {
            request.Bay = bay;
        }

        ReplacementInfo begun = RaidCommands.Call(context, (client, options) => client.Replace(request, options));
        context.Out.WriteLine(begun.Verdict);
        foreach (string line in begun.Proof)
        {
            context.Out.WriteLine($"  {line}");
        }

        return begun;
    }

    // Null when nobody says yes: then it stays as it is, light on.
    private static ReplacementInfo? Confirm(VerbContext context, ReplacementInfo at)
    {
        if (!context.Arguments.GetValue(s_yes))
        {
            if (Console.IsInputRedirected || context.Json)
            {
                context.Warn("Nobody can be asked here. '--yes' confirms.");
                return null;
            }

            Console.Error.Write($"Is it the disk {at.OldSerial}{(at.HasBay ? $" in bay {at.Bay}, whose light blinks" : "")}, and is it to be replaced? [y/N] ");
            if (Console.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
            {
                return null;
            }
        }

        return RaidCommands.Call(context, (client, options) => client.ConfirmReplacement(new ReplacementRequest(), options));
    }

    private static ReplacementInfo Follow(VerbContext context, ReplacementInfo at)
    {
        string said = "";
        while (true)
        {
            string now = $"{at.Step}{at.Problem}{at.Instruction}";
            if (now != said && !context.Json)
            {
                said = now;
                RaidCommands.Print(Console.Out, at);
            }

            if (IsEnded(at))
            {
                return at;
            }

            if (context.Cancellation.WaitHandle.WaitOne(s_interval))
            {
                context.Warn("The appliance goes on by itself. 'gatewayctl raid replace' follows it again.");
                return at;
            }

            at = Status(context).Replacement ?? at;
        }
    }

    private static int End(VerbContext context, ReplacementInfo at)
    {
        int code = at.Step switch { "failed" => ExitCode.Failed, "done" when at.Problem.Length > 0 => ExitCode.Incomplete, _ => ExitCode.Good };
        if (!IsEnded(at) || at.Step == "cancelled")
        {
            RaidCommands.Print(context.Out, at);
        }

        context.WriteJson(new ReplacementResultJson(code == ExitCode.Good, code, RaidRows.Of(at)), RaidContractJson.Default.ReplacementResultJson);
        return code;
    }

    private static bool IsEnded(ReplacementInfo at) => at.Step is "done" or "cancelled" or "failed";

    private static RaidStatusReply Status(VerbContext context) => RaidCommands.Call(context, (client, options) => client.GetStatus(new GetRaidStatusRequest(), options));
}
