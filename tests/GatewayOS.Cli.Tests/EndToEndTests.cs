using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cli.Tests;

/// <summary>The built program on a small tree, as a script would call it.</summary>
public sealed class EndToEndTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("cli");
    private readonly Gatewayctl _store;

    public EndToEndTests()
    {
        _store = new Gatewayctl(_scratch["store"], new Dictionary<string, string> { ["GATEWAY_PASSPHRASE"] = "correct horse" });
        Directory.CreateDirectory(_scratch["source/inner"]);
        File.WriteAllText(_scratch["source/a.txt"], "first");
        File.WriteAllText(_scratch["source/inner/b.txt"], string.Concat(Enumerable.Repeat("a line of text\n", 5000)));
        File.WriteAllText(_scratch["source/skip.tmp"], "not wanted");
        File.CreateSymbolicLink(_scratch["source/link"], "a.txt");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_verb_does_its_work()
    {
        JsonElement made = _store.Expect(0, "init", "--json").Json;
        Assert.True(made.GetProperty("ok").GetBoolean());
        string first = Backup("--tag", "one").GetProperty("id").GetString()!;
        File.WriteAllText(_scratch["source/a.txt"], "second");
        File.WriteAllText(_scratch["source/c.txt"], "new");
        JsonElement second = Backup();
        Assert.Equal(first, second.GetProperty("parent").GetString());
        Assert.Equal(1, second.GetProperty("filesNew").GetInt64());
        Assert.Equal(1, second.GetProperty("filesChanged").GetInt64());

        Assert.Equal(2, _store.Expect(0, "snapshots", "--json").Json.GetProperty("snapshots").GetArrayLength());
        Assert.Contains("a.txt", _store.Expect(0, "ls", "latest", _scratch["source"]).Output, StringComparison.Ordinal);
        string diff = _store.Expect(0, "diff", first[..8], "latest").Output;
        Assert.Contains($"M  {_scratch["source/a.txt"]}", diff, StringComparison.Ordinal);
        Assert.Contains($"+  {_scratch["source/c.txt"]}", diff, StringComparison.Ordinal);

        _store.Expect(0, "restore", "latest", "--target", _scratch["out"], "--verify");
        File.Delete(_scratch["source/skip.tmp"]);
        Shell.Run($"touch -d @$(stat -c %Y '{_scratch["out"] + _scratch["source"]}') '{_scratch["source"]}'");
        string differences = Shell.Differences(_scratch["out"] + _scratch["source"], _scratch["source"]);
        Assert.True(differences is "" or ".d..t...... ./", differences);
        _store.Expect(0, "restore", first, "--target", _scratch["part"], "--path", _scratch["source/inner"]);
        Assert.Equal([_scratch["part"] + _scratch["source/inner/b.txt"]], Directory.GetFiles(_scratch["part"], "*", SearchOption.AllDirectories));

        Assert.True(_store.Expect(0, "verify", "--read-data", "--json").Json.GetProperty("ok").GetBoolean());
        _store.Expect(0, "verify", "--keyless");
        Assert.Equal(1, _store.Expect(0, "forget", "--keep-last", "1", "--json").Json.GetProperty("removed").GetInt32());
        _store.Expect(0, "gc", "--max-unused", "0", "--json");
        _store.Expect(0, "rebuild-index");
        _store.Expect(0, "repair");
        Assert.Equal(1, _store.Expect(0, "stats", "--json").Json.GetProperty("snapshots").GetInt32());
    }

    [Fact]
    public void A_profile_names_every_stage_and_the_bottleneck()
    {
        _store.Expect(0, "init");
        AssertProfile(
            _store.Expect(0, "backup", _scratch["source"], "--profile", "--json").Json,
            ["walk", "read", "chunk", "hash", "look up", "compress", "encrypt", "write", "complete", "sync"]);
        AssertProfile(_store.Expect(0, "verify", "--read-data", "--profile", "--json").Json, ["read", "check hash", "decrypt", "decompress", "hash", "walk"]);
        AssertProfile(
            _store.Expect(0, "restore", "latest", "--target", _scratch["out"], "--profile", "--json").Json,
            ["walk", "look up", "read", "decrypt", "decompress", "hash", "write", "metadata"]);
        Assert.Contains("bottleneck: ", _store.Expect(0, "verify", "--read-data", "--profile").Output, StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, _store.Expect(0, "verify", "--json").Json.TryGetProperty("stages", out JsonElement none) ? none.ValueKind : JsonValueKind.Null);
    }

    private static void AssertProfile(JsonElement json, string[] expected)
    {
        JsonElement[] stages = [.. json.GetProperty("stages").EnumerateArray()];
        string[] names = [.. stages.Select(stage => stage.GetProperty("name").GetString()!)];
        Assert.All(expected, name => Assert.Contains(names, found => found.StartsWith(name, StringComparison.Ordinal)));
        Assert.All(stages, stage => Assert.True(stage.GetProperty("busySeconds").GetDouble() >= 0));
        Assert.Contains(json.GetProperty("bottleneck").GetString(), names);
    }

    [Fact]
    public void Keys_open_the_store_until_they_are_removed()
    {
        string firstSlot = _store.Expect(0, "init", "--json").Json.GetProperty("slot").GetProperty("id").GetString()!;
        _store.Expect(0, "key", "add", "--new-key-file", _scratch["second.key"], "--label", "second");
        string recovery = _store.Expect(0, "key", "recovery", "--json", "--out", _scratch["sheet.svg"]).Json.GetProperty("recoveryKey").GetString()!;
        Assert.Contains(recovery, File.ReadAllText(_scratch["sheet.svg"]), StringComparison.Ordinal);
        Assert.Equal(3, _store.Expect(0, "key", "list", "--json").Json.GetProperty("slots").GetArrayLength());
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_scratch["second.key"]));

        var byFile = new Gatewayctl(_store.Store, new Dictionary<string, string> { ["GATEWAY_KEY_FILE"] = _scratch["second.key"] });
        byFile.Expect(0, "key", "remove", firstSlot[..10]);
        Assert.Contains("wrong", _store.Expect(1, "snapshots").Errors, StringComparison.Ordinal);
        var byRecovery = new Gatewayctl(_store.Store, new Dictionary<string, string> { ["GATEWAY_RECOVERY_KEY"] = recovery });
        byRecovery.Expect(0, "snapshots", "--recovery-key");
        string last = byFile.Expect(0, "key", "list", "--json").Json.GetProperty("slots").EnumerateArray().First(slot => slot.GetProperty("kind").GetString() == "recovery").GetProperty("id").GetString()!;
        byFile.Expect(0, "key", "remove", last);
        string only = byFile.Expect(0, "key", "list", "--json").Json.GetProperty("slots")[0].GetProperty("id").GetString()!;
        Assert.Contains("Add another one first", byFile.Expect(1, "key", "remove", only).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_say_what_is_wrong_and_change_nothing()
    {
        Assert.Contains("no store in", _store.Expect(1, "snapshots").Errors, StringComparison.Ordinal);
        _store.Expect(0, "init");
        string before = Shell.Run($"cd '{_store.Store}' && find . -type f ! -path './locks/*' -exec sha256sum {{}} + | sort");
        var wrong = new Gatewayctl(_store.Store, new Dictionary<string, string> { ["GATEWAY_PASSPHRASE"] = "wrong horse" });
        GatewayctlRun refused = wrong.Expect(1, "backup", _scratch["source"], "--json");
        Assert.Equal("unusable", refused.Json.GetProperty("error").GetProperty("kind").GetString());
        Assert.Contains("passphrase is wrong", refused.Errors, StringComparison.Ordinal);
        Assert.Equal(before, Shell.Run($"cd '{_store.Store}' && find . -type f ! -path './locks/*' -exec sha256sum {{}} + | sort"));

        Assert.Contains("already", _store.Expect(1, "init").Errors, StringComparison.Ordinal);
        Assert.Contains("nowhere", _store.Expect(1, "backup", "/nowhere/at/all").Errors, StringComparison.Ordinal);
        Assert.Contains("no snapshot yet", _store.Expect(1, "restore", "latest", "--target", _scratch["out"]).Errors, StringComparison.Ordinal);
        var none = new Gatewayctl(_store.Store, new Dictionary<string, string>());
        Assert.Contains("--key-file", none.Expect(2, "snapshots").Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("backup")]
    [InlineData("restore latest")]
    [InlineData("backup --no-such-option /etc")]
    [InlineData("forget")]
    [InlineData("forget --keep-last -1")]
    [InlineData("restore latest --target x --overwrite perhaps")]
    [InlineData("gc --max-unused 200")]
    [InlineData("no-such-verb")]
    public void Nonsense_is_a_usage_error(string arguments)
    {
        _store.Expect(0, "init");
        GatewayctlRun run = _store.Expect(2, arguments.Split(' '));
        Assert.StartsWith("gatewayctl: ", run.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Errors, StringComparison.Ordinal);
        Assert.Equal(2, _store.Expect(2, [.. arguments.Split(' '), "--json"]).Json.GetProperty("exitCode").GetInt32());
    }

    [Fact]
    public void Unreadable_files_end_with_3_and_damage_with_4()
    {
        _store.Expect(0, "init");
        Shell.Run($"mkfifo '{_scratch["source/pipe"]}'; ln -s nowhere '{_scratch["source/dangling"]}'");
        Backup();

        // A second source that is not there is a problem, not a failure.
        Assert.Equal(3, _store.Run("backup", _scratch["source"], "/nowhere/at/all").ExitCode);
        string pack = Directory.GetFiles(Path.Join(_store.Store, "packs"), "*.pack", SearchOption.AllDirectories).OrderByDescending(file => new FileInfo(file).Length).First();
        using (FileStream file = File.Open(pack, FileMode.Open))
        {
            file.Position = 200;
            int value = file.ReadByte();
            file.Position = 200;
            file.WriteByte((byte)(value ^ 1));
        }

        GatewayctlRun verify = _store.Expect(4, "verify", "--read-data");
        Assert.Contains(Path.GetFileName(pack), verify.Output, StringComparison.Ordinal);
        Assert.Contains("affected: snapshot", verify.Output, StringComparison.Ordinal);
        _store.Expect(4, "verify", "--read-data", "--keyless");
        _store.Expect(4, "restore", "latest", "--target", _scratch["out"]);
        Assert.Contains("lost: snapshot", _store.Expect(4, "repair").Output, StringComparison.Ordinal);
        _store.Expect(0, "verify", "--read-data");
        _store.Run("backup", _scratch["source"], "--force-read");
        _store.Expect(0, "restore", "latest", "--target", _scratch["healed"]);
    }

    [Fact]
    public void The_mount_shows_what_was_backed_up()
    {
        if (!File.Exists("/dev/fuse"))
        {
            return;
        }

        _store.Expect(0, "init");
        _store.Expect(0, "backup", _scratch["source"]);
        Directory.CreateDirectory(_scratch["mount"]);
        RunningGatewayctl mount = _store.Start("mount", _scratch["mount"]);
        Shell.Run($"for i in $(seq 100); do mountpoint -q '{_scratch["mount"]}' && exit 0; sleep 0.1; done; exit 1");
        try
        {
            Assert.Equal("", Shell.Differences(_scratch["source"], _scratch["mount/latest"] + _scratch["source"]));
            Assert.Equal(3, Shell.Run($"ls '{_scratch["mount"]}' | grep -cE 'snapshots|hosts|latest'")[0] - '0');
        }
        finally
        {
            Shell.Run($"kill -TERM {mount.Id}");
        }

        Assert.Equal(0, mount.Wait().ExitCode);
        Shell.Run($"! mountpoint -q '{_scratch["mount"]}'");
    }

    private JsonElement Backup(params string[] more) =>
        _store.Expect(0, ["backup", _scratch["source"], "--exclude", "*.tmp", "--json", .. more]).Json.GetProperty("snapshot");
}
