using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller writes a message to. Either <see cref="Complete(byte[])"/>, or a length, the writer and <see cref="Complete()"/>.</summary>
public abstract class SerializationContext
{
    /// <summary>Gives the whole message.</summary>
    public virtual void Complete(byte[] payload) => throw new NotSupportedException();

    /// <summary>A writer for the message, owned by the context.</summary>
    public virtual IBufferWriter<byte> GetBufferWriter() => throw new NotSupportedException();

    /// <summary>Says the message's exact length in bytes, before the writer is asked for: then it is written where it leaves from.</summary>
    public virtual void SetPayloadLength(int payloadLength)
    {
        // Only a hint.
    }

    /// <summary>Ends a message that was written with the writer.</summary>
    public virtual void Complete() => throw new NotSupportedException();
}

/// <summary>Where a marshaller reads a message from.</summary>
public abstract class DeserializationContext
{
    /// <summary>Its length in bytes.</summary>
    public abstract int PayloadLength { get; }

    /// <summary>A copy of its bytes, the caller's to keep.</summary>
    public abstract byte[] PayloadAsNewBuffer();

    /// <summary>Its bytes where they came in: valid until the marshaller returns.</summary>
    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => new(PayloadAsNewBuffer());
}

/// <summary>Writes and reads messages of a type.</summary>
public class Marshaller<T>
{
    private readonly Func<T, byte[]>? _serializer;
    private readonly Func<byte[], T>? _deserializer;

    /// <summary>Makes one that works with arrays.</summary>
    public Marshaller(Func<T, byte[]> serializer, Func<byte[], T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        (_serializer, _deserializer) = (serializer, deserializer);
        ContextualSerializer = (value, context) => context.Complete(serializer(value));
        ContextualDeserializer = context => deserializer(context.PayloadAsNewBuffer());
    }

    /// <summary>Makes one that works with the buffers messages travel in.</summary>
    public Marshaller(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        ArgumentNullException.ThrowIfNull(deserializer);
        (ContextualSerializer, ContextualDeserializer) = (serializer, deserializer);
    }

    /// <summary>Writes a message as an array.</summary>
    public Func<T, byte[]> Serializer => _serializer ?? SerializeToArray;

    /// <summary>Reads a message from an array.</summary>
    public Func<byte[], T> Deserializer => _deserializer ?? (payload => ContextualDeserializer(new ArrayContext(payload)));

    /// <summary>Writes a message to a context.</summary>
    public Action<T, SerializationContext> ContextualSerializer { get; }

    /// <summary>Reads a message from a context.</summary>
    public Func<DeserializationContext, T> ContextualDeserializer { get; }

    private byte[] SerializeToArray(T value)
    {
        var context = new ToArrayContext();
        ContextualSerializer(value, context);
        return context.Payload;
    }

    private sealed class ArrayContext(byte[] payload) : DeserializationContext
    {
        public override int PayloadLength => payload.Length;

        public override byte[] PayloadAsNewBuffer() => payload;
    }

    private sealed class ToArrayContext : SerializationContext
    {
        private readonly ArrayBufferWriter<byte> _writer = new();
        private byte[]? _payload;

        public byte[] Payload => _payload ?? _writer.WrittenSpan.ToArray();

        public override void Complete(byte[] payload) => _payload = payload;

        public override IBufferWriter<byte> GetBufferWriter() => _writer;

        public override void Complete()
        {
            // All is in the writer.
        }
    }
}

/// <summary>Makes marshallers.</summary>
public static class Marshallers
{
    /// <summary>Marshaller of strings as UTF-8.</summary>
    public static Marshaller<string> StringMarshaller { get; } = new(System.Text.Encoding.UTF8.GetBytes, System.Text.Encoding.UTF8.GetString);

    /// <summary>Makes a marshaller that works with arrays.</summary>
    public static Marshaller<T> Create<T>(Func<T, byte[]> serializer, Func<byte[], T> deserializer) => new(serializer, deserializer);

    /// <summary>Makes a marshaller that works with the buffers messages travel in.</summary>
    public static Marshaller<T> Create<T>(Action<T, SerializationContext> serializer, Func<DeserializationContext, T> deserializer) => new(serializer, deserializer);
}
