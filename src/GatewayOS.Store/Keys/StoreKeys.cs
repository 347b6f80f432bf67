using System.Security.Cryptography;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Keys;

/// <summary>The keys of an opened store, one per purpose, derived from the master key (FORMAT.md, "Keys").</summary>
internal sealed class StoreKeys : IDisposable
{
    private readonly byte[] _chunkIds = new byte[32];
    private readonly byte[] _packs = new byte[32];
    private readonly byte[] _snapshots = new byte[32];

    public StoreKeys(MasterKey master, int format)
    {
        master.DeriveKey("chunk id", [], _chunkIds);
        Naming = new ChunkNaming(format, _chunkIds);
        master.DeriveKey("chunker", [], ChunkerKey);
        master.DeriveKey("packs", [], _packs);
        master.DeriveKey("snapshots", [], _snapshots);
    }

    /// <summary>Names chunks.</summary>
    public ChunkNaming Naming { get; }

    /// <summary>Seeds the chunker's gear table. Not to be changed.</summary>
    public byte[] ChunkerKey { get; } = new byte[32];

    /// <summary>The key of the pack with this salt.</summary>
    public PackKey PackKey(ReadOnlySpan<byte> salt) => new(Derive(_packs, salt, "GatewayOS/1 pack"u8));

    /// <summary>The key of the snapshot record with this salt.</summary>
    public byte[] SnapshotKey(ReadOnlySpan<byte> salt) => Derive(_snapshots, salt, "GatewayOS/1 snapshot"u8);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_chunkIds);
        CryptographicOperations.ZeroMemory(ChunkerKey);
        CryptographicOperations.ZeroMemory(_packs);
        CryptographicOperations.ZeroMemory(_snapshots);
    }

    private static byte[] Derive(byte[] key, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info)
    {
        byte[] derived = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, derived, salt, info);
        return derived;
    }
}
