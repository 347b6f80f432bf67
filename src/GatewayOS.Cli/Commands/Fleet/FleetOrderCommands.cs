using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>What is ordered of a fleet's appliances. Against the control plane, which keeps an order until its appliance is there.</summary>
internal static class FleetOrderCommands
{
    private static readonly Argument<string> s_appliance = new("APPLIANCE") { Description = "The appliance: name or ID" };
    private static readonly Argument<string> s_node = new("NODE") { Description = "A node of it: name or ID" };
    private static readonly Argument<string[]> s_paths = new Argument<string[]>("PATH") { Description = "Absolute paths; none for those of the policy it follows", Arity = ArgumentArity.ZeroOrMore }.RefuseOptions();
    private static readonly Argument<string> s_snapshot = new("SNAPSHOT") { Description = "The restore point: its ID or a beginning of it" };
    private static readonly Argument<string> s_policy = new("POLICY") { Description = "The policy's name" };
    private static readonly Argument<string> s_file = new("FILE") { Description = "The policy's document (JSON)" };
    private static readonly Argument<string> s_id = new("ID") { Description = "The command, as 'fleet commands' shows it" };
    private static readonly Option<string> s_of = new("--appliance", "-a") { Description = "Only of this appliance: name or ID", HelpName = "APPLIANCE", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_as = new("--policy") { Description = "As this policy says, when the node follows several", HelpName = "POLICY", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_on = new("--node") { Description = "The node that restores, or is asked about", HelpName = "NODE", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_target = new("--target", "-t") { Description = "Where to, an absolute directory on the node", HelpName = "DIR", Required = true };
    private static readonly Option<string[]> s_path = new("--path") { Description = "Only this path; may be repeated", HelpName = "PATH" };
    private static readonly Option<int?> s_expect = new("--expect-version") { Description = "Only when the policy has this version there; 0: only when there is none", HelpName = "N" };
    private static readonly Option<bool> s_remove = new("--remove") { Description = "Take the policy from the node" };
    private static readonly Option<bool> s_noWait = new("--no-wait") { Description = "Leave it with the control plane, and do not wait for the outcome" };

    private static readonly Argument<string> s_url = new("URL") { Description = "Where the appliance finds the bundle (https or http)" };
    private static readonly Option<string> s_sha256 = new("--sha256") { Description = "SHA-256 of the bundle, 64 hexadecimal digits", HelpName = "HEX", Required = true };
    private static readonly Option<bool> s_noRestart = new("--no-reboot") { Description = "Do not restart when it is installed" };

    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    public static Command[] Build() =>
    [
        Verb.Make("backup", "Have a node backed up", [s_appliance, s_node, s_paths, s_as, s_noWait], context => Order(context, new FleetOrder { Job = Backup(context) })),
        Verb.Make("verify", "Have a node's newest restore point read whole", [s_appliance, s_node, s_noWait], context => Order(context, new FleetOrder { Job = Job(context, "verify") })),
        Verb.Make("drill", "Have a restore of a node rehearsed", [s_appliance, s_node, s_noWait], context => Order(context, new FleetOrder { Job = Job(context, "drill") })),
        Verb.Make("restore", "Have a restore point restored on a node", [s_appliance, s_snapshot, s_on, s_target, s_path, s_noWait], Restore),
        Verb.Make("push", "Set a policy on an appliance", [s_appliance, s_file, s_expect, s_noWait], Push),
        Verb.Make("preview", "Show when a policy would run on an appliance, without setting it", [s_appliance, s_file, s_on], Preview),
        Verb.Make("assign", "Have a node follow a policy", [s_appliance, s_policy, s_node, s_remove, s_noWait], Assign),
        Verb.Make("update", "Have an appliance fetch a bundle and install it", [s_appliance, s_url, s_sha256, s_noRestart, s_noWait], Update),
        Verb.Make("commands", "List what was ordered, newest first", [s_of, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
        Verb.Make("command", "Show a command and wait for its outcome", [s_id, s_noWait], context => Follow(context, context.Arguments.GetValue(s_id)!)),
        Verb.Make("cancel", "Call a command off that its appliance has not got", [s_id], Cancel),
    ];

    private static OrderJobRequest Job(VerbContext context, string kind) => new() { Kind = kind, Node = context.Arguments.GetValue(s_node) };

    private static OrderJobRequest Backup(VerbContext context)
    {
        OrderJobRequest job = Job(context, "backup");
        job.Paths.Add(context.Arguments.GetValue(s_paths) ?? []);
        string policy = context.Arguments.GetValue(s_as)!;
        job.Policy = policy.Length == 0 && job.Paths.Count == 0 ? FollowedPolicy(context, job.Node) : policy;
        return job;
    }

    // The policy whose sources are meant when nothing is said; none for a node that follows none, whose agent may have sources of its own.
    private static string FollowedPolicy(VerbContext context, string node)
    {
        string appliance = context.Arguments.GetValue(s_appliance)!;
        ListFleetNodesReply reply = FleetVerb.Call(context, (client, options) => client.ListNodes(new ListFleetNodesRequest(), options));
        IReadOnlyList<string> policies = reply.Nodes.FirstOrDefault(known => (known.ApplianceName == appliance || known.ApplianceId == appliance) && (known.Protection.NodeName == node || known.Protection.NodeId == node))?.Protection.Policies ?? [];
        return policies.Count <= 1 ? policies.FirstOrDefault("") : throw new UsageException($"'{node}' follows {string.Join(", ", policies)}. Say which with --policy, or name paths.");
    }

    private static int Restore(VerbContext context)
    {
        var restore = new OrderRestoreRequest { Snapshot = context.Arguments.GetValue(s_snapshot), Node = context.Arguments.GetValue(s_on), Target = context.Arguments.GetValue(s_target), Paths = { context.Arguments.GetValue(s_path) ?? [] } };
        return Order(context, new FleetOrder { Restore = restore });
    }

    private static int Push(VerbContext context)
    {
        var policy = new SetPolicyRequest { Document = Document(context) };
        if (context.Arguments.GetValue(s_expect) is { } version)
        {
            policy.ExpectedVersion = version;
        }

        return Order(context, new FleetOrder { SetPolicy = policy });
    }

    private static int Preview(VerbContext context) =>
        Order(context, new FleetOrder { PreviewPolicy = new PreviewPolicyRequest { Document = Document(context), Node = context.Arguments.GetValue(s_on) } });

    private static int Assign(VerbContext context) => Order(
        context,
        new FleetOrder { AssignPolicy = new AssignPolicyRequest { Name = context.Arguments.GetValue(s_policy), Node = context.Arguments.GetValue(s_node), Remove = context.Arguments.GetValue(s_remove) } });

    private static int Update(VerbContext context) => Order(
        context,
        new FleetOrder { Update = new FetchUpdateRequest { Url = context.Arguments.GetValue(s_url), Sha256 = context.Arguments.GetValue(s_sha256), Restart = !context.Arguments.GetValue(s_noRestart) } });

    private static string Document(VerbContext context)
    {
        string file = context.Arguments.GetValue(s_file)!;
        return file == "-" ? Console.In.ReadToEnd() : File.ReadAllText(file);
    }

    private static int Order(VerbContext context, FleetOrder order)
    {
        var request = new OrderFleetCommandRequest { Appliance = context.Arguments.GetValue(s_appliance), Order = order };
        FleetCommandInfo command = FleetVerb.Call(context, (client, options) => client.OrderCommand(request, options));
        if (!context.Quiet)
        {
            Console.Error.WriteLine($"Command {command.Id} is kept for '{command.ApplianceName}'; 'gatewayctl fleet command {command.Id}' shows what becomes of it.");
        }

        return Follow(context, command.Id);
    }

    // The state is asked for again and again: whoever waits need not hold a stream for it.
    private static int Follow(VerbContext context, string id) => FleetVerb.Call(context, (client, options) =>
    {
        string last = "";
        while (true)
        {
            FleetCommandInfo command = client.GetCommand(new FleetCommandRequest { Id = id }, options.WithDeadline(DateTime.MaxValue));
            bool isOver = command.State is "done" or "failed" or "refused" or "cancelled" or "expired";
            if (command.State != last)
            {
                last = command.State;
                context.Out.WriteLine($"{command.Kind} on {command.ApplianceName}: {command.State}{(command.Detail.Length > 0 ? $": {command.Detail}" : "")}");
            }

            if (isOver || context.Arguments.GetValue(s_noWait))
            {
                return End(context, command, isOver);
            }

            context.Cancellation.WaitHandle.WaitOne(s_lookInterval);
            context.Cancellation.ThrowIfCancellationRequested();
        }
    });

    private static int End(VerbContext context, FleetCommandInfo command, bool isOver)
    {
        foreach (long run in command.Reply?.Preview?.NextRunsUnixMs ?? [])
        {
            context.Out.WriteLine($"would run {ApplianceVerb.LocalTime(ApplianceVerb.Time(run))}");
        }

        foreach (PolicyProblem problem in command.Reply?.Preview?.Problems ?? [])
        {
            Console.Error.WriteLine($"gatewayctl: {problem.Field}: {problem.Problem} {problem.Remedy}");
        }

        bool isGood = !isOver || (command.State == "done" && command.Reply?.Preview?.Problems.Count is null or 0);
        int code = isGood ? ExitCode.Good : ExitCode.Failed;
        context.WriteJson(new FleetCommandResultJson(isGood, isGood ? null : code, FleetRows.Of(command)), FleetContractJson.Default.FleetCommandResultJson);
        return code;
    }

    private static int List(VerbContext context)
    {
        var request = new ListFleetCommandsRequest { Appliance = context.Arguments.GetValue(s_of) };
        ListFleetCommandsReply reply = FleetVerb.Call(context, (client, options) => client.ListCommands(request, options));
        var table = new TextTable("command", "appliance", "kind", "state", "ordered", "by", "detail");
        foreach (FleetCommandInfo command in reply.Commands)
        {
            table.Add(command.Id, command.ApplianceName, command.Kind, command.State, ApplianceVerb.LocalTime(ApplianceVerb.Time(command.OrderedUnixMs)), command.OrderedBy, command.Detail);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetCommandsJson(true, [.. reply.Commands.Select(FleetRows.Of)]), FleetContractJson.Default.FleetCommandsJson);
        return ExitCode.Good;
    }

    private static int Cancel(VerbContext context)
    {
        FleetCommandInfo command = FleetVerb.Call(context, (client, options) => client.CancelCommand(new FleetCommandRequest { Id = context.Arguments.GetValue(s_id) }, options));
        bool isCancelled = command.State == "cancelled";
        context.Out.WriteLine(isCancelled ? $"{command.Kind} on {command.ApplianceName} is called off." : $"{command.Kind} on {command.ApplianceName} is {command.State}: the appliance has it. A job at work there is called off on it.");
        int code = isCancelled ? ExitCode.Good : ExitCode.Failed;
        context.WriteJson(new FleetCommandResultJson(isCancelled, isCancelled ? null : code, FleetRows.Of(command)), FleetContractJson.Default.FleetCommandResultJson);
        return code;
    }
}
