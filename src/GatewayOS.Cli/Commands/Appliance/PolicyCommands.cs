using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>policy</c>: what is backed up when, and who follows it.</summary>
internal static class PolicyCommands
{
    private const int RunsDefault = 5;

    private static readonly Argument<string> s_name = new("POLICY") { Description = "Name of the policy" };
    private static readonly Argument<string[]> s_nodes = new("NODE") { Description = "Names or IDs of nodes", Arity = ArgumentArity.OneOrMore };
    private static readonly Option<string?> s_file = new("--file", "-f") { Description = "Take the document from this file; - for standard input", HelpName = "FILE" };
    private static readonly Option<string[]> s_set = new("--set") { Description = "Set a field, as schedule.every=4h or 'sources=[\"/etc\"]'; an empty value takes it away; may be repeated", HelpName = "FIELD=VALUE" };
    private static readonly Option<bool> s_remove = new("--remove") { Description = "They follow it no longer" };
    private static readonly Option<string?> s_node = new("--node") { Description = "Of this node alone; in a preview with its own part of the jitter, and what would be kept of its restore points", HelpName = "NODE" };
    private static readonly Option<int> s_runs = new("--runs") { Description = "How many runs to show", HelpName = "N", DefaultValueFactory = _ => RunsDefault };

    public static Command Build() => ApplianceVerb.Group(
        "policy",
        "Say what is backed up when, and which nodes follow it",
        Verb.Make("list", "List the policies", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
        Verb.Make("show", "Show a policy, who follows it and its versions", [s_name], Show),
        Verb.Make("set", "Make a policy, or change fields of one", [s_name, s_file, s_set], Set),
        Verb.Make("edit", "Change a policy in your editor (VISUAL or EDITOR)", [s_name], Edit),
        Verb.Make("delete", "Delete a policy that no node follows; restore points stay", [s_name], Delete),
        Verb.Make("preview", "Show the next runs, and what would be kept", [s_name, s_file, s_set, s_node, s_runs], Preview),
        Verb.Make("assign", "Have nodes follow a policy", [s_name, s_nodes, s_remove], Assign),
        Verb.Make("run", "Back up now, as a policy says, the nodes that follow it", [s_name, s_node], RunNow));

    private static T Call<T>(VerbContext context, Func<Policies.PoliciesClient, CallOptions, T> call) => ApplianceVerb.Call(context, static channel => new Policies.PoliciesClient(channel), call);

    private static int List(VerbContext context)
    {
        ListPoliciesReply reply = Call(context, (client, options) => client.ListPolicies(new ListPoliciesRequest(), options));
        if (reply.Policies.Count == 0)
        {
            context.Out.WriteLine("No policies yet. 'gatewayctl policy set NAME --set 'sources=[\"/etc\"]' --set schedule.every=4h' makes one, 'gatewayctl policy assign NAME NODE' puts it to work.");
        }
        else
        {
            var table = new TextTable("policy", ">version", "holds", ">nodes", "next run", "changed", "by");
            foreach (PolicyMessage policy in reply.Policies)
            {
                long next = policy.Nodes.Where(node => node.NextRunUnixMs > 0).Select(node => node.NextRunUnixMs).DefaultIfEmpty().Min();
                table.Add(
                    policy.Name,
                    Sizes.Count(policy.Version),
                    policy.Holds ? "yes" : "NO",
                    Sizes.Count(policy.Nodes.Count),
                    ApplianceVerb.LocalTime(ApplianceVerb.Time(next)),
                    ApplianceVerb.LocalTime(ApplianceVerb.Time(policy.ChangedUnixMs)),
                    policy.ChangedBy);
            }

            table.Write(context.Out);
        }

        WarnOf(context, reply.Policies);
        context.WriteJson(new PoliciesJson(true, [.. reply.Policies.Select(Row)]), JobContractJson.Default.PoliciesJson);
        return ExitCode.Good;
    }

    private static int Show(VerbContext context)
    {
        PolicyMessage policy = Get(context);
        context.Out.WriteLine(policy.Document);
        context.Out.WriteLine();
        foreach (PolicyVersionInfo version in policy.History)
        {
            context.Out.WriteLine($"version {version.Version}  {ApplianceVerb.LocalTime(ApplianceVerb.Time(version.ChangedUnixMs))}  by {version.ChangedBy}");
        }

        foreach (FollowingNode node in policy.Nodes)
        {
            context.Out.WriteLine($"followed by {node.NodeName}, next run {ApplianceVerb.LocalTime(ApplianceVerb.Time(node.NextRunUnixMs))}");
        }

        WarnOf(context, [policy]);
        context.WriteJson(new PolicyResultJson(true, Row(policy)), JobContractJson.Default.PolicyResultJson);
        return ExitCode.Good;
    }

    private static int Set(VerbContext context)
    {
        (string document, int version) = Compose(context);
        return Change(context, (client, options) => client.SetPolicy(new SetPolicyRequest { Document = document, ExpectedVersion = version }, options), "is set");
    }

    private static int Edit(VerbContext context)
    {
        PolicyMessage policy = Get(context);
        (string text, string file) = PolicyText.EditByHand(policy.Name, policy.Document);
        if (text == policy.Document)
        {
            PolicyText.Remove(file);
            context.Out.WriteLine("Nothing was changed.");
            context.WriteJson(new PolicyResultJson(true, Row(policy)), JobContractJson.Default.PolicyResultJson);
            return ExitCode.Good;
        }

        int code = Change(context, (client, options) => client.SetPolicy(new SetPolicyRequest { Document = text, ExpectedVersion = policy.Version }, options), "is set");
        if (code == ExitCode.Good)
        {
            PolicyText.Remove(file);
        }
        else
        {
            Console.Error.WriteLine($"gatewayctl: Your text is kept in {file}. Correct it, then: gatewayctl policy set {policy.Name} --file {file}");
        }

        return code;
    }

    private static int Delete(VerbContext context)
    {
        string name = context.Arguments.GetValue(s_name)!;
        PolicyChangeReply reply = Call(context, (client, options) => client.DeletePolicy(new PolicyRequest { Name = name }, options));
        if (reply.Problems.Count > 0)
        {
            return Refused(context, reply.Problems);
        }

        context.Out.WriteLine($"The policy '{name}' is deleted.");
        context.WriteJson(new PolicyDeletedJson(true, name), JobContractJson.Default.PolicyDeletedJson);
        return ExitCode.Good;
    }

    private static int Preview(VerbContext context)
    {
        (string document, _) = Compose(context);
        var request = new PreviewPolicyRequest { Document = document, Node = context.Arguments.GetValue(s_node) ?? "", Runs = context.Arguments.GetValue(s_runs) };
        PreviewPolicyReply reply = Call(context, (client, options) => client.PreviewPolicy(request, options));
        if (reply.Problems.Count > 0)
        {
            return Refused(context, reply.Problems);
        }

        DateTimeOffset[] runs = [.. reply.NextRunsUnixMs.Select(DateTimeOffset.FromUnixTimeMilliseconds)];
        Array.ForEach(runs, run => context.Out.WriteLine($"run  {run.ToLocalTime():yyyy-MM-dd HH:mm:ss zzz}"));
        if (reply.Snapshots.Count > 0)
        {
            var table = new TextTable("", "snapshot", "started", "why");
            foreach (KeptSnapshot snapshot in reply.Snapshots)
            {
                table.Add(snapshot.Keep ? "keep" : "remove", snapshot.Id[..12], ApplianceVerb.LocalTime(ApplianceVerb.Time(snapshot.StartedUnixMs)), string.Join(", ", snapshot.Reasons));
            }

            table.Write(context.Out);
        }

        context.WriteJson(
            new PolicyPreviewJson(true, runs, [.. reply.Snapshots.Select(snapshot => new KeptJson(snapshot.Id, DateTimeOffset.FromUnixTimeMilliseconds(snapshot.StartedUnixMs), snapshot.Keep, snapshot.Reasons))]),
            JobContractJson.Default.PolicyPreviewJson);
        return ExitCode.Good;
    }

    private static int Assign(VerbContext context)
    {
        bool remove = context.Arguments.GetValue(s_remove);
        int code = ExitCode.Good;
        foreach (string node in context.Arguments.GetValue(s_nodes)!)
        {
            code = Change(
                context,
                (client, options) => client.AssignPolicy(new AssignPolicyRequest { Name = context.Arguments.GetValue(s_name), Node = node, Remove = remove }, options),
                remove ? $"is not followed by {node} any more" : $"is followed by {node}",
                writeJson: node == context.Arguments.GetValue(s_nodes)![^1]);
            if (code != ExitCode.Good)
            {
                return code;
            }
        }

        return code;
    }

    private static int RunNow(VerbContext context)
    {
        PolicyMessage policy = Get(context);
        string? only = context.Arguments.GetValue(s_node);
        FollowingNode[] nodes = [.. policy.Nodes.Where(node => only is null || node.NodeName == only || node.NodeId == only)];
        if (nodes.Length == 0)
        {
            throw new UsageException(only is null ? $"No node follows '{policy.Name}'. 'gatewayctl policy assign {policy.Name} NODE' has one do so." : $"'{only}' does not follow '{policy.Name}'.");
        }

        JobMessage[] jobs = [.. nodes.Select(node => JobCommands.Call(context, (client, options) => client.OrderJob(new OrderJobRequest { Kind = "backup", Node = node.NodeId, Policy = policy.Name }, options)))];
        Array.ForEach(jobs, job => context.Out.WriteLine($"Job {job.Id[..JobCommands.ShownDigits]} backs up {job.NodeName}: {job.State}."));
        context.WriteJson(new JobsJson(true, [.. jobs.Select(JobJson.Of)]), JobContractJson.Default.JobsJson);
        return ExitCode.Good;
    }

    // What is there, or an empty document, with the changes asked for.
    private static (string Document, int Version) Compose(VerbContext context)
    {
        string name = context.Arguments.GetValue(s_name)!;
        PolicyMessage? there = Call(context, (client, options) => client.ListPolicies(new ListPoliciesRequest(), options)).Policies.FirstOrDefault(policy => policy.Name == name);
        string basis = context.Arguments.GetValue(s_file) is { } file ? PolicyText.Read(file) : there?.Document ?? "{}";
        return (PolicyText.Edit(basis, name, context.Arguments.GetValue(s_set) ?? []), there?.Version ?? 0);
    }

    private static PolicyMessage Get(VerbContext context) => Call(context, (client, options) => client.GetPolicy(new PolicyRequest { Name = context.Arguments.GetValue(s_name) }, options));

    private static int Change(VerbContext context, Func<Policies.PoliciesClient, CallOptions, PolicyChangeReply> change, string what, bool writeJson = true)
    {
        PolicyChangeReply reply = Call(context, change);
        if (reply.Problems.Count > 0)
        {
            return Refused(context, reply.Problems);
        }

        context.Out.WriteLine($"The policy '{reply.Policy.Name}', version {reply.Policy.Version}, {what}.");
        if (writeJson)
        {
            context.WriteJson(new PolicyResultJson(true, Row(reply.Policy)), JobContractJson.Default.PolicyResultJson);
        }

        return ExitCode.Good;
    }

    private static int Refused(VerbContext context, IReadOnlyList<PolicyProblem> problems)
    {
        foreach (PolicyProblem problem in problems)
        {
            Console.Error.WriteLine($"gatewayctl: {problem.Field}: {problem.Problem} {problem.Remedy}");
        }

        context.WriteJson(
            new PolicyRefusedJson(false, ExitCode.Failed, [.. problems.Select(problem => new PolicyProblemJson(problem.Field, problem.Problem, problem.Remedy))]), JobContractJson.Default.PolicyRefusedJson);
        return ExitCode.Failed;
    }

    private static void WarnOf(VerbContext context, IReadOnlyList<PolicyMessage> policies)
    {
        foreach (PolicyMessage policy in policies)
        {
            foreach (string problem in policy.Problems)
            {
                context.Warn($"The policy '{policy.Name}' does not hold any more: {problem}");
            }
        }
    }

    private static PolicyJson Row(PolicyMessage policy) => new(
        policy.Name,
        policy.Version,
        DateTimeOffset.FromUnixTimeMilliseconds(policy.ChangedUnixMs),
        policy.ChangedBy,
        policy.Holds,
        policy.Problems,
        policy.Document,
        [.. policy.Nodes.Select(node => new PolicyNodeJson(node.NodeId, node.NodeName, ApplianceVerb.Time(node.NextRunUnixMs)))],
        policy.History.Count == 0 ? null : [.. policy.History.Select(version => new PolicyVersionJson(version.Version, DateTimeOffset.FromUnixTimeMilliseconds(version.ChangedUnixMs), version.ChangedBy, version.Document))]);
}
