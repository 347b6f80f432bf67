using System.Buffers.Binary;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Store;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Ingest;

/// <summary>What a node owns, after power cuts that took part of the record of it.</summary>
public sealed class NodeLedgerTests : IDisposable
{
    // More than three runs.
    private const int Many = 200_000;

    private readonly ScratchDirectory _scratch = new("ledger");
    private readonly List<ChunkId> _chunks = [];
    private int _rebuilds;

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(10)]
    [InlineData(Many)]
    public void One_that_was_left_in_order_is_taken_as_it_is(int chunks)
    {
        Leave(chunks);
        OwnsAll(rebuilds: 0);
    }

    [Fact]
    public void Chunks_that_were_sent_twice_and_merged_count_once()
    {
        Leave(Many);
        using (NodeLedger ledger = Open())
        {
            ledger.Add([.. _chunks.Take(100_000)]);
        }

        OwnsAll(rebuilds: 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(16)]
    [InlineData(100)]
    public void One_whose_newest_entries_were_lost_is_made_anew(int keptBytes)
    {
        Leave(10);
        using (FileStream log = File.OpenWrite(_scratch["ledger/recent.log"]))
        {
            log.SetLength(keptBytes);
        }

        OwnsAll(rebuilds: 1);
    }

    [Fact]
    public void One_whose_entries_are_zeros_is_made_anew()
    {
        Leave(10);
        using (FileStream log = File.OpenWrite(_scratch["ledger/recent.log"]))
        {
            log.Position = 5 * 16;
            log.Write(new byte[5 * 16]);
        }

        OwnsAll(rebuilds: 1);
    }

    [Fact]
    public void One_that_lost_a_run_is_made_anew()
    {
        Leave(Many);
        File.Delete(Directory.GetFiles(_scratch["ledger"], "*.run")[0]);
        OwnsAll(rebuilds: 1);
    }

    private NodeLedger Open() => NodeLedger.Open(_scratch["ledger"], _chunks.Count == 0 ? [] : ["snapshot"], found =>
    {
        _rebuilds++;
        _chunks.ForEach(found);
    });

    // As after a snapshot of so many chunks.
    private void Leave(int chunks)
    {
        using NodeLedger ledger = Open();
        _rebuilds = 0;
        byte[] id = new byte[ChunkId.SizeBytes];
        for (int i = 1; i <= chunks; i++)
        {
            // Spread as hashes are.
            BinaryPrimitives.WriteUInt64BigEndian(id, (ulong)i * 0x9e3779b97f4a7c15);
            _chunks.Add(new ChunkId(id));
        }

        ledger.Add([.. _chunks]);
        ledger.AddSnapshot("snapshot");
    }

    private void OwnsAll(int rebuilds)
    {
        using NodeLedger ledger = Open();
        Assert.All(_chunks, id => Assert.True(ledger.Owns(id)));
        Assert.Equal(rebuilds, _rebuilds);
    }
}
