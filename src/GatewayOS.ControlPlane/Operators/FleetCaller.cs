using GatewayOS.ControlPlane.Storage;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>Who makes a call that was admitted.</summary>
/// <param name="Token">The token it presents.</param>
internal sealed record FleetCaller(TokenRow Token)
{
    /// <summary>As records name it: <c>token:ID</c> and its note.</summary>
    public string Who => Token.Note.Length > 0 ? $"token:{Token.Id} ({Token.Note})" : $"token:{Token.Id}";

    /// <summary>Whose things it sees.</summary>
    public Scope Scope => new(Token.Tenant);

    /// <summary>What it may.</summary>
    public FleetRole Role => FleetAccess.RoleNames.GetValueOrDefault(Token.Role);

    /// <summary>The caller of a call.</summary>
    public static FleetCaller Of(ServerCallContext context) => (FleetCaller)context.UserState[typeof(FleetCaller)];
}
