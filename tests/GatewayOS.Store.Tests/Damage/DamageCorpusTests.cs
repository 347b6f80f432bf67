using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Tests.Damage;

/// <summary>
/// One kind of damage at a time: what each verification reports, what still reads, what repair says is lost, and that the store is clean
/// afterwards. Findings stand as "Kind object", with names of packs and chunks by the file they hold.
/// </summary>
public sealed class DamageCorpusTests
{
    private const string All = "first/a first/b first/c second/a second/b second/c second/d";
    private const string WithoutB = "first/a first/c second/a second/c second/d";

    public static TheoryData<string> Cases => [.. s_cases.Keys];

    private static readonly Dictionary<string, DamageCase> s_cases = new(StringComparer.Ordinal)
    {
        ["pack torn at its tail"] = new(s => s.Disk.Truncate(s.PackPath("b"), Length(s, "b") - 10))
        {
            Structure = "PackDamaged pack-b",
            Readable = All,
            Moved = "pack-b",
        },
        ["pack cut in the middle of a record"] = new(s => s.Disk.Truncate(s.PackPath("b"), s.Places["b"].OffsetBytes + 1000))
        {
            Structure = "PackDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "PackDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["pack of no bytes"] = new(s => s.Disk.Truncate(s.PackPath("b"), 0))
        {
            Structure = "PackDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "PackDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a pack's magic"] = new(s => s.Disk.FlipBit(s.PackPath("b"), 3))
        {
            Structure = "PackDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "PackDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a pack's salt"] = new(s => s.Disk.FlipBit(s.PackPath("b"), 40 * 8))
        {
            Structure = "PackDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "PackDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a record's head"] = new(s => s.Disk.FlipBit(s.PackPath("b"), (s.Places["b"].OffsetBytes + 20) * 8))
        {
            Structure = "",
            ReadData = "RecordDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "RecordDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a record's payload"] = new(s => s.Disk.FlipBit(s.PackPath("b"), (s.Places["b"].OffsetBytes + 64 + 500) * 8))
        {
            Structure = "",
            ReadData = "RecordDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "RecordDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a record's tag"] = new(s => s.Disk.FlipBit(s.PackPath("b"), (s.Places["b"].OffsetBytes + 64 + s.Places["b"].StoredBytes - 1) * 8))
        {
            Structure = "",
            ReadData = "RecordDamaged pack-b, ChunkMissing chunk-b",
            Keyless = "RecordDamaged pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "pack-b first.snap second.snap",
        },
        ["flipped bit in a pack's directory"] = new(s => s.Disk.FlipBit(s.PackPath("b"), (Length(s, "b") - 64 - 10) * 8))
        {
            Structure = "PackDamaged pack-b",
            Readable = All,
            Moved = "pack-b",
        },
        ["flipped bit in a pack's tail"] = new(s => s.Disk.FlipBit(s.PackPath("b"), (Length(s, "b") - 64) * 8))
        {
            Structure = "PackDamaged pack-b",
            Readable = All,
            Moved = "pack-b",
        },
        ["missing data pack"] = new(s => s.Disk.Remove(s.PackPath("b")))
        {
            Structure = "ChunkMissing chunk-b",
            Keyless = "PackMissing pack-b",
            Readable = WithoutB,
            Lost = "first/b second/b",
            Moved = "first.snap second.snap",
        },
        ["missing tree pack"] = new(s => s.Disk.Remove(s.PackPath("second")))
        {
            Structure = "ChunkMissing tree-second",
            Keyless = "PackMissing pack-second",
            Readable = "first/a first/b first/c",
            Lost = "second",
            Moved = "second.snap",
        },
        ["flipped bit in a tree"] = new(s => s.Disk.FlipBit(s.PackPath("second"), (64 + 64 + 30) * 8))
        {
            Structure = "TreeDamaged tree-second",
            ReadData = "RecordDamaged pack-second, ChunkMissing tree-second",
            Keyless = "RecordDamaged pack-second",
            Readable = "first/a first/b first/c",
            Lost = "second",
            Moved = "pack-second second.snap",
        },
        ["foreign file among the packs"] = new(s => s.Disk.Place("packs/00/notes.txt", [1, 2, 3]))
        {
            Structure = "Foreign packs/00/notes.txt",
            Readable = All,
        },
        ["pack under another pack's name"] = new(s => Rename(s, s.PackPath("b"), $"packs/77/77{s.Packs["b"][2..]}"))
        {
            Structure = "PackDamaged 77*, Index index*",
            AlsoReadable = "first/b second/b",
            Readable = WithoutB,
            Moved = "77*",
            Keyless = "PackMissing pack-b, PackDamaged 77*",
        },
        ["two packs swapped"] = new(Swap)
        {
            Structure = "PackDamaged pack-a, PackDamaged pack-b",
            Keyless = "PackDamaged pack-a, PackDamaged pack-b",
            Readable = "first/c second/c second/d",
            AlsoReadable = "first/a first/b second/a second/b",
            Moved = "pack-a pack-b",
        },
        ["flipped bit in an index page"] = new(s => s.Disk.FlipBit(Index(s), (s.Disk.ReadAll(Index(s)).Length - 2000) * 8L))
        {
            Structure = "Index index*",
            Keyless = "Index index*",
            Readable = null,
        },
        ["index segments of no bytes"] = new(s => ForEachIndex(s, path => s.Disk.Truncate(path, 0)))
        {
            Structure = "Index index*",
            Keyless = "Index index*",
            Readable = All,
        },
        ["missing index"] = new(s => ForEachIndex(s, s.Disk.Remove))
        {
            Structure = "",
            Readable = All,
        },
        ["flipped bit in a snapshot"] = new(s => s.Disk.FlipBit($"snapshots/{s.Second.Id}.snap", 100 * 8))
        {
            Structure = "Snapshot second.snap",
            Readable = "first/a first/b first/c",
            Moved = "second.snap",
        },
        ["snapshot of no bytes"] = new(s => s.Disk.Truncate($"snapshots/{s.Second.Id}.snap", 0))
        {
            Structure = "Snapshot second.snap",
            Readable = "first/a first/b first/c",
            Moved = "second.snap",
        },
        ["foreign file among the snapshots"] = new(s => s.Disk.Place("snapshots/notes.txt", [1, 2, 3]))
        {
            Structure = "Snapshot notes.txt",
            Readable = All,
            Moved = "notes.txt",
        },
        ["left-over temporary files"] = new(s => s.Disk.Place("tmp/0123456789abcdef0123456789abcdef-1.pack", [1, 2, 3]))
        {
            Structure = "",
            Readable = All,
        },
        ["left-over lock files"] = new(s => s.Disk.Place("locks/0123456789abcdef0123456789abcdef.session", []))
        {
            Structure = "",
            Readable = All,
        },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Damage_is_named_contained_and_repaired(string name)
    {
        DamageCase damage = s_cases[name];
        var store = new SmallStore(seed: 7);
        Assert.Equal(All, string.Join(' ', store.Readable()));
        damage.Do(store);

        VerifyReport structure = store.Verify(readData: false);
        VerifyReport full = store.Verify(readData: true);
        Assert.Equal(damage.Structure, Text(store, structure));
        Assert.Equal(damage.ReadData ?? damage.Structure, Text(store, full));
        Assert.Equal(damage.Keyless ?? damage.ReadData ?? damage.Structure, Text(store, store.VerifyKeyless()));
        if (damage.Readable is not null)
        {
            Assert.Equal(damage.Readable, string.Join(' ', store.Readable()));
        }

        RepairReport repair = store.Repair();
        Assert.Equal(damage.Lost, string.Join(' ', repair.Lost.Select(path => Path(store, path)).Order(StringComparer.Ordinal)));
        Assert.Equal(
            string.Join(' ', damage.Moved.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal)),
            string.Join(' ', repair.MovedAway.Select(file => Name(store, file)).Order(StringComparer.Ordinal)));
        VerifyReport after = store.Verify(readData: true);
        Assert.True(after.Clean, string.Join("; ", after.Findings));
        Assert.True(store.VerifyKeyless().Clean);
        string expected = damage.Readable is null ? All : string.Join(' ', $"{damage.Readable} {damage.AlsoReadable}".Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal(expected, string.Join(' ', store.Readable()));
    }

    [Fact]
    public void A_missing_config_is_no_store_and_says_so()
    {
        var store = new SmallStore(seed: 7);
        store.Disk.Remove("config.json");
        Assert.Contains("no store", Assert.Throws<StoreUnusableException>(store.Open).Message, StringComparison.Ordinal);
        Assert.Throws<StoreUnusableException>(store.VerifyKeyless);
    }

    [Fact]
    public void An_altered_config_unlocks_nothing()
    {
        byte[] config = new SmallStore(seed: 7).Disk.ReadAll("config.json");
        for (int at = 0; at < config.Length; at++)
        {
            var store = new SmallStore(seed: 7);
            store.Disk.FlipBit("config.json", (at * 8) + (at % 8));
            Assert.Throws<StoreUnusableException>(store.Open);
            at += 6;
        }
    }

    [Fact]
    public void An_altered_key_slot_unlocks_nothing_and_verify_names_it()
    {
        var sound = new SmallStore(seed: 7);
        int length = sound.Disk.ReadAll(sound.OnlyFile("keys")).Length;
        for (int at = 0; at < length; at += 7)
        {
            var store = new SmallStore(seed: 7);
            string slot = store.OnlyFile("keys");
            byte[] before = store.Disk.ReadAll(slot);
            store.Disk.FlipBit(slot, (Math.Min(at, before.Length - 1) * 8) + (at % 8));
            VerifyReport report = store.VerifyKeyless();
            try
            {
                store.Open().Dispose();
            }
            catch (StoreUnusableException)
            {
                Assert.Contains(report.Findings, finding => finding.Kind == FindingKind.KeySlot && finding.Object == slot);
            }
        }
    }

    private static int Length(SmallStore store, string name) => store.Disk.ReadAll(store.PackPath(name)).Length;

    private static string Index(SmallStore store) => store.Disk.Files().First(path => path.StartsWith("index/", StringComparison.Ordinal));

    private static void ForEachIndex(SmallStore store, Action<string> action) =>
        store.Disk.Files().Where(path => path.StartsWith("index/", StringComparison.Ordinal)).ToList().ForEach(action);

    private static void Rename(SmallStore store, string from, string to)
    {
        store.Disk.Place(to, store.Disk.ReadAll(from));
        store.Disk.Remove(from);
    }

    private static void Swap(SmallStore store)
    {
        byte[] a = store.Disk.ReadAll(store.PackPath("a"));
        store.Disk.Place(store.PackPath("a"), store.Disk.ReadAll(store.PackPath("b")));
        store.Disk.Place(store.PackPath("b"), a);
    }

    private static string Text(SmallStore store, VerifyReport report) =>
        string.Join(", ", report.Findings.Select(finding => $"{finding.Kind} {Name(store, finding.Object)}").Distinct());

    private static string Path(SmallStore store, AffectedPath path)
    {
        string snapshot = path.SnapshotId == store.First.Id ? "first" : "second";
        return (snapshot + path.Path).TrimEnd('/');
    }

    private static string Name(SmallStore store, string name)
    {
        if (store.Packs.FirstOrDefault(pack => pack.Value == name) is { Key: not null } pack)
        {
            return $"pack-{pack.Key}";
        }

        foreach (string file in store.Places.Keys.Where(file => store.ChunkOf(file) == name))
        {
            return $"chunk-{file}";
        }

        foreach ((string label, SnapshotRecord record) in new[] { ("first", store.First), ("second", store.Second) })
        {
            if (name == record.Id + StoreLayout.SnapshotSuffix)
            {
                return label + StoreLayout.SnapshotSuffix;
            }

            if (name == store.TreeOf(record))
            {
                return $"tree-{label}";
            }
        }

        bool index = name.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal) || name == StoreLayout.Index;
        return index ? "index*" : name.StartsWith("77", StringComparison.Ordinal) ? "77*" : name;
    }
}

/// <summary>A kind of damage and what is to come of it. Unnamed reports are as the structural one.</summary>
internal sealed record DamageCase(Action<SmallStore> Do)
{
    /// <summary>Findings of verify without reading data.</summary>
    public string Structure { get; init; } = "";

    /// <summary>Findings of verify with all data read.</summary>
    public string? ReadData { get; init; }

    /// <summary>Findings of verify without the key.</summary>
    public string? Keyless { get; init; }

    /// <summary>What reads back before the repair; null when the damage may keep all from reading.</summary>
    public string? Readable { get; init; } = "";

    /// <summary>What reads back after the repair in addition.</summary>
    public string AlsoReadable { get; init; } = "";

    /// <summary>What repair says is lost.</summary>
    public string Lost { get; init; } = "";

    /// <summary>What repair moves away.</summary>
    public string Moved { get; init; } = "";
}
