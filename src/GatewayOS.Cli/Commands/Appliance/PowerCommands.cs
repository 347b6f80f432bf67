using System.CommandLine;
using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>power</c>: power failures on record, and turning the appliance off.</summary>
internal static class PowerCommands
{
    private static readonly Option<bool> s_reboot = new("--reboot") { Description = "Start again afterwards" };

    public static Command Build() => ApplianceVerb.Group(
        "power",
        "Power failures, and turning the appliance off",
        Verb.Make("history", "List power failures: what was flushed, and how long the machine ran on", [], History),
        Verb.Make("shutdown", "Shut the appliance down in order", [s_reboot], ShutDown));

    private static T Call<T>(VerbContext context, Func<Power.PowerClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Power.PowerClient(channel), call);

    private static int History(VerbContext context)
    {
        ListFailuresReply reply = Call(context, (client, options) => client.ListFailures(new ListFailuresRequest(), options));
        double? trend = Trend([.. reply.Failures.Where(failure => failure.Outcome == "lost").Select(failure => failure.RanOnMs)]);
        if (!reply.HasLine)
        {
            context.Out.WriteLine("This model has no power-fail line.");
        }
        else if (reply.Failures.Count == 0)
        {
            context.Out.WriteLine("No power failure is on record.");
        }
        else
        {
            var table = new TextTable(">no", "time", "outcome", ">held after", ">flushed after", "flushed", "skipped", ">left", ">ran on");
            foreach (PowerFailureMessage failure in reply.Failures)
            {
                table.Add(
                    Sizes.Count(failure.Number), ApplianceVerb.LocalTime(ApplianceVerb.Time(failure.TimeUnixMs)), failure.Outcome, $"{failure.StoppedUs} µs", string.Create(CultureInfo.InvariantCulture, $"{failure.FlushedUs / 1000.0:0.0} ms"),
                    Words(failure.Flushed), Words(failure.Skipped), $"{failure.LeftMs} of {failure.HoldUpMs} ms", $"{failure.RanOnMs} ms");
            }

            table.Write(context.Out);
            if (trend is { } share)
            {
                context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Hold-up: the last one is {share:0.00} times the median of those before."));
            }
        }

        if (reply.IsFailing)
        {
            context.Warn("Power is failing now.");
        }

        context.WriteJson(
            new PowerHistoryJson(
                true, reply.HasLine, reply.IsFailing, reply.IsRealTime, trend,
                [.. reply.Failures.Select(failure => new PowerFailureJson(failure.Number, DateTimeOffset.FromUnixTimeMilliseconds(failure.TimeUnixMs), failure.Outcome, failure.StoppedUs, failure.FlushedUs, [.. failure.Flushed], [.. failure.Skipped], failure.HoldUpMs, failure.LeftMs, failure.RanOnMs))]),
            BodyJson.Default.PowerHistoryJson);
        return ExitCode.Good;
    }

    private static int ShutDown(VerbContext context)
    {
        ShutDownRequest.Types.How how = context.Arguments.GetValue(s_reboot) ? ShutDownRequest.Types.How.Restart : ShutDownRequest.Types.How.PowerOff;
        ShutDownReply reply = Call(context, (client, options) => client.ShutDown(new ShutDownRequest { How = how }, options));
        context.Out.WriteLine(reply.What);
        context.WriteJson(new ShutDownJson(true, reply.What), BodyJson.Default.ShutDownJson);
        return ExitCode.Good;
    }

    /// <summary>The last hold-up against the median of those before: well below 1 as capacitors age.</summary>
    /// <returns>Null with fewer than two.</returns>
    internal static double? Trend(IReadOnlyList<long> ranOnMs)
    {
        long[] before = [.. ranOnMs.SkipLast(1).Order()];
        return before.Length == 0 || before[before.Length / 2] == 0 ? null : (double)ranOnMs[^1] / before[before.Length / 2];
    }

    private static string Words(IReadOnlyCollection<string> names) => names.Count == 0 ? "-" : string.Join(", ", names);
}
