using System.Buffers.Binary;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Store;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Appliance.Tests.Ingest;

/// <summary>
/// Power cuts at any operation, on the disk that keeps of what was not synced whatever a seed says: after each a node owns what its snapshots consist of. The store's word is taken
/// for durable: what is asked here is the ledger's alone.
/// </summary>
public sealed class NodeLedgerPowerCutTests
{
    private const int Seeds = 600;
    private const int LivesMax = 6;
    private const int StepsMax = 40;
    private const int OperationsMax = 150;

    // Few, so that runs are made and merged all the time.
    private const int RecentKeysMax = 16;

    [Fact]
    public void After_any_power_cut_a_node_owns_what_its_snapshots_consist_of()
    {
        int lives = 0;
        int madeAnew = 0;
        for (int seed = 0; seed < Seeds; seed++)
        {
            var story = new Story(seed);
            for (int life = 0; life < LivesMax; life++)
            {
                story.Live();
            }

            lives += story.Lives;
            madeAnew += story.MadeAnew;
        }

        // Making it anew every time, twice a life, would be right, and no ledger.
        Assert.InRange(madeAnew, 1, lives);
    }

    private sealed class Story
    {
        private readonly int _seed;
        private readonly Random _random;
        private readonly Dictionary<string, List<ChunkId>> _snapshots = new(StringComparer.Ordinal);
        private SimulatedDisk _disk;
        private int _made;

        public Story(int seed) => (_seed, _random, _disk) = (seed, Seeded.Random(seed), new SimulatedDisk(seed));

        public int Lives { get; private set; }

        public int MadeAnew { get; private set; }

        public void Live()
        {
            _disk.Arm(new ArmedFault(RunningFault.PowerCut, null, _random.Next(OperationsMax)));
            try
            {
                using NodeLedger ledger = Open();
                for (int step = 0; step < StepsMax; step++)
                {
                    Backup(ledger);
                }
            }
            catch (PowerCutException)
            {
            }

            _disk = _disk.Crash();

            // What is acknowledged is the node's, at the first look.
            using NodeLedger after = Open();
            Lives++;
            foreach ((string id, List<ChunkId> chunks) in _snapshots)
            {
                Assert.True(chunks.TrueForAll(after.Owns), $"Seed {_seed}, life {Lives}: the node does not own all of its snapshot {id}.");
            }
        }

        private NodeLedger Open() => NodeLedger.Open(
            _disk.NewProcess(),
            [.. _snapshots.Keys],
            found =>
            {
                MadeAnew++;
                foreach (ChunkId id in _snapshots.Values.SelectMany(chunks => chunks))
                {
                    found(id);
                }
            },
            RecentKeysMax);

        // Sends some chunks, of which some are known; sometimes a snapshot comes of them, and seldom one is forgotten, of which the ledger hears when it is opened next.
        private void Backup(NodeLedger ledger)
        {
            List<ChunkId> known = [.. _snapshots.Values.SelectMany(chunks => chunks)];
            List<ChunkId> chunks = [.. Enumerable.Range(0, _random.Next(1, 12)).Select(_ => known.Count > 0 && _random.Next(4) == 0 ? known[_random.Next(known.Count)] : New())];
            ledger.Add([.. chunks]);
            if (_random.Next(2) == 0)
            {
                // The store has it; the power may go before the ledger does.
                string id = $"snapshot-{_made++}";
                _snapshots.Add(id, chunks);
                ledger.AddSnapshot(id);
            }

            if (_random.Next(30) == 0 && _snapshots.Count > 1)
            {
                _snapshots.Remove(_snapshots.Keys.ElementAt(_random.Next(_snapshots.Count)));
            }
        }

        private ChunkId New()
        {
            byte[] id = new byte[ChunkId.SizeBytes];
            BinaryPrimitives.WriteUInt64BigEndian(id, (ulong)++_made * 0x9e3779b97f4a7c15);
            return new ChunkId(id);
        }
    }
}
