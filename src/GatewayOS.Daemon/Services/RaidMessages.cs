using GatewayOS.Api;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Daemon.Services;

/// <summary>Arrays, disks and replacements as messages.</summary>
internal static class RaidMessages
{
    public static SmartSampleMessage Of(SmartSample sample)
    {
        var message = new SmartSampleMessage { TimeUnixMs = sample.Time.ToUnixTimeMilliseconds(), SelfTest = sample.SelfTest };
        if (sample.Celsius is { } celsius)
        {
            message.Celsius = celsius;
        }

        if (sample.BadSectors is { } bad)
        {
            message.BadSectors = bad;
        }

        if (sample.PoweredHours is { } hours)
        {
            message.PoweredHours = hours;
        }

        return message;
    }

    public static RaidStatusReply Of(RaidStatus status, RecordedBayLights lights)
    {
        var reply = new RaidStatusReply
        {
            ReadUnixMs = status.Reading.Time.ToUnixTimeMilliseconds(),
            Source = status.Reading.Source,
            Problem = status.Reading.Problem ?? "",
            Arrays = { status.Arrays.Select(Of) },
            Disks = { status.Disks.Select(Of) },
            Lights = { lights.Lights.Select(light => new BayLightInfo { Bay = light.Key, Light = light.Value.ToString().ToLowerInvariant() }) },
            PanelText = lights.Text,
        };
        if (status.Replacement is { } replacement)
        {
            reply.Replacement = Of(replacement, status);
        }

        if (status.Reading.Cache is { } cache)
        {
            reply.Cache = new CacheInfo { Kind = cache.Kind, State = cache.State };
            if (cache.IsProtected is { } isProtected)
            {
                reply.Cache.IsProtected = isProtected;
            }
        }

        return reply;
    }

    public static ReplacementInfo Of(DiskReplacement replacement, RaidStatus status)
    {
        var info = new ReplacementInfo
        {
            Id = replacement.Id,
            Array = replacement.ArrayName,
            Slot = replacement.Slot,
            Step = Word(replacement.Step),
            Instruction = replacement.Instruction,
            Problem = replacement.Problem,
            Verdict = replacement.Verdict,
            Proof = { replacement.Proof },
            OldSerial = replacement.OldSerial,
            OldModel = replacement.OldModel,
            OldDevice = replacement.OldDevice,
            NewSerial = replacement.NewSerial,
            WrongSerial = replacement.Wrong?.Serial ?? "",
            OrderedBy = replacement.OrderedBy,
            History = { replacement.History.Select(one => new ReplacementEventInfo { Step = Word(one.Step), TimeUnixMs = one.Time.ToUnixTimeMilliseconds(), Note = one.Note }) },
        };
        if (replacement.Bay is { } bay)
        {
            info.Bay = bay;
        }

        if (replacement.Step is ReplacementStep.Rebuilding or ReplacementStep.Checking && status.Arrays.FirstOrDefault(array => array.Array.Id == replacement.ArrayId)?.Health.Progress is { } progress)
        {
            info.Progress = progress;
        }

        return info;
    }

    private static ArrayInfo Of(ArrayStatus status)
    {
        (ArrayReading array, ArrayHealth health, RememberedArray remembered) = (status.Array, status.Health, status.Remembered);
        var info = new ArrayInfo
        {
            Id = array.Id,
            Name = array.Name,
            Level = array.Level,
            SizeBytes = array.SizeBytes,
            Slots = array.Slots,
            State = ArrayHealth.Word(health.State),
            Note = health.Note,
            Disagreements = { health.Disagreements },
            Members = { array.Members.Select(member => new MemberInfo { Device = member.Device, Serial = member.Serial, Slot = member.Slot, State = Word(member.State), ReadErrors = member.ReadErrors }) },
            Missing = { status.Missing.Select(one => Of(one.Slot, one.Held)) },
            MismatchSectors = array.Kernel?.MismatchSectors ?? 0,
            CheckBegunUnixMs = remembered.CheckBegun?.ToUnixTimeMilliseconds() ?? 0,
            CheckEndedUnixMs = remembered.CheckEnded?.ToUnixTimeMilliseconds() ?? 0,
            NextCheckUnixMs = status.NextCheck?.ToUnixTimeMilliseconds() ?? 0,
            CheckWaits = status.CheckWaits,
            RateMinMbs = array.Kernel?.RateMinMBs ?? 0,
            RateMaxMbs = array.Kernel?.RateMaxMBs ?? 0,
            RateReason = status.Governor.Reason,
            PromisedUnixMs = remembered.Promised?.ToUnixTimeMilliseconds() ?? 0,
        };
        if (health.Survives is { } survives)
        {
            info.Survives = survives;
        }

        if (health.Progress is { } progress)
        {
            info.Progress = progress;
        }

        if (health.BytesPerSecond is { } pace)
        {
            info.BytesPerSecond = pace;
        }

        if (health.TimeLeft is { } left)
        {
            info.LeftSeconds = left.TotalSeconds;
        }

        return info;
    }

    private static MissingInfo Of(int slot, RememberedMember? held)
    {
        var info = new MissingInfo { Slot = slot, Serial = held?.Serial ?? "", Model = held?.Model ?? "" };
        if (held?.Bay is { } bay)
        {
            info.Bay = bay;
        }

        return info;
    }

    private static DiskInfo Of(DiskStatus status)
    {
        DiskReading disk = status.Disk;
        var info = new DiskInfo
        {
            Device = disk.Device,
            Serial = disk.Serial,
            Model = disk.Model,
            SizeBytes = disk.SizeBytes,
            Array = status.ArrayName,
            Content = disk.Content,
            State = status.Health.State.ToString().ToLowerInvariant(),
            Evidence = { status.Health.Evidence },
            SelfTest = disk.Smart?.SelfTest ?? "",
            SmartUnixMs = disk.Smart?.Updated.ToUnixTimeMilliseconds() ?? 0,
        };
        if (disk.Bay is { } bay)
        {
            info.Bay = bay;
        }

        if (disk.Smart?.Celsius is { } celsius)
        {
            info.Celsius = celsius;
        }

        if (disk.Smart?.BadSectors is { } bad)
        {
            info.BadSectors = bad;
        }

        if (disk.Smart?.PendingSectors is { } pending)
        {
            info.PendingSectors = pending;
        }

        if (disk.Smart?.PoweredHours is { } hours)
        {
            info.PoweredHours = hours;
        }

        return info;
    }

    private static string Word(MemberState state) => state == MemberState.InSync ? "in-sync" : state.ToString().ToLowerInvariant();

    private static string Word(ReplacementStep step) => step switch
    {
        ReplacementStep.AwaitingPull => "awaiting-pull",
        ReplacementStep.AwaitingDisk => "awaiting-disk",
        _ => step.ToString().ToLowerInvariant(),
    };
}
