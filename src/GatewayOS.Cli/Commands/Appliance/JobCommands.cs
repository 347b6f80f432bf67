using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>job</c>: what the appliance has done, does and will do.</summary>
internal static class JobCommands
{
    /// <summary>Digits of an ID in tables.</summary>
    public const int ShownDigits = 16;

    private static readonly Argument<string> s_id = new("JOB") { Description = "The job's ID, or a beginning of it that is unique" };
    private static readonly Argument<string> s_kind = new("KIND") { Description = "backup, verify, drill, retention, gc or vault" };
    private static readonly Argument<string[]> s_paths = new("PATH") { Description = "What to back up instead of what the policy or the node says", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> s_node = new("--node") { Description = "Of this node", HelpName = "NODE" };
    private static readonly Option<string?> s_policy = new("--policy") { Description = "As this policy says", HelpName = "POLICY" };
    private static readonly Option<bool> s_open = new("--open") { Description = "Only those that wait or run" };
    private static readonly Option<int> s_most = new("--most") { Description = "The newest so many", HelpName = "N", DefaultValueFactory = _ => 100 };
    private static readonly Option<bool> s_follow = new("--follow") { Description = "Follow it to its end" };

    public static Command Build() => ApplianceVerb.Group(
        "job",
        "See what the appliance has done, does and will do",
        Verb.Make("list", "List jobs, newest first", [s_node, s_open, s_most, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
        Verb.Make("show", "Show a job", [s_id], Show),
        Verb.Make("run", "Order a job now", [s_kind, s_paths, s_node, s_policy, s_follow], Run),
        Verb.Make("cancel", "Call a job off", [s_id], Cancel),
        Verb.Make("watch", "Follow a job to its end", [s_id], context => Watch(context, context.Arguments.GetValue(s_id)!)));

    public static T Call<T>(VerbContext context, Func<Jobs.JobsClient, CallOptions, T> call, bool isLong = false) =>
        ApplianceVerb.Call(context, static channel => new Jobs.JobsClient(channel), call, isLong);

    /// <summary>Follows a job to its end.</summary>
    /// <returns>The exit code that it comes to.</returns>
    public static int Watch(VerbContext context, string id)
    {
        var last = new JobMessage();
        using (new ProgressLine(() => new ProgressState(last.State, last.Bytes, last.ExpectedBytes > last.Bytes ? last.ExpectedBytes : 0, IsBytes: true, $"{Sizes.Count(last.Files)} files"), context.Quiet))
        {
            Call(
                context,
                (client, options) =>
                {
                    using AsyncServerStreamingCall<JobMessage> call = client.WatchJob(new JobRequestById { Id = id }, options);
                    while (call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
                    {
                        last = call.ResponseStream.Current;
                    }

                    return last;
                },
                isLong: true);
        }

        int code = last.State switch { "done" => ExitCode.Good, "warned" => ExitCode.Incomplete, _ when last.Fault == "damage" => ExitCode.Damage, _ => ExitCode.Failed };
        Print(context, last);
        context.WriteJson(new JobResultJson(code is ExitCode.Good or ExitCode.Incomplete, code, JobJson.Of(last)), JobContractJson.Default.JobResultJson);
        return code;
    }

    private static int List(VerbContext context)
    {
        var request = new ListJobsRequest { Node = context.Arguments.GetValue(s_node) ?? "", OpenOnly = context.Arguments.GetValue(s_open), Most = context.Arguments.GetValue(s_most) };
        ListJobsReply reply = Call(context, (client, options) => client.ListJobs(request, options));
        var table = new TextTable("job", "kind", "node", "policy", "state", "queued", "ended", ">files", ">size", "message");
        foreach (JobMessage job in reply.Jobs)
        {
            table.Add(
                job.Id[..ShownDigits],
                job.Kind,
                job.NodeName,
                job.Policy,
                job.State,
                ApplianceVerb.LocalTime(ApplianceVerb.Time(job.QueuedUnixMs)),
                job.EndedUnixMs == 0 ? "" : ApplianceVerb.LocalTime(ApplianceVerb.Time(job.EndedUnixMs)),
                Sizes.Count(job.Files),
                Sizes.Bytes(job.Bytes),
                job.Message);
        }

        table.Write(context.Out);
        context.WriteJson(new JobsJson(true, [.. reply.Jobs.Select(JobJson.Of)]), JobContractJson.Default.JobsJson);
        return ExitCode.Good;
    }

    private static int Show(VerbContext context)
    {
        JobMessage job = Call(context, (client, options) =>
        {
            // The first message says how it stands now.
            using AsyncServerStreamingCall<JobMessage> call = client.WatchJob(new JobRequestById { Id = context.Arguments.GetValue(s_id) }, options);
            call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult();
            return call.ResponseStream.Current;
        });
        return Shown(context, job);
    }

    private static int Run(VerbContext context)
    {
        var request = new OrderJobRequest
        {
            Kind = context.Arguments.GetValue(s_kind),
            Node = context.Arguments.GetValue(s_node) ?? "",
            Policy = context.Arguments.GetValue(s_policy) ?? "",
            Paths = { context.Arguments.GetValue(s_paths) },
        };
        JobMessage job = Call(context, (client, options) => client.OrderJob(request, options));
        return context.Arguments.GetValue(s_follow) ? Watch(context, job.Id) : Shown(context, job);
    }

    private static int Cancel(VerbContext context) => Shown(context, Call(context, (client, options) => client.CancelJob(new JobRequestById { Id = context.Arguments.GetValue(s_id) }, options)));

    private static int Shown(VerbContext context, JobMessage job)
    {
        Print(context, job);
        context.WriteJson(new JobResultJson(true, null, JobJson.Of(job)), JobContractJson.Default.JobResultJson);
        return ExitCode.Good;
    }

    private static void Print(VerbContext context, JobMessage job)
    {
        context.Out.WriteLine($"Job        {job.Id}");
        context.Out.WriteLine($"What       {job.Kind}{(job.NodeName.Length > 0 ? $" of {job.NodeName}" : "")}{(job.Policy.Length > 0 ? $" by policy '{job.Policy}'" : "")}, ordered by {(job.OrderedBy.Length > 0 ? job.OrderedBy : "the schedule")}{(job.IsMadeUp ? ", for a missed run" : "")}");
        context.Out.WriteLine($"State      {job.State}, attempt {job.Attempt} of {job.AttemptsMax}");
        context.Out.WriteLine($"Queued     {ApplianceVerb.LocalTime(ApplianceVerb.Time(job.QueuedUnixMs))}, begun {ApplianceVerb.LocalTime(ApplianceVerb.Time(job.StartedUnixMs))}, ended {ApplianceVerb.LocalTime(ApplianceVerb.Time(job.EndedUnixMs))}");
        context.Out.WriteLine($"Figures    {Sizes.Count(job.Files)} files, {Sizes.Bytes(job.Bytes)}; {Sizes.Bytes(job.SentBytes)} {(job.Kind == "gc" ? "freed" : "sent")}");
        if (job.SnapshotId.Length > 0)
        {
            context.Out.WriteLine($"Snapshot   {job.SnapshotId[..12]}");
        }

        if (job.Drill is { } drill)
        {
            context.Out.WriteLine($"Rehearsed  {Sizes.Count(drill.Files)} of {Sizes.Count(drill.WholeFiles)} files in {drill.Seconds:0.000} s; all of it would take {drill.PredictedSeconds:0.0} s {(drill.Vaults.Count > 0 ? $"from the slowest of: {string.Join(", ", drill.Vaults)}" : "on the appliance")}");
        }

        if (job.Message.Length > 0)
        {
            Console.Error.WriteLine($"gatewayctl: {(job.State is "failed" ? "" : "note: ")}{job.Message}");
        }
    }
}
