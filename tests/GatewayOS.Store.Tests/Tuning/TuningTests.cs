using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Store.Tests.Tuning;

/// <summary>What is measured, chosen and kept for a machine.</summary>
public sealed class TuningTests : IDisposable
{
    private const int ProbeBytes = 4 * 1024 * 1024;

    private readonly TestStore _test = new();

    private string FilePath => Path.Join(_test.Root, "../tuning.json");

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_slow_disk_needs_few_workers_and_a_fast_one_all()
    {
        Assert.Equal(1, Choose(cores: 8, write: 100e6).WorkerThreads);
        Assert.Equal(3, Choose(cores: 8, write: 450e6).WorkerThreads);
        Assert.Equal(9, Choose(cores: 8, write: 9e9).WorkerThreads);
    }

    [Fact]
    public void Reads_beside_each_other_are_as_many_as_help()
    {
        // A single disk gains nothing beyond what keeps a core busy; an array gains up to eight, of which one core can follow four.
        Assert.Equal(3, Choose(cores: 1, random: [100e6, 101e6, 99e6]).RestoreThreads);
        Assert.Equal(8, Choose(cores: 2, random: [100e6, 190e6, 350e6, 600e6, 610e6]).RestoreThreads);
        Assert.Equal(4, Choose(cores: 1, random: [100e6, 190e6, 350e6, 600e6, 610e6]).RestoreThreads);
    }

    [Fact]
    public void Every_value_chosen_has_its_reason_and_is_in_range()
    {
        TuningChoice choice = TuningChoice.Make(64, Stages(), Disk(1e12, [1, 1, 1]));
        Assert.All(PipelineTuning.Keys, key =>
        {
            Assert.InRange(key.Get(choice.Tuning), key.Min, key.Max);
            Assert.NotEmpty(choice.Reasons[key.Name]);
        });
    }

    [Fact]
    public void What_is_pinned_goes_over_what_is_measured_and_both_are_kept_for_each_store()
    {
        var file = new TuningFile(FilePath);
        file.Write("/srv/a/", new StoreTuning(new PipelineTuning { WorkerThreads = 5, ReadThreads = 3 }, DateTimeOffset.UnixEpoch, new Dictionary<string, int> { ["worker-threads"] = 7 }));
        file.Write("/srv/b", new StoreTuning(null, null, new Dictionary<string, int> { ["verify-threads"] = 9 }));
        StoreTuning read = new TuningFile(FilePath).Read("/srv/a");
        Assert.Equal((7, 3), (read.Effective.WorkerThreads, read.Effective.ReadThreads));
        Assert.Equal(9, file.Read("/srv/b").Effective.VerifyThreads);
        file.Write("/srv/a", StoreTuning.None);
        Assert.Equal(PipelineTuning.Default, file.Read("/srv/a").Effective);
        Assert.Equal(9, file.Read("/srv/b").Effective.VerifyThreads);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"/srv/a": {"pinned": {"worker-threads": 0, "read-ahead-kib": 999999, "colour": 3}}}""")]
    public void What_makes_no_sense_in_the_file_means_defaults(string content)
    {
        File.WriteAllText(FilePath, content);
        Assert.Equal(PipelineTuning.Default, new TuningFile(FilePath).Read("/srv/a").Effective);
    }

    [Fact]
    public void Every_stage_is_measured_and_nothing_of_it_stays_in_the_store()
    {
        using BackupStore store = _test.Open();
        StageRates rates = StageProbe.Run(store, StageProbe.Sample(200_000, seed: 1), TimeSpan.Zero, CancellationToken.None);
        Assert.Equal(7, rates.Stages.Count);
        Assert.All(rates.Stages, stage => Assert.True(stage.BytesPerSecond > 0));
        Assert.InRange(rates.StoredShare, 0.4, 1.5);
        Assert.Empty(_test.Files("packs"));
    }

    [Fact]
    public void A_disk_is_measured_in_every_way_and_left_as_it_was()
    {
        using BackupStore store = _test.Open();
        DiskRates rates = DiskProbe.Run(store, ProbeBytes, TimeSpan.FromMilliseconds(1), _ => { }, CancellationToken.None);
        Assert.True(rates.WriteBytesPerSecond > 0);
        Assert.Equal((9, 5), (rates.Sequential.Count, rates.Random.Count));
        Assert.All(rates.Sequential.Concat(rates.Random), rate => Assert.True(rate.BytesPerSecond > 0));
        Assert.Empty(_test.Files("tmp"));
    }

    [Fact]
    public void The_files_of_a_measurement_go_when_it_is_stopped()
    {
        using BackupStore store = _test.Open();
        using var stop = new CancellationTokenSource();
        int files = 0;
        Assert.Throws<OperationCanceledException>(() => DiskProbe.Run(
            store,
            ProbeBytes,
            TimeSpan.FromMilliseconds(1),
            what =>
            {
                if (what.StartsWith("reading at random", StringComparison.Ordinal))
                {
                    files = _test.Files("tmp").Length;
                    stop.Cancel();
                }
            },
            stop.Token));
        Assert.True(files > 0);
        Assert.Empty(_test.Files("tmp"));
    }

    private static PipelineTuning Choose(int cores, double write = 1e9, double[]? random = null) => TuningChoice.Make(cores, Stages(), Disk(write, random ?? [1e9])).Tuning;

    // A worker does 400 MB/s of new data, which shrink to a half.
    private static StageRates Stages() => new(
        0.5,
        100_000,
        [
            new(StageProbe.Chunk, 3e9, false), new(StageProbe.Hash, 1.6e9, false), new(StageProbe.LookUp, 1.6e9, false), new(StageProbe.Compress, 1.6e9, false), new(StageProbe.Seal, 0.8e9, true),
            new(StageProbe.Open, 1e9, true), new(StageProbe.Decompress, 2e9, false),
        ]);

    private static DiskRates Disk(double write, double[] random) => new(
        write,
        [new ReadRate(262144, 1, 0.5e9), new ReadRate(1048576, 1, 1e9), new ReadRate(4194304, 1, 1e9)],
        [.. random.Select((rate, number) => new ReadRate(131072, 1 << number, rate))]);
}
