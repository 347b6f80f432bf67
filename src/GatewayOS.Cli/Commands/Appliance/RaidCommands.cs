using System.CommandLine;
using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>raid</c>: how arrays and disks are, replacing a disk, checking an array.</summary>
internal static class RaidCommands
{
    private static readonly Argument<string> s_array = new("ARRAY") { Description = "Name of the array; left out, the only one", DefaultValueFactory = _ => "" };
    private static readonly Option<bool> s_stop = new("--stop") { Description = "Stop the check that runs" };

    public static Command Build() => ApplianceVerb.Group(
        "raid",
        "Arrays and their disks",
        Verb.Make("status", "Show arrays, disks and the disk replacement", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Status(context))),
        RaidReplaceCommand.Build(),
        Verb.Make("check", "Have an array read whole, to see whether it fits together", [s_array, s_stop], Check));

    public static T Call<T>(VerbContext context, Func<Raid.RaidClient, CallOptions, T> call) => ApplianceVerb.Call(context, static channel => new Raid.RaidClient(channel), call);

    private static int Status(VerbContext context)
    {
        RaidStatusReply reply = Call(context, (client, options) => client.GetStatus(new GetRaidStatusRequest(), options));
        Print(context.Out, reply);
        context.WriteJson(RaidRows.Of(reply), RaidContractJson.Default.RaidJson);
        return ExitCode.Good;
    }

    private static int Check(VerbContext context)
    {
        bool isStop = context.Arguments.GetValue(s_stop);
        var request = new CheckArrayRequest { Array = context.Arguments.GetValue(s_array)!, Stop = isStop };
        RaidStatusReply reply = Call(context, (client, options) => client.Check(request, options));
        context.Out.WriteLine(isStop ? "The check is stopped." : "The check has begun; 'gatewayctl raid status --watch' follows it.");
        context.WriteJson(RaidRows.Of(reply), RaidContractJson.Default.RaidJson);
        return ExitCode.Good;
    }

    private static void Print(TextWriter output, RaidStatusReply reply)
    {
        if (reply.Problem.Length > 0)
        {
            output.WriteLine($"unknown: {reply.Problem}");
        }

        if (reply.Arrays.Count == 0 && reply.Problem.Length == 0)
        {
            output.WriteLine("There is no array.");
        }

        foreach (ArrayInfo array in reply.Arrays)
        {
            Print(output, array);
        }

        if (reply.Cache is { } cache)
        {
            output.WriteLine($"Write cache  {cache.Kind}: {cache.State}, {(!cache.HasIsProtected ? "whether it is protected is not known" : cache.IsProtected ? "protected" : "NOT PROTECTED against a power cut")}");
        }

        PrintDisks(output, reply);
        if (reply.Replacement is { } replacement)
        {
            Print(output, replacement);
        }

        if (reply.Source.Length > 0)
        {
            output.WriteLine($"As of {ApplianceVerb.LocalTime(DateTimeOffset.FromUnixTimeMilliseconds(reply.ReadUnixMs))}, by {reply.Source}.");
        }
    }

    private static void Print(TextWriter output, ArrayInfo array)
    {
        output.WriteLine($"{array.Name}  {array.Level} of {array.Slots} disks, {Sizes.Bytes(array.SizeBytes)}: {array.State.ToUpperInvariant()}{SurvivesWords(array)}");
        if (array.HasProgress)
        {
            string left = array.HasLeftSeconds ? $", {Sizes.Time(TimeSpan.FromSeconds(Math.Min(array.LeftSeconds, TimeSpan.MaxValue.TotalSeconds / 2)))} left" : "";
            string promised = array.PromisedUnixMs > 0 ? $", done by {ApplianceVerb.LocalTime(ApplianceVerb.Time(array.PromisedUnixMs))} at the latest" : "";
            output.WriteLine($"  {array.Progress.ToString("P1", CultureInfo.InvariantCulture)} at {Sizes.Bytes(array.BytesPerSecond)}/s{left}{promised} ({array.RateReason})");
        }

        foreach (MissingInfo missing in array.Missing)
        {
            output.WriteLine($"  slot {missing.Slot} is empty{(missing.Serial.Length > 0 ? $"; it held {missing.Serial}{(missing.HasBay ? $" of bay {missing.Bay}" : "")}" : "")}");
        }

        foreach (string line in array.Disagreements.Append(array.Note).Append(array.CheckWaits).Where(line => line.Length > 0))
        {
            output.WriteLine($"  {line}");
        }

        string checkedAt = array.CheckEndedUnixMs > 0 ? ApplianceVerb.LocalTime(ApplianceVerb.Time(array.CheckEndedUnixMs)) : array.CheckBegunUnixMs > 0 ? "runs" : "none is known of";
        string next = array.NextCheckUnixMs > 0 ? $"; next {ApplianceVerb.LocalTime(ApplianceVerb.Time(array.NextCheckUnixMs))}" : "";
        output.WriteLine($"  last check {checkedAt}{next}; {array.MismatchSectors} sectors that did not fit; pace {array.RateMinMbs} to {array.RateMaxMbs} MB/s");
    }

    private static string SurvivesWords(ArrayInfo array) => array switch
    {
        { HasSurvives: false } => "",
        { Survives: < 0 } => ", more disks are missing than it survives",
        { Survives: 0 } => ", survives no further failure",
        { Survives: 1 } => ", survives one more failure",
        _ => $", survives {array.Survives} more failures",
    };

    private static void PrintDisks(TextWriter output, RaidStatusReply reply)
    {
        if (reply.Disks.Count == 0)
        {
            return;
        }

        var table = new TextTable(">bay", "disk", "serial", "model", ">size", "array", "there", "health", ">°C", "light", "evidence or content");
        foreach (DiskInfo disk in reply.Disks.OrderBy(disk => disk.HasBay ? disk.Bay : int.MaxValue).ThenBy(disk => disk.Device, StringComparer.Ordinal))
        {
            MemberInfo? member = reply.Arrays.FirstOrDefault(array => array.Name == disk.Array)?.Members.FirstOrDefault(member => member.Device == disk.Device);
            table.Add(
                disk.HasBay ? Sizes.Count(disk.Bay) : "", disk.Device, disk.Serial, disk.Model, Sizes.Bytes(disk.SizeBytes), disk.Array, member is null ? "" : member.Slot >= 0 ? $"slot {member.Slot} {member.State}" : member.State,
                disk.State, disk.HasCelsius ? disk.Celsius.ToString("0", CultureInfo.InvariantCulture) : "", reply.Lights.FirstOrDefault(light => disk.HasBay && light.Bay == disk.Bay)?.Light ?? "",
                disk.Array.Length == 0 && disk.Content.Length > 0 ? disk.Content : disk.State == "unknown" ? "" : string.Join(' ', disk.Evidence));
        }

        table.Write(output);
    }

    /// <summary>Shows a replacement.</summary>
    public static void Print(TextWriter output, ReplacementInfo replacement)
    {
        string disk = replacement.OldSerial.Length > 0 ? $"disk {replacement.OldSerial}" : $"slot {replacement.Slot}";
        output.WriteLine($"Replacement {replacement.Id}  {disk} of {replacement.Array}{(replacement.HasBay ? $", bay {replacement.Bay}" : "")}: {replacement.Step}{(replacement.HasProgress ? replacement.Progress.ToString(" 0.0 %", CultureInfo.InvariantCulture) : "")}");
        foreach (string line in ((string[])[replacement.Problem, replacement.Instruction]).Where(line => line.Length > 0))
        {
            output.WriteLine($"  {line}");
        }
    }
}
