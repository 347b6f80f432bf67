using GatewayOS.Appliance.DisasterRecovery;
using GatewayOS.Appliance.Drills;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Rehearses restores from the vaults, as they would be done with the appliance gone: nothing is read but what is in the vault, and the store's key.</summary>
/// <param name="vaults">How the vaults stand.</param>
/// <param name="open">Opens the store that is on a disk.</param>
/// <param name="time">The clock.</param>
internal sealed class VaultDrill(VaultJobs vaults, Func<IStoreDisk, BackupStore> open, TimeProvider time)
{
    /// <summary>How the copies of the store stand. Reads ledgers that were not read yet.</summary>
    /// <param name="jobs">All jobs, oldest first.</param>
    /// <returns>Null when the list of vaults cannot be read.</returns>
    public IReadOnlyList<StoreCopy>? Copies(IReadOnlyList<JobRecord> jobs)
    {
        try
        {
            return [.. vaults.List.Read().Select(vault => CopyOf(vault.Key, vault.Value, jobs))];
        }
        catch (VaultException)
        {
            return null;
        }
    }

    /// <summary>Rehearses a restore of a node's newest restore point from each vault that was filled: which node's, the seed chooses anew each time.</summary>
    /// <param name="seed">Chooses restore point and files.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StoreDamagedException">Something in a vault cannot be restored.</exception>
    public JobOutcome Run(int seed, Action<JobFigures> progress, CancellationToken cancellation)
    {
        DrillFigures? slowest = null;
        var good = new List<string>();
        var sum = default(JobFigures);
        JobOutcome? worst = null;
        foreach ((string name, VaultPlace place) in vaults.List.Read())
        {
            try
            {
                if (vaults.StateOf(name).State.CompleteUntil is not null && RunOne(place, seed, sum, progress, cancellation) is { } figures)
                {
                    good.Add(name);
                    slowest = slowest is null || figures.PredictedSeconds > slowest.PredictedSeconds ? figures : slowest;
                    sum = new JobFigures(sum.Files + figures.Files, sum.Bytes + figures.Bytes);
                }
            }
            catch (StoreDamagedException error)
            {
                worst = JobOutcome.Failed(JobFault.Damage, $"Vault {name}: {error.Message}");
            }
            catch (IOException error) when ((error as VaultException ?? error.InnerException as VaultException) is { } trouble)
            {
                worst ??= JobOutcome.Failed(trouble.IsPassing ? JobFault.Network : JobFault.Store, $"Vault {name}: {trouble.Message}");
            }
            catch (StoreUnusableException error)
            {
                worst ??= JobOutcome.Failed(JobFault.Store, $"Vault {name}: {error.Message}");
            }
        }

        JobOutcome outcome = worst ?? (good.Count > 0 ? new JobOutcome(JobState.Done) : JobOutcome.Failed(JobFault.Refused, "No vault has a restore point yet that could be restored."));
        return outcome with { Figures = sum, Drill = slowest is null ? null : slowest with { Vaults = good } };
    }

    private StoreCopy CopyOf(string name, VaultPlace place, IReadOnlyList<JobRecord> jobs)
    {
        try
        {
            return new StoreCopy(name, vaults.StateOf(name).State.CompleteUntil, place.Bucket?.LockDays ?? 0, StoreCopy.RehearsedIn(name, jobs)) { IsPart = !place.GetsEverything };
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            return new StoreCopy(name, null, place.Bucket?.LockDays ?? 0, null, error.Message);
        }
    }

    private DrillFigures? RunOne(VaultPlace place, int seed, JobFigures before, Action<JobFigures> progress, CancellationToken cancellation)
    {
        using RetryingMedium medium = place.Open(time, new RetryPolicy { Seed = seed });
        using BackupStore store = open(VaultDisk.OpenAsync(medium, cancellation).GetAwaiter().GetResult());
        SnapshotRecord[] newest = [.. store.KnownSnapshots().GroupBy(record => record.Draft.NodeId, StringComparer.Ordinal).OrderBy(node => node.Key, StringComparer.Ordinal).Select(node => node.MaxBy(record => record.FinishedUtc)!)];
        return newest.Length == 0
            ? null
            : RestoreDrill.Run(store, newest[new Random(seed).Next(newest.Length)], Policy.DrillFilesDefault, seed, time, figures => progress(new JobFigures(before.Files + figures.Files, before.Bytes + figures.Bytes)), cancellation);
    }
}
