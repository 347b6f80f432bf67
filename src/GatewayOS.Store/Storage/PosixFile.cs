using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Store.Storage;

/// <summary>An open file of a <see cref="PosixDisk"/>.</summary>
/// <param name="handle">Its descriptor.</param>
/// <param name="path">For messages.</param>
/// <param name="ownsHandle">Closes the descriptor at the end.</param>
/// <param name="direct">A second descriptor with O_DIRECT, owned; null when everything goes through the system's cache.</param>
internal sealed unsafe class PosixFile(SafeFileHandle handle, string path, bool ownsHandle = true, SafeFileHandle? direct = null) : IStoreFile
{
    private const int SeekEnd = 2;

    // Set once a kernel has refused direct I/O on this file (EINVAL), which some do only when it is tried.
    private volatile bool _refused;

    public long LengthBytes
    {
        get
        {
            long length = Libc.Seek(handle, 0, SeekEnd);
            return length >= 0 ? length : throw PosixDisk.Failure("measure", path, Marshal.GetLastPInvokeError());
        }
    }

    public int AlignBytes => direct is null || _refused ? 1 : AlignedBuffer.AlignBytes;

    public int ReadAt(Span<byte> buffer, long offsetBytes)
    {
        int done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                SafeFileHandle file = HandleFor(start + done, buffer.Length - done, offsetBytes + done);
                nint count = Libc.ReadAt(file, start + done, buffer.Length - done, offsetBytes + done);
                if (count == 0)
                {
                    break;
                }

                if (count > 0)
                {
                    done += (int)count;
                }
                else if (Marshal.GetLastPInvokeError() is int error && error != Libc.Eintr && !IsRefusal(file, error))
                {
                    throw PosixDisk.Failure("read", path, error);
                }
            }
        }

        return done;
    }

    public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes)
    {
        int done = 0;
        fixed (byte* start = buffer)
        {
            while (done < buffer.Length)
            {
                SafeFileHandle file = HandleFor(start + done, buffer.Length - done, offsetBytes + done);
                nint count = Libc.WriteAt(file, start + done, buffer.Length - done, offsetBytes + done);
                if (count >= 0)
                {
                    done += (int)count;
                }
                else if (Marshal.GetLastPInvokeError() is int error && error != Libc.Eintr && !IsRefusal(file, error))
                {
                    throw PosixDisk.Failure("write", path, error);
                }
            }
        }
    }

    public void Reserve(long lengthBytes)
    {
        long before = LengthBytes;
        if (AlignBytes > 1 && Libc.Allocate(handle, 0, before, lengthBytes - before) != 0)
        {
            // A disk that is nearly full gives what it has before it refuses: others need that.
            SetLength(before);
        }
    }

    public void SetLength(long lengthBytes) => PosixDisk.Check(Libc.Truncate(handle, lengthBytes), "set the length of", path);

    // Of both ways: direct writes too are durable only after the disk's own cache was flushed.
    public void Sync() => PosixDisk.Check(Libc.SyncData(handle), "sync", path);

    // Not every file system can; what was there is overwritten all the same.
    public void Discard(long offsetBytes, long lengthBytes) => _ = Libc.Allocate(handle, Libc.PunchHole, offsetBytes, lengthBytes);

    // Only a hint: an old kernel or network file system that refuses it loses nothing but smoothness.
    public void StartWriteback(long offsetBytes, long lengthBytes) => _ = Libc.SyncFileRange(handle, offsetBytes, lengthBytes, Libc.WritebackStart);

    public void Dispose()
    {
        direct?.Dispose();
        if (ownsHandle)
        {
            handle.Dispose();
        }
    }

    private SafeFileHandle HandleFor(byte* start, int count, long offset) =>
        direct is not null && !_refused && (((long)start | (uint)count | offset) & (AlignedBuffer.AlignBytes - 1)) == 0 ? direct : handle;

    private bool IsRefusal(SafeFileHandle file, int error)
    {
        if (error != Libc.Einval || !ReferenceEquals(file, direct))
        {
            return false;
        }

        _refused = true;
        return true;
    }
}
