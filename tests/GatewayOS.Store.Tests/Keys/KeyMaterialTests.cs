using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Store.Keys;
using Xunit;

namespace GatewayOS.Store.Tests.Keys;

public sealed unsafe partial class KeyMaterialTests
{
    [Fact]
    public void The_platform_HKDF_matches_RFC_5869_test_case_1()
    {
        byte[] output = new byte[42];
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256, Enumerable.Repeat((byte)0x0B, 22).ToArray(), output, Convert.FromHexString("000102030405060708090a0b0c"), Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9"));
        Assert.Equal("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void Derived_keys_are_HKDF_with_the_prefixed_purpose()
    {
        byte[] key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)], salt = [1, 2, 3], expected = new byte[32], actual = new byte[32];
        using MasterKey master = new(key);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key, expected, salt, Encoding.ASCII.GetBytes("GatewayOS/1 chunk ids"));
        master.DeriveKey("chunk ids", salt, actual);
        Assert.Equal(expected, actual);
        master.DeriveKey("chunk data", salt, actual);
        Assert.NotEqual(expected, actual);
    }

    [Fact]
    public void A_disposed_master_key_is_refused()
    {
        MasterKey master = MasterKey.Generate();
        master.Dispose();
        Assert.Throws<ObjectDisposedException>(() => master.DeriveKey("x", [], new byte[32]));
        Assert.Throws<ArgumentException>(() => new MasterKey(new byte[31]));
    }

    [Fact]
    public void Argon2id_matches_the_reference_implementations_vector()
    {
        // phc-winner-argon2, src/test.c: t=2, m=2^16 KiB, p=1.
        byte[] output = new byte[32];
        Argon2.Derive("password"u8, "somesalt"u8, new KdfCost(1 << 16, 2, 1), output);
        Assert.Equal("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void The_Argon2_library_matches_RFC_9106()
    {
        // RFC 9106 section 5.3 has a secret and associated data, which only the library's context form takes.
        byte[] output = new byte[32], password = Repeat(1, 32), salt = Repeat(2, 16), secret = Repeat(3, 8), data = Repeat(4, 12);
        fixed (byte* outputAt = output, passwordAt = password, saltAt = salt, secretAt = secret, dataAt = data)
        {
            Argon2Context context = new()
            {
                Output = outputAt,
                OutputBytes = 32,
                Password = passwordAt,
                PasswordBytes = 32,
                Salt = saltAt,
                SaltBytes = 16,
                Secret = secretAt,
                SecretBytes = 8,
                Data = dataAt,
                DataBytes = 12,
                Iterations = 3,
                MemoryKiB = 32,
                Lanes = 4,
                Threads = 4,
                Version = 0x13,
            };
            Assert.Equal(0, argon2id_ctx(&context));
        }

        Assert.Equal("0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659", Convert.ToHexStringLower(output));
    }

    [Fact]
    public void The_default_cost_is_the_second_recommended_option()
    {
        Assert.Equal(new KdfCost(65536, 3, 4), KdfCost.Default);
        Assert.Empty(KdfCost.Default.Errors());
        Assert.Equal(3, new KdfCost(-5, 100, 99).Errors().Split("allowed are").Length - 1);
    }

    [Fact]
    public void Generated_key_files_are_read_with_any_line_end()
    {
        byte[] content = KeyFile.Generate();
        Assert.Matches("^GATEWAY-KEY-1 [0-9a-f]{64}\n$", Encoding.ASCII.GetString(content));
        byte[][] forms = [content, content[..^1], [.. content[..^1], 13, 10], Encoding.ASCII.GetBytes("GATEWAY-KEY-1 " + Encoding.ASCII.GetString(content[14..]).ToUpperInvariant())];
        foreach (byte[] form in forms)
        {
            Assert.True(KeyFile.TryRead(form, out byte[]? material, out bool isRandomKey, out _));
            Assert.True(isRandomKey);
            Assert.Equal(Convert.FromHexString(Encoding.ASCII.GetString(content[14..78])), material);
        }
    }

    [Fact]
    public void A_damaged_own_key_file_is_never_taken_for_a_foreign_one()
    {
        byte[] content = KeyFile.Generate();
        byte[] wrongDigit = [.. content];
        wrongDigit[20] = (byte)'x';
        foreach (byte[] bad in new[] { content[..^2], content[..14], [.. content, 10], wrongDigit })
        {
            Assert.False(KeyFile.TryRead(bad, out _, out _, out string? error));
            Assert.Contains("damaged", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Foreign_key_files_count_byte_by_byte()
    {
        foreach (byte[] content in new byte[][] { [10], [1, 2, 10], [1, 2], new byte[KeyFile.ContentBytesMax], Encoding.ASCII.GetBytes("gateway-key-1 00") })
        {
            Assert.True(KeyFile.TryRead(content, out byte[]? material, out bool isRandomKey, out _));
            Assert.False(isRandomKey);
            Assert.Equal(content, material);
        }

        Assert.False(KeyFile.TryRead([], out _, out _, out _));
        Assert.False(KeyFile.TryRead(new byte[KeyFile.ContentBytesMax + 1], out _, out _, out _));
    }

    private static byte[] Repeat(byte value, int count) => [.. Enumerable.Repeat(value, count)];

    [LibraryImport("libargon2.so.1")]
    private static partial int argon2id_ctx(Argon2Context* context);

    /// <summary>argon2_context of argon2.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Argon2Context
    {
        public byte* Output;
        public uint OutputBytes;
        public byte* Password;
        public uint PasswordBytes;
        public byte* Salt;
        public uint SaltBytes;
        public byte* Secret;
        public uint SecretBytes;
        public byte* Data;
        public uint DataBytes;
        public uint Iterations;
        public uint MemoryKiB;
        public uint Lanes;
        public uint Threads;
        public uint Version;
        public nint Allocate;
        public nint Free;
        public uint Flags;
    }
}
