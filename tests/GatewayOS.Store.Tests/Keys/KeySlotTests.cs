using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.Store.Keys;
using Xunit;

namespace GatewayOS.Store.Tests.Keys;

public sealed class KeySlotTests
{
    private static readonly KdfCost s_cheap = new(64, 1, 2);
    private static readonly byte[] s_store = [.. Enumerable.Repeat((byte)7, 32)];
    private static readonly byte[] s_otherStore = [.. Enumerable.Repeat((byte)8, 32)];
    private static readonly StoreSecret s_passphrase = new StoreSecret.Passphrase("correct horse");
    private static readonly StoreSecret s_ownKeyFile = new StoreSecret.KeyFile(KeyFile.Generate());
    private static readonly StoreSecret s_foreignKeyFile = new StoreSecret.KeyFile([0, 1, 2, 255]);
    private static readonly StoreSecret s_recovery = StoreSecret.Recovery.Generate();

    private static StoreSecret[] Secrets => [s_passphrase, s_ownKeyFile, s_foreignKeyFile, s_recovery];

    [Fact]
    public void Each_secret_opens_its_own_slot_and_no_other()
    {
        using MasterKey master = MasterKey.Generate();
        foreach (StoreSecret secret in Secrets)
        {
            byte[] slot = Create(master, secret);
            foreach (StoreSecret tried in Secrets)
            {
                UnlockOutcome outcome = KeySlot.TryUnlock(slot, tried, s_store, out MasterKey? key);
                Assert.Equal(tried == secret ? UnlockStatus.Unlocked : UnlockStatus.WrongSecret, outcome.Status);
                Assert.Equal(tried == secret ? master.Bytes.ToArray() : null, key?.Bytes.ToArray());
                key?.Dispose();
            }
        }
    }

    [Fact]
    public void Wrong_secrets_of_the_right_kind_fail()
    {
        using MasterKey master = MasterKey.Generate();
        Fails(Create(master, s_passphrase), new StoreSecret.Passphrase("correct horsf"), UnlockStatus.WrongSecret);
        Fails(Create(master, s_passphrase), new StoreSecret.Passphrase(""), UnlockStatus.WrongSecret);
        Fails(Create(master, s_ownKeyFile), new StoreSecret.KeyFile(KeyFile.Generate()), UnlockStatus.WrongSecret);
        Fails(Create(master, s_foreignKeyFile), new StoreSecret.KeyFile([0, 1, 2, 255, 10]), UnlockStatus.WrongSecret);
        Fails(Create(master, s_recovery), StoreSecret.Recovery.Generate(), UnlockStatus.WrongSecret);
        Fails(Create(master, s_recovery), new StoreSecret.Recovery("0000"), UnlockStatus.WrongSecret);
    }

    [Fact]
    public void A_slot_of_another_store_does_not_open()
    {
        using MasterKey master = MasterKey.Generate();
        foreach (StoreSecret secret in Secrets)
        {
            Assert.Equal(UnlockStatus.Damaged, KeySlot.TryUnlock(Create(master, secret), secret, s_otherStore, out MasterKey? key).Status);
            Assert.Null(key);

            // A thief who repairs the checksum as well meets the tag.
            byte[] moved = WithChecksum(Create(master, secret), s_otherStore);
            Assert.Equal(UnlockStatus.WrongSecret, KeySlot.TryUnlock(moved, secret, s_otherStore, out key).Status);
            Assert.Null(key);
        }
    }

    [Theory]
    [InlineData("id", "00000000000000000000000000000000")]
    [InlineData("label", "another label")]
    [InlineData("created", "2027-01-01T00:00:00Z")]
    [InlineData("kdf.memoryKiB", 65)]
    [InlineData("kdf.iterations", 2)]
    [InlineData("kdf.lanes", 1)]
    [InlineData("kdf.salt", "AAAAAAAAAAAAAAAAAAAAAA==")]
    [InlineData("nonce", "AAAAAAAAAAAAAAAA")]
    [InlineData("wrapped", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("kind", "key-file")]
    public void An_altered_field_is_damage_and_with_a_mended_checksum_a_wrong_secret(string field, object value)
    {
        using MasterKey master = MasterKey.Generate();
        byte[] altered = With(Create(master, s_passphrase), field, value);
        Fails(altered, s_passphrase, UnlockStatus.Damaged);
        Fails(WithChecksum(altered, s_store), s_passphrase, UnlockStatus.WrongSecret);
    }

    [Theory]
    [InlineData("version", 0, false)]
    [InlineData("version", 2, true)]
    [InlineData("id", "xyz", false)]
    [InlineData("kind", "iris", false)]
    [InlineData("created", "yesterday", false)]
    [InlineData("kdf.name", "md5", false)]
    [InlineData("kdf.name", "hkdf-sha256", false)]
    [InlineData("kdf.memoryKiB", 15, false)]
    [InlineData("kdf.memoryKiB", (1 << 20) + 1, false)]
    [InlineData("kdf.memoryKiB", -1, false)]
    [InlineData("kdf.iterations", 65, false)]
    [InlineData("kdf.iterations", 0, false)]
    [InlineData("kdf.lanes", 17, false)]
    [InlineData("kdf.lanes", 0, false)]
    [InlineData("kdf.salt", "AAAA", false)]
    [InlineData("kdf.salt", null, false)]
    [InlineData("label", null, false)]
    [InlineData("nonce", "AAAA", false)]
    [InlineData("wrapped", "AAAA", false)]
    [InlineData("wrapped", "not base64", false)]
    [InlineData("checksum", "AAAA", false)]
    [InlineData("surprise", 1, false)]
    public void Hostile_fields_are_refused_before_any_derivation(string field, object? value, bool isOfLaterVersion)
    {
        UnlockStatus expected = isOfLaterVersion ? UnlockStatus.Unsupported : UnlockStatus.Damaged;
        using MasterKey master = MasterKey.Generate();
        byte[] altered = With(Create(master, s_passphrase), field, value);
        Fails(altered, s_passphrase, expected);
        Assert.False(KeySlot.TryReadInfo(altered, out _, out UnlockOutcome outcome));
        Assert.Equal(expected, outcome.Status);
        Assert.NotEmpty(outcome.Reason);
    }

    [Fact]
    public void Any_truncation_or_flipped_bit_fails_without_an_exception()
    {
        using MasterKey master = MasterKey.Generate();
        byte[] slot = Create(master, s_recovery);
        for (int length = 0; length < slot.Length; length++)
        {
            Fails(slot[..length], s_recovery, UnlockStatus.Damaged);
        }

        int opened = 0;
        for (int bit = 0; bit < 8 * slot.Length; bit++)
        {
            byte[] bad = [.. slot];
            bad[bit / 8] ^= (byte)(1 << (bit % 8));
            using MasterKey? key = KeySlot.TryUnlock(bad, s_recovery, s_store, out MasterKey? found).Status == UnlockStatus.Unlocked ? found : null;
            opened += key is null ? 0 : 1;
            Assert.True(key is null || key.Bytes.SequenceEqual(master.Bytes));
        }

        Assert.True(opened < slot.Length, "Only blanks between the fields may change without harm.");
        Fails(new byte[KeySlot.DocumentBytesMax + 1], s_recovery, UnlockStatus.Damaged);
        Fails("null"u8.ToArray(), s_recovery, UnlockStatus.Damaged);
    }

    [Fact]
    public void A_repeated_field_is_refused()
    {
        using MasterKey master = MasterKey.Generate();
        string slot = Encoding.UTF8.GetString(Create(master, s_recovery));
        Fails(Encoding.UTF8.GetBytes(slot.Replace("\"label\"", "\"label\": \"x\", \"label\"", StringComparison.Ordinal)), s_recovery, UnlockStatus.Damaged);
    }

    [Fact]
    public void Info_shows_what_was_given_and_layout_does_not_matter()
    {
        using MasterKey master = MasterKey.Generate();
        byte[] slot = Create(master, s_passphrase);
        Assert.True(KeySlot.TryReadInfo(slot, out KeySlotInfo? info, out _));
        Assert.Equal("passphrase", info.Kind);
        Assert.Equal("Büro \"1\"", info.Label);
        Assert.Equal(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), info.Created);
        Assert.Equal("argon2id 0.06 MiB, 1 passes, 2 lanes", info.Kdf);
        byte[] compact = Encoding.UTF8.GetBytes(JsonNode.Parse(slot)!.ToJsonString());
        Assert.Equal(UnlockStatus.Unlocked, KeySlot.TryUnlock(compact, s_passphrase, s_store, out MasterKey? key).Status);
        key!.Dispose();
    }

    [Fact]
    public void Unfit_secrets_labels_and_costs_make_no_slot()
    {
        using MasterKey master = MasterKey.Generate();
        Assert.Throws<ArgumentException>(() => Create(master, new StoreSecret.Passphrase("")));
        Assert.Throws<ArgumentException>(() => Create(master, new StoreSecret.Passphrase("\uD800")));
        Assert.Throws<ArgumentException>(() => Create(master, new StoreSecret.KeyFile([])));
        Assert.Throws<ArgumentException>(() => Create(master, new StoreSecret.Recovery("abc")));
        Assert.Throws<ArgumentException>(() => KeySlot.Create(master, s_passphrase, new string('x', 201), s_store, s_cheap, TimeProvider.System));
        Assert.Throws<ArgumentException>(() => KeySlot.Create(master, s_passphrase, "", s_store, new KdfCost(1, 0, 0), TimeProvider.System));
    }

    [Fact]
    public void A_passphrase_is_its_bytes_as_given()
    {
        using MasterKey master = MasterKey.Generate();
        byte[] slot = Create(master, new StoreSecret.Passphrase("caf\u00E9"));
        Assert.Equal(UnlockStatus.Unlocked, KeySlot.TryUnlock(slot, new StoreSecret.Passphrase("caf\u00E9"), s_store, out MasterKey? key).Status);
        key!.Dispose();
        Assert.Equal(UnlockStatus.WrongSecret, KeySlot.TryUnlock(slot, new StoreSecret.Passphrase("cafe\u0301"), s_store, out _).Status);
    }

    [Fact]
    public void Secrets_do_not_print_themselves()
    {
        Assert.Equal("passphrase", s_passphrase.ToString());
        Assert.Equal("key-file", $"{s_ownKeyFile}");
        Assert.Equal("recovery", s_recovery.ToString());
    }

    private static byte[] Create(MasterKey master, StoreSecret secret) =>
        KeySlot.Create(master, secret, "Büro \"1\"", s_store, s_cheap, new FixedTime());

    private static void Fails(byte[] slot, StoreSecret secret, UnlockStatus expected)
    {
        UnlockOutcome outcome = KeySlot.TryUnlock(slot, secret, s_store, out MasterKey? key);
        Assert.Equal(expected, outcome.Status);
        Assert.NotEmpty(outcome.Reason);
        Assert.Null(key);
    }

    private static byte[] With(byte[] slot, string field, object? value)
    {
        JsonObject document = JsonNode.Parse(slot)!.AsObject();
        string[] path = field.Split('.');
        JsonObject holder = path.Length == 2 ? document[path[0]]!.AsObject() : document;
        holder[path[^1]] = value switch { int number => JsonValue.Create(number), string text => JsonValue.Create(text), _ => null };
        return Encoding.UTF8.GetBytes(document.ToJsonString());
    }

    private static byte[] WithChecksum(byte[] slot, byte[] storeBinding)
    {
        KeySlotDocument document = JsonSerializer.Deserialize(slot, KeySlotJson.Default.KeySlotDocument)!;
        return JsonSerializer.SerializeToUtf8Bytes(document with { Checksum = document.ExpectedChecksum(storeBinding) }, KeySlotJson.Default.KeySlotDocument);
    }

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    }
}
