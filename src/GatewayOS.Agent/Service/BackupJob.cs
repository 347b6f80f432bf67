using System.Text;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Remote;
using GatewayOS.Backup.Files;

namespace GatewayOS.Agent.Service;

/// <summary>Backs up to the appliance, whoever asks for it.</summary>
internal static class BackupJob
{
    // An appliance that was restarted has forgotten the run, and a snapshot whose parent rotted away is refused: both are mended by running again.
    private const int AttemptsMax = 3;

    /// <summary>Runs a backup.</summary>
    /// <param name="state">The agent's files.</param>
    /// <param name="options">What to back up.</param>
    /// <param name="started">Gets each attempt's counters.</param>
    /// <param name="cancellation">Stops it: no snapshot is made, and what was sent is not sent again.</param>
    /// <param name="bandwidthBytesPerSecond">A limit beside the configuration's; the lower one holds, 0 is none.</param>
    public static BackupResult Run(AgentState state, BackupOptions options, Action<BackupProgress> started, CancellationToken cancellation, long bandwidthBytesPerSecond = 0)
    {
        AgentConfig config = state.Config;
        long bandwidth = ((long[])[config.BandwidthBytesPerSecond, bandwidthBytesPerSecond]).Where(limit => limit > 0).DefaultIfEmpty().Min();
        ProcessLimits.Apply(config);
        for (int attempt = 1; ; attempt++)
        {
            using ApplianceConnection connection = ApplianceConnection.Open(state);
            var store = new RemoteStore(connection, new BandwidthLimit(bandwidth, options.Time), options.Time, static message => Console.Error.WriteLine($"gateway-agent: {message}"), cancellation);
            var progress = new BackupProgress();
            started(progress);
            try
            {
                return FileBackup.Run(store, options with { ForceRead = options.ForceRead || attempt == AttemptsMax }, progress, cancellation);
            }
            catch (AgentException error) when (attempt < AttemptsMax && !cancellation.IsCancellationRequested && error.InnerException is Grpc.Core.RpcException { StatusCode: Grpc.Core.StatusCode.NotFound or Grpc.Core.StatusCode.FailedPrecondition or Grpc.Core.StatusCode.Unavailable })
            {
                Console.Error.WriteLine($"gateway-agent: {error.Message} Beginning again with what is there.");
            }
        }
    }

    /// <summary>What the configuration says to back up.</summary>
    public static BackupOptions Options(AgentState state, IReadOnlyList<byte[]> paths)
    {
        AgentConfig config = state.Config;
        IReadOnlyList<byte[]> sources = paths.Count > 0 ? paths : [.. config.Sources.Select(Encoding.UTF8.GetBytes)];
        return new BackupOptions
        {
            Sources = sources.Count > 0 ? sources : throw new AgentException($"There is nothing to back up: name files or directories, or put them under \"sources\" into {Path.Join(state.Location, AgentState.ConfigFile)}."),
            Excludes = config.Excludes.Count > 0 ? new PatternSet(config.Excludes) : PatternSet.None,
            OneFileSystem = config.OneFileSystem,
            Host = state.Enrolled?.NodeName ?? Environment.MachineName,
        };
    }
}
