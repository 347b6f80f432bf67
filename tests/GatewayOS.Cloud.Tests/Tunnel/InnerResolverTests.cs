using GatewayOS.Cloud.Tunnel;

namespace GatewayOS.Cloud.Tests.Tunnel;

/// <summary>Questions to name servers, and answers of all kinds.</summary>
public sealed class InnerResolverTests
{
    private const ushort A = 1;

    // As a server answers: the question again, an alias, and two addresses, all names by pointers.
    private static readonly byte[] s_answer =
    [
        0x12, 0x34, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0,
        2, (byte)'s', (byte)'3', 4, (byte)'t', (byte)'e', (byte)'s', (byte)'t', 0, 0, 1, 0, 1,
        0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 4, 1, (byte)'x', 0xc0, 15,
        0xc0, 37, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 7, 0, 1,
        0xc0, 37, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 7, 0, 2,
    ];

    [Fact]
    public void A_question_is_asked_as_written() => Assert.Equal(
        [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, (byte)'s', (byte)'3', 4, (byte)'t', (byte)'e', (byte)'s', (byte)'t', 0, 0, 1, 0, 1], InnerResolver.Question("s3.test", 0x1234, A));

    [Fact]
    public void Addresses_are_found_behind_an_alias() => Assert.Equal(["10.7.0.1", "10.7.0.2"], InnerResolver.Read(s_answer, 0x1234, A)!.Select(address => address.ToString()));

    [Fact]
    public void An_answer_to_another_question_is_none() => Assert.Null(InnerResolver.Read(s_answer, 0x1235, A));

    [Fact]
    public void A_server_that_failed_is_asked_again_and_a_name_that_is_not_there_is_not()
    {
        byte[] failed = [.. s_answer[..3], 0x82, .. s_answer[4..]];
        Assert.Null(InnerResolver.Read(failed, 0x1234, A));
        Assert.Empty(InnerResolver.Read([0x12, 0x34, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0, .. s_answer[12..25]], 0x1234, A)!);
    }

    [Fact]
    public void Whatever_is_cut_off_or_garbled_ends_the_reading()
    {
        for (int length = 0; length < s_answer.Length; length++)
        {
            Assert.Null(InnerResolver.Read(s_answer.AsSpan(0, length), 0x1234, A));
        }

        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] garbled = [.. s_answer];
            garbled[random.Next(4, garbled.Length)] = (byte)random.Next(256);
            garbled[random.Next(4, garbled.Length)] = (byte)random.Next(256);
            InnerResolver.Read(garbled, 0x1234, A);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("a..b")]
    [InlineData("a-label-that-is-longer-than-the-sixty-three-letters-that-there-may-be-in-one.test")]
    [InlineData("bücher.test")]
    public void What_is_no_name_is_not_asked_for(string name) => Assert.Throws<TunnelException>(() => InnerResolver.Question(name, 1, A));
}
