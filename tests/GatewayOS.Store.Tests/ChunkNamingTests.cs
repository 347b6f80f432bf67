using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Tests;

/// <summary>The two steps from bytes to ID are what FORMAT.md says, for both formats.</summary>
public sealed class ChunkNamingTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
    private static readonly byte[] s_plain = "some content"u8.ToArray();

    [Fact]
    public void Format_2_hashes_content_openly_and_keys_the_hash()
    {
        var naming = new ChunkNaming(2, s_key);
        byte[] hash = new byte[32];
        byte[] id = new byte[32];
        Blake3.Hash(s_plain, hash);
        Blake3.KeyedHash(s_key, hash, id);
        Assert.Equal(new ContentHash(hash), naming.Hash(s_plain));
        Assert.Equal(new ChunkId(id), naming.IdOf(s_plain));
        Assert.True(naming.IsOpen);
    }

    [Fact]
    public void Format_1_keys_the_content_and_knows_one_name()
    {
        var naming = new ChunkNaming(1, s_key);
        byte[] id = new byte[32];
        Blake3.KeyedHash(s_key, s_plain, id);
        Assert.Equal(new ChunkId(id), naming.IdOf(s_plain));
        Assert.Equal(new ContentHash(id), naming.Hash(s_plain));
        Assert.False(naming.IsOpen);
    }
}
