namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>How a machine backs up straight into a vault.</summary>
public sealed record DirectOptions
{
    /// <summary>Default of <see cref="StagingBytesMax"/>: 1 GiB.</summary>
    public const long StagingBytesDefault = 1L << 30;

    /// <summary>Directory of the cache on this machine; made when missing. It may be deleted at any time between runs.</summary>
    public required string Cache { get; init; }

    /// <summary>Most bytes of packs that are on this machine and not in the vault yet. At least ten packs, 640 MiB in a store of the usual pack size: <see cref="DirectStaging.OpenPacksMax"/>.</summary>
    public long StagingBytesMax { get; init; } = StagingBytesDefault;

    /// <summary>Packs on their way at a time; each holds one in memory, 60 MiB as a rule. What is on its way is cut into parts that go side by side.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>What for, in a word.</summary>
    public string Purpose { get; init; } = "backup";

    /// <summary>Fills a vault anew that has lost its config file or everything.</summary>
    public bool Refill { get; init; }

    /// <summary>Takes the vault from the machine that wrote to it before.</summary>
    public bool TakeOver { get; init; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Counters that the caller may read meanwhile.</summary>
    public VaultSyncProgress Progress { get; init; } = new();
}
