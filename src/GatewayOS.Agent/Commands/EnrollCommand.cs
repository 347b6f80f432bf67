using System.CommandLine;
using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using GatewayOS.Api.Client;

namespace GatewayOS.Agent.Commands;

/// <summary><c>enroll</c> and <c>forget</c>.</summary>
internal static class EnrollCommand
{
    private static readonly TimeSpan s_pollInterval = TimeSpan.FromSeconds(2);

    private static readonly Option<string> s_gateway = new("--gateway", "-g") { Description = $"The appliance's address; port {ApplianceChannel.PortDefault} unless given", HelpName = "HOST[:PORT]", Required = true };
    private static readonly Option<string?> s_token = new("--token", "-t") { Description = "One-time token of 'gatewayctl node token'; without one an operator has to approve (or GATEWAY_TOKEN)", HelpName = "TOKEN" };
    private static readonly Option<string> s_name = new("--name") { Description = "Name of this node", HelpName = "NAME", DefaultValueFactory = _ => Environment.MachineName };
    private static readonly Option<bool> s_wait = new("--wait") { Description = "Without a token: wait until the node is approved" };

    public static Command BuildEnroll() => AgentCommand.Make("enroll", "Enrol this node at an appliance", [s_gateway, s_token, s_name, s_wait], Enroll);

    public static Command BuildForget() => AgentCommand.Make("forget", "Forget the appliance: key and certificate are deleted, snapshots stay there", [], Forget);

    private static int Enroll(AgentContext context)
    {
        string gateway;
        try
        {
            gateway = ApplianceChannel.Address(context.Arguments.GetValue(s_gateway)!);
        }
        catch (FormatException error)
        {
            throw new AgentException(error.Message, inner: error);
        }

        string name = context.Arguments.GetValue(s_name)!;
        string? token = context.Arguments.GetValue(s_token) ?? Environment.GetEnvironmentVariable("GATEWAY_TOKEN");
        EnrolReply reply = NodeEnrolment.EnrolAsync(context.State, gateway, name, token, context.Out.WriteLine, context.Cancellation).GetAwaiter().GetResult();
        if (reply.Pending)
        {
            context.Out.WriteLine($"Waiting for approval: have an operator compare the code {reply.Code} and run 'gatewayctl node approve {name}'.");
            while (context.Arguments.GetValue(s_wait) && reply.Pending)
            {
                context.Cancellation.WaitHandle.WaitOne(s_pollInterval);
                context.Cancellation.ThrowIfCancellationRequested();
                reply = NodeEnrolment.EnrolAsync(context.State, gateway, name, null, static _ => { }, context.Cancellation).GetAwaiter().GetResult();
            }
        }

        if (!reply.Pending)
        {
            context.Out.WriteLine($"Enrolled as '{name}' ({reply.NodeId}) at {gateway}.");
            context.Out.WriteLine("Next: 'gateway-agent backup PATH...' makes a backup; 'systemctl enable --now gateway-agent' makes the node stand by for orders.");
        }

        context.WriteJson(new EnrollJson(true, reply.Pending ? "pending" : "enrolled", reply.NodeId, name, gateway, reply.Code), AgentOutputJson.Default.EnrollJson);
        return AgentCommand.Good;
    }

    private static int Forget(AgentContext context)
    {
        context.State.Forget();
        context.Out.WriteLine("Forgotten. On the appliance, 'gatewayctl node revoke' and 'gatewayctl node remove' do the same.");
        return AgentCommand.Good;
    }
}
