using System.Formats.Tar;
using System.IO.Compression;
using GatewayOS.Store.Keys;

namespace GatewayOS.Daemon.Support;

/// <summary>Packs files into a bundle (SUPPORT.md).</summary>
internal static class SupportBundle
{
    /// <summary>Packs them.</summary>
    /// <param name="parts">The files.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <param name="now">What the files are dated with.</param>
    public static byte[] Pack(IReadOnlyList<SupportPart> parts, string passphrase, DateTimeOffset now)
    {
        using var archive = new MemoryStream();
        using (var compressed = new GZipStream(archive, CompressionLevel.Optimal, leaveOpen: true))
        using (var tar = new TarWriter(compressed, TarEntryFormat.Pax))
        {
            foreach (SupportPart part in parts)
            {
                using var content = new MemoryStream(part.Content);
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, part.Name) { DataStream = content, ModificationTime = now, Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            }
        }

        return PassphraseBox.Seal(archive.GetBuffer().AsSpan(0, (int)archive.Length), passphrase);
    }
}
