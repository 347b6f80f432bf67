using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Twins;

/// <summary>Update bundles made from the one that was built: another version, a stranger's signature, a changed byte; each on a stick that the twin can have.</summary>
internal static class UpdateBundle
{
    private const string Keys = "artifacts/image/keys";

    /// <summary>Makes a bundle of the same root with another version.</summary>
    /// <returns>Its file.</returns>
    public static string OfVersion(ScratchDirectory scratch, string version, string keys = Keys) => Make(scratch, version, keys, "");

    /// <summary>Makes one whose gatewayd makes and mounts the array, and ends at once when it is to serve.</summary>
    /// <returns>Its file.</returns>
    public static string ThatDoesNotServe(ScratchDirectory scratch, string version) => Make(scratch, version, Keys, """
        unsquashfs -q -n -d tree root.img >/dev/null
        mv tree/usr/bin/gatewayd tree/usr/bin/gatewayd.whole
        printf '#!/bin/sh\n[ "$1" = array ] && exec /usr/bin/gatewayd.whole "$@"\nexit 1\n' >tree/usr/bin/gatewayd
        chmod 755 tree/usr/bin/gatewayd
        rm root.img
        mksquashfs tree root.img -comp zstd -Xcompression-level 3 -b 256K -noappend -no-progress -quiet
        rm -rf tree
        truncate -s %4096 root.img
        blocks=$(($(stat -c %s root.img) / 4096))
        salt=$(sha256sum root.img | cut -c1-64)
        hash=$(veritysetup format --no-superblock --hash sha256 --salt "$salt" --data-block-size 4096 --hash-block-size 4096 --data-blocks $blocks --hash-offset $((blocks * 4096)) root.img root.img | sed -n 's/^Root hash:[[:space:]]*//p')
        sed -i "s/gateway.verity=[^ ]*/gateway.verity=$hash,$blocks,$salt/" slot.cfg
        """);

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

    // change: commands that alter root.img or slot.cfg, in the directory that has both.
    private static string Make(ScratchDirectory scratch, string version, string keys, string change)
    {
        string work = scratch[$"bundle-{version}"];
        string bundle = scratch[$"{version}.raucb"];
        string signer = Path.GetFullPath(keys, Gatewayctl.Root);
        Shell.Run($"""
            set -e
            export PATH=$PATH:/usr/sbin:/sbin
            unsquashfs -q -n -f -d '{work}' '{Twin.Bundle}' >/dev/null
            cd '{work}'
            mtype -i boot.img ::/slot.cfg | sed 's/gateway.version=[^ ]*/gateway.version={version}/' >slot.cfg
            {change}
            mcopy -o -i boot.img slot.cfg ::/slot.cfg
            rm slot.cfg
            printf '[update]\ncompatible=gatewayos-dev\nversion={version}\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=root.img\n\n[image.boot]\nfilename=boot.img\n' >manifest.raucm
            rauc --cert='{signer}/dev.crt' --key='{signer}/dev.key' bundle '{work}' '{bundle}' 2>&1
            rm -rf '{work}'
            """);
        return bundle;
    }
}
