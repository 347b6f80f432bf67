using GatewayOS.Store.Storage;

namespace GatewayOS.TestKit.Simulated;

/// <summary>Which of the unsynced operations an image keeps.</summary>
public enum ImageMode
{
    /// <summary>None: only what was synced.</summary>
    DurableOnly,

    /// <summary>All of them.</summary>
    Everything,

    /// <summary>Whatever the seed says within the enabled <see cref="CrashFaults"/>.</summary>
    Seeded,
}

/// <summary>
/// A disk in memory with the freedoms POSIX leaves to a real one, decided by a seed. Processes use it through <see cref="NewProcess"/>;
/// <see cref="Crash"/> gives the disk as it is when the power has come back. Faults are listed in README.md. Thread-safe.
/// </summary>
public sealed class SimulatedDisk
{
    private readonly Lock _gate = new();
    private readonly List<ArmedFault> _armed = [];
    private readonly List<MediaDamage> _damage = [];
    private int _filesMade;
    private bool _powerOff;
    private bool _refusesChanges;
    private long _interruptAt;
    private Action? _interrupt;

    /// <summary>Makes an empty disk.</summary>
    /// <param name="seed">Decides whatever is left to chance.</param>
    public SimulatedDisk(int seed) => Random = Seeded.Random(seed);

    /// <summary>What a power cut may do; all by default.</summary>
    public CrashFaults CrashFaults { get; set; } = CrashFaults.All;

    /// <summary>Bytes all files together may have; writes beyond fail with ENOSPC.</summary>
    public long CapacityBytes { get; set; } = long.MaxValue;

    /// <summary>Operations so far that change something.</summary>
    public long ChangesMade { get; private set; }

    /// <summary>Operations so far of any sort.</summary>
    public long Operations { get; private set; }

    /// <summary>Faults that struck so far.</summary>
    public List<ArmedFault> Struck { get; } = [];

    /// <summary>Damage done to stored bytes.</summary>
    public IReadOnlyList<MediaDamage> Damage => _damage;

    /// <summary>Records operations when set.</summary>
    public OperationLog? Log { get; set; }

    /// <summary>Bytes of all files now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return Names.Directories.Sum(path => Names.Directory(path)!.Files?.Values.Sum(file => (long)file.Length) ?? 0);
            }
        }
    }

    internal SimulatedNames Names { get; private set; } = new();

    internal Random Random { get; }

    internal Lock Gate => _gate;

    /// <summary>True for operations that change something on the disk.</summary>
    public static bool Changes(DiskOperation operation) =>
        operation is not (DiskOperation.Open or DiskOperation.Read or DiskOperation.List or DiskOperation.Lock);

    /// <summary>Starts a process that uses the disk.</summary>
    /// <param name="name">For messages.</param>
    public SimulatedProcess NewProcess(string name = "main") => new(this, name);

    /// <summary>Lets a fault strike at a coming operation.</summary>
    public void Arm(ArmedFault fault)
    {
        lock (_gate)
        {
            _armed.Add(fault);
        }
    }

    /// <summary>
    /// Runs something else at a coming operation, before that has any effect: what another process does just then. On the caller's thread, so
    /// that a seed always gives the same interleaving.
    /// </summary>
    /// <param name="countdown">Operations of any sort to let pass first.</param>
    /// <param name="action">What runs; it may use the disk through other processes.</param>
    public void Interrupt(long countdown, Action action)
    {
        lock (_gate)
        {
            _interruptAt = Operations + countdown + 1;
            _interrupt = action;
        }
    }

    /// <summary>Takes back all faults that have not struck, and ends those that last.</summary>
    public void Disarm()
    {
        lock (_gate)
        {
            _armed.Clear();
            _interrupt = null;
            _refusesChanges = false;
            CapacityBytes = long.MaxValue;
        }
    }

    /// <summary>Cuts the power.</summary>
    /// <returns>The disk when the power has come back; this one stays dead.</returns>
    public SimulatedDisk Crash()
    {
        lock (_gate)
        {
            _powerOff = true;
            return Image(ImageMode.Seeded, Random.Next());
        }
    }

    /// <summary>The disk as a power cut at this moment would leave it, without cutting the power.</summary>
    /// <param name="mode">What of the unsynced operations it keeps.</param>
    /// <param name="seed">Decides, and is the new disk's seed.</param>
    public SimulatedDisk Image(ImageMode mode, int seed)
    {
        lock (_gate)
        {
            var image = new SimulatedDisk(seed) { CrashFaults = CrashFaults };
            Random? random = mode == ImageMode.Seeded ? image.Random : null;
            var files = new Dictionary<SimulatedFile, SimulatedFile>(ReferenceEqualityComparer.Instance);
            foreach ((string directory, Dictionary<string, SimulatedFile> entries) in Names.AfterCrash(CrashFaults, random, mode == ImageMode.Everything))
            {
                // Two names of one file, after a split rename, stay names of one file.
                foreach ((string name, SimulatedFile file) in entries)
                {
                    if (!files.TryGetValue(file, out SimulatedFile? copy))
                    {
                        copy = SimulatedFile.FromImage(++image._filesMade, mode == ImageMode.Everything ? file.WithAllPending() : file.AfterCrash(CrashFaults, random));
                        copy.IsDamaged = file.IsDamaged;
                        files.Add(file, copy);
                    }

                    entries[name] = copy;
                }

                image.Names.Load(directory, entries);
            }

            image._damage.AddRange(_damage);
            return image;
        }
    }

    /// <summary>Flips one bit of a stored file (bit rot).</summary>
    public void FlipBit(string path, long bit)
    {
        lock (_gate)
        {
            SimulatedFile file = Need(path);
            int offset = (int)(bit / 8);
            file.Corrupt(offset, [(byte)(file.Content[offset] ^ (1 << (int)(bit % 8)))]);
            _damage.Add(new MediaDamage("BitRot", path, offset, 1));
        }
    }

    /// <summary>Overwrites bytes of a stored file.</summary>
    public void Overwrite(string path, long offset, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            Need(path).Corrupt((int)offset, bytes);
            _damage.Add(new MediaDamage("Overwrite", path, offset, bytes.Length));
        }
    }

    /// <summary>Cuts a stored file, or extends it with zeros.</summary>
    public void Truncate(string path, long length)
    {
        lock (_gate)
        {
            SimulatedFile file = Need(path);
            _damage.Add(new MediaDamage("Truncate", path, Math.Min(length, file.Length), Math.Abs(file.Length - length)));
            file.CorruptLength((int)length);
        }
    }

    /// <summary>Puts a file there, durably, as somebody else might.</summary>
    public void Place(string path, byte[] content)
    {
        lock (_gate)
        {
            if (Names.Find(path) is not null)
            {
                Names.Unlink(path);
            }

            Names.Link(path, SimulatedFile.FromImage(++_filesMade, content));
            Names.Sync(SimulatedNames.Split(path).Directory);
        }
    }

    /// <summary>Takes a file away, durably.</summary>
    public void Remove(string path)
    {
        lock (_gate)
        {
            Need(path);
            Names.Unlink(path);
            Names.Sync(SimulatedNames.Split(path).Directory);
        }
    }

    /// <summary>A file's content as processes see it.</summary>
    public byte[] ReadAll(string path)
    {
        lock (_gate)
        {
            return Need(path).Content.ToArray();
        }
    }

    /// <summary>Paths of all files, sorted.</summary>
    public List<string> Files()
    {
        lock (_gate)
        {
            var paths = new List<string>();
            foreach (string directory in Names.Directories)
            {
                paths.AddRange((Names.Directory(directory)!.Files?.Keys ?? Enumerable.Empty<string>()).Select(name => SimulatedNames.Join(directory, name)));
            }

            paths.Sort(StringComparer.Ordinal);
            return paths;
        }
    }

    /// <summary>Paths of the files whose bytes were damaged, under whatever names they have now.</summary>
    public List<string> DamagedFiles()
    {
        lock (_gate)
        {
            return [.. Files().Where(path => Names.Find(path)!.IsDamaged)];
        }
    }

    /// <summary>Empties the page cache: writes that were acknowledged and dropped show their absence.</summary>
    public void DropCaches()
    {
        lock (_gate)
        {
            foreach (string directory in Names.Directories)
            {
                foreach (SimulatedFile file in Names.Directory(directory)!.Files?.Values ?? Enumerable.Empty<SimulatedFile>())
                {
                    file.DropCache();
                }
            }
        }
    }

    internal SimulatedFile NewFile() => new(++_filesMade);

    internal SimulatedFile Need(string path) =>
        Names.Find(path) ?? throw new StoreIoException(StoreIoFailure.Missing, path, $"Cannot open {path}: no such file.");

    internal void NoteDamage(MediaDamage damage) => _damage.Add(damage);

    /// <summary>Counts an operation and lets faults strike. Called under the gate, before anything changes.</summary>
    /// <returns>A fault that the operation has to act on itself, or null.</returns>
    internal RunningFault? Begin(SimulatedProcess process, DiskOperation operation, string path)
    {
        if (_powerOff)
        {
            throw new PowerCutException();
        }

        process.ThrowIfDead();
        Operations++;
        if (_interrupt is { } interrupt && Operations >= _interruptAt)
        {
            _interrupt = null;
            interrupt();
            process.ThrowIfDead();
        }

        ChangesMade += Changes(operation) ? 1 : 0;
        RunningFault? fault = _armed.Count == 0 ? null : NextFault(operation, path);
        switch (fault)
        {
            case RunningFault.PowerCut:
                _powerOff = true;
                throw new PowerCutException();
            case RunningFault.ProcessDeath:
                process.KillLocked();
                throw new ProcessKilledException(process.Name);
            case RunningFault.NoSpace:
                throw new StoreIoException(StoreIoFailure.DiskFull, path, $"Simulated: no space left for {operation} of {path}.");
            case RunningFault.IoError:
                throw new StoreIoException(StoreIoFailure.Device, path, $"Simulated: input/output error at {operation} of {path}.");
            case RunningFault.LostPermission:
                _refusesChanges = true;
                break;
            default:
                break;
        }

        return _refusesChanges && Changes(operation)
            ? throw new StoreIoException(StoreIoFailure.Permission, path, $"Simulated: permission denied for {operation} of {path}.")
            : fault;
    }

    internal bool RefusesChanges => _refusesChanges;

    internal bool HasRoom(long growthBytes) => CapacityBytes == long.MaxValue || growthBytes <= 0 || UsedBytes + growthBytes <= CapacityBytes;

    internal void CheckCapacity(long growthBytes, string path)
    {
        if (!HasRoom(growthBytes))
        {
            throw new StoreIoException(StoreIoFailure.DiskFull, path, $"Simulated: no space left to extend {path}.");
        }
    }

    private RunningFault? NextFault(DiskOperation operation, string path)
    {
        for (int i = 0; i < _armed.Count; i++)
        {
            ArmedFault armed = _armed[i];
            if (!armed.Aims(operation, path))
            {
                continue;
            }

            if (armed.Countdown > 0)
            {
                _armed[i] = armed with { Countdown = armed.Countdown - 1 };
                continue;
            }

            _armed.RemoveAt(i);
            Struck.Add(armed);
            return armed.Fault;
        }

        return null;
    }
}
