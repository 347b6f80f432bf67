using GatewayOS.Appliance.Accounts;
using Grpc.Core;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Who makes a call that was admitted.</summary>
/// <param name="Who">As the audit log names it: <c>user:NAME</c>, <c>token:ID</c>, <c>operator:NAME</c>, <c>node:ID</c>.</param>
/// <param name="Account">Name of the account; null when it is none's.</param>
/// <param name="Role">What it calls as.</param>
internal sealed record Caller(string Who, string? Account, Callers Role)
{
    public bool IsNode => Role == Callers.Node;

    /// <summary>The caller of a call.</summary>
    public static Caller Of(ServerCallContext context) => (Caller)context.UserState[typeof(Caller)];
}
