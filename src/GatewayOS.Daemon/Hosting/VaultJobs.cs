using GatewayOS.Appliance.Jobs;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Store;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>How a vault stands, as the appliance last saw it.</summary>
/// <param name="CompleteUntil">Until when it had everything; null before the first sync has ended.</param>
/// <param name="BytesPut">Bytes put since the start.</param>
/// <param name="ObjectsLeft">Objects that a sync that runs has still to put of what it is at; 0 when none runs.</param>
/// <param name="Tasks">How far its tasks have come, as the last sync saw it; none before, or when it gets everything.</param>
internal sealed record VaultState(DateTimeOffset? CompleteUntil, long BytesPut, long ObjectsLeft, IReadOnlyList<VaultTaskProgress> Tasks)
{
    /// <summary>All that was in the vault then has been read back since; null before a whole pass of audits has ended.</summary>
    public DateTimeOffset? AuditedUntil { get; init; }

    /// <summary>Objects that audits have found damaged since the start.</summary>
    public long Damaged { get; init; }

    /// <summary>What of it lies in which storage class, as the last sync saw it.</summary>
    public IReadOnlyList<ClassUse> Classes { get; init; } = [];
}

/// <summary>Brings the vaults that this machine knows up to date with the appliance's store, one after another. Needs the key for those alone that have tasks.</summary>
/// <param name="storeDirectory">The store.</param>
/// <param name="open">Opens it with the key.</param>
/// <param name="vaults">The list of vaults: that of the machine, which <c>gatewayctl vault add</c> changes.</param>
/// <param name="time">The clock.</param>
internal sealed class VaultJobs(string storeDirectory, Func<BackupStore> open, VaultFile vaults, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Standing> _states = new(StringComparer.Ordinal);
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
            if (!_states.TryGetValue(name, out Standing? known))
            {
                _states[name] = known = new Standing(vaults.Ledger(name), 0, null, new VaultSyncProgress());
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
                (VaultSyncReport report, string? lost) = Sync(name, place, sum, progress, cancellation);
                sum = new JobFigures(sum.Files + report.Put, sum.Bytes + report.Bytes, SentBytes: sum.SentBytes + report.Bytes);
                if (report.StoreDamaged)
                {
                    VaultFinding first = report.Findings[0];
                    worst = JobOutcome.Failed(JobFault.Damage, $"{first.Object}: {first.Detail}. {first.Remedy}");
                }
                else if (lost is not null)
                {
                    worst = JobOutcome.Failed(JobFault.Damage, $"Vault {name}: {lost} is damaged there, and the store has it no more: 'gatewayctl vault heal --vault {name} --with VAULT' takes it from another vault.");
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

    private static VaultState Of(Standing known) =>
        new(known.Ledger.CompleteUntil, known.Before + (known.Now?.Bytes ?? 0), (known.Now?.Total - known.Now?.Done) ?? 0, known.Tasks.Tasks) { AuditedUntil = known.AuditedUntil, Damaged = known.Damaged, Classes = known.Classes };

    // Reads back what is due, then brings up to date, which mends what of it was damaged. Gives what was not mended.
    private (VaultSyncReport Report, string? Lost) Sync(string name, VaultPlace place, JobFigures sum, Action<JobFigures> progress, CancellationToken cancellation)
    {
        using IDisposable held = vaults.Hold(name);
        using RetryingMedium medium = place.Open(time, new RetryPolicy { Seed = Environment.ProcessId });
        VaultLedger ledger = vaults.Ledger(name);
        var options = new VaultSyncOptions { Time = time, Scope = vaults.Scope(name, open) };
        Standing before;
        lock (_gate)
        {
            before = (_states.TryGetValue(name, out Standing? known) ? known : new Standing(ledger, 0, null, options.Progress)) with { Ledger = ledger, Now = options.Progress };
            _states[name] = before;
        }

        options.Progress.Changed += () => progress(new JobFigures(sum.Files, sum.Bytes + options.Progress.Bytes, SentBytes: sum.SentBytes + options.Progress.Bytes));
        try
        {
            var disk = new PosixDisk(storeDirectory);
            int auditDays = place.AuditDays ?? VaultAuditOptions.PeriodDaysDefault;
            if (auditDays > 0 && ledger.CompleteUntil is not null)
            {
                Audit(name, medium, ledger, auditDays, ref before, cancellation);
            }

            VaultSyncReport report = VaultSync.Run(() => SealedStore.Open(disk, "vault sync", time), medium, ledger, options, cancellation);
            before = before with { Classes = report.Classes };
            return (report, ledger.Damaged is [string first, ..] ? first : null);
        }
        finally
        {
            lock (_gate)
            {
                _states[name] = before with { Before = before.Before + options.Progress.Bytes, Now = null, Tasks = options.Progress };
            }
        }
    }

    private void Audit(string name, RetryingMedium medium, VaultLedger ledger, int periodDays, ref Standing standing, CancellationToken cancellation)
    {
        VaultAuditReport report = VaultAudit.Run(medium, ledger, vaults.AuditNote(name), new VaultAuditOptions { PeriodDays = periodDays, Time = time }, cancellation);
        lock (_gate)
        {
            standing = standing with { AuditedUntil = report.WholeUntil, Damaged = standing.Damaged + report.Findings.Count };
            _states[name] = standing;
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

    // What is known of a vault: its ledger, bytes put by syncs that have ended, the sync that runs, and the last one that looked at its tasks.
    private sealed record Standing(VaultLedger Ledger, long Before, VaultSyncProgress? Now, VaultSyncProgress Tasks)
    {
        public DateTimeOffset? AuditedUntil { get; init; }

        public long Damaged { get; init; }

        public IReadOnlyList<ClassUse> Classes { get; init; } = [];
    }
}
