using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>A source tree, a store of it with small packs, and a vault in a directory.</summary>
internal sealed class VaultRig : IDisposable
{
    /// <summary>Small chunks and packs: much happens in little data.</summary>
    private const int PackBytes = 4096;

    private readonly ScratchDirectory _scratch = new("vault");

    public VaultRig()
    {
        Directory.CreateDirectory(Source);
        Directory.CreateDirectory(VaultPath);
        using BackupStore made = BackupStore.Create(Disk, new StoreOptions { PackBytes = PackBytes, Chunker = new ChunkerParameters(64, 256, 1024) }, Secret, "test", new OpenOptions());
        Recovery = StoreSecret.Recovery.Generate();
        made.AddKeySlot(Recovery, "recovery");
        Medium = new DirectoryMedium(new PosixDisk(VaultPath));
    }

    public static StoreSecret Secret { get; } = new StoreSecret.KeyFile(KeyFile.Generate());

    /// <summary>The store's recovery key, as it stands on paper.</summary>
    public StoreSecret.Recovery Recovery { get; }

    public string Source => _scratch["source"];

    public string StorePath => _scratch["store"];

    public string VaultPath => _scratch["vault"];

    public PosixDisk Disk => new(StorePath);

    public DirectoryMedium Medium { get; }

    public VaultLedger Ledger { get; set; } = VaultLedger.InMemory();

    public string this[string name] => _scratch[name];

    /// <summary>Writes files of noise.</summary>
    public void Write(int seed, int files = 8, int bytes = 20_000)
    {
        var random = new Random(seed);
        for (int i = 0; i < files; i++)
        {
            byte[] content = new byte[bytes];
            random.NextBytes(content);
            Directory.CreateDirectory(Path.Join(Source, $"d{i % 3}"));
            File.WriteAllBytes(Path.Join(Source, $"d{i % 3}/f{seed}-{i}"), content);
        }
    }

    public SnapshotRecord Backup(string host = "test-node", params string[] tags)
    {
        using BackupStore store = OpenStore("backup");
        return Backup(store, host, tags);
    }

    public SnapshotRecord Backup(BackupStore store, string host, params string[] tags) =>
        FileBackup.Run(store, new BackupOptions { Sources = [Encoding.UTF8.GetBytes(Source)], Host = host, Tags = tags }, new BackupProgress(), CancellationToken.None).Snapshot;

    public BackupStore OpenStore(string purpose = "test") => BackupStore.Open(Disk, Secret, new OpenOptions { Purpose = purpose });

    public VaultSyncReport Sync(IVaultMedium? medium = null, VaultSyncOptions? options = null, VaultLedger? ledger = null) =>
        VaultSync.Run(() => SealedStore.Open(Disk, "sync", TimeProvider.System), medium ?? Medium, ledger ?? Ledger, options ?? new VaultSyncOptions { Threads = 2 }, CancellationToken.None);

    public static VaultDisk Open(IVaultMedium medium) => VaultDisk.OpenAsync(medium, CancellationToken.None).GetAwaiter().GetResult();

    /// <summary>Everything that is wrong with the store in a vault, with the key and every byte.</summary>
    public static IReadOnlyList<Finding> Faults(IVaultMedium medium, out int snapshots)
    {
        VaultDisk disk = Open(medium);
        using BackupStore store = BackupStore.Open(disk, Secret, new OpenOptions());
        snapshots = store.Snapshots().Records.Count;
        return StoreVerifier.Run(store, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings;
    }

    /// <summary>Restores the newest snapshot, and gives what rsync would still have to do to make it like the source.</summary>
    public string DifferencesAfterRestore(IStoreDisk disk, StoreSecret? secret = null)
    {
        using BackupStore store = BackupStore.Open(disk, secret ?? Secret, new OpenOptions());
        return DifferencesAfterRestore(store, store.Snapshots().Records[^1], Source);
    }

    /// <summary>Restores a snapshot, and gives what rsync would still have to do to make it like a tree.</summary>
    public string DifferencesAfterRestore(BackupStore store, SnapshotRecord snapshot, string like)
    {
        string target = _scratch[$"out-{Guid.NewGuid():N}"];
        var progress = new RestoreProgress();
        FileRestore.Run(store, snapshot, new RestoreOptions { Target = Encoding.UTF8.GetBytes(target), Threads = 2 }, progress, CancellationToken.None);
        return progress.ProblemCount == 0 ? Shell.Differences(target + Source, like) : string.Join('\n', progress.Problems.Select(problem => problem.Reason));
    }

    /// <summary>Forgets all snapshots but the newest ones and collects until nothing more goes.</summary>
    public void ForgetAndCollect(int keep) => ForgetAndCollect(records => records.SkipLast(keep));

    /// <summary>Forgets snapshots and collects until nothing more goes.</summary>
    public void ForgetAndCollect(Func<IReadOnlyList<SnapshotRecord>, IEnumerable<SnapshotRecord>> choose)
    {
        using (BackupStore store = OpenStore("forget"))
        {
            foreach (SnapshotRecord old in choose(store.Snapshots().Records))
            {
                store.DeleteSnapshot(old);
            }
        }

        using BackupStore collected = OpenStore("gc");
        GarbageCollector.Run(collected, new GcOptions { MaxUnusedPercent = 0 }, CancellationToken.None);
    }

    /// <summary>Flips a bit in the middle of a file.</summary>
    public static void Rot(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        content[content.Length / 2] ^= 4;
        File.WriteAllBytes(path, content);
    }

    public string[] Packs(string root) => [.. Directory.GetFiles(Path.Join(root, "packs"), "*.pack", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    public void Dispose() => _scratch.Dispose();
}
