using System.Collections.Concurrent;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>How to audit.</summary>
public sealed record VaultAuditOptions
{
    /// <summary>The period of a vault of which nothing else is said, in days.</summary>
    public const int PeriodDaysDefault = 30;

    /// <summary>Shortest period, in days.</summary>
    public const int PeriodDaysMin = 1;

    /// <summary>Longest period, in days.</summary>
    public const int PeriodDaysMax = 3650;

    /// <summary>Days within which every object of the vault is read once.</summary>
    public int PeriodDays { get; init; } = PeriodDaysDefault;

    /// <summary>True reads all of it now.</summary>
    public bool All { get; init; }

    /// <summary>Objects that are read at a time; each thread holds a pack in memory.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Counters that the caller may read meanwhile.</summary>
    public VaultSyncProgress Progress { get; init; } = new();
}

/// <summary>What an audit did.</summary>
/// <param name="Checked">Objects read.</param>
/// <param name="Bytes">Bytes of them.</param>
/// <param name="PassBegan">When the present pass over the vault began; in the future when the one before has ended early.</param>
/// <param name="PassShare">How much of the vault, in bytes, this pass has read: 0 to 1.</param>
/// <param name="WholeUntil">Everything that was in the vault at this time has been read since; null before the first pass has ended.</param>
/// <param name="Findings">What is damaged.</param>
public sealed record VaultAuditReport(int Checked, long Bytes, DateTimeOffset PassBegan, double PassShare, DateTimeOffset? WholeUntil, IReadOnlyList<VaultFinding> Findings);

/// <summary>
/// Reads a vault back, without a key and without the store: of each run as much as is due, so that everything is read within a period. Goes by name, and keeps its place. What it finds damaged it notes in the
/// ledger as altered, and the next sync puts it again.
/// </summary>
public sealed class VaultAudit
{
    /// <summary>The tag in the ledger of what was found damaged: no listing shows it.</summary>
    public const string DamagedTag = "damaged";

    // Objects between two notes of the place: what is read again after a crash.
    private const int ObjectsPerNote = 32;

    private readonly VaultLedger _ledger;
    private readonly VaultAuditNote _note;
    private readonly VaultAuditOptions _options;
    private readonly CancellationToken _cancellation;
    private readonly VaultDisk _disk;
    private readonly (SealedFile File, VaultObject There)[] _objects;
    private readonly ConcurrentQueue<VaultFinding> _findings = new();
    private readonly byte[] _config;

    private VaultAudit(VaultDisk disk, byte[] config, VaultLedger ledger, VaultAuditNote note, VaultAuditOptions options, CancellationToken cancellation)
    {
        (_disk, _config, _ledger, _note, _options, _cancellation) = (disk, config, ledger, note, options, cancellation);
        _objects =
        [
            .. disk.Listing.Objects.Select(there => (File: SealedFile.TryParse(there.Name, out SealedFile file) ? file : default, There: there))
                .Where(found => found.File.Name is not null).OrderBy(found => found.There.Name, StringComparer.Ordinal),
        ];
    }

    /// <summary>Audits.</summary>
    /// <param name="medium">Where the vault is; borrowed.</param>
    /// <param name="ledger">What was put there; borrowed. Saved when something is damaged.</param>
    /// <param name="note">How far earlier runs have come.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops it; what was read counts.</param>
    /// <exception cref="StoreUnusableException">There is no store in the vault.</exception>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    public static VaultAuditReport Run(IVaultMedium medium, VaultLedger ledger, VaultAuditNote note, VaultAuditOptions options, CancellationToken cancellation)
    {
        VaultDisk disk = VaultDisk.OpenAsync(medium, cancellation).GetAwaiter().GetResult();
        byte[] config = VaultIdentity.ConfigOf(disk) ?? throw new StoreUnusableException($"There is no store in the vault {medium.Location}. 'gatewayctl vault sync' puts one there.");
        return new VaultAudit(disk, config, ledger, note, options, cancellation).Run();
    }

    private VaultAuditReport Run()
    {
        DateTimeOffset now = _options.Time.GetUtcNow();
        VaultAuditPlace place = _note.Read() is { } known && !_options.All ? known : new VaultAuditPlace(now, "", _note.Read()?.WholeUntil);
        long total = _objects.Sum(found => found.There.LengthBytes);
        (SealedFile File, VaultObject There)[] due = Due(place, total, now);
        _options.Progress.Begin("auditing", due.Length);
        foreach ((SealedFile File, VaultObject There)[] batch in due.Chunk(ObjectsPerNote))
        {
            OwnedThreads.Run(_options.Threads, batch, () => new Worker(this), (worker, found) => worker.See(found.File, found.There), _cancellation);
            place = place with { After = batch[^1].There.Name };
            if (!_findings.IsEmpty)
            {
                _ledger.Save();
            }

            _note.Write(place);
        }

        double share = total == 0 ? 1 : (double)_objects.Where(found => IsRead(found.There, place)).Sum(found => found.There.LengthBytes) / total;
        if (_objects.Length == 0 || string.CompareOrdinal(place.After, _objects[^1].There.Name) >= 0)
        {
            DateTimeOffset next = place.Began.AddDays(_options.PeriodDays);
            place = new VaultAuditPlace(next > now ? next : now, "", place.Began);
        }

        _note.Write(place);
        return new VaultAuditReport(due.Length, due.Sum(found => found.There.LengthBytes), place.Began, share, place.WholeUntil, [.. _findings.OrderBy(finding => finding.Object, StringComparer.Ordinal)]);
    }

    // As much as the share of the period that is over, and no more than a day's at once, so that a machine that was off for long catches up without a burst.
    private (SealedFile File, VaultObject There)[] Due(VaultAuditPlace place, long total, DateTimeOffset now)
    {
        (SealedFile File, VaultObject There)[] left = [.. _objects.Where(found => !IsRead(found.There, place))];
        if (_options.All)
        {
            return left;
        }

        double days = (now - place.Began).TotalDays;
        double wanted = Math.Min(1, days / _options.PeriodDays) * total;
        double most = (double)total / _options.PeriodDays;
        long read = _objects.Where(found => IsRead(found.There, place)).Sum(found => found.There.LengthBytes);
        long taken = 0;
        return [.. left.TakeWhile(found =>
        {
            bool isDue = days > 0 && (days >= _options.PeriodDays || read + taken < wanted) && taken < most;
            taken += found.There.LengthBytes;
            return isDue;
        })];
    }

    private static bool IsRead(VaultObject there, VaultAuditPlace place) => string.CompareOrdinal(there.Name, place.After) <= 0;

    private sealed class Worker(VaultAudit audit) : IDisposable
    {
        private readonly SealedCheck _check = new(SealedStore.IdIn(audit._config, audit._disk.Location), audit._config);
        private readonly SealedContent _content = new();

        public void See(SealedFile file, VaultObject there)
        {
            if (ReasonOf(file) is { } reason)
            {
                audit._ledger.Set((audit._ledger.Find(file.Name) ?? there) with { Tag = DamagedTag });
                audit._findings.Enqueue(new VaultFinding(file.Name, $"it is damaged in the vault: {reason}", "The next sync puts it again if the store has it; else 'gatewayctl vault heal --with VAULT' takes it from another vault."));
            }

            audit._options.Progress.AddDone();
            audit._options.Progress.AddBytes(there.LengthBytes);
        }

        public void Dispose()
        {
            _check.Dispose();
            _content.Dispose();
        }

        private string? ReasonOf(SealedFile file)
        {
            try
            {
                using IStoreFile there = audit._disk.OpenReadStreamed(file.Name);
                return _check.Whole(file, _content.Of(file, there));
            }
            catch (StoreDamagedException error)
            {
                return error.Message;
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
            {
                // Somebody has deleted it since it was listed. A sync notices that.
                return null;
            }
        }
    }
}
