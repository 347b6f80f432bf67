using System.Diagnostics;

namespace GatewayOS.TestKit.Programs;

/// <summary>Foreign tools that tests compare with.</summary>
public static class Shell
{
    /// <summary>Runs a command line in bash and gives its standard output; throws when it fails.</summary>
    public static string Run(string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{command}\nfailed with {process.ExitCode}:\n{output}\n{errors.Result}");
    }

    /// <summary>What rsync would change to make the second directory like the first: content, metadata, links, ACLs and attributes.</summary>
    public static string Differences(string left, string right) => Run($"rsync -aHAXn --checksum --itemize-changes --delete '{left}/' '{right}/'").Trim();
}

/// <summary>A directory of a test's own, removed with everything in it.</summary>
public sealed class ScratchDirectory : IDisposable
{
    /// <summary>Makes it.</summary>
    public ScratchDirectory(string name)
    {
        Path = Directory.CreateTempSubdirectory($"gateway-{name}-").FullName;
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>A path in it.</summary>
    public string this[string name] => System.IO.Path.Join(Path, name);

    /// <summary>Removes it; GATEWAY_KEEP=1 leaves it for a look at what a failed test left.</summary>
    public void Dispose()
    {
        if (Environment.GetEnvironmentVariable("GATEWAY_KEEP") != "1")
        {
            Shell.Run($"chattr -R -i -a '{Path}' 2>/dev/null; rm -rf '{Path}'");
        }
    }
}
