using System.Text;
using GatewayOS.Store.Compression;
using GatewayOS.TestKit;
using Xunit;

namespace GatewayOS.Store.Tests.Compression;

public sealed class ChunkCodecTests
{
    private delegate Codec Compressor(ReadOnlySpan<byte> plain, Span<byte> destination, out int written);

    private static readonly Compressor[] s_compressors = [ChunkCodec.Compress, ChunkCodec.CompressSmaller];

    [Fact]
    public void Every_content_of_every_length_comes_back()
    {
        int[] lengths = [0, 1, 2, 12, 13, 31, 32, 33, 64, 1000, 4096, 65_535, 65_536, 131_072, 524_288, 3 << 20];
        foreach (int length in lengths)
        {
            foreach (byte[] plain in Contents(length))
            {
                foreach (Compressor compress in s_compressors)
                {
                    (Codec codec, byte[] stored) = Compress(compress, plain);
                    Assert.True(stored.Length <= plain.Length);
                    Assert.True(codec == Codec.Raw || stored.Length <= plain.Length - (plain.Length / ChunkCodec.GainDivisor));
                    byte[] back = new byte[plain.Length];
                    Assert.True(ChunkCodec.TryDecompress(codec, stored, back));
                    Assert.Equal(plain, back);
                }
            }
        }
    }

    [Fact]
    public void The_longest_chunk_comes_back_and_a_longer_one_is_refused()
    {
        byte[] plain = new byte[ChunkCodec.PlainBytesMax];
        plain[^1] = 1;
        (Codec codec, byte[] stored) = Compress(ChunkCodec.Compress, plain);
        byte[] back = new byte[plain.Length];
        Assert.Equal(Codec.Lz4, codec);
        Assert.True(ChunkCodec.TryDecompress(codec, stored, back));
        Assert.True(plain.AsSpan().SequenceEqual(back));
        Assert.Throws<ArgumentException>(() => Compress(ChunkCodec.Compress, new byte[ChunkCodec.PlainBytesMax + 1]));
    }

    [Fact]
    public void The_choice_follows_the_content()
    {
        byte[][] contents = [.. Contents(131_072)];
        Assert.Equal(Codec.Raw, Compress(ChunkCodec.Compress, contents[0]).Codec);
        Assert.All(contents.Skip(1), plain => Assert.Equal(Codec.Lz4, Compress(ChunkCodec.Compress, plain).Codec));
        Assert.All(contents.Skip(1), plain => Assert.Equal(Codec.Zstd, Compress(ChunkCodec.CompressSmaller, plain).Codec));
        Assert.Equal(Codec.Raw, Compress(ChunkCodec.Compress, []).Codec);
    }

    [Fact]
    public void A_short_destination_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ChunkCodec.Compress(new byte[10], new byte[9], out _));
        Assert.Throws<ArgumentException>(() => ChunkCodec.CompressSmaller(new byte[10], new byte[9], out _));
    }

    [Fact]
    public void A_wrong_plain_length_or_codec_fails()
    {
        foreach (byte[] plain in Contents(50_000))
        {
            foreach (Compressor compress in s_compressors)
            {
                (Codec codec, byte[] stored) = Compress(compress, plain);
                foreach (int length in new[] { 0, 1, plain.Length - 1, plain.Length + 1, 2 * plain.Length })
                {
                    Assert.False(ChunkCodec.TryDecompress(codec, stored, new byte[length]));
                }

                Assert.False(ChunkCodec.TryDecompress((Codec)3, stored, new byte[plain.Length]));
                Assert.False(ChunkCodec.TryDecompress((Codec)255, stored, new byte[plain.Length]));
            }
        }

        Assert.False(ChunkCodec.TryDecompress(Codec.Lz4, [], new byte[5]));
        Assert.False(ChunkCodec.TryDecompress(Codec.Zstd, [], new byte[5]));
        Assert.False(ChunkCodec.TryDecompress(Codec.Lz4, [], []));
        Assert.True(ChunkCodec.TryDecompress(Codec.Raw, [], []));
    }

    [Fact]
    public void Corrupt_streams_never_write_outside_the_plain_span()
    {
        Random random = new(11);
        const int guardBytes = 4096;
        foreach (byte[] plain in Contents(20_000))
        {
            foreach (Compressor compress in s_compressors)
            {
                (Codec codec, byte[] stored) = Compress(compress, plain);
                for (int i = 0; i < 1500; i++)
                {
                    byte[] bad = [.. stored];
                    for (int flips = random.Next(1, 5); flips > 0; flips--)
                    {
                        bad[random.Next(bad.Length)] ^= (byte)(1 << random.Next(8));
                    }

                    byte[] cut = random.Next(3) == 0 ? bad[..random.Next(bad.Length)] : bad;
                    byte[] around = new byte[plain.Length + (2 * guardBytes)];
                    around.AsSpan().Fill(0xA5);
                    ChunkCodec.TryDecompress(codec, cut, around.AsSpan(guardBytes, plain.Length));
                    Assert.Equal(-1, around.AsSpan(0, guardBytes).IndexOfAnyExcept((byte)0xA5));
                    Assert.Equal(-1, around.AsSpan(guardBytes + plain.Length).IndexOfAnyExcept((byte)0xA5));
                }
            }
        }
    }

    [Fact]
    public void Truncated_streams_fail()
    {
        foreach (byte[] plain in Contents(20_000).Skip(1))
        {
            foreach (Compressor compress in s_compressors)
            {
                (Codec codec, byte[] stored) = Compress(compress, plain);
                for (int length = 0; length < stored.Length; length += Math.Max(1, stored.Length / 50))
                {
                    Assert.False(ChunkCodec.TryDecompress(codec, stored.AsSpan(0, length), new byte[plain.Length]));
                }
            }
        }
    }

    [Fact]
    public void Steady_use_allocates_nothing()
    {
        byte[] plain = [.. Contents(131_072).Last()], stored = new byte[plain.Length], back = new byte[plain.Length];
        Assert.Equal(0, Allocations.OfSteady(RoundTrip));

        void RoundTrip()
        {
            ChunkCodec.TryDecompress(ChunkCodec.Compress(plain, stored, out int written), stored.AsSpan(0, written), back);
            ChunkCodec.TryDecompress(ChunkCodec.CompressSmaller(plain, stored, out written), stored.AsSpan(0, written), back);
        }
    }

    [Fact]
    public void A_missing_library_names_its_package()
    {
        DllNotFoundException error = Assert.Throws<DllNotFoundException>(() => NativeCodec.Require("libdoesnotexist.so.1", "f", "libdoesnotexist1"));
        Assert.Contains("install the Debian package libdoesnotexist1", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<DllNotFoundException>(() => NativeCodec.Require("liblz4.so.1", "no_such_function", "liblz4-1"));
        Assert.Contains("lacks no_such_function", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Random, zero, text and half-random content, in this order.</summary>
    private static IEnumerable<byte[]> Contents(int length)
    {
        Random random = new(length);
        byte[] noise = new byte[length];
        random.NextBytes(noise);
        yield return noise;
        yield return new byte[length];
        StringBuilder text = new();
        while (text.Length < length)
        {
            text.Append(text.Length / 7).Append(" bottles of beer on the wall; ");
        }

        yield return Encoding.ASCII.GetBytes(text.ToString(0, length));
        byte[] half = [.. noise];
        half.AsSpan(length / 2).Clear();
        yield return half;
    }

    private static (Codec Codec, byte[] Stored) Compress(Compressor compress, ReadOnlySpan<byte> plain)
    {
        byte[] destination = new byte[ChunkCodec.MaxStoredBytes(plain.Length)];
        Codec codec = compress(plain, destination, out int written);
        return (codec, destination[..written]);
    }
}
