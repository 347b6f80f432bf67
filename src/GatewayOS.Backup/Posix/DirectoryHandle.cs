namespace GatewayOS.Backup.Posix;

/// <summary>An open directory shared by threads; closed when the last holder lets go.</summary>
internal sealed class DirectoryHandle(int fd)
{
    private int _holders = 1;

    public int Fd { get; } = fd;

    public DirectoryHandle Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            _ = Libc.Close(Fd);
        }
    }
}
