using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Tests.Keys;

/// <summary>Bytes sealed with a passphrase: given back whole, or not at all.</summary>
public sealed class PassphraseBoxTests
{
    private const string Passphrase = "three words and a number 7";
    private const int SealedChunkBytes = PassphraseBox.ChunkBytes + 16;
    private const int HeaderBytes = 40;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(PassphraseBox.ChunkBytes)]
    [InlineData(PassphraseBox.ChunkBytes + 1)]
    [InlineData((2 * PassphraseBox.ChunkBytes) + 5)]
    public void What_was_sealed_is_opened(int length)
    {
        byte[] content = Content(length);
        byte[] box = PassphraseBox.Seal(content, Passphrase);
        Assert.Equal(content, PassphraseBox.Open(box, Passphrase, "it"));
        Assert.NotEqual(box, PassphraseBox.Seal(content, Passphrase));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(24)]
    [InlineData(HeaderBytes - 1)]
    [InlineData(HeaderBytes)]
    [InlineData(HeaderBytes + PassphraseBox.ChunkBytes)]
    [InlineData(HeaderBytes + SealedChunkBytes + 100)]
    [InlineData(HeaderBytes + (2 * SealedChunkBytes) + 20)]
    public void One_altered_bit_anywhere_opens_nothing(int at)
    {
        byte[] box = PassphraseBox.Seal(Content((2 * PassphraseBox.ChunkBytes) + 5), Passphrase);
        box[at] ^= 1;
        Refused(box);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(HeaderBytes)]
    [InlineData(HeaderBytes + 15)]
    [InlineData(HeaderBytes + SealedChunkBytes)]
    [InlineData(HeaderBytes + SealedChunkBytes + 3)]
    [InlineData(HeaderBytes + (2 * SealedChunkBytes))]
    public void What_is_cut_off_opens_nothing(int length) => Refused(PassphraseBox.Seal(Content((2 * PassphraseBox.ChunkBytes) + 5), Passphrase)[..length]);

    [Fact]
    public void Chunks_that_changed_places_open_nothing()
    {
        byte[] box = PassphraseBox.Seal(Content(3 * PassphraseBox.ChunkBytes), Passphrase);
        Refused([.. box.AsSpan(0, HeaderBytes), .. box.AsSpan(HeaderBytes + SealedChunkBytes, SealedChunkBytes), .. box.AsSpan(HeaderBytes, SealedChunkBytes), .. box.AsSpan(HeaderBytes + (2 * SealedChunkBytes))]);
    }

    [Fact]
    public void A_header_that_asks_for_too_much_is_refused_before_anything_is_spent()
    {
        byte[] box = PassphraseBox.Seal([], Passphrase);
        box.AsSpan(8, 4).Fill(0x7F);
        Assert.Contains("memory", Refused(box), StringComparison.Ordinal);
    }

    [Fact]
    public void A_passphrase_has_to_be_the_same_and_long_enough()
    {
        byte[] box = PassphraseBox.Seal([1], Passphrase);
        Assert.Contains("passphrase", Assert.Throws<StoreUnusableException>(() => PassphraseBox.Open(box, Passphrase + "8", "it")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => PassphraseBox.Seal([1], new string('a', PassphraseBox.PassphraseLengthMin - 1)));
    }

    private static string Refused(byte[] box) => Assert.Throws<StoreUnusableException>(() => PassphraseBox.Open(box, Passphrase, "it")).Message;

    private static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        return content;
    }
}
