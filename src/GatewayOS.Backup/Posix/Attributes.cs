using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Posix;

/// <summary>Extended attributes (xattr(7)): POSIX ACLs, capabilities and SELinux labels are among them.</summary>
internal static unsafe class Attributes
{
    // Linux' XATTR_LIST_MAX and XATTR_SIZE_MAX.
    private const int ListBytesMax = 64 * 1024;
    private const int ValueBytesMax = 64 * 1024;

    /// <summary>Most attribute bytes of one entry: its encoding must fit a tree chunk.</summary>
    public const int TotalBytesMax = 512 * 1024;

    [ThreadStatic]
    private static byte[]? s_buffer;

    /// <summary>Reads all attributes, sorted by name.</summary>
    /// <param name="fd">An open file or directory, or −1 to use <paramref name="path"/>.</param>
    /// <param name="path">A path for what cannot be opened, NUL-terminated; the link itself, not its target.</param>
    /// <param name="attributes">What there is.</param>
    /// <returns>Null when complete, else what went wrong.</returns>
    public static string? Read(int fd, ReadOnlySpan<byte> path, out ExtendedAttribute[] attributes)
    {
        attributes = [];
        byte[] buffer = s_buffer ??= GC.AllocateUninitializedArray<byte>(ListBytesMax + ValueBytesMax, pinned: true);
        fixed (byte* file = path)
        fixed (byte* names = buffer)
        {
            nint length = fd >= 0 ? Libc.ListAttributes(fd, names, ListBytesMax) : Libc.ListAttributesOf(file, names, ListBytesMax);
            if (length == 0)
            {
                return null;
            }

            int error = Sys.Call(length);
            return error is Libc.Enotsup ? null : error != 0 ? Sys.Describe("its extended attributes cannot be listed", error) : ReadValues(fd, file, names, (int)length, out attributes);
        }
    }

    /// <summary>True when what is made in the directory inherits an access list.</summary>
    public static bool HandsDownAccess(int directory)
    {
        fixed (byte* name = "system.posix_acl_default\0"u8)
        {
            return Libc.GetAttribute(directory, name, null, 0) > 0;
        }
    }

    /// <summary>
    /// Removes what an entry that was found, or that inherited, has beyond its attributes in the snapshot. Labels of security modules stay:
    /// they are the system's, not the file's.
    /// </summary>
    public static void RemoveOthers(int fd, ReadOnlySpan<byte> path, ExtendedAttribute[] kept)
    {
        byte[] buffer = s_buffer ??= GC.AllocateUninitializedArray<byte>(ListBytesMax + ValueBytesMax, pinned: true);
        fixed (byte* file = path)
        fixed (byte* names = buffer)
        {
            nint length = fd >= 0 ? Libc.ListAttributes(fd, names, ListBytesMax) : Libc.ListAttributesOf(file, names, ListBytesMax);
            for (int offset = 0; offset < length;)
            {
                ReadOnlySpan<byte> name = new ReadOnlySpan<byte>(names + offset, (int)length - offset);
                name = name[..name.IndexOf((byte)0)];
                bool isOurs = name.StartsWith("user."u8) || name.StartsWith("system.posix_acl_"u8) || name.SequenceEqual("security.capability"u8);
                if (isOurs && !Holds(kept, name))
                {
                    _ = fd >= 0 ? Libc.RemoveAttribute(fd, names + offset) : Libc.RemoveAttributeOf(file, names + offset);
                }

                offset += name.Length + 1;
            }
        }
    }

    private static bool Holds(ExtendedAttribute[] attributes, ReadOnlySpan<byte> name)
    {
        foreach (ExtendedAttribute attribute in attributes)
        {
            if (attribute.Name.AsSpan().SequenceEqual(name))
            {
                return true;
            }
        }

        return false;
    }

    private static string? ReadValues(int fd, byte* file, byte* names, int namesBytes, out ExtendedAttribute[] attributes)
    {
        var found = new List<ExtendedAttribute>();
        string? problem = null;
        long total = 0;
        byte* value = names + ListBytesMax;
        for (int offset = 0; offset < namesBytes;)
        {
            int end = new ReadOnlySpan<byte>(names + offset, namesBytes - offset).IndexOf((byte)0);
            byte[] name = new ReadOnlySpan<byte>(names + offset, end).ToArray();
            nint size = fd >= 0 ? Libc.GetAttribute(fd, names + offset, value, ValueBytesMax) : Libc.GetAttributeOf(file, names + offset, value, ValueBytesMax);
            offset += end + 1;
            if (size < 0)
            {
                // An attribute removed since it was listed is simply gone.
                int error = Sys.Call(size);
                problem = error == Libc.Enodata ? problem : Sys.Describe($"its attribute {ByteName.Escape(name)} cannot be read", error);
                continue;
            }

            total += name.Length + size;
            if (total > TotalBytesMax)
            {
                problem = $"its extended attributes are larger than {TotalBytesMax} bytes together; some are left out";
                break;
            }

            found.Add(new ExtendedAttribute(name, new ReadOnlySpan<byte>(value, (int)size).ToArray()));
        }

        found.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        attributes = [.. found];
        return problem;
    }

    /// <summary>Sets attributes.</summary>
    /// <returns>The first error number and the attribute's name, or 0.</returns>
    public static (int Error, byte[] Name) Write(int fd, ReadOnlySpan<byte> path, ExtendedAttribute[] attributes)
    {
        (int Error, byte[] Name) first = (0, []);
        byte none = 0;
        Span<byte> nameBuffer = stackalloc byte[CName.BufferBytes];
        fixed (byte* file = path)
        {
            foreach (ExtendedAttribute attribute in attributes)
            {
                fixed (byte* name = new CName(attribute.Name, nameBuffer).Bytes)
                fixed (byte* value = attribute.Value)
                {
                    byte* bytes = value is null ? &none : value;
                    int error = Sys.Call(fd >= 0
                        ? Libc.SetAttribute(fd, name, bytes, attribute.Value.Length, 0)
                        : Libc.SetAttributeOf(file, name, bytes, attribute.Value.Length, 0));
                    first = error != 0 && first.Error == 0 ? (error, attribute.Name) : first;
                }
            }
        }

        return first;
    }
}
