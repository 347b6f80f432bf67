namespace GatewayOS.Appliance.DisasterRecovery;

/// <summary>What would be left were the appliance gone, from nothing to all. Each level holds those before it. The names are part of the API.</summary>
public enum RecoveryLevel
{
    /// <summary>What is needed to judge cannot be read.</summary>
    Unknown,

    /// <summary>There is no restore point.</summary>
    None,

    /// <summary>Restore points are on this appliance alone: a failed disk is survived by the array, a fire or a thief by nothing.</summary>
    Local,

    /// <summary>A vault has what the store had within <see cref="RecoveryStanding.CopyAgeMax"/>.</summary>
    Copied,

    /// <summary>That copy is locked: not even who takes the appliance over can destroy it.</summary>
    Locked,

    /// <summary>A restore from that copy was rehearsed within <see cref="RecoveryStanding.RehearsalAgeMax"/>.</summary>
    Rehearsed,
}
