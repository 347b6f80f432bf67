using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Daemon.Hosting;

namespace GatewayOS.Daemon.Services;

/// <summary>Vaults, as operators and the control plane are told of them.</summary>
internal static class VaultMessages
{
    /// <summary>Times of day, as they are told and given.</summary>
    public const string TimeForm = "HH:mm";

    /// <summary>A vault, as it stands.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="place">Where it is.</param>
    /// <param name="vaults">What is known of it since gatewayd's start.</param>
    public static VaultInfo Of(string name, VaultPlace place, VaultJobs vaults)
    {
        var info = new VaultInfo
        {
            Name = name,
            Place = place.ToString(),
            IsBucket = place.Bucket is not null,
            ByTasks = place.Tasks is not null,
            PackClass = place.Bucket?.PackClass ?? "",
            LockDays = place.Bucket?.LockDays ?? 0,
            Bandwidth = { place.Bandwidth.Select(window => new VaultBandwidthLimit { From = window.From.ToString(TimeForm, CultureInfo.InvariantCulture), To = window.To.ToString(TimeForm, CultureInfo.InvariantCulture), BytesPerSecond = window.BytesPerSecond }) },
        };
        try
        {
            (VaultState state, info.IsSyncing) = vaults.StateOf(name);
            info.CompleteUntilUnixMs = state.CompleteUntil?.ToUnixTimeMilliseconds() ?? 0;
            (info.SentBytes, info.ObjectsLeft) = (state.BytesPut, state.ObjectsLeft);
            info.HasOwnPrices = place.Prices is not null;
            info.Classes.AddRange(state.Classes.Select(use => UseInfo(use, place.PricesInUse)));
            info.Tasks.AddRange((place.Tasks ?? []).Select(task => TaskInfo(task, state.Tasks.FirstOrDefault(known => known.Task.Name == task.Name))));
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            info.Problem = error.Message;
        }

        return info;
    }

    private static VaultClassUse UseInfo(ClassUse use, IReadOnlyDictionary<string, ClassPrice> prices)
    {
        (decimal PerMonth, decimal ToRead)? cost = use.Cost(prices);
        return new VaultClassUse { Name = use.Class, Objects = use.Objects, Bytes = use.Bytes, IsPriced = cost is not null, PerMonth = (double)(cost?.PerMonth ?? 0), ToRead = (double)(cost?.ToRead ?? 0) };
    }

    private static VaultTaskInfo TaskInfo(VaultTask task, VaultTaskProgress? progress) => new()
    {
        Name = task.Name,
        Takes = task.ToString(),
        Paused = task.Paused,
        SinceUnixMs = task.Since.ToUnixTimeMilliseconds(),
        IsMeasured = progress is not null,
        History = progress?.History ?? 0,
        HistoryThere = progress?.HistoryThere ?? 0,
        Tail = progress?.Tail ?? 0,
        TailThere = progress?.TailThere ?? 0,
        OldestLackingUnixMs = progress?.OldestLacking?.ToUnixTimeMilliseconds() ?? 0,
    };
}
