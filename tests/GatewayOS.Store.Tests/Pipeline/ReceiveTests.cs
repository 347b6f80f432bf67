using GatewayOS.Store.Compression;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Pipeline.Transfer;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Pipeline;

/// <summary>Chunks that come over a network, from many senders into one writer.</summary>
public sealed class ReceiveTests
{
    private const int Senders = 8;
    private const int GroupsPerSender = 60;

    [Fact]
    public async Task Many_senders_and_flushes_at_once_end_and_everything_is_stored()
    {
        using var store = new TestStore();
        using BackupStore opened = store.Open();
        using StoreWriter writer = opened.OpenWriter(new WriterOptions { Workers = 2, ReceivedBatches = 3 });
        Task[] senders = [.. Enumerable.Range(0, Senders).Select(sender => SendAsync(writer, sender))];
        for (int i = 0; i < 20; i++)
        {
            // A batch is used again as soon as it is completed: a flush must not wait for its former number.
            Task flush = Task.Factory.StartNew(writer.Flush, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            await flush.WaitAsync(TimeSpan.FromMinutes(1));
        }

        await Task.WhenAll(senders).WaitAsync(TimeSpan.FromMinutes(2));
        writer.Flush();
        using var reader = opened.OpenReader();
        for (int sender = 0; sender < Senders; sender++)
        {
            for (int group = 0; group < GroupsPerSender; group++)
            {
                Assert.True(writer.Contains(ChunkHash.Of(Content(sender, group))));
                Assert.Equal(Content(sender, group), reader.Read(ChunkHash.Of(Content(sender, group))).ToArray());
            }
        }
    }

    [Theory]
    [InlineData("hash")]
    [InlineData("codec")]
    [InlineData("length")]
    [InlineData("rest")]
    public async Task A_wrong_chunk_makes_the_whole_group_refused(string what)
    {
        using var store = new TestStore();
        using BackupStore opened = store.Open();
        using StoreWriter writer = opened.OpenWriter(new WriterOptions { Workers = 1 });
        ReceivedBatch batch = await writer.Received.RentAsync(CancellationToken.None);
        Add(batch, Content(1, 1), ChunkHash.Of(Content(1, 1)));
        Add(batch, Content(1, 2), ChunkHash.Of(Content(1, 2)));
        Span<byte> row = batch.Directory.Span[ChunkDirectory.RowBytes..];
        switch (what)
        {
            case "hash":
                row[20] ^= 1;
                break;
            case "codec":
                row[1] = (byte)Codec.Lz4;
                break;
            case "length":
                row[4] ^= 1;
                break;
            default:
                batch.PayloadBytes--;
                break;
        }

        ReceiveOutcome outcome = await writer.Receive(batch);
        Assert.False(outcome.Accepted);
        writer.Received.Return(batch);
        Assert.False(writer.Contains(ChunkHash.Of(Content(1, 1))));
    }

    private static async Task SendAsync(StoreWriter writer, int sender)
    {
        await Task.Yield();
        for (int group = 0; group < GroupsPerSender; group++)
        {
            ReceivedBatch batch = await writer.Received.RentAsync(CancellationToken.None);
            Add(batch, Content(sender, group), ChunkHash.Of(Content(sender, group)));
            Add(batch, Content(0, group), ChunkHash.Of(Content(0, group)));
            Assert.True((await writer.Receive(batch)).Accepted);
            writer.Received.Return(batch);
        }
    }

    private static void Add(ReceivedBatch batch, byte[] content, ContentHash hash)
    {
        ChunkDirectory.Write(batch.Directory.Span[batch.DirectoryBytes..], new TransferredChunk(ChunkKind.Data, Codec.Raw, content.Length, content.Length, hash));
        content.CopyTo(batch.Payload[batch.PayloadBytes..]);
        batch.DirectoryBytes += ChunkDirectory.RowBytes;
        batch.PayloadBytes += content.Length;
    }

    private static byte[] Content(int sender, int group)
    {
        byte[] content = new byte[1000 + group];
        GatewayOS.TestKit.Seeded.Random((sender * 1000) + group).NextBytes(content);
        return content;
    }
}
