namespace GatewayOS.Appliance.Updates;

/// <summary>Whether a bundle may be installed. Pure.</summary>
public static class UpdateRules
{
    /// <summary>Says whether it may.</summary>
    /// <param name="slots">The slots.</param>
    /// <param name="bundle">The bundle.</param>
    /// <param name="running">Version of the system that runs.</param>
    /// <param name="allowsDowngrade">True when an earlier version is wanted.</param>
    /// <param name="arrayProblem">What is wrong with the arrays; empty for nothing. A new system is only kept when they are well, so there is no use in beginning before.</param>
    /// <returns>Null when it may; else why not, with a remedy.</returns>
    public static string? Refusal(SlotsReading slots, BundleFacts bundle, string running, bool allowsDowngrade, string arrayProblem)
    {
        if (slots.Problem.Length > 0)
        {
            return $"This machine cannot be updated: {slots.Problem}.";
        }

        if (slots.Booted is null || slots.Other is null)
        {
            return "Which slot runs is not known, so nothing is written to any. Look what 'rauc status' says on the machine.";
        }

        if (slots.IsInstalling)
        {
            return "Something is being installed already. Wait until it has ended.";
        }

        if (!bundle.IsTrusted)
        {
            return bundle.Problem;
        }

        if (bundle.Compatible != slots.Compatible)
        {
            return $"The bundle is for '{bundle.Compatible}', and this machine is '{slots.Compatible}'. Take the bundle of this model.";
        }

        return VersionRefusal(bundle.Version, running, allowsDowngrade) ?? (arrayProblem.Length > 0 ? $"A new system is only kept when the arrays are well, and now they are not: {arrayProblem} Mend that first." : null);
    }

    // What cannot be compared might be earlier.
    private static string? VersionRefusal(string version, string running, bool allowsDowngrade)
    {
        if (allowsDowngrade)
        {
            return null;
        }

        if (BundleVersion.Parse(version) is not { } wanted || BundleVersion.Parse(running) is not { } present)
        {
            return $"Whether version '{version}' is later than '{running}', which runs, cannot be told. Allow a downgrade when it is wanted all the same.";
        }

        return wanted.Order(present) < 0 ? $"Version {version} is earlier than {running}, which runs. Allow a downgrade when it is wanted all the same." : null;
    }
}
