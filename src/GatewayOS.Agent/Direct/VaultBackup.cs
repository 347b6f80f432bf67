using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Service;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Direct;

/// <summary>Backs up straight into a vault.</summary>
/// <param name="state">The agent's files.</param>
/// <param name="config">Which vault, and how.</param>
/// <param name="refill">Fills a vault anew that has lost everything.</param>
internal sealed class VaultBackup(AgentState state, DirectConfig config, bool refill)
{
    private readonly VaultSyncProgress _progress = new();
    private volatile DirectVault? _ending;

    /// <summary>What was wrong with the vault or the cache.</summary>
    public IReadOnlyList<VaultFinding> Findings { get; private set; } = [];

    /// <summary>What is sent when everything has been read; null before.</summary>
    public ProgressState? Sending => _ending is null ? null
        : _progress.Stage == "listing" ? new ProgressState("sending", _progress.Bytes, 0, IsBytes: true)
        : new ProgressState(_progress.Stage, _progress.Done, _progress.Total, IsBytes: false);

    /// <summary>Runs it. Only when this returns there is a snapshot.</summary>
    public BackupResult Run(BackupOptions options, BackupProgress progress, CancellationToken cancellation)
    {
        ProcessLimits.Apply(state.Config);
        using RetryingMedium medium = VaultAccess.OpenMedium(state, config);
        using DirectVault vault = VaultAccess.OpenForWriting(state, config, medium, cancellation, change => change with { Refill = refill, Progress = _progress });
        Findings = vault.Findings;

        // What is written and deleted while it is read.
        string[] own = [config.Cache, .. config.Place.Directory is { } directory ? (string[])[directory] : []];
        BackupResult result = FileBackup.Run(vault.Store, options with { Excludes = options.Excludes.With(own) }, progress, cancellation);
        _ending = vault;
        Findings = [.. vault.Findings, .. vault.Finish().Findings];
        return result;
    }
}
