using GatewayOS.Appliance.Jobs;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>How a vault stands, as the appliance last saw it.</summary>
/// <param name="CompleteUntil">Until when it had everything; null before the first sync has ended.</param>
/// <param name="BytesPut">Bytes put since the start.</param>
/// <param name="ObjectsLeft">Objects that a sync that runs has still to put of what it is at; 0 when none runs.</param>
internal sealed record VaultState(DateTimeOffset? CompleteUntil, long BytesPut, long ObjectsLeft);

/// <summary>Brings the vaults that this machine knows up to date with the appliance's store, one after another. Needs no key.</summary>
/// <param name="storeDirectory">The store.</param>
/// <param name="vaults">The list of vaults: that of the machine, which <c>gatewayctl vault add</c> changes.</param>
/// <param name="time">The clock.</param>
internal sealed class VaultJobs(string storeDirectory, VaultFile vaults, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (VaultLedger Ledger, long Before, VaultSyncProgress? Now)> _states = new(StringComparer.Ordinal);
    private (DateTime Written, bool Any) _known;

    /// <summary>True when there is a vault to keep up to date.</summary>
    public bool Any
    {
        get
        {
            DateTime written = File.GetLastWriteTimeUtc(vaults.Location);
            lock (_gate)
            {
                if (_known.Written != written)
                {
                    _known = (written, HasVaults());
                }

                return _known.Any;
            }
        }
    }

    /// <summary>How each vault stands that was synced or asked for since the start.</summary>
    public IReadOnlyDictionary<string, VaultState> States
    {
        get
        {
            lock (_gate)
            {
                return _states.ToDictionary(entry => entry.Key, entry => Of(entry.Value), StringComparer.Ordinal);
            }
        }
    }

    /// <summary>The list of vaults.</summary>
    public VaultFile List => vaults;

    /// <summary>How a vault stands. Reads its ledger when it was not synced since the start: that may take a second.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its state, and whether a sync of it runs.</returns>
    public (VaultState State, bool IsSyncing) StateOf(string name)
    {
        lock (_gate)
        {
            if (!_states.TryGetValue(name, out (VaultLedger Ledger, long Before, VaultSyncProgress? Now) known))
            {
                _states[name] = known = (vaults.Ledger(name), 0, null);
            }

            return (Of(known), known.Now is not null);
        }
    }

    /// <summary>Forgets how a vault stood that is one no more.</summary>
    public void Forget(string name)
    {
        lock (_gate)
        {
            _states.Remove(name);
        }
    }

    /// <summary>Syncs all. One that fails does not keep the others from theirs.</summary>
    /// <param name="progress">Told now and then what has been put.</param>
    /// <param name="cancellation">Stops it; what is in the vaults stays, and is right.</param>
    public JobOutcome Run(Action<JobFigures> progress, CancellationToken cancellation)
    {
        var sum = default(JobFigures);
        JobOutcome? worst = null;
        foreach ((string name, VaultPlace place) in vaults.Read())
        {
            try
            {
                VaultSyncReport report = Sync(name, place, sum, progress, cancellation);
                sum = new JobFigures(sum.Files + report.Put, sum.Bytes + report.Bytes, SentBytes: sum.SentBytes + report.Bytes);
                if (report.StoreDamaged)
                {
                    VaultFinding first = report.Findings[0];
                    worst = JobOutcome.Failed(JobFault.Damage, $"{first.Object}: {first.Detail}. {first.Remedy}");
                }
                else if (report.Mended > 0)
                {
                    worst ??= new JobOutcome(JobState.Warned, Message: $"Vault {name}: {report.Mended} objects were missing or altered, and were put again; the first: {report.Findings[0].Object}.");
                }
            }
            catch (IOException error) when ((error as VaultException ?? error.InnerException as VaultException) is { } trouble)
            {
                worst = JobOutcome.Failed(trouble.IsPassing ? JobFault.Network : JobFault.Refused, $"Vault {name}: {trouble.Message}");
            }
            catch (StoreUnusableException error)
            {
                worst = JobOutcome.Failed(JobFault.Refused, $"Vault {name}: {error.Message}");
            }
        }

        return (worst ?? new JobOutcome(JobState.Done)) with { Figures = sum };
    }

    private static VaultState Of((VaultLedger Ledger, long Before, VaultSyncProgress? Now) known) =>
        new(known.Ledger.CompleteUntil, known.Before + (known.Now?.Bytes ?? 0), (known.Now?.Total - known.Now?.Done) ?? 0);

    private VaultSyncReport Sync(string name, VaultPlace place, JobFigures before, Action<JobFigures> progress, CancellationToken cancellation)
    {
        using RetryingMedium medium = place.Open(time, new RetryPolicy { Seed = Environment.ProcessId });
        VaultLedger ledger = vaults.Ledger(name);
        var options = new VaultSyncOptions { Time = time };
        long bytesBefore;
        lock (_gate)
        {
            bytesBefore = _states.TryGetValue(name, out (VaultLedger Ledger, long Before, VaultSyncProgress? Now) known) ? known.Before : 0;
            _states[name] = (ledger, bytesBefore, options.Progress);
        }

        options.Progress.Changed += () => progress(new JobFigures(before.Files, before.Bytes + options.Progress.Bytes, SentBytes: before.SentBytes + options.Progress.Bytes));
        try
        {
            var disk = new PosixDisk(storeDirectory);
            return VaultSync.Run(() => SealedStore.Open(disk, "vault sync", time), medium, ledger, options, cancellation);
        }
        finally
        {
            lock (_gate)
            {
                _states[name] = (ledger, bytesBefore + options.Progress.Bytes, null);
            }
        }
    }

    // A list that cannot be read counts as one with vaults: the job then says what is wrong with it.
    private bool HasVaults()
    {
        try
        {
            return vaults.Read().Count > 0;
        }
        catch (VaultException)
        {
            return true;
        }
    }
}
