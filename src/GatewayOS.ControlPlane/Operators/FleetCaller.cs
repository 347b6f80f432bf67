using GatewayOS.ControlPlane.Storage;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>Who makes a call that was admitted.</summary>
/// <param name="Who">As records name it: <c>token:ID</c> and its note.</param>
/// <param name="Scope">Whose things it sees.</param>
/// <param name="Role">What it may.</param>
internal sealed record FleetCaller(string Who, Scope Scope, FleetRole Role)
{
    /// <summary>The caller of a call.</summary>
    public static FleetCaller Of(ServerCallContext context) => (FleetCaller)context.UserState[typeof(FleetCaller)];
}
