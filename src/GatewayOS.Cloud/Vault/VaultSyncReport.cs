using GatewayOS.Cloud.Vault.Classes;

namespace GatewayOS.Cloud.Vault;

/// <summary>How to sync.</summary>
public sealed record VaultSyncOptions
{
    /// <summary>Most threads.</summary>
    public const int ThreadsMax = 64;

    /// <summary>Objects on their way at a time. Each thread holds a pack in memory, 60 MiB as a rule.</summary>
    public int Threads { get; init; } = 4;

    /// <summary>
    /// Fills a vault in which everything, or the config file, is missing although something was put there before. Without it such a vault is refused: the disk
    /// may not be mounted.
    /// </summary>
    public bool Refill { get; init; }

    /// <summary>
    /// For how long packs are put in one round. A round is a session of the store, and gc frees nothing that it condemned since a session began; a first sync may take days.
    /// </summary>
    public TimeSpan RoundMax { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What the vault is to have.</summary>
    public VaultScope Scope { get; init; } = VaultScope.Everything;

    /// <summary>True for the machine that backs up straight into this vault; all others are refused there.</summary>
    internal bool IsDirect { get; init; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Counters that the caller may read meanwhile.</summary>
    public VaultSyncProgress Progress { get; init; } = new();
}

/// <summary>Where a sync is. Thread-safe.</summary>
public sealed class VaultSyncProgress
{
    private long _bytes;
    private long _done;
    private long _total;

    /// <summary>Told on any thread when an object was put.</summary>
    public event Action? Changed;

    /// <summary>What it does now.</summary>
    public string Stage { get; private set; } = "listing";

    /// <summary>Objects of this stage that are there, or have been seen to.</summary>
    public long Done => Interlocked.Read(ref _done);

    /// <summary>Objects of this stage.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>Bytes put so far, in all stages.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>How far the vault's tasks have come; none when it gets everything without any.</summary>
    public IReadOnlyList<VaultTaskProgress> Tasks { get; private set; } = [];

    internal void Tell(IReadOnlyList<VaultTaskProgress> tasks) => Tasks = tasks;

    internal void Begin(string stage, long total)
    {
        Stage = stage;
        Interlocked.Exchange(ref _done, 0);
        Interlocked.Exchange(ref _total, total);
    }

    internal void AddDone() => Interlocked.Increment(ref _done);

    internal void AddBytes(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        Changed?.Invoke();
    }
}

/// <summary>Something that was wrong.</summary>
/// <param name="Object">The object or file.</param>
/// <param name="Detail">What is wrong with it.</param>
/// <param name="Remedy">What to do, or what was done.</param>
public sealed record VaultFinding(string Object, string Detail, string Remedy);

/// <summary>What a sync did.</summary>
public sealed record VaultSyncReport
{
    /// <summary>Objects put.</summary>
    public int Put { get; init; }

    /// <summary>Bytes of them.</summary>
    public long Bytes { get; init; }

    /// <summary>Snapshot records among them: restore points that the vault has now and had not before.</summary>
    public int Snapshots { get; init; }

    /// <summary>Objects that had been put before and were missing or altered in the vault: put again.</summary>
    public int Mended { get; init; }

    /// <summary>Objects that were there without this machine knowing, and are right.</summary>
    public int Adopted { get; init; }

    /// <summary>Index segments removed that others have replaced.</summary>
    public int Removed { get; init; }

    /// <summary>Locks made longer.</summary>
    public int LocksExtended { get; init; }

    /// <summary>True when the vault has everything that it was to have when the last look at the store began.</summary>
    public bool Complete { get; init; }

    /// <summary>What of the vault lies in which storage class; none for one that is no bucket.</summary>
    public IReadOnlyList<ClassUse> Classes { get; init; } = [];

    /// <summary>What is damaged in the store, and so could not be put; and what was mended in the vault.</summary>
    public required IReadOnlyList<VaultFinding> Findings { get; init; }

    /// <summary>True when files of the store are damaged.</summary>
    public bool StoreDamaged { get; init; }
}
