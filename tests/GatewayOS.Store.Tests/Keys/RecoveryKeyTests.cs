using GatewayOS.Store.Keys;
using Xunit;

namespace GatewayOS.Store.Tests.Keys;

public sealed class RecoveryKeyTests
{
    private const string Digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    [Fact]
    public void Every_key_comes_back_however_it_is_typed()
    {
        Random random = new(1);
        byte[][] keys = [new byte[32], [.. Enumerable.Repeat((byte)255, 32)], .. Enumerable.Range(0, 200).Select(_ => Key(random))];
        foreach (byte[] key in keys)
        {
            string text = RecoveryKey.Format(key);
            Assert.Matches("^([0-9A-HJKMNP-TV-Z]{4}-){14}[0-9A-HJKMNP-TV-Z]{4}$", text);
            string[] forms =
            [
                text, text.ToLowerInvariant(), text.Replace("-", "", StringComparison.Ordinal), " " + text.Replace('-', ' ') + "\n", text.Replace('-', '\u2013'),
                text.Replace('0', 'O').Replace('1', 'I'), text.Replace('0', 'o').Replace('1', 'l'),
            ];
            foreach (string form in forms)
            {
                Assert.True(RecoveryKey.TryParse(form, out byte[]? read, out string? error), error);
                Assert.Equal(key, read);
            }
        }
    }

    [Fact]
    public void A_known_key_keeps_its_text() =>
        Assert.Equal("000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFG-8BYM-BJVN", RecoveryKey.Format([.. Enumerable.Range(0, 32).Select(i => (byte)i)]));

    [Fact]
    public void Every_wrong_digit_is_found_and_its_group_named()
    {
        string text = RecoveryKey.Format(Key(new Random(2)));
        for (int at = 0; at < text.Length; at++)
        {
            foreach (char digit in Digits.Where(digit => text[at] != '-' && digit != text[at]))
            {
                Fails($"{text[..at]}{digit}{text[(at + 1)..]}", $"Group {(at / 5) + 1} of the recovery key is wrong");
            }
        }
    }

    [Fact]
    public void Digits_that_change_places_in_a_group_are_found()
    {
        string text = RecoveryKey.Format(Key(new Random(3)));
        for (int at = 0; at < text.Length - 1; at++)
        {
            if (text[at] != '-' && text[at + 1] != '-' && text[at] != text[at + 1])
            {
                Fails($"{text[..at]}{text[at + 1]}{text[at]}{text[(at + 2)..]}", $"Group {(at / 5) + 1} of the recovery key is wrong");
            }
        }
    }

    [Fact]
    public void Groups_that_change_places_are_found()
    {
        string[] groups = RecoveryKey.Format(Key(new Random(4))).Split('-');
        for (int first = 0; first < groups.Length; first++)
        {
            for (int second = first + 1; second < groups.Length; second++)
            {
                string[] swapped = [.. groups];
                (swapped[first], swapped[second]) = (groups[second], groups[first]);
                Fails(string.Join('-', swapped), "recovery key");
            }
        }
    }

    [Fact]
    public void Several_wrong_groups_are_found()
    {
        Random random = new(5);
        string text = RecoveryKey.Format(Key(random));
        int vague = 0;
        for (int i = 0; i < 2000; i++)
        {
            char[] typed = text.ToCharArray();
            int first = random.Next(13), second = (first + 1 + random.Next(12)) % 13;
            foreach (int group in new[] { first, second })
            {
                int at = (5 * group) + random.Next(4);
                typed[at] = Digits[(Digits.IndexOf(typed[at], StringComparison.Ordinal) + 1 + random.Next(31)) % 32];
            }

            Assert.False(RecoveryKey.TryParse(new string(typed), out _, out string? error));
            vague += error.StartsWith("More than one", StringComparison.Ordinal) ? 1 : 0;
        }

        Assert.InRange(vague, 1700, 2000);
    }

    [Fact]
    public void Wrong_lengths_and_letters_are_named()
    {
        string text = RecoveryKey.Format(Key(new Random(6)));
        Fails("", "this one has 0");
        Fails(text[..^1], "this one has 59");
        Fails(text + "0", "this one has 61");
        Fails("U" + text[1..], "Group 1 of the recovery key has 'U'");
        Fails(text[..^1] + "*", "Group 15 of the recovery key has '*'");
        Fails("é" + text[1..], "Group 1 ");
        Assert.Throws<ArgumentException>(() => RecoveryKey.Format(new byte[31]));
    }

    private static byte[] Key(Random random)
    {
        byte[] key = new byte[32];
        random.NextBytes(key);
        return key;
    }

    private static void Fails(string text, string expected)
    {
        Assert.False(RecoveryKey.TryParse(text, out byte[]? key, out string? error));
        Assert.Null(key);
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }
}
