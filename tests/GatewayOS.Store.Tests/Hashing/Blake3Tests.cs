using System.Diagnostics;
using System.Runtime.Intrinsics.X86;
using System.Text;
using System.Text.Json;
using GatewayOS.Store.Hashing;
using GatewayOS.TestKit;
using Xunit;

namespace GatewayOS.Store.Tests.Hashing;

public sealed class Blake3Tests
{
    private const string VectorsFile = "Fixtures/blake3/test_vectors.json";

    private static Blake3Path[] Paths { get; } =
    [
        Blake3Path.Portable,
        .. Avx2.IsSupported ? [Blake3Path.Avx2] : Array.Empty<Blake3Path>(),
        .. Avx512F.VL.IsSupported ? [Blake3Path.Avx512] : Array.Empty<Blake3Path>(),
    ];

    [Fact]
    public void Every_path_matches_the_official_vectors()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, VectorsFile)));
        byte[] key = Encoding.ASCII.GetBytes(document.RootElement.GetProperty("key").GetString()!);
        int cases = 0;
        foreach (JsonElement vector in document.RootElement.GetProperty("cases").EnumerateArray())
        {
            byte[] input = OfficialInput(vector.GetProperty("input_len").GetInt32());
            foreach (Blake3Path path in Paths)
            {
                Assert.Equal(vector.GetProperty("hash").GetString()![..64], OneShot(path, [], input));
                Assert.Equal(vector.GetProperty("keyed_hash").GetString()![..64], OneShot(path, key, input));
                Assert.Equal(vector.GetProperty("hash").GetString()![..64], InPieces(path, [], input, input.Length));
                Assert.Equal(vector.GetProperty("keyed_hash").GetString()![..64], InPieces(path, key, input, 1));
                cases++;
            }
        }

        Assert.Equal(35 * Paths.Length, cases);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void All_paths_and_all_splits_agree(int seed)
    {
        Random random = new(seed);
        byte[] key = new byte[32];
        random.NextBytes(key);
        for (int i = 0; i < 150; i++)
        {
            byte[] input = new byte[LengthFor(random)];
            random.NextBytes(input);
            string expected = OneShot(Blake3Path.Portable, key, input);
            foreach (Blake3Path path in Paths)
            {
                Assert.Equal(expected, OneShot(path, key, input));
                Blake3Hasher hasher = new(path, key);
                for (int at = 0; at < input.Length;)
                {
                    int take = Math.Min(input.Length - at, LengthFor(random));
                    hasher.Update(input.AsSpan(at, take));
                    at += take;
                }

                Assert.Equal(expected, Finish(hasher));
            }
        }
    }

    [Fact]
    public void Every_length_around_the_edges_agrees_with_the_portable_path()
    {
        byte[] input = OfficialInput(Blake3Tree.SegmentBytesMax + 40_000);
        int[] edges = [0, 64, 1024, 2048, 3072, 8192, 9216, 15 * 1024, 16384, 17408, 32768, 33 * 1024, 65536, Blake3Tree.SegmentBytesMax, Blake3Tree.SegmentBytesMax + 16384];
        foreach (int edge in edges)
        {
            for (int length = Math.Max(0, edge - 2); length <= edge + 2; length++)
            {
                ReadOnlySpan<byte> message = input.AsSpan(0, length);
                string expected = OneShot(Blake3Path.Portable, [], message);
                foreach (Blake3Path path in Paths)
                {
                    Assert.Equal(expected, OneShot(path, [], message));
                    Assert.Equal(expected, InPieces(path, [], message, 16384));
                }
            }
        }
    }

    [Theory]
    [InlineData(0xFFFF_FFF0UL)]
    [InlineData(0xFFFF_FFF5UL)]
    [InlineData(0x0012_3456_FFFF_FFFEUL)]
    public unsafe void Chunk_numbers_carry_into_the_high_word_in_every_lane(ulong counter)
    {
        byte[] input = OfficialInput(16 * 1024), expected = new byte[32], actual = new byte[32];
        uint* key = stackalloc uint[8];
        uint flags = Blake3.LoadKey([], key);
        fixed (byte* at = input, other = actual)
        {
            byte* level = stackalloc byte[16 * 32];
            for (int i = 0; i < 16; i++)
            {
                new Blake3Tree(Blake3Path.Portable, key, flags).Subtree(at + (1024 * i), 1024, counter + (ulong)i, level + (32 * i));
            }

            for (int count = 16; count > 1; count /= 2)
            {
                for (int i = 0; i < count / 2; i++)
                {
                    new Blake3Tree(Blake3Path.Portable, key, flags).Parent(level + (64 * i), 0, level + (32 * i));
                }
            }

            new ReadOnlySpan<byte>(level, 32).CopyTo(expected);
            foreach (Blake3Path path in Paths)
            {
                new Blake3Tree(path, key, flags).Subtree(at, input.Length, counter, other);
                Assert.Equal(expected, actual);
            }
        }
    }

    [Fact]
    public void Hasher_goes_on_after_a_finish_and_starts_again_after_a_reset()
    {
        byte[] input = OfficialInput(100_000);
        Blake3Hasher hasher = new();
        hasher.Update(input.AsSpan(0, 40_000));
        Assert.Equal(OneShot(Blake3Path.Portable, [], input.AsSpan(0, 40_000)), Finish(hasher));
        hasher.Update(input.AsSpan(40_000));
        Assert.Equal(OneShot(Blake3Path.Portable, [], input), Finish(hasher));
        hasher.Reset();
        hasher.Update(input.AsSpan(0, 5));
        Assert.Equal(OneShot(Blake3Path.Portable, [], input.AsSpan(0, 5)), Finish(hasher));
    }

    [Fact]
    public void Short_outputs_are_prefixes_and_wrong_lengths_are_refused()
    {
        byte[] full = new byte[32], half = new byte[16];
        Blake3.Hash("abc"u8, full);
        Blake3.Hash("abc"u8, half);
        Assert.Equal(full[..16], half);
        Assert.Throws<ArgumentException>(() => Blake3.Hash([], new byte[33]));
        Assert.Throws<ArgumentException>(() => Blake3.Hash([], []));
        Assert.Throws<ArgumentException>(() => Blake3.KeyedHash(new byte[31], [], full));
        Assert.Throws<ArgumentException>(() => new Blake3Hasher(new byte[33]));
    }

    [Fact]
    public void Steady_use_allocates_nothing()
    {
        byte[] input = new byte[2 << 20], key = new byte[32], output = new byte[32];
        Blake3Hasher hasher = new(key);
        Assert.Equal(0, Allocations.OfSteady(Use));

        void Use()
        {
            Blake3.KeyedHash(key, input.AsSpan(0, 100_000), output);
            Blake3.Hash(input, output);
            hasher.Reset();
            hasher.Update(input);
            hasher.Finish(output);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4097)]
    [InlineData(131_072)]
    [InlineData(3_000_001)]
    public void Agrees_with_b3sum(int length)
    {
        byte[] input = new byte[length], key = new byte[32];
        Random random = new(length);
        random.NextBytes(input);
        random.NextBytes(key);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(file, input);
            foreach (Blake3Path path in Paths)
            {
                Assert.Equal(B3sum(file, []), OneShot(path, [], input));
                Assert.Equal(B3sum(file, key), OneShot(path, key, input));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string B3sum(string file, byte[] key)
    {
        ProcessStartInfo start = new("b3sum") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        start.ArgumentList.Add("--no-names");
        if (key.Length > 0)
        {
            start.ArgumentList.Add("--keyed");
        }

        start.ArgumentList.Add(file);
        using Process process = Process.Start(start)!;
        process.StandardInput.BaseStream.Write(key);
        process.StandardInput.Close();
        string line = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return line.Trim();
    }

    private static int LengthFor(Random random) => random.Next(4) switch
    {
        0 => random.Next(200),
        1 => random.Next(5_000),
        2 => random.Next(70_000),
        _ => 1024 * random.Next(700),
    };

    /// <summary>The official vectors' input: 0, 1 … 250, 0, 1 …</summary>
    private static byte[] OfficialInput(int length)
    {
        byte[] input = new byte[length];
        for (int i = 0; i < length; i++)
        {
            input[i] = (byte)(i % 251);
        }

        return input;
    }

    private static string OneShot(Blake3Path path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input)
    {
        byte[] output = new byte[32];
        Blake3.HashOn(path, key, input, output);
        return Convert.ToHexStringLower(output);
    }

    private static string InPieces(Blake3Path path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, int pieceBytes)
    {
        Blake3Hasher hasher = new(path, key);
        for (int at = 0; at < input.Length; at += pieceBytes)
        {
            hasher.Update(input[at..Math.Min(input.Length, at + pieceBytes)]);
        }

        return Finish(hasher);
    }

    private static string Finish(Blake3Hasher hasher)
    {
        byte[] output = new byte[32];
        hasher.Finish(output);
        return Convert.ToHexStringLower(output);
    }
}
