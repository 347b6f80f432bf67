using System.CommandLine;
using GatewayOS.Cli.Commands.Store;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault status</c>: what the vault lacks of the store.</summary>
internal static class VaultStatusCommand
{
    public static Command Build() => Verb.Make("status", "Show what the vault has, and what it lacks of the store or of what its tasks take; needs the key only when there are tasks", [], Run);

    private static int Run(VerbContext context)
    {
        VaultListing vault = context.Vault.Disk.Listing;
        using SealedStore store = SealedStore.Open(new PosixDisk(context.StoreDirectory), "vault status", TimeProvider.System);
        VaultBacklog backlog = VaultBacklog.Measure(store, vault, context.Vault.Ledger(), context.Vault.Scope, TimeProvider.System, context.Cancellation);
        long bytes = vault.Objects.Sum(there => there.LengthBytes);
        context.Out.WriteLine($"Vault {context.Vault.Medium.Location}: {Sizes.Count(backlog.SnapshotsThere)} snapshots, {Sizes.Count(vault.Count)} objects, {Sizes.Bytes(bytes)}");
        context.Out.WriteLine(backlog.Objects == 0
            ? $"It has everything that {(context.Vault.Place.Tasks is null ? "the store has" : "its tasks take")}."
            : $"It lacks {Sizes.Count(backlog.Snapshots)} snapshots and {Sizes.Count(backlog.Packs)} packs, {Sizes.Bytes(backlog.Bytes)} in all.");
        context.Out.WriteLine(backlog.CompleteUntil is { } time
            ? $"It is complete until {SnapshotsCommand.LocalTime(time)}{(backlog.Objects > 0 ? $", {Sizes.Time(backlog.Behind!.Value)} ago: so much would be lost with the store" : "")}."
            : "No sync has ended yet.");
        VaultTaskCommands.Write(context, backlog.Tasks);
        if (backlog.Altered > 0)
        {
            context.Warn($"{Sizes.Count(backlog.Altered)} objects that were put are missing or altered. 'gatewayctl vault sync' mends them.");
        }

        context.WriteJson(
            new VaultStatusJson
            {
                Ok = true,
                Vault = context.Vault.Medium.Location,
                Objects = vault.Count,
                Bytes = bytes,
                Snapshots = backlog.SnapshotsThere,
                BacklogSnapshots = backlog.Snapshots,
                BacklogPacks = backlog.Packs,
                BacklogBytes = backlog.Bytes,
                Altered = backlog.Altered,
                CompleteUntil = backlog.CompleteUntil,
                RpoSeconds = backlog.Behind?.TotalSeconds,
                Tasks = VaultTaskCommands.Rows(backlog.Tasks),
            },
            VaultJson.Default.VaultStatusJson);
        return ExitCode.Good;
    }
}
