using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Appliance.Jobs;

/// <summary>Whether and when a job is tried again.</summary>
internal static class JobRetry
{
    /// <summary>Wait before the second attempt; doubled with each further one.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    /// <summary>The same after an interruption: a restart is over when it is known of, and what was at work stands still.</summary>
    public static readonly TimeSpan FirstAfterInterruption = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    /// <summary>True when another attempt may end otherwise.</summary>
    public static bool Helps(JobFault fault) => fault is JobFault.NodeOffline or JobFault.Network or JobFault.Store or JobFault.Interrupted;

    /// <summary>Wait after an attempt, up to a quarter shorter or longer, each job by its own: what failed together does not come back together.</summary>
    public static TimeSpan Wait(string jobId, int attempt, JobFault fault)
    {
        TimeSpan first = fault == JobFault.Interrupted ? FirstAfterInterruption : First;
        TimeSpan wait = first * Math.Pow(2, Math.Clamp(attempt - 1, 0, 10));
        uint share = BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.ASCII.GetBytes($"{jobId}.{attempt}")));
        return (wait < Longest ? wait : Longest) * (0.75 + (share / (double)uint.MaxValue / 2));
    }
}
