using System.Text.RegularExpressions;
using GatewayOS.Api;
using GatewayOS.Appliance.Updates;

namespace GatewayOS.Daemon.Services;

/// <summary>Updates as they travel.</summary>
internal static partial class UpdateMessages
{
    public static UpdateStatusReply Of(UpdateStatus status, IReadOnlyList<(string Name, long Bytes)> sticks) => new()
    {
        Problem = status.Slots.Problem,
        Compatible = status.Slots.Compatible,
        Running = status.Running,
        Primary = status.Slots.Primary,
        Slots = { status.Slots.Slots.Select(Of) },
        Attempts = { status.Attempts.Select(Of) },
        Progress = status.Progress is { } progress ? new InstallProgressInfo { Percent = progress.Percent, Step = progress.Step } : null,
        Note = status.Note,
        Sticks = { sticks.Select(stick => new StickBundle { Name = stick.Name, Bytes = stick.Bytes }) },
    };

    public static UpdateAttemptInfo Of(UpdateAttempt attempt) => new()
    {
        Number = attempt.Number,
        Version = attempt.Version,
        VersionBefore = attempt.VersionBefore,
        Slot = attempt.Slot,
        Origin = attempt.Origin,
        By = attempt.By,
        BegunUnixMs = attempt.Begun.ToUnixTimeMilliseconds(),
        State = WordOf(attempt.State),
        SinceUnixMs = attempt.Since.ToUnixTimeMilliseconds(),
        Reason = attempt.Reason,
    };

    /// <summary>A state as the API writes it.</summary>
    public static string WordOf(UpdateState state) => WordBounds().Replace(state.ToString(), "-").ToLowerInvariant();

    private static SlotInfo Of(SystemSlot slot)
    {
        var info = new SlotInfo { Name = slot.Name, BootName = slot.BootName, IsBooted = slot.IsBooted, Version = slot.Version, IsWhole = slot.IsWhole, InstalledUnixMs = slot.Installed?.ToUnixTimeMilliseconds() ?? 0 };
        if (slot.IsGood is { } isGood)
        {
            info.IsGood = isGood;
        }

        return info;
    }

    [GeneratedRegex("(?<=[a-z])(?=[A-Z])", RegexOptions.CultureInvariant)]
    private static partial Regex WordBounds();
}
