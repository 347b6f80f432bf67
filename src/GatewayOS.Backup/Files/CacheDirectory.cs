using GatewayOS.Backup.Posix;

namespace GatewayOS.Backup.Files;

/// <summary>Recognises cache directories by the tag that the Cache Directory Tagging Specification (bford.info/cachedir) defines.</summary>
internal static class CacheDirectory
{
    public static ReadOnlySpan<byte> TagName => "CACHEDIR.TAG"u8;

    private static ReadOnlySpan<byte> Signature => "Signature: 8a477f597d28d172789f06886806bc55"u8;

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
