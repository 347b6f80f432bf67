using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>A machine without an appliance: a source tree, a cache, what it keeps, and a vault somewhere.</summary>
internal sealed class DirectRig : IDisposable
{
    private const int PackBytesDefault = 8192;
    private const long StagingBytes = 1 << 20;

    private readonly ScratchDirectory _scratch = new("direct");

    public DirectRig(IVaultMedium? medium = null, int packBytes = PackBytesDefault, ChunkerParameters? chunker = null)
    {
        Directory.CreateDirectory(Source);
        Directory.CreateDirectory(VaultPath);
        Medium = medium ?? new DirectoryMedium(new PosixDisk(VaultPath));
        DirectVault.Make(Medium, Secret, Recovery, Writer(), new StoreOptions { PackBytes = packBytes, Chunker = chunker ?? new ChunkerParameters(64, 256, 1024) }, Options, CancellationToken.None);
    }

    public IVaultMedium Medium { get; }

    public StoreSecret Secret { get; } = new StoreSecret.KeyFile(KeyFile.Generate());

    public StoreSecret.Recovery Recovery { get; } = StoreSecret.Recovery.Generate();

    public Guid WriterId { get; } = Guid.NewGuid();

    public string Source => _scratch["source"];

    public string VaultPath => _scratch["vault"];

    public string CachePath => _scratch["cache"];

    public string StatePath => _scratch["state"];

    public DirectOptions Options => new() { Cache = CachePath, StagingBytesMax = StagingBytes };

    public string this[string name] => _scratch[name];

    public DirectWriter Writer(string? state = null, Guid? id = null) => new(Medium, id ?? WriterId, new StateDirectory(state ?? StatePath), TimeProvider.System);

    public DirectVault Open(IVaultMedium? medium = null, DirectOptions? options = null, DirectWriter? writer = null, CancellationToken cancellation = default) =>
        DirectVault.Open(medium ?? Medium, Secret, writer ?? Writer(), options ?? Options, cancellation);

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

    /// <summary>Backs up, and puts what there is to put.</summary>
    public DirectRun Backup(IVaultMedium? medium = null, DirectOptions? options = null)
    {
        using DirectVault vault = Open(medium, options);
        BackupResult result = BackUp(vault);
        VaultSyncReport report = vault.Finish();
        return new DirectRun(result, report, [.. vault.Findings], vault.StagedBytesPeak, vault.StagedBytes);
    }

    public BackupResult BackUp(DirectVault vault) =>
        FileBackup.Run(vault.Store, new BackupOptions { Sources = [Encoding.UTF8.GetBytes(Source)], Host = "test-node" }, new BackupProgress(), CancellationToken.None);

    /// <summary>What is wrong with the vault, without any key, every byte.</summary>
    public IReadOnlyList<Finding> Faults() => StoreVerifier.RunKeyless(VaultRig.Open(Medium), new VerifyOptions { ReadData = true }, CancellationToken.None).Findings;

    /// <summary>The snapshots that a stranger with the recovery key finds, each with every chunk read.</summary>
    public int WholeSnapshots()
    {
        using BackupStore store = BackupStore.Open(VaultRig.Open(Medium), Recovery, new OpenOptions());
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        return store.Snapshots().Records.Count;
    }

    /// <summary>Restores the newest snapshot with the recovery key alone, and gives what rsync would still have to do to make it like the source.</summary>
    public string DifferencesAfterRestore(string? like = null)
    {
        string target = _scratch[$"out-{Guid.NewGuid():N}"];
        using BackupStore store = BackupStore.Open(VaultRig.Open(Medium), Recovery, new OpenOptions());
        var progress = new RestoreProgress();
        FileRestore.Run(store, store.Snapshots().Records[^1], new RestoreOptions { Target = Encoding.UTF8.GetBytes(target), Threads = 2 }, progress, CancellationToken.None);
        return progress.ProblemCount == 0 ? Shell.Differences(target + Source, like ?? Source) : string.Join('\n', progress.Problems.Select(problem => problem.Reason));
    }

    /// <summary>Packs of the vault, as it is listed.</summary>
    public VaultObject[] Packs() => [.. VaultRig.Open(Medium).Listing.Objects.Where(there => there.Name.StartsWith("packs/", StringComparison.Ordinal)).OrderBy(there => there.Name, StringComparer.Ordinal)];

    /// <summary>Packs and unfinished packs in the cache.</summary>
    public string[] NearPacks() => Directory.Exists(CachePath) ? Directory.GetFiles(CachePath, "*.pack", SearchOption.AllDirectories) : [];

    /// <summary>Somebody deletes an object of the vault.</summary>
    public void Purge(string name) => Medium.PurgeAsync(name, CancellationToken.None).GetAwaiter().GetResult();

    public void LoseCache() => Directory.Delete(CachePath, recursive: true);

    public void Dispose() => _scratch.Dispose();
}

/// <summary>What a backup did.</summary>
internal sealed record DirectRun(BackupResult Result, VaultSyncReport Report, IReadOnlyList<VaultFinding> Findings, long StagedBytesPeak, long StagedBytesLeft)
{
    public SnapshotRecord Snapshot => Result.Snapshot;
}
