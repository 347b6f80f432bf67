using System.Text.Json.Nodes;
using GatewayOS.Appliance.Keys;
using GatewayOS.Hardware.Tpm;
using GatewayOS.Store.Keys;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Tpm;

public sealed class TpmSealerTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("tpm");
    private readonly SoftwareTpm _tpm;
    private readonly TpmSealer _sealer;

    public TpmSealerTests()
    {
        _tpm = new SoftwareTpm(_scratch);
        _sealer = new TpmSealer(_tpm.Configuration);
    }

    public void Dispose()
    {
        _tpm.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(79)]
    [InlineData(5000)]
    public void What_was_sealed_comes_back_also_after_a_restart_of_the_machine(int bytes)
    {
        byte[] secret = [.. Enumerable.Range(0, bytes).Select(no => (byte)no)];
        byte[] blob = Sealed(secret);
        Assert.Equal(secret, _sealer.Unseal(blob).Content);
        _tpm.Stop();
        _tpm.Start();
        Assert.Equal(secret, _sealer.Unseal(blob).Content);
    }

    [Fact]
    public void Nothing_of_the_secret_is_to_be_read_in_what_was_sealed()
    {
        byte[] secret = KeyFile.Generate();
        var document = (JsonObject)JsonNode.Parse(Sealed(secret))!;
        Assert.All(document.Where(member => member.Key != "version"), member => Assert.Equal(-1, Convert.FromBase64String((string)member.Value!).AsSpan().IndexOf(secret.AsSpan(14, 8))));
        Assert.NotEqual(Sealed(secret), Sealed(secret));
    }

    // Without a resource manager in front of it, a TPM has room for three objects and three sessions.
    [Fact]
    public void Nothing_stays_loaded()
    {
        for (int round = 0; round < 8; round++)
        {
            Assert.NotNull(_sealer.Unseal(Sealed("secret"u8.ToArray())).Content);
        }
    }

    [Fact]
    public void Another_tpm_is_told_from_damage()
    {
        byte[] blob = Sealed(KeyFile.Generate());
        _tpm.Replace();
        SealResult result = _sealer.Unseal(blob);
        Assert.Null(result.Content);
        Assert.Equal(SealFailure.OtherChip, result.Failure);
        Assert.Contains("cleared", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_flipped_bit_is_refused()
    {
        byte[] blob = Sealed(KeyFile.Generate());
        for (int at = 0; at < blob.Length; at++)
        {
            byte[] bad = [.. blob];
            bad[at] ^= (byte)(1 << (at % 8));
            SealResult result = _sealer.Unseal(bad);
            Assert.Null(result.Content);
            Assert.Equal(SealFailure.Damaged, result.Failure);
        }
    }

    // Who alters it on purpose mends the checksum too: then the TPM itself, or the tag, has to see it.
    [Theory]
    [InlineData("private")]
    [InlineData("public")]
    [InlineData("nonce")]
    [InlineData("wrapped")]
    public void What_was_altered_with_a_checksum_that_fits_is_refused(string member)
    {
        var document = (JsonObject)JsonNode.Parse(Sealed(KeyFile.Generate()))!;
        byte[] bytes = Convert.FromBase64String((string)document[member]!);
        bytes[^1] ^= 1;
        document[member] = Convert.ToBase64String(bytes);
        Assert.True(SealedDocument.TryDecode(WithChecksum(document), out _, out _));
        SealResult result = _sealer.Unseal(WithChecksum(document));
        Assert.Null(result.Content);
        Assert.NotEqual(SealFailure.OtherChip, result.Failure);
    }

    [Fact]
    public void A_tpm_that_is_away_is_no_other_one()
    {
        byte[] blob = Sealed(KeyFile.Generate());
        _tpm.Stop();
        Assert.Equal(SealFailure.Unreachable, _sealer.Unseal(blob).Failure);
        Assert.Equal(SealFailure.Unreachable, _sealer.Seal(blob).Failure);
        Assert.Equal(SealFailure.Unreachable, new TpmSealer("no-such-transport:").Seal(blob).Failure);
    }

    [Fact]
    public void Who_listens_on_the_bus_does_not_learn_the_secret()
    {
        byte[] secret = KeyFile.Generate()[14..46];
        using (var connection = new TpmConnection(_tpm.Configuration))
        {
            (byte[] privatePart, byte[] publicPart) = connection.Seal(secret);
            Assert.Equal(secret, connection.Unseal(privatePart, publicPart));

            // What is no secret is there to be read: the log has the traffic.
            Assert.Contains(Convert.ToHexString(privatePart), _tpm.Traffic, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain(Convert.ToHexString(secret), _tpm.Traffic, StringComparison.OrdinalIgnoreCase);
    }

    // As a person would set it, with tpm2-tools.
    [Fact]
    public void A_hierarchy_with_a_password_refuses_and_says_so()
    {
        Shell.Run($"TSS2_LOG=all+none tpm2_changeauth -T '{_tpm.Configuration}' -c owner secret");
        SealResult result = _sealer.Seal(KeyFile.Generate());
        Assert.Equal(SealFailure.Refused, result.Failure);
        Assert.Contains("password", result.Reason, StringComparison.Ordinal);
    }

    private byte[] Sealed(byte[] secret)
    {
        SealResult result = _sealer.Seal(secret);
        Assert.Equal("", result.Reason);
        return result.Content!;
    }

    private static byte[] WithChecksum(JsonObject document)
    {
        byte[] Member(string name) => Convert.FromBase64String((string)document[name]!);
        var read = new SealedDocument { Version = 1, StorageKey = Member("storageKey"), Public = Member("public"), Private = Member("private"), Nonce = Member("nonce"), Wrapped = Member("wrapped"), Checksum = [] };
        return (read with { Checksum = read.ExpectedChecksum() }).Encode();
    }
}
