using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Store.Tests.Simulated;

/// <summary>Each fault of the simulated disk really happens, and only when it may.</summary>
public sealed class SimulatedDiskTests
{
    private const int Seeds = 200;
    private const int SectorBytes = 512;

    private static readonly byte[] s_old = Filled(1, 2 * SectorBytes);
    private static readonly byte[] s_new = Filled(2, 2 * SectorBytes);

    [Fact]
    public void What_was_synced_survives_every_power_cut()
    {
        foreach (byte[]? content in Outcomes(CrashFaults.All, (_, file) => file.Sync()))
        {
            Assert.Equal(s_new, content);
        }
    }

    [Fact]
    public void Without_crash_faults_everything_survives()
    {
        foreach (byte[]? content in Outcomes(CrashFaults.None, (_, _) => { }))
        {
            Assert.Equal(s_new, content);
        }
    }

    [Fact]
    public void Unsynced_writes_are_lost_or_kept_whole_without_tearing()
    {
        List<byte[]?> outcomes = Outcomes(CrashFaults.LostWrites, (_, _) => { });
        Assert.Contains(outcomes, content => content.AsSpan().SequenceEqual(s_old));
        Assert.Contains(outcomes, content => content.AsSpan().SequenceEqual(s_new));
        Assert.All(outcomes, content => Assert.True(content.AsSpan().SequenceEqual(s_old) || content.AsSpan().SequenceEqual(s_new)));
    }

    [Fact]
    public void Torn_writes_tear_between_sectors_and_nowhere_else()
    {
        List<byte[]?> outcomes = Outcomes(CrashFaults.LostWrites | CrashFaults.TornWrites, (_, _) => { });
        Assert.Contains(outcomes, content => content![0] == 1 && content[SectorBytes] == 2);
        Assert.Contains(outcomes, content => content![0] == 2 && content[SectorBytes] == 1);
        Assert.All(outcomes, content => Assert.All(content!.Chunk(SectorBytes), sector => Assert.Single(sector.Distinct())));
    }

    [Fact]
    public void A_length_may_survive_without_its_bytes()
    {
        List<byte[]?> outcomes = Outcomes(CrashFaults.LostWrites | CrashFaults.LostLengths, (_, file) => file.WriteAt(s_new, s_new.Length));
        Assert.Contains(outcomes, content => content!.Length == s_old.Length);
        Assert.Contains(outcomes, content => content!.Length == 2 * s_old.Length && content[^1] == 0);
        Assert.Contains(outcomes, content => content!.Length == 2 * s_old.Length && content[^1] == 2);
    }

    [Fact]
    public void Bytes_that_never_came_may_be_garbage()
    {
        List<byte[]?> outcomes = Outcomes(CrashFaults.LostWrites | CrashFaults.LostLengths | CrashFaults.Garbage, (_, file) => file.WriteAt(s_new, s_new.Length));
        Assert.Contains(outcomes, content => content!.Length == 2 * s_old.Length && content[(2 * s_old.Length)..].Length == 0 && content[^1] != 0 && content[^1] != 2);
    }

    [Fact]
    public void A_renamed_file_that_was_not_synced_may_come_up_empty()
    {
        bool empty = false;
        bool old = false;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            SimulatedProcess process = disk.NewProcess();
            WriteSynced(process, "a", s_old);
            using (IStoreFile file = process.Create("a.new"))
            {
                file.WriteAt(s_new, 0);
            }

            process.Rename("a.new", "a");
            SimulatedDisk after = disk.Crash();
            Assert.Contains("a", after.Files());
            empty |= after.ReadAll("a").Length == 0;
            old |= after.ReadAll("a").AsSpan().SequenceEqual(s_old);
        }

        Assert.True(empty);
        Assert.True(old);
    }

    [Fact]
    public void Unsynced_names_come_and_go_and_synced_ones_stay()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            SimulatedProcess process = disk.NewProcess();
            WriteSynced(process, "kept", s_old);
            WriteSynced(process, "deleted", s_old);
            process.Delete("deleted");
            process.Create("made").Dispose();
            List<string> files = disk.Crash().Files();
            Assert.Contains("kept", files);
            seen.Add(string.Join(' ', files));
        }

        Assert.Equal(["deleted kept", "deleted kept made", "kept", "kept made"], seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_rename_leaves_the_old_name_the_new_one_or_both_and_never_none()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            SimulatedProcess process = disk.NewProcess();
            process.CreateDirectory("d");
            process.CreateDirectory("e");
            process.SyncDirectory("");
            WriteSynced(process, "d/a", s_old);
            process.Rename("d/a", "e/b");
            seen.Add(string.Join(' ', disk.Crash().Files()));
        }

        Assert.Equal(["d/a", "d/a e/b", "e/b"], seen.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Syncing_the_new_directory_makes_a_rename_last()
    {
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            SimulatedProcess process = disk.NewProcess();
            process.CreateDirectory("d");
            process.CreateDirectory("e");
            process.SyncDirectory("");
            WriteSynced(process, "d/a", s_old);
            process.Rename("d/a", "e/b");
            process.SyncDirectory("e");
            Assert.Contains("e/b", disk.Crash().Files());
        }
    }

    [Fact]
    public void Unsynced_directories_vanish_with_all_that_is_in_them()
    {
        var seen = new HashSet<int>();
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed);
            SimulatedProcess process = disk.NewProcess();
            process.CreateDirectory("d");
            WriteSynced(process, "d/a", s_old);
            seen.Add(disk.Crash().Files().Count);
        }

        Assert.Equal([0, 1], seen.Order());
    }

    [Fact]
    public void A_power_cut_ends_every_process_and_drops_every_lock()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess first = disk.NewProcess();
        SimulatedProcess second = disk.NewProcess();
        Assert.NotNull(first.TryLock("l"));
        first.SyncDirectory("");
        disk.Arm(new ArmedFault(RunningFault.PowerCut, DiskOperation.Create, 1));
        first.Create("a").Dispose();
        Assert.Throws<PowerCutException>(() => first.Create("b"));
        Assert.Throws<PowerCutException>(() => second.List(""));
        Assert.False(disk.Crash().NewProcess().IsLocked("l"));
    }

    [Fact]
    public void A_killed_process_loses_its_locks_and_the_cache_stays()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess first = disk.NewProcess();
        SimulatedProcess second = disk.NewProcess();
        using IStoreFile file = first.Create("a");
        file.WriteAt(s_new, 0);
        Assert.NotNull(first.TryLock("l"));
        Assert.True(second.IsLocked("l"));
        disk.Arm(new ArmedFault(RunningFault.ProcessDeath, null, 0));
        Assert.Throws<ProcessKilledException>(() => file.WriteAt(s_old, 0));
        Assert.Throws<ProcessKilledException>(() => file.ReadAt(new byte[1], 0));
        Assert.False(second.IsLocked("l"));
        Assert.Equal(s_new, disk.ReadAll("a"));
    }

    [Fact]
    public void A_failed_sync_loses_the_pages_and_the_next_one_lies()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        WriteSynced(process, "a", s_old);
        using IStoreFile file = process.OpenWrite("a");
        file.WriteAt(s_new, 0);
        disk.Arm(new ArmedFault(RunningFault.SyncLosesPages, DiskOperation.Sync, 0));
        Assert.Throws<StoreIoException>(file.Sync);
        file.Sync();
        Assert.Equal(s_new, disk.ReadAll("a"));
        Assert.Equal(s_old, disk.Crash().ReadAll("a"));
    }

    [Theory]
    [InlineData(RunningFault.NoSpace, StoreIoFailure.DiskFull)]
    [InlineData(RunningFault.IoError, StoreIoFailure.Device)]
    public void An_operation_fails_once_at_the_chosen_place(RunningFault fault, StoreIoFailure failure)
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        using IStoreFile file = process.Create("a");
        disk.Arm(new ArmedFault(fault, DiskOperation.Write, 1));
        file.WriteAt(s_old, 0);
        Assert.Equal(failure, Assert.Throws<StoreIoException>(() => file.WriteAt(s_new, 0)).Failure);
        Assert.Equal(s_old, disk.ReadAll("a"));
        file.WriteAt(s_new, 0);
        Assert.Equal(s_new, disk.ReadAll("a"));
    }

    [Fact]
    public void A_full_disk_refuses_growth_and_takes_the_rest()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        using IStoreFile file = process.Create("a");
        file.WriteAt(s_old, 0);
        disk.CapacityBytes = s_old.Length;
        Assert.Equal(StoreIoFailure.DiskFull, Assert.Throws<StoreIoException>(() => file.WriteAt([1], s_old.Length)).Failure);
        file.WriteAt(s_new, 0);
        Assert.Equal(s_new, disk.ReadAll("a"));
    }

    [Fact]
    public void Lost_permission_lasts_and_reading_goes_on()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        WriteSynced(process, "a", s_old);
        disk.Arm(new ArmedFault(RunningFault.LostPermission, null, 0));
        Assert.Equal(StoreIoFailure.Permission, Assert.Throws<StoreIoException>(() => process.Create("b")).Failure);
        Assert.Throws<StoreIoException>(() => process.Delete("a"));
        Assert.True(process.IsReadOnly);
        process.OpenRead("a").Dispose();
        disk.Disarm();
        process.Create("b").Dispose();
    }

    [Fact]
    public void A_dropped_write_shows_until_the_cache_goes()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        WriteSynced(process, "a", s_old);
        using IStoreFile file = process.OpenWrite("a");
        disk.Arm(new ArmedFault(RunningFault.DroppedWrite, DiskOperation.Write, 0));
        file.WriteAt(s_new, 0);
        file.Sync();
        Assert.Equal(s_new, disk.ReadAll("a"));
        disk.DropCaches();
        Assert.Equal(s_old, disk.ReadAll("a"));
        Assert.Equal(["a"], disk.DamagedFiles());
    }

    [Fact]
    public void A_misdirected_write_hits_another_file()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        WriteSynced(process, "a", s_old);
        WriteSynced(process, "b", s_old);
        using IStoreFile file = process.OpenWrite("a");
        disk.Arm(new ArmedFault(RunningFault.MisdirectedWrite, DiskOperation.Write, 0));
        file.WriteAt(s_new, 0);
        file.Sync();
        disk.DropCaches();
        Assert.Equal(s_old, disk.ReadAll("a"));
        Assert.NotEqual(s_old, disk.ReadAll("b"));
        Assert.Equal(["a", "b"], disk.DamagedFiles());
    }

    [Fact]
    public void Bit_rot_changes_one_bit_for_good()
    {
        var disk = new SimulatedDisk(1);
        WriteSynced(disk.NewProcess(), "a", s_old);
        disk.FlipBit("a", 8 + 3);
        byte[] expected = [.. s_old];
        expected[1] ^= 1 << 3;
        Assert.Equal(expected, disk.ReadAll("a"));
        Assert.Equal(expected, disk.Crash().ReadAll("a"));
    }

    [Fact]
    public void A_log_replays_to_the_same_disk()
    {
        var disk = new SimulatedDisk(1) { Log = new OperationLog() };
        SimulatedProcess process = disk.NewProcess();
        process.CreateDirectory("d");
        process.SyncDirectory("");
        WriteSynced(process, "d/a", s_old);
        process.Rename("d/a", "d/b");
        process.Create("d/c").Dispose();
        process.Delete("d/c");
        var player = new LogPlayer(disk.Log, 1);
        while (player.Step())
        {
            Assert.True(player.Disk.Image(ImageMode.DurableOnly, 1).Files().Count <= 1);
        }

        Assert.Equal(disk.Log.Operations.Count, player.Position);
        Assert.Equal(["d/b"], player.Disk.Image(ImageMode.Everything, 1).Files());
        Assert.Equal(["d/a"], player.Disk.Image(ImageMode.DurableOnly, 1).Files());
        Assert.Equal(s_old, player.Disk.Image(ImageMode.DurableOnly, 1).ReadAll("d/a"));
    }

    [Fact]
    public void The_same_seed_gives_the_same_power_cut()
    {
        static string Run()
        {
            var disk = new SimulatedDisk(42);
            SimulatedProcess process = disk.NewProcess();
            for (int i = 0; i < 20; i++)
            {
                using IStoreFile file = process.Create($"f{i}");
                file.WriteAt(s_new, 0);
            }

            SimulatedDisk after = disk.Crash();
            return string.Join(' ', after.Files().Select(path => $"{path}:{Convert.ToHexString(after.ReadAll(path))}"));
        }

        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void An_interrupt_runs_before_the_operation_has_any_effect()
    {
        var disk = new SimulatedDisk(1);
        SimulatedProcess process = disk.NewProcess();
        SimulatedProcess other = disk.NewProcess();
        disk.Interrupt(0, () => other.Create("a").Dispose());
        Assert.Throws<StoreIoException>(() => process.Create("a"));
    }

    private static List<byte[]?> Outcomes(CrashFaults faults, Action<SimulatedProcess, IStoreFile> then)
    {
        var outcomes = new List<byte[]?>();
        for (int seed = 0; seed < Seeds; seed++)
        {
            var disk = new SimulatedDisk(seed) { CrashFaults = faults };
            SimulatedProcess process = disk.NewProcess();
            WriteSynced(process, "a", s_old);
            using IStoreFile file = process.OpenWrite("a");
            file.WriteAt(s_new, 0);
            then(process, file);
            outcomes.Add(disk.Crash().ReadAll("a"));
        }

        return outcomes;
    }

    private static void WriteSynced(SimulatedProcess process, string path, byte[] content)
    {
        using (IStoreFile file = process.Create(path))
        {
            file.WriteAt(content, 0);
            file.Sync();
        }

        process.SyncDirectory(path.Contains('/', StringComparison.Ordinal) ? path[..path.IndexOf('/', StringComparison.Ordinal)] : "");
    }

    private static byte[] Filled(byte value, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
