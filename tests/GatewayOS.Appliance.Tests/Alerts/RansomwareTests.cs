using System.Security.Cryptography;
using System.Text;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.Appliance.Tests.Alerts;

/// <summary>The canary: a month of ordinary change, and then somebody encrypts the files. What is found, and what is taken for it that is none.</summary>
public sealed class RansomwareTests(ITestOutputHelper output) : IDisposable
{
    private const string Node = "node1";
    private const int Days = 31;

    private readonly ScratchDirectory _scratch = new("ransomware");

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void An_encrypted_corpus_holds_the_good_restore_points_and_a_month_before_it_does_not(int seed, bool renames)
    {
        var corpus = new Corpus(_scratch["source"], Seeded.Random(seed));
        var clock = new ManualClock();
        using BackupStore store = BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.KeyFile(KeyFile.Generate()), "test", new OpenOptions { Time = clock });
        using var alerts = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, clock);
        var holds = new SnapshotHolds(new StateDirectory(_scratch.Path), clock);
        var watch = new SnapshotWatch(alerts, holds);
        var records = new List<SnapshotRecord>();
        for (int day = 0; day < Days; day++)
        {
            corpus.LiveADay(day);
            records.Add(BackUp(store, clock));
            watch.Look(records, id => id);
            Assert.Empty(alerts.List(withCleared: true, 10));
            Assert.Empty(holds.All);
        }

        corpus.Encrypt(renames);
        SnapshotRecord bad = BackUp(store, clock);
        watch.Look([.. records, bad], id => id);
        Assert.Equal(AlertKind.Anomaly, Assert.Single(alerts.List(withCleared: false, 10)).Event.Kind);
        Assert.All(records, record => Assert.NotNull(holds.HoldOf(record)));
        Assert.Null(holds.HoldOf(bad));
    }

    [Fact]
    public void The_rate_of_false_alarms_and_of_what_is_found_is_as_stated()
    {
        int backups = 0;
        int alarms = 0;
        int months = 0;
        int found = 0;
        int halfFound = 0;
        foreach (OrdinaryNode kind in OrdinaryNode.Kinds)
        {
            (int alarmsBefore, int foundBefore, int halfBefore) = (alarms, found, halfFound);
            for (int seed = 0; seed < 200; seed++)
            {
                Random random = Seeded.Random(seed);
                List<SnapshotCounts> history = [];
                double grown = 1;
                for (int day = 0; day < 30; day++)
                {
                    SnapshotCounts counts = kind.Day(random, day, ref grown);
                    alarms += AnomalyRadar.Judge(counts, history) is null ? 0 : 1;
                    history.Add(counts);
                    backups++;
                }

                months++;
                found += AnomalyRadar.Judge(kind.Encrypted(random, share: 1, grown), history) is null ? 0 : 1;
                halfFound += AnomalyRadar.Judge(kind.Encrypted(random, share: 0.5, grown), history) is null ? 0 : 1;
            }

            output.WriteLine($"{kind.Name}: {alarms - alarmsBefore} false alarms, {found - foundBefore} encryptions of everything and {halfFound - halfBefore} of half found in 200 months");
        }

        output.WriteLine($"{alarms} false alarms in {backups} backups of {months} ordinary months; found {found} of {months} encryptions of everything, {halfFound} of half");
        Assert.InRange(alarms, 0, backups / 1000);
        Assert.True(found >= months * 0.95, $"{found} of {months}");
    }

    private SnapshotRecord BackUp(BackupStore store, ManualClock clock)
    {
        clock.Now = clock.Now.AddDays(1);
        var options = new BackupOptions { Sources = [Encoding.UTF8.GetBytes(_scratch["source"])], Host = "test", Workers = 1, Readers = 1 };
        SnapshotRecord made = FileBackup.Run(store, options, new BackupProgress(), CancellationToken.None).Snapshot;

        // A node's ID is given by the appliance's way of commit alone; its time too.
        return made with { FinishedUtc = clock.Now, Draft = made.Draft with { NodeId = Node, StartedUtc = clock.Now } };
    }

    /// <summary>Files as people have them: texts, and some photographs.</summary>
    private sealed class Corpus(string root, Random random)
    {
        private const int Texts = 240;
        private const int TextBytesMax = 120_000;

        private static readonly string[] s_words = [.. Enumerable.Range(0, 900).Select(number => Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(number)))[..(3 + (number % 8))])];
        private int _made;

        public void LiveADay(int day)
        {
            if (day == 0)
            {
                Enumerable.Range(0, Texts).ToList().ForEach(_ => AddText());
                Enumerable.Range(0, 20).ToList().ForEach(_ => AddNoise(100_000));
                return;
            }

            string[] files = Directory.GetFiles(root, "*.txt", SearchOption.AllDirectories);
            for (int change = random.Next(2, 25); change > 0; change--)
            {
                File.AppendAllText(files[random.Next(files.Length)], Text(random.Next(100, 5000)));
            }

            for (int add = random.Next(0, 6); add > 0; add--)
            {
                AddText();
            }

            switch (day)
            {
                case 12:
                    // An upgrade: most of it is written anew.
                    files.Where((_, number) => number % 5 < 3).ToList().ForEach(file => File.WriteAllText(file, Text(random.Next(10_000, TextBytesMax))));
                    break;
                case 20:
                    AddNoise(9_000_000);
                    break;
                case 26:
                    Directory.Move(Path.Join(root, "d3"), Path.Join(root, "moved"));
                    break;
            }
        }

        public void Encrypt(bool renames)
        {
            using var aes = Aes.Create();
            foreach (string file in Directory.GetFiles(root, "*", SearchOption.AllDirectories))
            {
                File.WriteAllBytes(file, aes.EncryptCbc(File.ReadAllBytes(file), RandomNumberGenerator.GetBytes(16)));
                if (renames)
                {
                    File.Move(file, file + ".locked");
                }
            }
        }

        private void AddText() => File.WriteAllText(NewFile(".txt"), Text(random.Next(10_000, TextBytesMax)));

        private void AddNoise(int bytes)
        {
            byte[] noise = new byte[bytes];
            random.NextBytes(noise);
            File.WriteAllBytes(NewFile(".jpg"), noise);
        }

        private string NewFile(string extension)
        {
            string directory = Directory.CreateDirectory(Path.Join(root, $"d{_made % 8}")).FullName;
            return Path.Join(directory, $"f{_made++}{extension}");
        }

        private string Text(int bytes)
        {
            var text = new StringBuilder();
            while (text.Length < bytes)
            {
                text.Append(s_words[(int)(s_words.Length * Math.Pow(random.NextDouble(), 2))]).Append(random.Next(12) == 0 ? ".\n" : " ");
            }

            return text.ToString();
        }
    }

    /// <summary>
    /// A kind of node as its backups' figures show it: share of files and bytes that a usual day changes, each within a factor of three, how its new data
    /// compresses, and days that are different: an upgrade, a move, a folder of films, an import.
    /// </summary>
    private sealed record OrdinaryNode(string Name, long Files, long FileBytes, double ChangedShare, double NewShare, double Compression, double CompressionSpread)
    {
        public static readonly OrdinaryNode[] Kinds =
        [
            new("office", 200_000, 100_000, 0.002, 0.004, 0.55, 0.15),
            new("build server", 400_000, 60_000, 0.01, 0.02, 0.45, 0.1),
            new("databases", 50, 2_000_000_000, 0.2, 0.1, 0.35, 0.05),
            new("photographs", 30_000, 5_000_000, 0.003, 0.005, 0.98, 0.02),
            new("mail", 1_000_000, 20_000, 0.02, 0.03, 0.6, 0.2),
        ];

        public SnapshotCounts Day(Random random, int day, ref double grown)
        {
            if (day == 0)
            {
                return new SnapshotCounts { Files = Files, FilesNew = Files, Bytes = Files * FileBytes, NewBytes = Files * FileBytes, StoredBytes = (long)(Files * FileBytes * Compression) };
            }

            bool isWeekend = day % 7 is 5 or 6;
            double scale = (isWeekend ? 0.2 : 1) * Math.Pow(3, (random.NextDouble() * 2) - 1);
            double changed = Math.Min(1, ChangedShare * scale);
            double isNew = Math.Min(1, NewShare * scale);
            double compression = Math.Clamp(Compression + (((random.NextDouble() * 2) - 1) * CompressionSpread), 0.05, 1.0);
            switch (random.Next(60))
            {
                case 0:
                    // An upgrade.
                    (changed, isNew, compression) = (Math.Max(changed, 0.3), Math.Max(isNew, 0.2), Math.Min(compression, 0.55));
                    break;
                case 1:
                    // A folder of films, or archives.
                    (isNew, compression) = (Math.Max(isNew, 0.15), 1.0);
                    break;
                case 2:
                    // Something large was moved: new files, nothing new in them.
                    changed = Math.Max(changed, 0.4);
                    break;
            }

            SnapshotCounts counts = Counts(changed, isNew, compression, grown);
            if (random.Next(60) > 0)
            {
                return counts;
            }

            grown *= 1.2;
            long added = counts.Bytes / 5;
            return counts with { Files = counts.Files * 6 / 5, FilesNew = counts.Files / 5, Bytes = counts.Bytes + added, NewBytes = counts.NewBytes + added, StoredBytes = counts.StoredBytes + added };
        }

        public SnapshotCounts Encrypted(Random random, double share, double grown) => Counts(share, share, 0.995 + (random.NextDouble() * 0.01), grown);

        private SnapshotCounts Counts(double changed, double isNew, double compression, double grown)
        {
            long files = (long)(Files * grown);
            long newBytes = (long)(files * FileBytes * isNew);
            return new SnapshotCounts { Files = files, FilesChanged = (long)(files * changed), Bytes = files * FileBytes, NewBytes = newBytes, StoredBytes = (long)(newBytes * compression) };
        }
    }
}
