using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Asks the tunnel's name servers, through the tunnel (RFC 1035 over UDP). The system's resolver cannot be told to leave by one device, and would tell the open net which vault is used.
/// </summary>
internal static class InnerResolver
{
    /// <summary>Attempts with each server.</summary>
    public const int AttemptsMax = 3;

    private const int Port = 53;
    private const int HeaderBytes = 12;
    private const int AnswerBytesMax = 4096;
    private const int NameBytesMax = 253;
    private const int LabelBytesMax = 63;
    private const ushort TypeA = 1;
    private const ushort TypeAaaa = 28;
    private const ushort ClassInternet = 1;
    private const int NoSuchName = 3;

    private static readonly TimeSpan s_attempt = TimeSpan.FromSeconds(2);

    /// <summary>Resolves a name.</summary>
    /// <param name="name">The name, ASCII.</param>
    /// <param name="device">The tunnel's device.</param>
    /// <param name="servers">Its name servers.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Its addresses; at least one.</returns>
    /// <exception cref="TunnelException">There are no name servers, or no such name.</exception>
    /// <exception cref="IOException">No server answered; a retry may help.</exception>
    public static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string name, string device, IReadOnlyList<IPAddress> servers, CancellationToken cancellation)
    {
        if (servers.Count == 0)
        {
            throw new TunnelException($"{name} is to be reached through the tunnel alone, and that has no name server: add 'DNS = …' to its configuration, or name the vault by its address.");
        }

        foreach (IPAddress server in servers)
        {
            for (int attempt = 0; attempt < AttemptsMax; attempt++)
            {
                IReadOnlyList<IPAddress>? found = await AskAsync(name, TypeA, device, server, cancellation).ConfigureAwait(false);
                if (found is { Count: 0 })
                {
                    found = await AskAsync(name, TypeAaaa, device, server, cancellation).ConfigureAwait(false);
                }

                if (found is not null)
                {
                    return found.Count > 0 ? found : throw new TunnelException($"The tunnel's name server {server} knows no address of {name}: correct the vault's endpoint.");
                }
            }
        }

        throw new IOException($"No name server inside the tunnel answers ({string.Join(", ", servers)}).");
    }

    /// <summary>Reads the addresses of an answer.</summary>
    /// <param name="answer">The datagram.</param>
    /// <param name="id">The question's number.</param>
    /// <param name="type">What was asked for.</param>
    /// <returns>The addresses; empty when there are none; null when it is no answer to this, or says that the server failed.</returns>
    internal static IReadOnlyList<IPAddress>? Read(ReadOnlySpan<byte> answer, ushort id, ushort type)
    {
        if (answer.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(answer) != id || (answer[2] & 0x80) == 0 || (answer[3] & 0xf) is not (0 or NoSuchName))
        {
            return null;
        }

        int questions = BinaryPrimitives.ReadUInt16BigEndian(answer[4..]);
        int records = BinaryPrimitives.ReadUInt16BigEndian(answer[6..]);
        int at = HeaderBytes;
        var found = new List<IPAddress>();
        for (int i = 0; i < questions && at < answer.Length; i++)
        {
            at = AfterName(answer, at) + 4;
        }

        for (int i = 0; i < records; i++)
        {
            at = AfterName(answer, at);
            if (at + 10 > answer.Length)
            {
                return null;
            }

            ushort kind = BinaryPrimitives.ReadUInt16BigEndian(answer[at..]);
            ushort net = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 2)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 8)..]);
            at += 10;
            if (at + length > answer.Length)
            {
                return null;
            }

            if (kind == type && net == ClassInternet && length == (type == TypeA ? 4 : 16))
            {
                found.Add(new IPAddress(answer.Slice(at, length)));
            }

            at += length;
        }

        return found;
    }

    /// <summary>Writes a question.</summary>
    /// <exception cref="TunnelException">The name is none.</exception>
    internal static byte[] Question(string name, ushort id, ushort type)
    {
        string[] labels = name.TrimEnd('.').Split('.');
        if (name.Length > NameBytesMax || labels.Any(label => label.Length is 0 or > LabelBytesMax || !Ascii.IsValid(label)))
        {
            throw new TunnelException($"'{name}' is no host name: correct the vault's endpoint.");
        }

        byte[] question = new byte[HeaderBytes + labels.Sum(label => label.Length + 1) + 1 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(question, id);
        question[2] = 1; // recursion desired
        question[5] = 1; // one question
        int at = HeaderBytes;
        foreach (string label in labels)
        {
            question[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, question.AsSpan(at));
        }

        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(at + 1), type);
        BinaryPrimitives.WriteUInt16BigEndian(question.AsSpan(at + 3), ClassInternet);
        return question;
    }

    private static async Task<IReadOnlyList<IPAddress>?> AskAsync(string name, ushort type, string device, IPAddress server, CancellationToken cancellation)
    {
        // Not to be guessed by who would answer in the server's place.
        ushort id = BitConverter.ToUInt16(RandomNumberGenerator.GetBytes(2));
        byte[] question = Question(name, id, type);
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_attempt);
        try
        {
            BoundSocket.Bind(socket, device);
            await socket.ConnectAsync(server, Port, limit.Token).ConfigureAwait(false);
            await socket.SendAsync(question, limit.Token).ConfigureAwait(false);
            byte[] answer = new byte[AnswerBytesMax];
            while (true)
            {
                int length = await socket.ReceiveAsync(answer, limit.Token).ConfigureAwait(false);
                if (Read(answer.AsSpan(0, length), id, type) is { } found)
                {
                    return found;
                }
            }
        }
        catch (Exception error) when (error is SocketException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    // Past a name: labels to a zero, or to a pointer into what stands before (4.1.4).
    private static int AfterName(ReadOnlySpan<byte> answer, int at)
    {
        while (at < answer.Length && answer[at] != 0)
        {
            if ((answer[at] & 0xc0) == 0xc0)
            {
                return at + 2;
            }

            at += answer[at] + 1;
        }

        return at + 1;
    }
}
