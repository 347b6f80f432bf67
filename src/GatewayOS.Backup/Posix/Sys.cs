using System.Runtime.InteropServices;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Posix;

/// <summary>System calls in the engine's terms: spans for names, error numbers as results.</summary>
internal static unsafe class Sys
{
    private const int EntryBufferBytes = 64 * 1024;
    private const int EntryNameOffset = 19;
    private const int LinkBytesMax = 4096;
    private const int NameBytesMax = 255;

    // Kept per thread: one for each directory would be a gigabyte of garbage on a walk of /usr.
    [ThreadStatic]
    private static byte[]? s_entries;

    /// <summary>0 for success, else errno.</summary>
    public static int Call(nint result) => result >= 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>What an error number means, in words.</summary>
    public static string Message(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>Opens a name in a directory.</summary>
    /// <returns>The descriptor, or the negated error number.</returns>
    public static int Open(int directory, ReadOnlySpan<byte> name, int flags, uint mode = 0)
    {
        fixed (byte* path = new CName(name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            while (true)
            {
                int fd = Libc.OpenAt(directory, path, flags | Libc.OpenCloseOnExec, mode);
                if (fd >= 0)
                {
                    return fd;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != Libc.Eintr)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>Opens a directory without following a link.</summary>
    public static int OpenDirectory(int parent, ReadOnlySpan<byte> name) => Open(parent, name, Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow);

    /// <summary>Opens a file to back it up: no link followed, no waiting on a FIFO put in its place, no change of its access time.</summary>
    public static int OpenToRead(int directory, ReadOnlySpan<byte> name)
    {
        int flags = Libc.OpenReadOnly | Libc.OpenNoFollow | Libc.OpenNonBlock;
        int fd = Open(directory, name, flags | Libc.OpenNoAtime);

        // Only the owner may read without touching the access time.
        return fd == -Libc.Eperm ? Open(directory, name, flags) : fd;
    }

    /// <summary>Lists a directory in byte order of the names.</summary>
    /// <param name="directory">The directory, at its start.</param>
    /// <param name="names">Gets the names.</param>
    /// <param name="unusable">Entries left out: a damaged file system or a faulty FUSE driver lists names no tree can hold, or one twice.</param>
    /// <returns>0, or the error number; what was listed before an error is kept.</returns>
    public static int List(int directory, List<byte[]> names, out int unusable)
    {
        int first = names.Count;
        unusable = 0;
        byte[] buffer = s_entries ??= GC.AllocateUninitializedArray<byte>(EntryBufferBytes);
        int error = 0;
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = Libc.GetEntries(directory, start, EntryBufferBytes);
                if (count <= 0)
                {
                    error = Call(count);
                    break;
                }

                for (int offset = 0; offset < count; offset += *(ushort*)(start + offset + 16))
                {
                    ReadOnlySpan<byte> name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(start + offset + EntryNameOffset);
                    if (name.Length is 0 or > NameBytesMax || name.Contains((byte)'/'))
                    {
                        unusable++;
                    }
                    else if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    {
                        names.Add(name.ToArray());
                    }
                }
            }
        }

        names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        for (int i = names.Count - 1; i > first; i--)
        {
            if (names[i].AsSpan().SequenceEqual(names[i - 1]))
            {
                names.RemoveAt(i);
                unusable++;
            }
        }

        return error;
    }

    /// <summary>Reads into a span at an offset.</summary>
    /// <returns>Bytes read, or the negated error number.</returns>
    public static int ReadAt(int fd, Span<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                nint count = Libc.ReadAt(fd, start, buffer.Length, offset);
                if (count >= 0)
                {
                    return (int)count;
                }

                int error = Marshal.GetLastPInvokeError();
                if (error != Libc.Eintr)
                {
                    return -error;
                }
            }
        }
    }

    /// <summary>Writes a whole span at an offset.</summary>
    /// <returns>0, or the error number.</returns>
    public static int WriteAt(int fd, ReadOnlySpan<byte> buffer, long offset)
    {
        fixed (byte* start = buffer)
        {
            int done = 0;
            while (done < buffer.Length)
            {
                nint count = Libc.WriteAt(fd, start + done, buffer.Length - done, offset + done);
                if (count >= 0)
                {
                    done += (int)count;
                }
                else if (Marshal.GetLastPInvokeError() is int error && error != Libc.Eintr)
                {
                    return error;
                }
            }
        }

        return 0;
    }

    /// <summary>Reads a symbolic link's target.</summary>
    /// <returns>0, or the error number.</returns>
    public static int ReadLink(int directory, ReadOnlySpan<byte> name, out byte[] target)
    {
        byte* buffer = stackalloc byte[LinkBytesMax];
        fixed (byte* path = new CName(name, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            nint length = Libc.ReadLinkAt(directory, path, buffer, LinkBytesMax);
            target = length > 0 ? new ReadOnlySpan<byte>(buffer, (int)length).ToArray() : [];
            return Call(length);
        }
    }

    /// <summary>The canonical absolute path, all links resolved; null with the error number when there is none.</summary>
    public static byte[]? RealPath(ReadOnlySpan<byte> path, out int error)
    {
        byte* buffer = stackalloc byte[LinkBytesMax + 1];
        fixed (byte* start = new CName(path, stackalloc byte[CName.BufferBytes]).Bytes)
        {
            byte* real = Libc.RealPath(start, buffer);
            error = real is null ? Marshal.GetLastPInvokeError() : 0;
            return real is null ? null : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(real).ToArray();
        }
    }

    /// <summary>The path by which /proc names an entry of an open directory: reaches any depth, for calls that know no descriptors.</summary>
    public static byte[] ProcPath(int directory, ReadOnlySpan<byte> name) => [.. System.Text.Encoding.ASCII.GetBytes($"/proc/self/fd/{directory}/"), .. name];

    /// <summary>The path by which /proc names an open file.</summary>
    public static byte[] ProcPath(int fd) => System.Text.Encoding.ASCII.GetBytes($"/proc/self/fd/{fd}");

    /// <summary>A file error in words: path and reason.</summary>
    public static string Describe(string action, int error) => error switch
    {
        Libc.Enoent => $"{action}: it vanished",
        Libc.Eacces or Libc.Eperm => $"{action}: {Message(error)}; run as a user who may read it",
        _ => $"{action}: {Message(error)}",
    };
}
