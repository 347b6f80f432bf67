using System.Diagnostics;
using System.Globalization;

namespace GatewayOS.Benchmarks;

/// <summary>One run of a whole process.</summary>
/// <param name="Seconds">Wall clock.</param>
/// <param name="CpuSeconds">User and system time of the process and its children.</param>
/// <param name="PeakBytes">Largest resident set, of the largest process.</param>
internal sealed record MeasuredRun(double Seconds, double CpuSeconds, long PeakBytes)
{
    /// <summary>Runs a command under GNU time, which asks the kernel for the figures of the finished process.</summary>
    public static MeasuredRun Of(string command, IReadOnlyDictionary<string, string> environment, string log)
    {
        string figures = Path.GetTempFileName();
        try
        {
            var start = new ProcessStartInfo("/usr/bin/time") { UseShellExecute = false };
            foreach (string argument in (string[])["-o", figures, "-f", "%e %U %S %M", "bash", "-c", $"exec {command} >>'{log}' 2>&1"])
            {
                start.ArgumentList.Add(argument);
            }

            foreach ((string name, string value) in environment)
            {
                start.Environment[name] = value;
            }

            using Process process = Process.Start(start)!;
            process.WaitForExit();

            // 3 is "done, but a file changed or could not be read" for gatewayctl and restic alike; 1 is a warning for borg.
            int tolerated = command.StartsWith("borg", StringComparison.Ordinal) ? 1 : 3;
            if (process.ExitCode != 0 && process.ExitCode != tolerated)
            {
                throw new InvalidOperationException($"'{command}' failed with exit code {process.ExitCode}; see {log}");
            }

            string[] fields = File.ReadAllLines(figures)[^1].Split(' ');
            double Number(int field) => double.Parse(fields[field], CultureInfo.InvariantCulture);
            return new MeasuredRun(Number(0), Number(1) + Number(2), (long)Number(3) * 1024);
        }
        finally
        {
            File.Delete(figures);
        }
    }
}
