using GatewayOS.Agent.Connection;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Agent.Direct;

/// <summary>Opens the vault that this machine backs up to.</summary>
internal static class VaultAccess
{
    // Each request waits for the link.
    private const int ReadAheadBytes = 8 * 1024 * 1024;

    /// <summary>Opens the vault's place. The limit of <c>agent.json</c> holds beside the vault's own; the lower one counts.</summary>
    public static RetryingMedium OpenMedium(AgentState state, DirectConfig config, RetryPolicy? retry = null)
    {
        VaultPlace place = config.Place;
        if (state.Config.BandwidthBytesPerSecond is > 0 and var limit)
        {
            place = place with { Bandwidth = [.. place.Bandwidth.Select(window => window with { BytesPerSecond = Math.Min(window.BytesPerSecond, limit) }), new BandwidthWindow(TimeOnly.MinValue, TimeOnly.MinValue, limit)] };
        }

        return place.Open(TimeProvider.System, retry ?? new RetryPolicy { Seed = Environment.ProcessId });
    }

    public static DirectWriter Writer(AgentState state, DirectConfig config, IVaultMedium medium) => new(medium, config.Writer, state.Vault.Directory, TimeProvider.System);

    public static DirectOptions Options(DirectConfig config) => new() { Cache = config.Cache, StagingBytesMax = config.StagingBytesMax };

    public static DirectVault OpenForWriting(AgentState state, DirectConfig config, IVaultMedium medium, CancellationToken cancellation, Func<DirectOptions, DirectOptions>? change = null) =>
        DirectVault.Open(medium, Key(state), Writer(state, config, medium), change is null ? Options(config) : change(Options(config)), cancellation);

    /// <summary>Opens the store to read it alone: straight from the vault, without the cache and beside a backup.</summary>
    public static BackupStore OpenForReading(AgentState state, IVaultMedium medium, string purpose, CancellationToken cancellation) =>
        BackupStore.Open(VaultDisk.OpenAsync(medium, cancellation).GetAwaiter().GetResult(), Key(state), new OpenOptions { Purpose = purpose, ReadAheadBytes = ReadAheadBytes });

    private static StoreSecret Key(AgentState state) =>
        state.Vault.Key ?? throw new StoreUnusableException($"The key file {state.Vault.KeyPath} is missing. With the recovery key, 'gateway-agent vault remove' and 'gateway-agent vault init PLACE --take-over' make another.");
}
