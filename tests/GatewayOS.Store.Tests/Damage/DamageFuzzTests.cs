using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;

namespace GatewayOS.Store.Tests.Damage;

/// <summary>
/// Random changes anywhere in a store's directory: nothing but the store's own exceptions comes out, nothing reads wrong, and whatever no
/// longer reads was reported by verify.
/// </summary>
public sealed class DamageFuzzTests
{
    private const int Mutations = 600;
    private const string All = "first/a first/b first/c second/a second/b second/c second/d";

    [Fact]
    public void Any_change_is_found_or_harmless()
    {
        int found = 0;
        int harmless = 0;
        int refused = 0;
        for (int seed = 1; seed <= Mutations; seed++)
        {
            var store = new SmallStore(seed: 7);
            string change = Mutate(store, Seeded.Random(seed));
            try
            {
                _ = Check(store) ? found++ : harmless++;
            }
            catch (StoreUnusableException)
            {
                // Config or key slots: nothing opens, and the message says what to restore.
                refused++;
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, {change}: {error}");
            }
        }

        // All three happen, or the mutations do not reach what they should.
        Assert.True(found > Mutations / 3, $"{found} found");
        Assert.True(harmless > 0 && refused > 0, $"{harmless} harmless, {refused} refused");
    }

    // True when verify found something, false when the change is harmless.
    private static bool Check(SmallStore store)
    {
        VerifyReport keyless = store.VerifyKeyless();
        VerifyReport report = store.Verify(readData: true);
        string before = string.Join(' ', store.Readable());
        if (report.Clean)
        {
            Assert.Equal(All, before);
            return false;
        }

        // Without the key everything on disk can be checked but what it is for.
        Assert.False(keyless.Clean && report.Findings.Any(finding => finding.Kind is FindingKind.RecordDamaged or FindingKind.PackDamaged), string.Join("; ", report.Findings));
        var affected = report.Affected.Select(path => path.SnapshotId).ToHashSet(StringComparer.Ordinal);
        RepairReport repair = store.Repair();
        VerifyReport after = store.Verify(readData: true);
        Assert.True(after.Clean, string.Join("; ", after.Findings));
        var readable = store.Readable();
        foreach ((SnapshotRecord record, string files) in new[] { (store.First, "first/a first/b first/c"), (store.Second, "second/a second/b second/c second/d") })
        {
            bool recordLost = repair.MovedAway.Contains(record.Id + StoreLayout.SnapshotSuffix);
            if (!recordLost && !affected.Contains(record.Id))
            {
                Assert.Subset(readable, files.Split(' ').ToHashSet(StringComparer.Ordinal));
            }
        }

        return true;
    }

    private static string Mutate(SmallStore store, Random random)
    {
        List<string> files = store.Disk.Files().FindAll(path => !path.StartsWith("locks/", StringComparison.Ordinal));
        string victim = files[random.Next(files.Count)];
        byte[] content = store.Disk.ReadAll(victim);
        switch (random.Next(4))
        {
            case 0:
                int cut = random.Next(content.Length);
                store.Disk.Truncate(victim, cut);
                return $"{victim} cut to {cut}";
            case 1:
                byte[] more = new byte[random.Next(1, 200)];
                random.NextBytes(more);
                store.Disk.Place(victim, [.. content, .. more]);
                return $"{victim} with {more.Length} bytes behind";
            default:
                int at = random.Next(content.Length);
                byte value = (byte)(content[at] ^ random.Next(1, 256));
                store.Disk.Overwrite(victim, at, [value]);
                return $"{victim} byte {at} set to {value}";
        }
    }
}
