namespace GatewayOS.Store;

/// <summary>File names of a store (FORMAT.md, "Directory layout").</summary>
internal static class StoreLayout
{
    public const string Config = "config.json";
    public const string Keys = "keys";
    public const string Packs = "packs";
    public const string Index = "index";
    public const string Snapshots = "snapshots";
    public const string Locks = "locks";
    public const string Temporary = "tmp";
    public const string Condemned = "condemned";
    public const string Damaged = "damaged";
    public const string Retention = "retention";

    public const string KeySuffix = ".key";
    public const string PackSuffix = ".pack";
    public const string IndexSuffix = ".idx";

    /// <summary>Of a segment that a rebuild has finished while the whole is not done: not part of the index yet.</summary>
    public const string IndexPartSuffix = ".part";

    /// <summary>Of a list of packs that gc has deleted and that segments still name.</summary>
    public const string GoneSuffix = ".gone";

    public const string SnapshotSuffix = ".snap";
    public const string SessionSuffix = ".session";
    public const string CondemnedSuffix = ".packs";

    /// <summary>Held by whoever removes things: gc and repair.</summary>
    public const string MaintenanceLock = Locks + "/maintenance.lock";

    /// <summary>Held by whoever removes a key slot.</summary>
    public const string KeysLock = Locks + "/keys.lock";

    /// <summary>Directories that packs are spread over, by the first byte of their ID.</summary>
    public const int PackShards = 256;

    public static readonly string[] Directories = [Keys, Packs, Index, Snapshots, Locks, Temporary, Condemned, Damaged, Retention];

    public static string PackShard(int shard) => $"{Packs}/{shard:x2}";

    public static string PackShard(ChunkId packId) => PackShard((int)(packId.Prefix >> 56));

    public static string PackPath(ChunkId packId) => $"{PackShard(packId)}/{packId}{PackSuffix}";

    public static string SnapshotPath(string id) => $"{Snapshots}/{id}{SnapshotSuffix}";

    /// <summary>The ID a file name carries, or false when the name is not of that form.</summary>
    public static bool TryParseId(string fileName, string suffix, out ChunkId id)
    {
        id = default;
        if (fileName.Length != (ChunkId.SizeBytes * 2) + suffix.Length || !fileName.EndsWith(suffix, StringComparison.Ordinal))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        ReadOnlySpan<char> digits = fileName.AsSpan(0, ChunkId.SizeBytes * 2);
        if (digits.ContainsAnyInRange('A', 'F') || Convert.FromHexString(digits, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        id = new ChunkId(bytes);
        return true;
    }
}
