namespace GatewayOS.Hardware.Profiles;

/// <summary>What the machine's firmware says it is (SMBIOS, by <c>/sys/class/dmi/id</c>).</summary>
/// <param name="Vendor"><c>sys_vendor</c>; empty when it cannot be read.</param>
/// <param name="Product"><c>product_name</c>.</param>
/// <param name="Sku"><c>product_sku</c>.</param>
/// <param name="IsVirtual">True on a virtual machine: the processor says that a hypervisor is below.</param>
public sealed record DmiStrings(string Vendor, string Product, string Sku, bool IsVirtual)
{
    /// <summary>Profile of machines that are none of the models.</summary>
    public const string DevelopmentProfile = "dev";

    /// <summary>Value of <c>--profile</c> that has the firmware's strings decide.</summary>
    public const string Auto = "auto";

    /// <summary>Reads them.</summary>
    /// <param name="root">The root of the file system; another one in tests.</param>
    public static DmiStrings Read(string root = "/")
    {
        string cpu = KernelFile.Read(Path.Join(root, "proc/cpuinfo")) ?? "";
        bool isVirtual = cpu.Split('\n').FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) is { } flags && flags.Split(' ').Contains("hypervisor");
        return new DmiStrings(Of("sys_vendor"), Of("product_name"), Of("product_sku"), isVirtual);

        string Of(string name) => KernelFile.Read(Path.Join(root, "sys/class/dmi/id", name)) ?? "";
    }

    /// <summary>Chooses the profile of this machine.</summary>
    /// <param name="nameOrPath"><see cref="Auto"/>, or what <see cref="HardwareProfile.Load"/> takes: then nothing is compared, the operator's word holds.</param>
    /// <returns>The one whose <c>match</c> fits; on a virtual machine without one, <see cref="DevelopmentProfile"/>.</returns>
    /// <exception cref="InvalidDataException">No profile is of this machine; the message says what was read.</exception>
    public HardwareProfile Choose(string nameOrPath)
    {
        if (nameOrPath != Auto)
        {
            return HardwareProfile.Load(nameOrPath);
        }

        HardwareProfile[] known = [.. HardwareProfile.Known.Select(HardwareProfile.Load)];
        HardwareProfile? found = known.Where(profile => Fits(profile.Match)).OrderByDescending(profile => profile.Match!.Sku is not null).FirstOrDefault();
        if (found is not null)
        {
            return found;
        }

        return IsVirtual
            ? HardwareProfile.Load(DevelopmentProfile)
            : throw new InvalidDataException(
                $"No hardware profile is of this machine: its firmware says vendor '{Vendor}', product '{Product}', SKU '{Sku}' (/sys/class/dmi/id). "
                + $"Known are {string.Join(", ", known.Where(profile => profile.Match is not null).Select(profile => $"{profile.Model} ('{profile.Match!.Vendor}' '{profile.Match.Product}')"))}. "
                + $"Name one with --profile, '--profile {DevelopmentProfile}' on a machine that is no appliance, or give a .json file.");
    }

    /// <summary>True when a profile is of this machine.</summary>
    public bool Fits(DmiMatch? match) => match is not null && match.Vendor == Vendor && match.Product == Product && (match.Sku is null || match.Sku == Sku);
}
