using System.Security.Cryptography;
using GatewayOS.Store;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>SIGKILL in the middle of rebuild-index: what was done stays done.</summary>
public sealed class RebuildKillTests(ITestOutputHelper output) : IDisposable
{
    // More than two parts of a rebuild; a pack of one small chunk each. In memory: some 60 000 syncs would take minutes on a disk.
    private const int Packs = 24_000;
    private const int ChunkBytes = 600;

    private readonly string _directory = Directory.CreateDirectory($"/dev/shm/gateway-rebuild-{Environment.ProcessId}").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task A_killed_rebuild_goes_on_where_it_was()
    {
        string keyFile = Path.Join(_directory, "key"), directory = Path.Join(_directory, "store");
        byte[] key = KeyFile.Generate();
        await File.WriteAllBytesAsync(keyFile, key);
        Fill(directory, new StoreSecret.KeyFile(key));
        Array.ForEach(Directory.GetFiles(Path.Join(directory, "index")), File.Delete);
        var store = new Gatewayctl(directory, new Dictionary<string, string> { ["GATEWAY_KEY_FILE"] = keyFile });

        RunningGatewayctl killed = store.Start("rebuild-index", "--quiet");
        while (Parts() == 0 && !killed.HasExited)
        {
            await Task.Delay(1);
        }

        Assert.True(killed.KillAfter(TimeSpan.Zero).ExitCode == -1 && Parts() > 0, "the rebuild ended before it was killed");

        string report = store.Expect(0, "rebuild-index", "--quiet").Output;
        output.WriteLine(report);
        Assert.Contains("An interrupted rebuild had read", report, StringComparison.Ordinal);
        Assert.Equal(0, Parts());
        Assert.Single(Directory.GetFiles(Path.Join(directory, "index")));
        store.Expect(0, "verify", "--quiet");

        int Parts() => Directory.GetFiles(Path.Join(directory, "index"), "*.part").Length;
    }

    private static void Fill(string directory, StoreSecret secret)
    {
        var options = new StoreOptions { Chunker = new ChunkerParameters(64, 256, 1024), PackBytes = StoreOptions.PackBytesMin };
        using BackupStore store = BackupStore.Create(new PosixDisk(directory), options, secret, "test", new OpenOptions());
        using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 });
        ChunkSink sink = writer.OpenSink();
        byte[] chunk = new byte[ChunkBytes];
        for (int i = 0; i < Packs; i++)
        {
            RandomNumberGenerator.Fill(chunk);
            sink.Store(ChunkKind.Data, chunk);
        }

        writer.Commit(new SnapshotDraft { Host = "test", Sources = ["/"], StartedUtc = DateTimeOffset.UnixEpoch, Root = GatewayOS.Store.Trees.ContentRef.Empty });
    }
}
