namespace GatewayOS.Certificates;

/// <summary>What a certificate stands for.</summary>
public enum PeerKind
{
    /// <summary>An appliance: at itself, or in its control plane's fleet.</summary>
    Appliance,

    /// <summary>A node's agent.</summary>
    Node,

    /// <summary>A person who operates the appliance.</summary>
    Operator,

    /// <summary>A control plane itself.</summary>
    ControlPlane,
}

/// <summary>Who a certificate says its holder is.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">A node's ID, or an operator's name.</param>
/// <param name="Serial">The certificate's serial number, hexadecimal.</param>
/// <param name="NotAfter">When it expires.</param>
public sealed record PeerIdentity(PeerKind Kind, string Id, string Serial, DateTimeOffset NotAfter);

/// <summary>Why a certificate is refused.</summary>
public enum PeerRefusal
{
    /// <summary>It is not refused.</summary>
    None,

    /// <summary>Another CA made it.</summary>
    Foreign,

    /// <summary>It has expired.</summary>
    Expired,

    /// <summary>Its time has not begun: one of the clocks is wrong.</summary>
    NotYetValid,

    /// <summary>It does not say who it is of as this CA does.</summary>
    Malformed,
}
