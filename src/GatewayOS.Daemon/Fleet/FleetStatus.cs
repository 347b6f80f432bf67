using GatewayOS.Api;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Cloud.Vault;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Daemon.Services;

namespace GatewayOS.Daemon.Fleet;

/// <summary>How the appliance is, as the control plane is told.</summary>
internal static class FleetStatus
{
    private const int JobsMax = 50;
    private const int AlertsMax = 1000;

    /// <summary>Looks. Reads the store.</summary>
    public static FleetApplianceStatus Of(ApplianceHost appliance)
    {
        var disk = new DriveInfo(appliance.Options.StoreDirectory);
        IReadOnlyList<JobRecord> jobs = appliance.Jobs.Jobs;
        return new FleetApplianceStatus
        {
            MeasuredUnixMs = appliance.Time.GetUtcNow().ToUnixTimeMilliseconds(),
            Name = appliance.Name,
            Model = appliance.Profile.Title,
            Version = ProgramVersion.Text,
            StartedUnixMs = appliance.Started.ToUnixTimeMilliseconds(),
            DiskBytes = disk.TotalSize,
            DiskUsedBytes = disk.TotalSize - disk.AvailableFreeSpace,
            Nodes = { appliance.Protections().Select(protection => NodeOf(protection, appliance, jobs)) },
            Jobs = { jobs.Where(job => !job.IsEnded).Concat(jobs.Where(job => job.IsEnded).TakeLast(JobsMax)).TakeLast(2 * JobsMax).Select(job => JobMessages.Of(job, appliance)) },
            Policies = { appliance.Policies.Entries.Select(entry => new FleetPolicyStatus { Name = entry.Name, Version = entry.Current.Version, ChangedBy = entry.Current.ChangedBy }) },
            Vaults = { VaultsOf(appliance) },
            AlertsStanding = appliance.Alerts.List(withCleared: false, AlertsMax).Count,
        };
    }

    // A list that cannot be read is told by the syncs, which fail with what is wrong with it.
    private static IEnumerable<VaultInfo> VaultsOf(ApplianceHost appliance)
    {
        try
        {
            return [.. appliance.Vaults.List.Read().Select(vault => VaultMessages.Of(vault.Key, vault.Value, appliance.Vaults))];
        }
        catch (VaultException)
        {
            return [];
        }
    }

    private static FleetNodeStatus NodeOf(Protection protection, ApplianceHost appliance, IReadOnlyList<JobRecord> jobs)
    {
        bool isConnected = appliance.Connections.Find(protection.Node.Id) is not null;
        return new FleetNodeStatus { Protection = JobMessages.Of(protection), Connected = isConnected, Remedy = RemedyOf(protection, appliance.Name, isConnected, jobs) };
    }

    // The first thing that has to be done; what follows from it says the next status.
    private static string RemedyOf(Protection protection, string applianceName, bool isConnected, IReadOnlyList<JobRecord> jobs)
    {
        if (protection.Verdict == ProtectionVerdict.Protected)
        {
            return "";
        }

        if (protection.Policies.Count == 0)
        {
            return $"Have it follow a policy: gatewayctl fleet assign {applianceName} POLICY {protection.Node.Name}.";
        }

        if (!isConnected)
        {
            return "Look whether the machine runs and gateway-agent on it; it is not connected to its appliance.";
        }

        return jobs.LastOrDefault(job => job.Kind == JobKind.Backup && job.NodeId == protection.Node.Id) switch
        {
            { IsEnded: false } => "A backup of it is on its way.",
            { State: JobState.Failed } failed => $"Its last backup failed: {failed.Message} When that is mended, order one: gatewayctl fleet backup {applianceName} {protection.Node.Name}.",
            _ => $"Order a backup: gatewayctl fleet backup {applianceName} {protection.Node.Name}.",
        };
    }
}
