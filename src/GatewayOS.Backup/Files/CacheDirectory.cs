using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Recognises cache directories by the tag that the Cache Directory Tagging Specification (bford.info/cachedir) defines.</summary>
internal static class CacheDirectory
{
    public static ReadOnlySpan<byte> TagName => "CACHEDIR.TAG"u8;

    private static ReadOnlySpan<byte> Signature => "Signature: 8a477f597d28d172789f06886806bc55"u8;

    /// <summary>The entry that says of a directory that its content is not worth a backup; null for none.</summary>
    public static byte[]? FindMarker(BackupOptions options, int directory, List<byte[]> names)
    {
        byte[]? present = options.ExcludeIfPresent is { } text ? ByteName.Unescape(text) : null;
        return present is not null && names.Exists(entry => entry.AsSpan().SequenceEqual(present)) ? present
            : options.ExcludeCaches && IsTagged(directory, names) ? TagName.ToArray() : null;
    }

    public static bool IsTagged(int directory, List<byte[]> names)
    {
        if (!names.Exists(static name => name.AsSpan().SequenceEqual(TagName)))
        {
            return false;
        }

        int fd = Sys.OpenToRead(directory, TagName);
        if (fd < 0)
        {
            return false;
        }

        Span<byte> start = stackalloc byte[Signature.Length];
        int read = Sys.ReadAt(fd, start, 0);
        _ = Libc.Close(fd);
        return read == Signature.Length && start.SequenceEqual(Signature);
    }
}
