using System.ComponentModel;
using System.Diagnostics;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>Makes arrays by udisks2, file systems and mounts by the tools of e2fsprogs and util-linux. Needs root.</summary>
/// <param name="raid">Arrays and disks; it stays the caller's.</param>
/// <param name="time">The clock.</param>
public sealed class MachineBench(UdisksRaid raid, TimeProvider time) : IArrayBench
{
    private const int ErrorCharsMax = 4096;

    // e2fsck: 1 and 2 are errors that were put right (e2fsck(8), "EXIT CODE").
    private const int FsckFailed = 4;

    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(1);

    // The tables of a file system of 100 TB are written lazily; what is left is minutes on slow disks.
    private static readonly TimeSpan s_toolMax = TimeSpan.FromMinutes(10);

    /// <inheritdoc/>
    public RaidReading Read() => raid.Read();

    /// <inheritdoc/>
    public Stream Open(string device) => new FileStream($"/dev/{device}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);

    /// <inheritdoc/>
    public RaidAnswer Empty(string device) => raid.Empty(device);

    /// <inheritdoc/>
    public RaidAnswer Create(string level, string name, IReadOnlyList<string> devices) => raid.Create(level, name, devices);

    /// <inheritdoc/>
    public RaidAnswer Format(string device, string label) => Run(1, "mkfs.ext4", "-q", "-F", "-L", label, "-m", "0", $"/dev/{device}");

    /// <inheritdoc/>
    public RaidAnswer Mount(string device, string directory)
    {
        if (Run(FsckFailed, "e2fsck", "-p", $"/dev/{device}") is { IsDone: false } damaged)
        {
            return RaidAnswer.Failed($"The store's file system on {device} has errors that are not repaired without a person: {damaged.Problem} It is left as it is.");
        }

        Directory.CreateDirectory(directory);
        return Run(1, "mount", "-t", "ext4", "-o", "noatime,nodev,nosuid,noexec", $"/dev/{device}", directory);
    }

    /// <inheritdoc/>
    public bool IsMounted(string directory) => (KernelFile.Read("/proc/self/mountinfo") ?? "").Split('\n').Any(line => line.Split(' ') is { Length: > 4 } parts && parts[4] == directory);

    /// <inheritdoc/>
    public void Settle()
    {
        using var pause = new CancellationTokenSource(s_settle, time);
        pause.Token.WaitHandle.WaitOne();
    }

    // Failed is the first exit code that is a failure.
    private static RaidAnswer Run(int failed, string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            if (!process.WaitForExit(s_toolMax))
            {
                process.Kill();
                return RaidAnswer.Failed($"{program} did not end within {s_toolMax.TotalMinutes:0} minutes.");
            }

            string said = errors.GetAwaiter().GetResult().Trim();
            return process.ExitCode < failed ? RaidAnswer.Done : RaidAnswer.Failed($"{program} ended with {process.ExitCode}: {said[..Math.Min(said.Length, ErrorCharsMax)]}");
        }
        catch (Win32Exception error)
        {
            return RaidAnswer.Failed($"{program} cannot be run: {error.Message}.");
        }
    }
}
