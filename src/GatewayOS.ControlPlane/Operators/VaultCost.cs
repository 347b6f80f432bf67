using GatewayOS.Api;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>What an appliance's vaults cost in a month, by the prices that it goes by. What is not known whole is null, never a part of it.</summary>
internal static class VaultCost
{
    /// <summary>Of all its vaults. Directories cost nothing here.</summary>
    public static double? PerMonth(FleetApplianceStatus status)
    {
        VaultInfo[] buckets = [.. status.Vaults.Where(vault => vault.IsBucket)];
        return Array.TrueForAll(buckets, bucket => bucket.Classes.Count > 0 && bucket.Classes.All(use => use.IsPriced)) ? buckets.Sum(bucket => bucket.Classes.Sum(use => use.PerMonth)) : null;
    }

    /// <summary>What a byte that a node's restore points added to the store costs in a month; null when it is not known. Where two nodes have the same data, it counts for the one that brought it.</summary>
    public static double? PerStoredByte(FleetApplianceStatus status)
    {
        long all = status.Nodes.Sum(known => known.Protection.StoredBytes);
        return PerMonth(status) is { } cost && all > 0 ? cost / all : null;
    }
}
