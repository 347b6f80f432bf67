namespace GatewayOS.Appliance.Panel;

/// <summary>What the display tells. Made anew whenever it is asked for, from what is in memory: nothing waits for a disk.</summary>
/// <param name="Name">The appliance's name.</param>
/// <param name="Status">How it is, in a few words.</param>
/// <param name="Addresses">Its network addresses, and the fingerprint of its web page where it has one.</param>
/// <param name="Alerts">Alerts that stand, the worst first.</param>
/// <param name="Steps">What to do next at the disks; empty when nothing is.</param>
public sealed record PanelFacts(string Name, string Status, IReadOnlyList<string> Addresses, IReadOnlyList<string> Alerts, IReadOnlyList<string> Steps)
{
    /// <summary>The code of service access and until when it is open; empty while it is closed. Secret: for the display alone.</summary>
    public IReadOnlyList<string> Service { get; init; } = [];
}

/// <summary>What can be done at the panel. Nothing here waits.</summary>
public interface IPanelActions
{
    /// <summary>What the display tells.</summary>
    PanelFacts Facts();

    /// <summary>Shuts the machine down in order.</summary>
    /// <param name="isReboot">True to start it again.</param>
    void ShutDown(bool isReboot);

    /// <summary>
    /// Sets access back to that of a new machine: accounts, logins and tokens end, and a new first login token is made. Data, keys, nodes, policies, retention locks and the
    /// audit log stay: whoever stands before the machine gets in, and past nothing.
    /// </summary>
    void ResetAccess();

    /// <summary>Told that somebody before the machine has vouched for being there.</summary>
    void Vouched(DateTimeOffset until);

    /// <summary>True where a technician can be let in to the system below gatewayd.</summary>
    bool OffersService { get; }

    /// <summary>Opens service access, with a new code. It closes by itself.</summary>
    void OpenService();

    /// <summary>Closes service access, and ends what goes on over it.</summary>
    void CloseService();
}
