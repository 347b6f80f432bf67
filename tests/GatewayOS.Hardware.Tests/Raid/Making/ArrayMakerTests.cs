using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Hardware.Raid.Making;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Raid.Making;

/// <summary>The first start's array, and every later one: made of blank disks alone, gone on with after a power cut, and never made again.</summary>
public sealed class ArrayMakerTests : IDisposable
{
    private const string Target = "/srv/array";

    private static readonly StorageProfile s_storage = new(StorageMode.Md, [.. Enumerable.Range(1, 3).Select(no => new BayProfile(no, $"Bay {no}", $"path-{no}"))], "raid5");

    private readonly ScratchDirectory _scratch = new("array");
    private readonly BenchOfFiles _bench;
    private readonly List<string> _said = [];

    public ArrayMakerTests() => _bench = new BenchOfFiles(_scratch);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Of_blank_disks_an_array_is_made_formatted_and_mounted_once()
    {
        PlugAll();
        Assert.True(Run().IsDone);
        Assert.Equal(["create raid5 sdb sdc sdd", "format md127", "mount md127"], _bench.Done);
        Assert.True(Run().IsDone);
        Assert.Equal(3, _bench.Done.Count);
        _bench.Restart();
        Assert.True(Run().IsDone);
        Assert.Equal("mount md127", Assert.Single(_bench.Done.Skip(3)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BenchOfFiles.DiskBytes / 2)]
    [InlineData(BenchOfFiles.DiskBytes - 1)]
    public void A_disk_without_marks_that_holds_data_is_not_blank(int at)
    {
        PlugAll();
        _bench.Plug(2, bytes: [7], at: at);
        RaidAnswer answer = Run();
        Assert.Contains($"bay 2 (Maker Disk S2) holds data (at byte {at})", answer.Problem, StringComparison.Ordinal);
        Assert.Contains("--overwrite S2", answer.Problem, StringComparison.Ordinal);
        Assert.Empty(_bench.Done);
    }

    [Fact]
    public void What_is_marked_or_in_use_is_not_touched()
    {
        PlugAll();
        _bench.Plug(3, content: "ext4 'photos'");
        Assert.Contains("holds ext4 'photos'", Run().Problem, StringComparison.Ordinal);
        _bench.Plug(3, isInUse: true);
        Assert.Contains("In use are bay 3", Run("S3").Problem, StringComparison.Ordinal);
        Assert.Empty(_bench.Done);
    }

    [Fact]
    public void What_was_given_up_by_name_is_emptied_and_taken()
    {
        PlugAll();
        _bench.Plug(1, content: "ext4 'photos'", bytes: [7], at: 5000);
        Assert.True(Run("S1").IsDone);
        Assert.Equal(["empty sdb", "create raid5 sdb sdc sdd", "format md127", "mount md127"], _bench.Done);
    }

    [Fact]
    public void With_an_empty_bay_or_half_an_array_nothing_is_made()
    {
        _bench.Plug(1);
        _bench.Plug(3);
        Assert.Contains("these bays have no disk: Bay 2", Run().Problem, StringComparison.Ordinal);
        _bench.Plug(2, content: "a part of the array", superblock: "abc");
        Assert.Contains("belong to an array that does not run", Run().Problem, StringComparison.Ordinal);
        Assert.Empty(_bench.Done);
    }

    [Fact]
    public void Disks_that_come_late_are_waited_for()
    {
        _bench.Plug(1);
        _bench.Plug(2);
        _bench.Settled = waits => { if (waits == 3) { _bench.Plug(3); } };
        Assert.True(Run(wait: TimeSpan.FromMinutes(1)).IsDone);
        Assert.Contains(_said, said => said.Contains("Bay 3", StringComparison.Ordinal));
    }

    [Fact]
    public void An_error_of_the_making_does_not_count_when_the_array_is_there()
    {
        PlugAll();
        _bench.CreateError = "udisks2 answers to the making of the array with org.freedesktop.UDisks2.Error.Failed: Error waiting for array object";
        Assert.True(Run(wait: TimeSpan.FromMinutes(1)).IsDone);
        Assert.Contains(_said, said => said.Contains("UDisks2.Error.Failed", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("create")]
    [InlineData("after-create")]
    [InlineData("format")]
    [InlineData("after-format")]
    [InlineData("mount")]
    public void After_a_power_cut_the_making_goes_on(string at)
    {
        PlugAll();
        _bench.PowerCutAt = at;
        Assert.Throws<PowerCutException>(() => Run());
        _bench.Restart();
        Assert.True(Run().IsDone);
        Assert.Equal("mount md127", _bench.Done[^1]);
        _bench.Restart();
        _bench.Done.Clear();
        Assert.True(Run().IsDone);
        Assert.Equal(["mount md127"], _bench.Done);
    }

    [Fact]
    public void A_store_that_was_there_before_is_taken_as_it_is()
    {
        PlugAll();
        _bench.HaveArray(ArrayMaker.Label, [1, 2, 3]);
        Assert.True(Run().IsDone);
        Assert.Equal(["mount md127"], _bench.Done);
    }

    [Fact]
    public void Somebody_elses_array_is_left_alone()
    {
        PlugAll();
        _bench.HaveArray("photos");
        Assert.Contains("the file system 'photos' that is not a store's", Run().Problem, StringComparison.Ordinal);
        _bench.HaveArray(label: null, [9]);
        Assert.Contains("holds data that is not a store's", Run().Problem, StringComparison.Ordinal);
        Assert.Empty(_bench.Done);
    }

    [Fact]
    public void An_array_whose_label_was_lost_is_never_formatted_again()
    {
        PlugAll();
        Assert.True(Run().IsDone);
        _bench.Restart();
        _bench.HaveArray(label: null, [9]);
        _bench.Done.Clear();
        Assert.False(Run().IsDone);
        Assert.Empty(_bench.Done);
    }

    [Fact]
    public void With_a_damaged_record_nothing_is_made()
    {
        PlugAll();
        File.WriteAllText(Path.Join(Directory.CreateDirectory(_scratch["state"]).FullName, "array.json"), "{");
        Assert.Contains("damaged", Assert.Throws<InvalidDataException>(() => Run()).Message, StringComparison.Ordinal);
        Assert.Empty(_bench.Done);
    }

    private void PlugAll()
    {
        for (int bay = 1; bay <= 3; bay++)
        {
            _bench.Plug(bay);
        }
    }

    private RaidAnswer Run(string overwrite = "", TimeSpan wait = default) =>
        new ArrayMaker(_bench, s_storage, new StateDirectory(_scratch["state"]), TimeProvider.System, _said.Add).Run(Target, overwrite.Length > 0 ? [overwrite] : [], wait);
}
