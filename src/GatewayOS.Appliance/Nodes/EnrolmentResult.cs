namespace GatewayOS.Appliance.Nodes;

/// <summary>Why an enrolment or login is refused.</summary>
public enum EnrolmentRefusal
{
    /// <summary>The name is no node name.</summary>
    BadName,

    /// <summary>The certificate request is not accepted.</summary>
    BadRequest,

    /// <summary>There is no such token, or its secret is another.</summary>
    UnknownToken,

    /// <summary>The token has expired.</summary>
    ExpiredToken,

    /// <summary>Somebody else used the token.</summary>
    UsedToken,

    /// <summary>Another node has the name.</summary>
    NameTaken,

    /// <summary>The model takes no more nodes.</summary>
    LimitReached,

    /// <summary>Too many nodes wait for approval.</summary>
    TooManyPending,

    /// <summary>The node was revoked.</summary>
    Revoked,

    /// <summary>There is no such node.</summary>
    UnknownNode,
}

/// <summary>What became of a request.</summary>
/// <param name="Node">The node, when it is enrolled or pending.</param>
/// <param name="Refusal">Why not, else.</param>
/// <param name="Message">The refusal in words, with the remedy.</param>
public sealed record EnrolmentResult(NodeRecord? Node, EnrolmentRefusal? Refusal, string Message)
{
    internal static EnrolmentResult Of(NodeRecord node) => new(node, null, "");

    internal static EnrolmentResult Refuse(EnrolmentRefusal refusal, string message) => new(null, refusal, message);
}

/// <summary>The model's limits.</summary>
/// <param name="Model">Its name.</param>
/// <param name="NodesMax">Most nodes enrolled at once.</param>
public sealed record ApplianceLimits(string Model, int NodesMax);
