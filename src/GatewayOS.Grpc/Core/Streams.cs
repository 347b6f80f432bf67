using System.Runtime.CompilerServices;

namespace Grpc.Core;

/// <summary>Messages as they come.</summary>
public interface IAsyncStreamReader<out T>
{
    /// <summary>The message that <see cref="MoveNext"/> got.</summary>
    T Current { get; }

    /// <summary>Gets the next message. One call at a time.</summary>
    /// <returns>False at the end.</returns>
    Task<bool> MoveNext(CancellationToken cancellationToken);
}

/// <summary>Where messages are written. One write at a time; waiting for it is the back-pressure.</summary>
public interface IAsyncStreamWriter<in T>
{
    /// <summary>How messages are written from here on; null for the usual.</summary>
    WriteOptions? WriteOptions { get; set; }

    /// <summary>Writes a message.</summary>
    Task WriteAsync(T message);

    /// <summary>Writes a message.</summary>
    Task WriteAsync(T message, CancellationToken cancellationToken) =>
        cancellationToken.CanBeCanceled ? throw new NotSupportedException("Cancelling a single write is not supported by this writer.") : WriteAsync(message);
}

/// <summary>The client's side of a request stream.</summary>
public interface IClientStreamWriter<in T> : IAsyncStreamWriter<T>
{
    /// <summary>Says that no more messages follow.</summary>
    Task CompleteAsync();
}

/// <summary>The server's side of a response stream; ends with the method.</summary>
public interface IServerStreamWriter<in T> : IAsyncStreamWriter<T>;

/// <summary>Conveniences for streams.</summary>
public static class AsyncStreamReaderExtensions
{
    /// <summary>Gets the next message.</summary>
    public static Task<bool> MoveNext<T>(this IAsyncStreamReader<T> streamReader) => streamReader.MoveNext(CancellationToken.None);

    /// <summary>All messages to the end.</summary>
    public static async IAsyncEnumerable<T> ReadAllAsync<T>(this IAsyncStreamReader<T> streamReader, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        while (await streamReader.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            yield return streamReader.Current;
        }
    }
}
