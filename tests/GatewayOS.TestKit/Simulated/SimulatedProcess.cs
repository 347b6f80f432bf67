using GatewayOS.Store.Storage;

namespace GatewayOS.TestKit.Simulated;

/// <summary>A process's view of a <see cref="SimulatedDisk"/>: its locks and open files die with it.</summary>
public sealed class SimulatedProcess : IStoreDisk
{
    private readonly SimulatedDisk _disk;
    private readonly List<SimulatedFile> _locked = [];
    private bool _dead;

    internal SimulatedProcess(SimulatedDisk disk, string name) => (_disk, Name) = (disk, name);

    /// <summary>For messages.</summary>
    public string Name { get; }

    /// <summary>True once killed.</summary>
    public bool IsDead => _dead;

    /// <inheritdoc/>
    public string Location => "simulated";

    /// <summary>Set for a disk that is mounted read-only from the start.</summary>
    public bool MountedReadOnly { get; init; }

    /// <inheritdoc/>
    public bool IsReadOnly => MountedReadOnly || _disk.RefusesChanges;

    /// <summary>Kills the process as SIGKILL does.</summary>
    public void Kill()
    {
        lock (_disk.Gate)
        {
            KillLocked();
        }
    }

    /// <inheritdoc/>
    public IStoreFile Create(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Create, path);
            NeedDirectory(path);
            if (_disk.Names.Find(path) is not null)
            {
                throw new StoreIoException(StoreIoFailure.Exists, path, $"Cannot create {path}: it exists.");
            }

            return new OpenFile(this, MakeFile(path), path, writable: true);
        }
    }

    /// <inheritdoc/>
    public IStoreFile OpenRead(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Open, path);
            return new OpenFile(this, _disk.Need(path), path, writable: false);
        }
    }

    /// <inheritdoc/>
    public IStoreFile OpenWrite(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Open, path);
            return new OpenFile(this, _disk.Need(path), path, writable: true);
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Rename, to);
            SimulatedFile file = _disk.Need(from);
            NeedDirectory(to);

            // rename(2): two names of the same file are left as they are.
            if (_disk.Names.Find(to) != file)
            {
                _disk.Names.Rename(from, to);
                _disk.Log?.Add(new LoggedOperation(DiskOperation.Rename, file.Number, from, to));
            }
        }
    }

    /// <inheritdoc/>
    public void Delete(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Delete, path);
            SimulatedFile file = _disk.Need(path);
            _disk.Names.Unlink(path);
            _disk.Log?.Add(new LoggedOperation(DiskOperation.Delete, file.Number, path));
        }
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.CreateDirectory, path);
            if (!_disk.Names.HasDirectory(path))
            {
                NeedDirectory(path);
                _disk.Names.MakeDirectory(path);
                _disk.Log?.Add(new LoggedOperation(DiskOperation.CreateDirectory, 0, path));
            }
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.SyncDirectory, path);
            if (!_disk.Names.HasDirectory(path))
            {
                throw new StoreIoException(StoreIoFailure.Missing, path, $"Cannot sync {path}: no such directory.");
            }

            _disk.Names.Sync(path);
            _disk.Log?.Add(new LoggedOperation(DiskOperation.SyncDirectory, 0, path));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> List(string directory)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.List, directory);
            if (_disk.Names.Directory(directory) is not { } found || (found.Subdirectories.Count == 0 && found.Files is not { Count: > 0 }))
            {
                return [];
            }

            var entries = new List<StoreEntry>(found.Subdirectories.Count + (found.Files?.Count ?? 0));
            entries.AddRange(found.Subdirectories.Select(name => new StoreEntry(name, 0, IsDirectory: true)));
            if (found.Files is { } files)
            {
                entries.AddRange(files.Select(file => new StoreEntry(file.Key, file.Value.Length, IsDirectory: false)));
            }

            return entries;
        }
    }

    /// <inheritdoc/>
    public IStoreLock? TryLock(string path)
    {
        lock (_disk.Gate)
        {
            Begin(_disk.Names.Find(path) is null ? DiskOperation.Create : DiskOperation.Lock, path);
            SimulatedFile? file = _disk.Names.Find(path);
            if (file is null)
            {
                NeedDirectory(path);
                file = MakeFile(path);
            }

            if (file.LockHolder is not null)
            {
                return null;
            }

            file.LockHolder = this;
            _locked.Add(file);
            return new HeldLock(this, file, path);
        }
    }

    /// <inheritdoc/>
    public bool IsLocked(string path)
    {
        lock (_disk.Gate)
        {
            Begin(DiskOperation.Lock, path);
            return _disk.Names.Find(path)?.LockHolder is not null;
        }
    }

    internal void ThrowIfDead()
    {
        if (_dead)
        {
            throw new ProcessKilledException(Name);
        }
    }

    internal void KillLocked()
    {
        _dead = true;
        _locked.ForEach(file => file.LockHolder = null);
        _locked.Clear();
    }

    private RunningFault? Begin(DiskOperation operation, string path) => _disk.Begin(this, operation, path);

    private SimulatedFile MakeFile(string path)
    {
        SimulatedFile file = _disk.NewFile();
        _disk.Names.Link(path, file);
        _disk.Log?.Add(new LoggedOperation(DiskOperation.Create, file.Number, path));
        return file;
    }

    private void NeedDirectory(string path)
    {
        if (!_disk.Names.HasDirectory(SimulatedNames.Split(path).Directory))
        {
            throw new StoreIoException(StoreIoFailure.Missing, path, $"Cannot make {path}: its directory is missing.");
        }
    }

    private void Write(SimulatedFile file, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        RunningFault? fault = Begin(DiskOperation.Write, path);
        _disk.CheckCapacity(offset + bytes.Length - file.Length, path);
        if (fault == RunningFault.MisdirectedWrite)
        {
            Misdirect(file, path, bytes);
        }

        if (fault is RunningFault.DroppedWrite or RunningFault.MisdirectedWrite)
        {
            _disk.NoteDamage(new MediaDamage(fault.Value.ToString(), path, offset, bytes.Length));
        }

        file.Write(bytes, offset, dropped: fault is RunningFault.DroppedWrite or RunningFault.MisdirectedWrite);
        _disk.Log?.Add(new LoggedOperation(DiskOperation.Write, file.Number, path) { Data = bytes.ToArray(), Offset = offset });
    }

    // Whole sectors go astray, into a stored file long enough to take one.
    private void Misdirect(SimulatedFile own, string path, ReadOnlySpan<byte> bytes)
    {
        List<string> victims = [.. _disk.Files().Where(victim => _disk.Names.Find(victim) is { DurableContent.Length: > 0 } file && file != own)];
        if (victims.Count == 0)
        {
            return;
        }

        string chosen = victims[_disk.Random.Next(victims.Count)];
        SimulatedFile hit = _disk.Names.Find(chosen)!;
        int sector = _disk.Random.Next((hit.DurableContent.Length + SimulatedFile.SectorBytes - 1) / SimulatedFile.SectorBytes);
        int offset = sector * SimulatedFile.SectorBytes;
        int count = Math.Min(bytes.Length, hit.DurableContent.Length - offset);
        hit.Corrupt(offset, bytes[..count]);
        _disk.NoteDamage(new MediaDamage($"misdirected from {path}", chosen, offset, count));
    }

    private void SetLength(SimulatedFile file, string path, long length)
    {
        Begin(DiskOperation.SetLength, path);
        _disk.CheckCapacity(length - file.Length, path);
        file.SetLength(length);
        _disk.Log?.Add(new LoggedOperation(DiskOperation.SetLength, file.Number, path) { Offset = length });
    }

    private sealed class OpenFile(SimulatedProcess process, SimulatedFile file, string path, bool writable) : IStoreFile
    {
        private bool _closed;

        public long LengthBytes
        {
            get
            {
                lock (process._disk.Gate)
                {
                    NeedOpen();
                    return file.Length;
                }
            }
        }

        public int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            lock (process._disk.Gate)
            {
                NeedOpen();
                process.Begin(DiskOperation.Read, path);
                return file.Read(buffer, offsetBytes);
            }
        }

        public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes)
        {
            lock (process._disk.Gate)
            {
                NeedWritable();
                process.Write(file, path, buffer, offsetBytes);
            }
        }

        // As fallocate(2) does: the length is there at once, and is lost or kept in a power cut like any other.
        public void Reserve(long lengthBytes)
        {
            lock (process._disk.Gate)
            {
                NeedWritable();
                if (lengthBytes > file.Length && process._disk.HasRoom(lengthBytes - file.Length))
                {
                    process.SetLength(file, path, lengthBytes);
                }
            }
        }

        public void SetLength(long lengthBytes)
        {
            lock (process._disk.Gate)
            {
                NeedWritable();
                process.SetLength(file, path, lengthBytes);
            }
        }

        public void Sync()
        {
            lock (process._disk.Gate)
            {
                NeedOpen();
                if (process.Begin(DiskOperation.Sync, path) == RunningFault.SyncLosesPages)
                {
                    file.LosePending();
                    throw new StoreIoException(StoreIoFailure.Device, path, $"Simulated: input/output error at Sync of {path}; its dirty pages are gone.");
                }

                file.Sync();
                process._disk.Log?.Add(new LoggedOperation(DiskOperation.Sync, file.Number, path));
            }
        }

        public void StartWriteback(long offsetBytes, long lengthBytes)
        {
            // A hint: the simulated disk loses what it may lose all the same.
        }

        public void Dispose() => _closed = true;

        private void NeedOpen()
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            process.ThrowIfDead();
        }

        private void NeedWritable()
        {
            NeedOpen();
            if (!writable)
            {
                throw new StoreIoException(StoreIoFailure.Device, path, $"Cannot write {path}: it was opened for reading (EBADF).");
            }
        }
    }

    private sealed class HeldLock(SimulatedProcess process, SimulatedFile file, string path) : IStoreLock
    {
        public bool IsStillNamed
        {
            get
            {
                lock (process._disk.Gate)
                {
                    process.Begin(DiskOperation.Lock, path);
                    return process._disk.Names.Find(path) == file;
                }
            }
        }

        public void Describe(ReadOnlySpan<byte> content)
        {
            lock (process._disk.Gate)
            {
                process.SetLength(file, path, 0);
                process.Write(file, path, content, 0);
            }
        }

        public void Dispose()
        {
            lock (process._disk.Gate)
            {
                if (file.LockHolder == process && process._locked.Remove(file))
                {
                    file.LockHolder = null;
                }
            }
        }
    }
}
