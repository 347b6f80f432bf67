namespace GatewayOS.Api.Client;

/// <summary>What a command of a control plane is, in a word; the same on both sides.</summary>
public static class FleetKinds
{
    /// <summary>An order's kind: that of the job, or <c>restore</c>, <c>cancel-job</c>, <c>set-policy</c>, <c>assign-policy</c>, <c>preview-policy</c>, <c>update</c>.</summary>
    /// <returns>Empty for one that this version does not know.</returns>
    public static string Of(FleetOrder order) => order.OrderCase switch
    {
        FleetOrder.OrderOneofCase.Job => order.Job.Kind,
        FleetOrder.OrderOneofCase.Restore => "restore",
        FleetOrder.OrderOneofCase.CancelJob => "cancel-job",
        FleetOrder.OrderOneofCase.SetPolicy => "set-policy",
        FleetOrder.OrderOneofCase.AssignPolicy => "assign-policy",
        FleetOrder.OrderOneofCase.PreviewPolicy => "preview-policy",
        FleetOrder.OrderOneofCase.Update => "update",
        _ => "",
    };
}
