using GatewayOS.Api;

namespace GatewayOS.Cli.Json;

/// <summary>The contract's rows about arrays and disks, made from messages.</summary>
internal static class RaidRows
{
    public static RaidJson Of(RaidStatusReply reply) => new()
    {
        Read = DateTimeOffset.FromUnixTimeMilliseconds(reply.ReadUnixMs),
        Source = reply.Source,
        Problem = Given(reply.Problem),
        Arrays = [.. reply.Arrays.Select(Of)],
        Disks = [.. reply.Disks.Select(Of)],
        Cache = reply.Cache is { } cache ? new CacheJson(cache.Kind, cache.State, cache.HasIsProtected ? cache.IsProtected : null) : null,
        Replacement = reply.Replacement is { } replacement ? Of(replacement) : null,
        Lights = [.. reply.Lights.Select(light => new BayLightJson(light.Bay, light.Light))],
        PanelText = Given(reply.PanelText),
    };

    public static ReplacementJson Of(ReplacementInfo info) => new()
    {
        Id = info.Id,
        Array = info.Array,
        Slot = info.Slot >= 0 ? info.Slot : null,
        Step = info.Step,
        Instruction = Given(info.Instruction),
        Problem = Given(info.Problem),
        Verdict = info.Verdict,
        Proof = info.Proof,
        OldSerial = Given(info.OldSerial),
        OldModel = Given(info.OldModel),
        Bay = info.HasBay ? info.Bay : null,
        NewSerial = Given(info.NewSerial),
        WrongSerial = Given(info.WrongSerial),
        Progress = info.HasProgress ? info.Progress : null,
        OrderedBy = info.OrderedBy,
        History = [.. info.History.Select(one => new ReplacementStepJson(one.Step, DateTimeOffset.FromUnixTimeMilliseconds(one.TimeUnixMs), one.Note))],
    };

    private static ArrayJson Of(ArrayInfo array) => new()
    {
        Id = array.Id,
        Name = array.Name,
        Level = array.Level,
        State = array.State,
        Survives = array.HasSurvives ? array.Survives : null,
        SizeBytes = array.SizeBytes,
        Slots = array.Slots,
        Note = Given(array.Note),
        Disagreements = array.Disagreements,
        Sync = array.HasProgress ? new SyncJson(array.Progress, array.BytesPerSecond, array.HasLeftSeconds ? array.LeftSeconds : null, Time(array.PromisedUnixMs), array.RateReason) : null,
        Members = [.. array.Members.Select(member => new MemberJson(member.Device, Given(member.Serial), member.Slot >= 0 ? member.Slot : null, member.State, member.ReadErrors))],
        Missing = [.. array.Missing.Select(one => new MissingJson(one.Slot, Given(one.Serial), Given(one.Model), one.HasBay ? one.Bay : null))],
        MismatchSectors = array.MismatchSectors,
        CheckBegun = Time(array.CheckBegunUnixMs),
        CheckEnded = Time(array.CheckEndedUnixMs),
        NextCheck = Time(array.NextCheckUnixMs),
        CheckWaits = Given(array.CheckWaits),
        RateMinMBs = array.RateMinMbs,
        RateMaxMBs = array.RateMaxMbs,
    };

    private static DiskJson Of(DiskInfo disk) => new(
        disk.Device, Given(disk.Serial), Given(disk.Model), disk.SizeBytes, disk.HasBay ? disk.Bay : null, Given(disk.Array), Given(disk.Content), disk.State, disk.Evidence,
        Time(disk.SmartUnixMs) is { } updated ? new SmartJson(updated, disk.HasCelsius ? disk.Celsius : null, disk.HasBadSectors ? disk.BadSectors : null, disk.HasPendingSectors ? disk.PendingSectors : null, Given(disk.SelfTest), disk.HasPoweredHours ? disk.PoweredHours : null) : null);

    private static DateTimeOffset? Time(long unixMs) => unixMs == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(unixMs);

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
