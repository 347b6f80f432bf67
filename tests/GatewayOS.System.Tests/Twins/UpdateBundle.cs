using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Twins;

/// <summary>Update bundles made from the one that was built: another version, a stranger's signature, a changed byte; each on a stick that the twin can have.</summary>
internal static class UpdateBundle
{
    private const string Keys = "artifacts/image/keys";

    /// <summary>Makes a bundle of the same root with another version.</summary>
    /// <returns>Its file.</returns>
    public static string OfVersion(ScratchDirectory scratch, string version, string keys = Keys)
    {
        string work = scratch[$"bundle-{version}"];
        string bundle = scratch[$"{version}.raucb"];
        Shell.Run($"""
            set -e
            unsquashfs -q -n -f -d '{work}' '{Twin.Bundle}' >/dev/null
            mtype -i '{work}/boot.img' ::/slot.cfg | sed 's/gateway.version=[^ ]*/gateway.version={version}/' >'{work}/slot.cfg'
            mcopy -o -i '{work}/boot.img' '{work}/slot.cfg' ::/slot.cfg
            rm '{work}/slot.cfg'
            printf '[update]\ncompatible=gatewayos-dev\nversion={version}\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=root.img\n\n[image.boot]\nfilename=boot.img\n' >'{work}/manifest.raucm'
            cd '{Gatewayctl.Root}'
            rauc --cert='{keys}/dev.crt' --key='{keys}/dev.key' bundle '{work}' '{bundle}' 2>&1
            rm -rf '{work}'
            """);
        return bundle;
    }

    /// <summary>The same with a signature that the image does not know.</summary>
    public static string OfStranger(ScratchDirectory scratch, string version)
    {
        Shell.Run($"'{Gatewayctl.Root}/image/make/dev-keys.sh' '{scratch["stranger"]}'");
        return OfVersion(scratch, version, scratch["stranger"]);
    }

    /// <summary>A copy of a bundle with one byte of its root changed, far from the signature.</summary>
    public static string Tampered(ScratchDirectory scratch, string bundle)
    {
        string tampered = scratch["tampered.raucb"];
        File.Copy(bundle, tampered);
        Flip(tampered, new FileInfo(tampered).Length / 2);
        return tampered;
    }

    /// <summary>Puts files on a stick.</summary>
    /// <returns>The stick's image.</returns>
    public static string Stick(ScratchDirectory scratch, params string[] files)
    {
        string stick = scratch["stick.img"];
        Shell.Run($"truncate -s 900M '{stick}' && mkfs.vfat -n UPDATES '{stick}' >/dev/null && mcopy -i '{stick}' {string.Join(' ', files.Select(file => $"'{file}'"))} ::/");
        return stick;
    }

    /// <summary>Changes one byte of a file.</summary>
    public static void Flip(string path, long at)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        int value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ 0x10));
    }
}
