using System.Diagnostics;

namespace GatewayOS.TestKit.Programs;

/// <summary>
/// Debian's RAUC as a service on a bus of its own, with two slots that are files, GRUB's variables in a file, and keys made for it. It mounts bundles, which
/// only root may.
/// </summary>
public sealed class RaucService : IDisposable
{
    private readonly ScratchDirectory _scratch;
    private Process? _service;

    /// <summary>Starts it.</summary>
    /// <param name="scratch">Where it keeps everything.</param>
    /// <param name="bus">The bus it is on.</param>
    public RaucService(ScratchDirectory scratch, PrivateBus bus)
    {
        (_scratch, Bus) = (scratch, bus);
        Shell.Run($"""
            cd '{scratch.Path}' && mkdir rauc && cd rauc && mkdir mnt && truncate -s 4M slot-a slot-b
            grub-editenv grubenv create && grub-editenv grubenv set ORDER='A B' A_OK=1 B_OK=1 A_TRY=0 B_TRY=0
            for who in ours theirs; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj /CN=$who -keyout $who.key -out $who.pem 2>/dev/null; done
            printf '%s\n' [system] compatible=gatewayos-dev bootloader=grub "grubenv=$PWD/grubenv" "statusfile=$PWD/status" "mountprefix=$PWD/mnt" 'bundle-formats=plain verity' [keyring] "path=$PWD/ours.pem" \
                [slot.rootfs.0] "device=$PWD/slot-a" type=raw bootname=A [slot.rootfs.1] "device=$PWD/slot-b" type=raw bootname=B > system.conf
            """);
        Start();
    }

    /// <summary>The bus it is on.</summary>
    public PrivateBus Bus { get; }

    /// <summary>A variable of GRUB's.</summary>
    public string BootVariable(string name) => Shell.Run($"grub-editenv '{_scratch["rauc/grubenv"]}' list | sed -n 's/^{name}=//p'").Trim();

    /// <summary>Starts it, the machine having been started from a slot.</summary>
    /// <param name="slot">That slot's name for the boot loader.</param>
    public void Start(string slot = "A")
    {
        Stop();
        var start = new ProcessStartInfo("rauc", [$"--override-boot-slot={slot}", $"--conf={_scratch["rauc/system.conf"]}", "service"]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["DBUS_SYSTEM_BUS_ADDRESS"] = Bus.Address;
        _service = Process.Start(start)!;
        _service.OutputDataReceived += static (_, _) => { };
        _service.ErrorDataReceived += static (_, _) => { };
        _service.BeginOutputReadLine();
        _service.BeginErrorReadLine();
    }

    /// <summary>Ends it.</summary>
    public void Stop()
    {
        if (_service is { } service)
        {
            service.Kill();
            service.WaitForExit();
            service.Dispose();
            _service = null;
        }
    }

    /// <summary>Makes a bundle.</summary>
    /// <param name="name">Its file's name.</param>
    /// <param name="version">Its version.</param>
    /// <param name="compatible">What it is for.</param>
    /// <param name="key">Who signs it: <c>ours</c>, or <c>theirs</c>, who are not trusted.</param>
    /// <param name="bytes">Size of its image.</param>
    /// <returns>Its path.</returns>
    public string Bundle(string name, string version, string compatible = "gatewayos-dev", string key = "ours", int bytes = 262144)
    {
        Shell.Run($"""
            cd '{_scratch["rauc"]}' && rm -rf content {name} && mkdir content && head -c {bytes} /dev/urandom > content/rootfs.img
            printf '%s\n' [update] compatible={compatible} version={version} [bundle] format=plain [image.rootfs] filename=rootfs.img > content/manifest.raucm
            rauc bundle --cert={key}.pem --key={key}.key content {name} >/dev/null 2>&1
            """);
        return _scratch[$"rauc/{name}"];
    }

    /// <summary>Content of a slot.</summary>
    /// <param name="slot"><c>a</c> or <c>b</c>.</param>
    /// <param name="bytes">How much of it.</param>
    public byte[] Slot(string slot, int bytes) => File.ReadAllBytes(_scratch[$"rauc/slot-{slot}"])[..bytes];

    /// <summary>The image that the newest bundle was made of.</summary>
    public byte[] Image() => File.ReadAllBytes(_scratch["rauc/content/rootfs.img"]);

    /// <inheritdoc/>
    public void Dispose()
    {
        Stop();
        Shell.Run($"umount '{_scratch["rauc/mnt"]}'/* 2>/dev/null || true");
    }
}
