using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Storage;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>
/// Sees to it that the array of the profile is there and mounted: the one that there is, or, on a first start, one of blank disks. Run again it goes on where it was cut off; what holds
/// anything that is not its own is never written to, unless a person has given it up by name.
/// </summary>
/// <param name="bench">Does it.</param>
/// <param name="storage">The profile's storage.</param>
/// <param name="state">Where the record of the making is.</param>
/// <param name="time">The clock.</param>
/// <param name="say">Told what is done, and what is waited for.</param>
public sealed class ArrayMaker(IArrayBench bench, StorageProfile storage, StateDirectory state, TimeProvider time, Action<string> say)
{
    /// <summary>Label of the store's file system.</summary>
    public const string Label = "gateway-store";

    /// <summary>Name of the array.</summary>
    public const string ArrayName = "gateway";

    private string _lastWait = "";

    /// <summary>Does it.</summary>
    /// <param name="directory">Where it is mounted.</param>
    /// <param name="overwrite">Serial numbers of disks that a person has given up.</param>
    /// <param name="waitMax">How long is waited for what may come by itself: disks that start, an array that is put together.</param>
    /// <returns>What is lacking, and what to do about it; nothing was lost then.</returns>
    public RaidAnswer Run(string directory, IReadOnlyCollection<string> overwrite, TimeSpan waitMax)
    {
        if (bench.IsMounted(directory))
        {
            return RaidAnswer.Done;
        }

        MakingRecord? record = MakingRecord.Load(state);
        long started = time.GetTimestamp();
        bool isMade = false;
        while (true)
        {
            RaidReading reading = bench.Read();
            HashSet<string> givenUp = [.. overwrite, .. record is { Step: MakingStep.Array } ? record.Serials : []];
            string why;
            switch (ArrayPlan.Of(reading, storage, givenUp))
            {
                case ArrayPlan.Use use:
                    Verdict verdict = Prepare(reading, use.Device, record, directory);
                    if (verdict.MayComeRight is not { } lacking)
                    {
                        return verdict.Answer;
                    }

                    why = lacking;
                    break;
                case ArrayPlan.Make make when !isMade:
                    if (Filled(make.Disks, givenUp) is { } filled)
                    {
                        // The service may be late to tell what is on them: an array's own disks look like that while it is put together.
                        why = filled;
                        break;
                    }

                    record = Begin(make.Disks, givenUp);
                    isMade = true;
                    continue;
                case ArrayPlan.Refuse refuse:
                    return RaidAnswer.Failed(refuse.Why);
                case ArrayPlan.Wait wait:
                    why = wait.Why;
                    break;
                default:
                    why = "The array was made, and is not seen yet.";
                    break;
            }

            if (time.GetElapsedTime(started) > waitMax)
            {
                return RaidAnswer.Failed(why);
            }

            Tell(why);
            bench.Settle();
        }
    }

    private void Tell(string why)
    {
        if (why != _lastWait)
        {
            _lastWait = why;
            say($"Waiting: {why}");
        }
    }

    private string? Filled(IReadOnlyList<DiskReading> disks, HashSet<string> givenUp)
    {
        foreach (DiskReading disk in disks.Where(disk => !givenUp.Contains(disk.Serial)))
        {
            using Stream device = bench.Open(disk.Device);
            if (BlankDevice.FirstContent(device, disk.SizeBytes) is { } at)
            {
                return ArrayPlan.NotEmpty([disk with { Content = $"data (at byte {at})" }]);
            }
        }

        return null;
    }

    private MakingRecord Begin(IReadOnlyList<DiskReading> disks, HashSet<string> givenUp)
    {
        var record = new MakingRecord(MakingStep.Array, [.. disks.Select(disk => disk.Serial)]);
        record.Save(state);
        foreach (DiskReading disk in disks.Where(disk => givenUp.Contains(disk.Serial) && disk.Content.Length > 0))
        {
            say($"{disk.Device} ({disk.Serial}) is emptied: what it held, {disk.Content}, was given up.");
            if (bench.Empty(disk.Device) is { IsDone: false } failed)
            {
                say(failed.Problem);
            }
        }

        say($"Making a {storage.Level} array of {ArrayPlan.Named(disks)}.");
        if (bench.Create(storage.Level!, ArrayName, [.. disks.Select(disk => disk.Device)]) is { IsDone: false } refused)
        {
            // It may be there all the same: the next reading tells.
            say(refused.Problem);
        }

        return record;
    }

    private Verdict Prepare(RaidReading reading, string name, MakingRecord? record, string directory)
    {
        string[] serials = [.. SerialsOf(reading, name)];
        bool isBegun = record is { Step: MakingStep.Array or MakingStep.FileSystem };
        if (isBegun && serials.Any(serial => serial.Length == 0))
        {
            return Verdict.Wait($"Of {name} it is not known yet which disks it is made of.");
        }

        string? label;
        long? content = null;
        using (Stream device = bench.Open(name))
        {
            label = ExtLabel.Read(device);
            if (label is null && !isBegun)
            {
                content = BlankDevice.FirstContent(device, SizeOf(reading, name));
            }
        }

        bool isOwn = isBegun && serials.All(record!.Serials.Contains);
        if (label == Label && !(isOwn && record!.Step == MakingStep.FileSystem))
        {
            new MakingRecord(MakingStep.Done, serials).Save(state);
            return new Verdict(bench.Mount(name, directory));
        }

        if (!isOwn && (label is not null || content is not null || isBegun))
        {
            return new Verdict(RaidAnswer.Failed(
                $"{name} holds {(label is { Length: > 0 } ? $"the file system '{label}'" : "data")} that is not a store's. Nothing was touched. Take its disks out, or empty them ('mdadm --zero-superblock') if what they hold is to be lost."));
        }

        new MakingRecord(MakingStep.FileSystem, serials).Save(state);
        say($"Making the file system on {name}.");
        RaidAnswer formatted = bench.Format(name, Label);
        if (!formatted.IsDone)
        {
            return new Verdict(formatted);
        }

        new MakingRecord(MakingStep.Done, serials).Save(state);
        return new Verdict(bench.Mount(name, directory));
    }

    private static IEnumerable<string> SerialsOf(RaidReading reading, string name) => reading.Arrays.FirstOrDefault(array => array.Name == name) is { } array
        ? array.Members.Select(member => member.Serial)
        : reading.Disks.Where(disk => disk.Device == name).Select(disk => disk.Serial);

    private static long SizeOf(RaidReading reading, string name) =>
        reading.Arrays.FirstOrDefault(array => array.Name == name)?.SizeBytes ?? reading.Disks.First(disk => disk.Device == name).SizeBytes;

    // MayComeRight is null where the answer is final.
    private readonly record struct Verdict(RaidAnswer Answer, string? MayComeRight = null)
    {
        public static Verdict Wait(string why) => new(RaidAnswer.Failed(why), why);
    }
}
