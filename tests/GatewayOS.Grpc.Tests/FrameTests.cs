using System.Buffers;
using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Wire;

namespace GatewayOS.Grpc.Tests;

/// <summary>Frames and header encodings by themselves.</summary>
public sealed class FrameTests
{
    private static readonly Marshaller<byte[]> s_announced = new(
        static (bytes, context) =>
        {
            context.SetPayloadLength(bytes.Length);
            context.GetBufferWriter().Write(bytes);
            context.Complete();
        },
        static context => context.PayloadAsNewBuffer());

    private static readonly Marshaller<byte[]> s_unannounced = new(
        static (bytes, context) =>
        {
            context.GetBufferWriter().Write(bytes);
            context.Complete();
        },
        static context => context.PayloadAsNewBuffer());

    private static readonly Marshaller<byte[]> s_array = new(static bytes => bytes, static bytes => bytes);

    public static TheoryData<string> Marshallers => ["announced", "unannounced", "array"];

    [Theory]
    [MemberData(nameof(Marshallers))]
    public async Task What_is_written_is_read_however_it_arrives(string marshaller)
    {
        Marshaller<byte[]> chosen = Choose(marshaller);
        byte[][] messages = [[], [1], [.. Enumerable.Range(0, 70_000).Select(i => (byte)i)], [2, 3]];
        foreach (bool compress in (bool[])[false, true])
        {
            foreach (int step in (int[])[1, 4, 5, 6, 4096, int.MaxValue])
            {
                byte[] wire = Write(chosen, messages, compress);
                var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
                var reader = new FrameReader(pipe.Reader, bytesMax: 70_000, encoding: "gzip");
                var read = new List<byte[]>();
                for (int at = 0; at < wire.Length; at += Math.Min(step, wire.Length - at))
                {
                    await pipe.Writer.WriteAsync(wire.AsMemory(at, Math.Min(step, wire.Length - at)));
                }

                await pipe.Writer.CompleteAsync();
                while (await reader.ReadAsync(chosen, CancellationToken.None) is (true, { } message))
                {
                    read.Add(message);
                }

                Assert.Equal(messages, read);
            }
        }
    }

    [Fact]
    public async Task A_message_is_read_byte_by_byte()
    {
        var pipe = new Pipe();
        var reader = new FrameReader(pipe.Reader, bytesMax: null, encoding: null);
        ValueTask<(bool Found, byte[]? Message)> read = reader.ReadAsync(s_array, CancellationToken.None);
        foreach (byte value in Write(s_array, [[1, 2, 3]], compress: false))
        {
            Assert.False(read.IsCompleted);
            await pipe.Writer.WriteAsync(new[] { value });
        }

        Assert.Equal([1, 2, 3], (await read).Message!);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    public void A_marshaller_is_held_to_the_length_it_says(int said)
    {
        var marshaller = new Marshaller<byte[]>(
            (bytes, context) =>
            {
                context.SetPayloadLength(said);
                context.GetBufferWriter().Write(bytes);
                context.Complete();
            },
            static context => context.PayloadAsNewBuffer());
        var writer = new FrameWriter(bytesMax: null);
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<InvalidOperationException>(() => writer.Write(output, marshaller, new byte[4], compress: false));
        Assert.True(writer.IsBroken);
        Assert.Throws<InvalidOperationException>(() => writer.Write(output, s_array, [], compress: false));
    }

    [Fact]
    public void A_marshaller_that_fails_before_it_wrote_breaks_nothing()
    {
        var marshaller = new Marshaller<byte[]>(static (_, _) => throw new FormatException(), static context => context.PayloadAsNewBuffer());
        var writer = new FrameWriter(bytesMax: 10);
        var output = new ArrayBufferWriter<byte>();
        Assert.Throws<FormatException>(() => writer.Write(output, marshaller, [], compress: false));
        Assert.Throws<RpcException>(() => writer.Write(output, s_announced, new byte[11], compress: false));
        writer.Write(output, s_announced, new byte[10], compress: false);
        Assert.Equal(15, output.WrittenCount);
    }

    [Theory]
    [InlineData(1, "100n")]
    [InlineData(25_000, "2500000n")]
    [InlineData(1_000_000, "100m")]
    [InlineData(1_000_001, "101m")]
    [InlineData(36_000_000_000, "3600000m")]
    [InlineData(8_640_000_000_000, "864000S")]
    [InlineData(long.MaxValue, "99999999H")]
    public void Timeouts_are_written_in_a_unit_that_holds_them_and_never_as_less(long ticks, string expected)
    {
        string written = GrpcProtocol.FormatTimeout(TimeSpan.FromTicks(ticks));
        Assert.Equal(expected, written);
        if (ticks < long.MaxValue)
        {
            Assert.True(GrpcProtocol.TryParseTimeout(written, out TimeSpan read));
            Assert.True(read.Ticks >= ticks);
        }
    }

    [Fact]
    public void The_longest_timeout_is_read()
    {
        Assert.True(GrpcProtocol.TryParseTimeout("99999999H", out TimeSpan read));
        Assert.Equal(99_999_999, read.TotalHours);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("100 %", "100 %25")]
    [InlineData("a\r\nb", "a%0D%0Ab")]
    [InlineData("ä☺", "%C3%A4%E2%98%BA")]
    public void Status_messages_travel_as_the_protocol_says(string message, string encoded)
    {
        Assert.Equal(encoded, GrpcProtocol.EncodeMessage(message));
        Assert.Equal(message, GrpcProtocol.DecodeMessage(encoded));
    }

    [Theory]
    [InlineData("50%", "50%")]
    [InlineData("%zz%41", "%zzA")]
    [InlineData("%4", "%4")]
    public void What_is_no_escape_stays(string encoded, string message) => Assert.Equal(message, GrpcProtocol.DecodeMessage(encoded));

    private static Marshaller<byte[]> Choose(string name) => name switch
    {
        "announced" => s_announced,
        "unannounced" => s_unannounced,
        _ => s_array,
    };

    private static byte[] Write(Marshaller<byte[]> marshaller, byte[][] messages, bool compress)
    {
        var writer = new FrameWriter(bytesMax: null);
        var output = new ArrayBufferWriter<byte>();
        foreach (byte[] message in messages)
        {
            writer.Write(output, marshaller, message, compress);
        }

        return output.WrittenSpan.ToArray();
    }
}
