using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>What healing did.</summary>
/// <param name="Checked">Files and objects checked, of all copies together.</param>
/// <param name="Healed">What was damaged or missing and has been put back.</param>
/// <param name="Lost">What no copy has whole.</param>
public sealed record VaultHealReport(int Checked, IReadOnlyList<VaultFinding> Healed, IReadOnlyList<VaultFinding> Lost);

/// <summary>
/// Heals copies of a store from each other: the store itself and any number of vaults. Every copy is verified without a key, byte by byte; what is damaged, or missing although its index
/// names it, is taken from the first other copy that has it whole. A pack's name commits to each of its records, so a copy is right whoever had it.
/// </summary>
/// <param name="store">The store; borrowed.</param>
/// <param name="storeDisk">Its disk.</param>
/// <param name="vaults">The vaults; borrowed.</param>
/// <param name="options">Threads and progress.</param>
public sealed class VaultHeal(SealedStore store, IStoreDisk storeDisk, IReadOnlyList<VaultCopy> vaults, VaultSyncOptions options) : IDisposable
{
    private const string StoreName = "the store";

    private readonly SealedCheck _check = new(store.StoreId, store.Config);
    private readonly SealedContent _content = new();
    private readonly List<VaultFinding> _healed = [];
    private readonly List<VaultFinding> _lost = [];

    /// <summary>Checks all copies and heals them.</summary>
    /// <param name="readData">True reads every byte, false the structure alone.</param>
    /// <param name="cancellation">Stops it; what is healed stays so.</param>
    /// <exception cref="VaultException">A vault cannot be reached.</exception>
    /// <exception cref="StoreIoException">A copy cannot be read or written.</exception>
    public VaultHealReport Run(bool readData, CancellationToken cancellation)
    {
        long seen = Heal(StoreName, storeDisk, vault: null, readData, cancellation);
        foreach (VaultCopy vault in vaults)
        {
            seen += Heal(vault.Name, vault.Disk, vault, readData, cancellation);
        }

        return new VaultHealReport((int)seen, _healed, _lost);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _check.Dispose();
        _content.Dispose();
    }

    private long Heal(string name, IStoreDisk disk, VaultCopy? vault, bool readData, CancellationToken cancellation)
    {
        options.Progress.Begin($"checking {name}", 0);
        var verify = new VerifyOptions { ReadData = readData, Threads = options.Threads };
        VerifyReport report = StoreVerifier.RunKeyless(disk, verify, cancellation);
        foreach (IGrouping<string, Finding> bad in report.Findings.Where(finding => finding.IsDamage && finding.Kind != FindingKind.Index).GroupBy(NameOf, StringComparer.Ordinal))
        {
            cancellation.ThrowIfCancellationRequested();
            string detail = $"in {name}: {bad.First().Detail}";
            if (SealedFile.TryParse(bad.Key, out SealedFile file) && TakeFrom(file, exceptFor: name) is { } source)
            {
                Replace(file, vault, cancellation);
                _healed.Add(new VaultFinding(file.Name, detail, $"It was taken back from {source}."));
            }
            else
            {
                _lost.Add(new VaultFinding(bad.Key, detail, bad.First().Remedy));
            }
        }

        foreach (Finding segment in vault is null ? [] : report.Findings.Where(finding => finding.Kind == FindingKind.Index))
        {
            DropSegment($"index/{segment.Object}", vault!, $"in {name}: {segment.Detail}", cancellation);
        }

        return report.PacksChecked + report.SnapshotsChecked;
    }

    // A cache: without it whoever reads the vault reads packs' directories.
    private void DropSegment(string segment, VaultCopy vault, string detail, CancellationToken cancellation)
    {
        vault.Medium.DeleteAsync(segment, cancellation).GetAwaiter().GetResult();
        vault.Disk.Listing.Remove(segment);
        vault.Ledger.Remove(segment);
        vault.Ledger.Save();
        _healed.Add(new VaultFinding(segment, detail, "It was deleted: the next sync puts it anew."));
    }

    // A finding names packs and snapshots by their file alone.
    private static string NameOf(Finding finding) => finding.Kind switch
    {
        FindingKind.Snapshot => $"snapshots/{finding.Object}",
        FindingKind.PackMissing or FindingKind.PackDamaged or FindingKind.RecordDamaged => $"packs/{finding.Object[..2]}/{finding.Object}",
        _ => finding.Object,
    };

    // Leaves the content in memory, checked to the last byte.
    private string? TakeFrom(SealedFile file, string exceptFor)
    {
        foreach ((string name, IStoreDisk disk) in (IEnumerable<(string, IStoreDisk)>)[(StoreName, storeDisk), .. vaults.Select(vault => (vault.Name, (IStoreDisk)vault.Disk))])
        {
            if (name == exceptFor)
            {
                continue;
            }

            try
            {
                using IStoreFile source = disk.OpenReadStreamed(file.Name);
                _content.Load(file, source);
                if (_check.Whole(file, _content) is null)
                {
                    return name;
                }
            }
            catch (Exception error) when (error is StoreIoException or StoreDamagedException)
            {
                // The next copy may have it.
            }
        }

        return null;
    }

    private void Replace(SealedFile file, VaultCopy? vault, CancellationToken cancellation)
    {
        if (vault is null)
        {
            store.Place(file, _content);
            return;
        }

        VaultObject put = vault.Medium.PutAsync(file.Name, _content, cancellation).GetAwaiter().GetResult();
        vault.Disk.Listing.Set(put);
        vault.Ledger.Set(put);
        vault.Ledger.Save();
    }
}

/// <summary>A vault as one of several copies of a store.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Medium">Where it is.</param>
/// <param name="Disk">The same, to read.</param>
/// <param name="Ledger">What was put there.</param>
public sealed record VaultCopy(string Name, IVaultMedium Medium, VaultDisk Disk, VaultLedger Ledger);
