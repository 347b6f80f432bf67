using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace GatewayOS.Grpc.Tests;

/// <summary>One end of an HTTP/2 connection (RFC 9113) that sends whatever frames a test wants, well-formed or not.</summary>
internal sealed class Http2Peer : IDisposable
{
    public const byte Data = 0;
    public const byte HeadersType = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte GoAway = 7;
    public const byte EndStream = 1;
    public const byte EndHeaders = 4;

    private const byte Ack = 1;
    private const byte Ping = 6;

    private static readonly byte[] s_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    // No table on either side: headers can be written and read without state.
    private static readonly byte[] s_noTable = [0, 1, 0, 0, 0, 0];

    private readonly Socket _socket;
    private readonly NetworkStream _stream;

    private Http2Peer(Socket socket) => (_socket, _stream) = (socket, new NetworkStream(socket, ownsSocket: true));

    /// <summary>True to leave pings unanswered, as a machine that is gone does.</summary>
    public bool IsSilent { get; set; }

    public static async Task<Http2Peer> ConnectAsync(Uri server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.Port);
        var peer = new Http2Peer(socket);
        await peer._stream.WriteAsync(s_preface);
        await peer.SendAsync(Settings, 0, 0, s_noTable);
        return peer;
    }

    public static async Task<Http2Peer> AcceptAsync(TcpListener listener)
    {
        var peer = new Http2Peer(await listener.AcceptSocketAsync());
        await peer._stream.ReadExactlyAsync(new byte[s_preface.Length]);
        await peer.SendAsync(Settings, 0, 0, s_noTable);
        return peer;
    }

    /// <summary>Literal headers, not indexed and not compressed.</summary>
    public static byte[] Headers(params (string Name, string Value)[] headers)
    {
        var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            block.WriteByte(0);
            foreach (string text in (string[])[name, value])
            {
                block.WriteByte((byte)text.Length);
                block.Write(Encoding.ASCII.GetBytes(text));
            }
        }

        return block.ToArray();
    }

    public static byte[] CallHeaders(string path, params (string Name, string Value)[] more) =>
        Headers([(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), .. more]);

    /// <summary>The value of a header that was sent literally, or null.</summary>
    public static string? Find(byte[] block, string name)
    {
        int at = block.AsSpan().IndexOf(Encoding.ASCII.GetBytes(name));
        return at < 0 ? null : Encoding.ASCII.GetString(block, at + name.Length + 1, block[at + name.Length]);
    }

    public async Task SendAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        await _stream.WriteAsync(frame);
    }

    public Task SendRawAsync(byte[] bytes) => _stream.WriteAsync(bytes).AsTask();

    /// <summary>Reads until a frame of a type comes; null at the connection's end.</summary>
    public async Task<(byte Flags, byte[] Payload)?> ReadAsync(params byte[] types)
    {
        using var limit = new CancellationTokenSource(EchoHost.Patience);
        while (true)
        {
            byte[] head = new byte[9];
            try
            {
                if (await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, limit.Token) < head.Length)
                {
                    return null;
                }
            }
            catch (IOException)
            {
                return null;
            }

            byte[] payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
            await _stream.ReadExactlyAsync(payload, limit.Token);
            (byte type, byte flags) = (head[3], head[4]);
            if (types.Contains(type))
            {
                return (flags, payload);
            }

            if (type is Settings or Ping && (flags & Ack) == 0 && !(IsSilent && type == Ping))
            {
                await SendAsync(type, Ack, 0, type == Ping ? payload : []);
            }
        }
    }

    /// <summary>Closes the connection as a machine that fell over does.</summary>
    public void Break() => _socket.Close(timeout: 0);

    public void Dispose() => _stream.Dispose();
}
