using System.Runtime.CompilerServices;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// A vault in a directory: another disk, a USB disk, an NFS mount. An object is written under a name in <c>incoming/</c>, synced, renamed to its place, and the directory
/// synced. Says nothing of altered content that has the same length: a verification reads it.
/// </summary>
/// <param name="disk">The directory; must exist.</param>
public sealed class DirectoryMedium(IStoreDisk disk) : IVaultMedium
{
    private const string Incoming = "incoming";
    private const int CopyBytes = 1024 * 1024;

    private readonly HashSet<string> _made = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private long _names;

    /// <inheritdoc/>
    public string Location => disk.Location;

    /// <inheritdoc/>
    public int LockDays => 0;

    /// <inheritdoc/>
    public async IAsyncEnumerable<VaultObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        int slash = prefix.LastIndexOf('/');
        var waiting = new Stack<string>([slash < 0 ? "" : prefix[..slash]]);
        while (waiting.TryPop(out string? directory))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (StoreEntry entry in Try(() => disk.List(directory)))
            {
                string name = directory.Length == 0 ? entry.Name : $"{directory}/{entry.Name}";
                if (!entry.IsDirectory && name.StartsWith(prefix, StringComparison.Ordinal))
                {
                    yield return new VaultObject(name, entry.LengthBytes, "");
                }
                else if (entry.IsDirectory && name != Incoming && (name.StartsWith(prefix, StringComparison.Ordinal) || prefix.StartsWith(name + "/", StringComparison.Ordinal)))
                {
                    waiting.Push(name);
                }
            }
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation)
    {
        MakeDirectory(Incoming);
        int slash = name.LastIndexOf('/');
        string directory = slash < 0 ? "" : name[..slash];
        MakeDirectory(directory);
        string temporary = $"{Incoming}/{Environment.ProcessId}-{Interlocked.Increment(ref _names)}";
        long written = Try(() =>
        {
            using IStoreFile file = CreateAnew(temporary);
            long offset = Copy(content, file, cancellation);
            file.Sync();
            return offset;
        });
        Try(() =>
        {
            disk.Rename(temporary, name);
            disk.SyncDirectory(directory);
            return 0;
        });
        return Task.FromResult(new VaultObject(name, written, ""));
    }

    /// <inheritdoc/>
    public Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation) => Task.FromResult(Try(() =>
    {
        using IStoreFile file = disk.OpenRead(source.Name);
        return file.ReadAt(buffer.Span, offsetBytes);
    }));

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellation)
    {
        try
        {
            int slash = name.LastIndexOf('/');
            disk.Delete(name);
            disk.SyncDirectory(slash < 0 ? "" : name[..slash]);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // As it should be.
        }
        catch (StoreIoException error)
        {
            throw Translate(error);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task PurgeAsync(string name, CancellationToken cancellation) => DeleteAsync(name, cancellation);

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: a directory has no locks.</exception>
    public Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation) => throw new NotSupportedException("A directory has no locks.");

    /// <inheritdoc/>
    public Task TidyAsync(CancellationToken cancellation)
    {
        Try(() =>
        {
            foreach (string name in disk.ListNames(Incoming))
            {
                disk.Delete($"{Incoming}/{name}");
            }

            return 0;
        });
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static long Copy(IStoreFile from, IStoreFile to, CancellationToken cancellation)
    {
        var buffer = new AlignedBuffer(CopyBytes);
        long offset = 0;
        while (from.ReadAt(buffer.Span, offset) is int read and > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            to.WriteAt(buffer.Span[..read], offset);
            offset += read;
        }

        return offset;
    }

    // A name that a process of the same number left when it was killed.
    private IStoreFile CreateAnew(string path)
    {
        try
        {
            return disk.CreateStreamed(path);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Exists)
        {
            disk.Delete(path);
            return disk.CreateStreamed(path);
        }
    }

    // A name is durable when its directory is, so each new directory is synced into the one above.
    private void MakeDirectory(string directory)
    {
        lock (_gate)
        {
            if (directory.Length == 0 || _made.Contains(directory))
            {
                return;
            }

            int slash = directory.LastIndexOf('/');
            string above = slash < 0 ? "" : directory[..slash];
            MakeDirectory(above);
            Try(() =>
            {
                disk.CreateDirectory(directory);
                disk.SyncDirectory(above);
                return 0;
            });
            _made.Add(directory);
        }
    }

    private static T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (StoreIoException error)
        {
            throw Translate(error);
        }
    }

    private static VaultException Translate(StoreIoException error) => new(
        error.Failure switch
        {
            StoreIoFailure.Missing => VaultFailure.Missing,
            StoreIoFailure.Permission => VaultFailure.Refused,
            StoreIoFailure.DiskFull => VaultFailure.Full,
            _ => VaultFailure.Unreachable,
        },
        error.Message,
        error);
}
