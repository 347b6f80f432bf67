using System.Reflection;
using System.Security.Cryptography;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Hashing;
using GatewayOS.Store.Index;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store;

/// <summary>How a store is opened.</summary>
public sealed record OpenOptions
{
    /// <summary>What for, in a word; shown to whoever waits for this session.</summary>
    public string Purpose { get; init; } = "use";

    /// <summary>Clock for time stamps.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Bytes that a reader reads at once from a pack it reads in sequence: <see cref="Tuning.PipelineTuning.ReadAheadBytes"/>.</summary>
    public int ReadAheadBytes { get; init; } = Tuning.PipelineTuning.Default.ReadAheadBytes;

    /// <summary>Clocks for locks on snapshots; null for the machine's.</summary>
    public Locks.IBootClock? BootClock { get; init; }

    /// <summary>Records read by earlier openings of the same store; shared.</summary>
    public SnapshotCache KnownSnapshots { get; init; } = new();

    /// <summary>Source of salts and session names; seeded only in simulations.</summary>
    internal EntropySource Entropy { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>
    /// Packs that no index segment covers are read, as an interrupted backup leaves them. False only for a rebuild of the index: that reads all packs anyway.
    /// </summary>
    public bool ReadsUncoveredPacks { get; init; } = true;

    /// <summary>
    /// Looking chunks up reads whole directories of packs ahead, which spares reads of the index. False where packs are far away and the index is near: there it would fetch from each pack that a stream goes through.
    /// </summary>
    public bool ReadsDirectoriesAhead { get; init; } = true;

    /// <summary>
    /// Entries of uncovered packs held in memory, some 80 bytes each, before opening makes a segment of them: a damaged segment of a large store leaves
    /// hundreds of millions. Smaller in tests.
    /// </summary>
    internal int LooseEntriesMax { get; init; } = 1_000_000;
}

/// <summary>
/// An opened, unlocked store. Thread-safe. Opening takes a session: while it lasts gc deletes nothing this store may read or refer to
/// (LOCKING.md). Dispose ends the session.
/// </summary>
public sealed partial class BackupStore : ISnapshotStore, IDisposable
{
    private readonly StoreConfig _config;
    private readonly byte[] _binding;
    private readonly MasterKey _master;
    private readonly SessionLock? _session;
    private readonly IndexPageCache _pageCache = new();
    private readonly LocalityCache _locality;
    private readonly List<string> _warnings = [];
    private readonly Lock _indexGate = new();
    private volatile StoreIndex _index;
    private long _temporaryNames;
    private bool _disposed;

    private BackupStore(IStoreDisk disk, StoreConfig config, byte[] binding, MasterKey master, OpenOptions options)
    {
        (Disk, _config, _binding, _master) = (disk, config, binding, master);
        Keys = new StoreKeys(master, config.Format);
        Options = options;
        _locality = new LocalityCache(disk, config.StoreId, Packs, Warn);
        if (disk.IsReadOnly)
        {
            _warnings.Add($"{disk.Location} cannot be written, so no session was taken: do not run gc on it from elsewhere meanwhile.");
        }
        else
        {
            var info = new SessionInfo(options.Purpose, Environment.ProcessId, Environment.MachineName, options.Time.GetUtcNow());
            _session = SessionLock.Begin(disk, info, options.Entropy);
        }

        try
        {
            _index = LoadIndex(old: null);
        }
        catch
        {
            _session?.Dispose();
            throw;
        }
    }

    /// <summary>The store's identity.</summary>
    public string StoreId => _config.StoreId.ToString("D");

    /// <summary>When it was made.</summary>
    public DateTimeOffset Created => _config.Created;

    /// <summary>Where it is.</summary>
    public string Location => Disk.Location;

    /// <summary>Its chunk sizes.</summary>
    public ChunkerParameters Chunker => _config.Chunker;

    /// <summary>True when nodes can back up into it over a network: they name content without the store's key. False for format 1.</summary>
    public bool AcceptsNodes => Keys.Naming.IsOpen;

    /// <summary>
    /// The key of the chunker's table, 32 bytes: the only key that nodes are given, so that all cut equal content equally. Who has it and sees the
    /// store's packs could tell known files by the lengths of their chunks; it opens nothing.
    /// </summary>
    public ReadOnlyMemory<byte> ChunkerKey => Keys.ChunkerKey;

    /// <summary>What went wrong without being fatal, in words.</summary>
    public IReadOnlyList<string> Warnings
    {
        get
        {
            lock (_warnings)
            {
                return [.. _warnings];
            }
        }
    }

    internal IStoreDisk Disk { get; }

    internal StoreKeys Keys { get; }

    internal OpenOptions Options { get; }

    internal Guid Guid => _config.StoreId;

    /// <summary>Digest of the config file, to which key slots are bound.</summary>
    internal ReadOnlySpan<byte> Binding => _binding;

    internal int PackBytes => _config.PackBytes;

    internal PackTable Packs { get; } = new();

    internal EntropySource Entropy => Options.Entropy;

    /// <summary>The index now, to look at what it is made of. To read through it take a lease (<see cref="LeaseIndex"/>).</summary>
    internal StoreIndex Index => _index;

    internal IndexPageCache PageCache => _pageCache;

    internal LocalityCache Locality => _locality;

    /// <summary>The session's name; null on a read-only disk.</summary>
    internal string? SessionName => _session?.Name;

    /// <summary>Makes a store in an empty or missing directory. The config file comes last: without it the directory is no store yet.</summary>
    /// <param name="disk">Where.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="secret">Opens the first key slot.</param>
    /// <param name="slotLabel">The slot's label, for people.</param>
    /// <param name="open">How the new store is opened.</param>
    /// <param name="cost">Cost of the key derivation; the default suits people's passphrases.</param>
    /// <exception cref="StoreUnusableException">The directory holds something, or the options are invalid.</exception>
    public static BackupStore Create(IStoreDisk disk, StoreOptions options, StoreSecret secret, string slotLabel, OpenOptions open, KdfCost? cost = null)
    {
        if (options.Validate() is { Count: > 0 } errors)
        {
            throw new StoreUnusableException(string.Join(' ', errors));
        }

        RefuseOccupied(disk);
        disk.CreateDirectory("");
        foreach (string directory in StoreLayout.Directories)
        {
            disk.CreateDirectory(directory);
        }

        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            disk.CreateDirectory(StoreLayout.PackShard(shard));
        }

        // One init at a time: a second one would replace the config that the first one's key slot, and perhaps its data, are bound to.
        using IStoreLock held = disk.TryLock(StoreLayout.MaintenanceLock)
            ?? throw new StoreUnusableException($"A store is being made in {disk.Location} now. Try again when that has ended.");
        RefuseOccupied(disk);
        foreach (StoreEntry slot in disk.List(StoreLayout.Keys))
        {
            disk.Delete($"{StoreLayout.Keys}/{slot.Name}");
        }

        disk.SyncDirectory(StoreLayout.Packs);
        disk.SyncDirectory("");

        Span<byte> idBytes = stackalloc byte[16];
        open.Entropy(idBytes);
        var config = new StoreConfig
        {
            Format = StoreConfig.FormatVersion,
            StoreId = new Guid(idBytes),
            Created = open.Time.GetUtcNow(),
            Chunker = options.Chunker,
            PackBytes = options.PackBytes,
        };
        byte[] encoded = config.Encode();
        Span<byte> masterBytes = stackalloc byte[MasterKey.SizeBytes];
        open.Entropy(masterBytes);
        var master = new MasterKey(masterBytes);
        CryptographicOperations.ZeroMemory(masterBytes);
        byte[] binding = StoreConfig.Binding(encoded);
        KeySlotFiles.Add(disk, owner: "init", master, secret, slotLabel, binding, cost, open.Time);
        DurableFile.Replace(disk, "init", StoreLayout.Config, encoded);
        return new BackupStore(disk, config, binding, master, open);
    }

    /// <summary>Opens a store.</summary>
    /// <exception cref="StoreUnusableException">There is no store, or the secret opens no key slot; nothing was changed.</exception>
    public static BackupStore Open(IStoreDisk disk, StoreSecret secret, OpenOptions options)
    {
        byte[] encoded = ReadConfig(disk);
        StoreConfig config = StoreConfig.Decode(encoded, disk.Location);
        byte[] binding = StoreConfig.Binding(encoded);
        MasterKey master = KeySlotFiles.Unlock(disk, secret, binding);
        return new BackupStore(disk, config, binding, master, options);
    }

    /// <summary>True when a secret opens one of a store's key slots. Reads config and slots alone, and opens nothing.</summary>
    /// <exception cref="StoreUnusableException">There is no store.</exception>
    public static bool CanUnlock(IStoreDisk disk, StoreSecret secret)
    {
        byte[] binding = StoreConfig.Binding(ReadConfig(disk));
        try
        {
            KeySlotFiles.Unlock(disk, secret, binding).Dispose();
            return true;
        }
        catch (StoreUnusableException)
        {
            return false;
        }
    }

    /// <summary>The key slots.</summary>
    public IReadOnlyList<KeySlotInfo> KeySlots() => KeySlotFiles.List(Disk);

    /// <summary>Adds a key slot.</summary>
    /// <param name="secret">What will open it.</param>
    /// <param name="label">For people.</param>
    /// <param name="cost">Cost of the key derivation; null for the default.</param>
    public KeySlotInfo AddKeySlot(StoreSecret secret, string label, KdfCost? cost = null) =>
        KeySlotFiles.Add(Disk, Owner, _master, secret, label, _binding, cost, Options.Time);

    /// <summary>Removes a key slot; refuses the last one that is whole.</summary>
    /// <param name="idOrPrefix">The slot's ID or a unique beginning of it.</param>
    public KeySlotInfo RemoveKeySlot(string idOrPrefix) => KeySlotFiles.Remove(Disk, idOrPrefix, _binding);

    /// <summary>Opens a reader for one thread.</summary>
    public ChunkReader OpenReader() => new(this);

    /// <summary>Opens a writer, after taking over what an interrupted run left in <c>tmp/</c>.</summary>
    /// <exception cref="StoreIoException">The store cannot be written.</exception>
    public StoreWriter OpenWriter(WriterOptions options)
    {
        if (_session is null)
        {
            throw new StoreIoException(StoreIoFailure.Permission, Location, $"Cannot write to {Location}: it is read-only. Mount it writable or run as its owner.");
        }

        // An init that was interrupted between renaming and syncing left names that a power cut would take back, and with them all that is
        // stored from here on.
        Disk.SyncDirectory("");
        Disk.SyncDirectory(StoreLayout.Keys);
        if (PackSalvage.Run(this) > 0)
        {
            Reload();
        }

        return new StoreWriter(this, options);
    }

    /// <summary>The ID under which packs and index have a chunk that trees call so.</summary>
    public ChunkId IdOf(ContentHash hash) => Keys.Naming.Id(hash);

    /// <summary>Computes the hash by which trees name a chunk with these bytes.</summary>
    public ContentHash ComputeHash(ReadOnlySpan<byte> plain) => Keys.Naming.Hash(plain);

    /// <inheritdoc/>
    public ChunkLocation ReadingOrder(ContentHash hash) => !hash.IsNone && TryLocate(hash, out ChunkLocation location) ? location : default;

    ContentWriter ISnapshotStore.OpenWriter(WriterOptions options) => OpenWriter(options);

    ContentReader ISnapshotStore.OpenReader() => OpenReader();

    ContentReader ISnapshotStore.OpenStreamingReader() => new ChunkReader(this, streamed: true);

    /// <inheritdoc/>
    public void Dispose()
    {
        _session?.Dispose();
        lock (_indexGate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            _index.Release();
        }

        Keys.Dispose();
        _master.Dispose();
    }

    /// <summary>Who makes temporary files in this session.</summary>
    internal string Owner => _session?.Name ?? "none";

    /// <summary>A name that no other temporary file of any session has.</summary>
    internal string NextTemporaryName() => $"{Owner}-{Interlocked.Increment(ref _temporaryNames)}";

    internal void Warn(string warning)
    {
        lock (_warnings)
        {
            if (!_warnings.Contains(warning))
            {
                _warnings.Add(warning);
            }
        }
    }

    internal static byte[] ReadConfig(IStoreDisk disk)
    {
        try
        {
            return DurableFile.Read(disk, StoreLayout.Config);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            throw new StoreUnusableException($"There is no store in {disk.Location}. Make one with 'gatewayctl store init --store {disk.Location}'.", error);
        }
    }

    internal static string ProgramVersion { get; } =
        typeof(BackupStore).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static void RefuseOccupied(IStoreDisk disk)
    {
        foreach (StoreEntry entry in disk.List(""))
        {
            if (entry.Name == StoreLayout.Config)
            {
                throw new StoreUnusableException($"There is a store in {disk.Location} already. Choose another directory.");
            }

            // An init that was interrupted leaves empty directories and perhaps a key slot: init may finish the work. A file system's own
            // lost+found is no content either.
            if (!(entry.IsDirectory && (StoreLayout.Directories.Contains(entry.Name) || entry.Name == "lost+found")))
            {
                throw new StoreUnusableException($"{disk.Location} is not empty ('{entry.Name}' is in it). Choose an empty or new directory for the store.");
            }
        }

        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            if (disk.List(StoreLayout.PackShard(shard)).Count > 0)
            {
                throw new StoreUnusableException($"{disk.Location} holds packs of a store whose {StoreLayout.Config} is missing. Restore that file, or choose another directory.");
            }
        }
    }
}
