namespace GatewayOS.Store.Hashing;

/// <summary>What a run of equal tree nodes has in common: whole chunks lying side by side, or pairs of chaining values lying side by side.</summary>
internal readonly unsafe struct Blake3Nodes
{
    private Blake3Nodes(uint* key, uint modeFlags, bool parents)
    {
        Key = key;
        Blocks = parents ? 1 : Blake3.ChunkBytes / Blake3.BlockBytes;
        Flags = parents ? modeFlags | Blake3.FlagParent : modeFlags;
        FirstBlockFlags = parents ? 0 : Blake3.FlagChunkStart;
        LastBlockFlags = parents ? 0 : Blake3.FlagChunkEnd;
        CounterStep = parents ? 0u : 1u;
    }

    /// <summary>Whole chunks of 1024 bytes; the counter rises by one from each to the next.</summary>
    public static Blake3Nodes Chunks(uint* key, uint modeFlags) => new(key, modeFlags, parents: false);

    /// <summary>Parents of 64 bytes; their counter stays zero.</summary>
    public static Blake3Nodes Parents(uint* key, uint modeFlags) => new(key, modeFlags, parents: true);

    /// <summary>Eight key words; the caller keeps them alive and unmoved.</summary>
    public uint* Key { get; }

    /// <summary>Blocks of 64 bytes in a node.</summary>
    public int Blocks { get; }

    /// <summary>Distance from one node's input to the next, in bytes.</summary>
    public int StrideBytes => Blocks * Blake3.BlockBytes;

    /// <summary>Flags of every block.</summary>
    public uint Flags { get; }

    /// <summary>More flags for the first block.</summary>
    public uint FirstBlockFlags { get; }

    /// <summary>More flags for the last block.</summary>
    public uint LastBlockFlags { get; }

    /// <summary>By how much the counter grows from node to node: 0 or 1.</summary>
    public uint CounterStep { get; }
}
