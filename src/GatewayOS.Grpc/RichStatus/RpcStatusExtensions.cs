using System.Diagnostics.CodeAnalysis;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

// The namespaces are those in which callers of the real packages find these.
#pragma warning disable IDE0130
namespace Grpc.Core
{
    /// <summary>A status with details in metadata: <c>google.rpc.Status</c> under <see cref="StatusDetailsTrailerName"/>.</summary>
    public static class MetadataExtensions
    {
        /// <summary>Key of the trailer.</summary>
        public const string StatusDetailsTrailerName = "grpc-status-details-bin";

        /// <summary>Reads it.</summary>
        /// <param name="metadata">A call's trailers.</param>
        /// <param name="ignoreParseError">True to take what cannot be read for absent.</param>
        /// <returns>Null when there is none.</returns>
        /// <exception cref="InvalidProtocolBufferException">It cannot be read.</exception>
        public static Google.Rpc.Status? GetRpcStatus(this Metadata metadata, bool ignoreParseError = false)
        {
            ArgumentNullException.ThrowIfNull(metadata);
            if (metadata.GetValueBytes(StatusDetailsTrailerName) is not { } bytes)
            {
                return null;
            }

            try
            {
                return Google.Rpc.Status.Parser.ParseFrom(bytes);
            }
            catch (InvalidProtocolBufferException) when (ignoreParseError)
            {
                return null;
            }
        }

        /// <summary>Puts it there, in the place of another.</summary>
        public static void SetRpcStatus(this Metadata metadata, Google.Rpc.Status status)
        {
            ArgumentNullException.ThrowIfNull(metadata);
            ArgumentNullException.ThrowIfNull(status);
            while (metadata.Get(StatusDetailsTrailerName) is { } other)
            {
                metadata.Remove(other);
            }

            metadata.Add(StatusDetailsTrailerName, status.ToByteArray());
        }
    }

    /// <summary>Reads the details of a failed call.</summary>
    public static class RpcExceptionExtensions
    {
        /// <summary>The status with its details.</summary>
        /// <returns>Null when the server sent none.</returns>
        /// <exception cref="InvalidProtocolBufferException">It cannot be read.</exception>
        public static Google.Rpc.Status? GetRpcStatus(this RpcException ex)
        {
            ArgumentNullException.ThrowIfNull(ex);
            return ex.Trailers.GetRpcStatus();
        }
    }

    /// <summary>Fails calls with details.</summary>
    public static class RpcStatusExtensions
    {
        /// <summary>The exception for a service to throw: its client gets code, message and details.</summary>
        public static RpcException ToRpcException(this Google.Rpc.Status status)
        {
            ArgumentNullException.ThrowIfNull(status);
            return status.ToRpcException((StatusCode)status.Code, status.Message);
        }

        /// <summary>The same with a code and message for those who do not read details.</summary>
        public static RpcException ToRpcException(this Google.Rpc.Status status, StatusCode statusCode, string message)
        {
            ArgumentNullException.ThrowIfNull(status);
            var trailers = new Metadata();
            trailers.SetRpcStatus(status);
            return new RpcException(new Status(statusCode, message), trailers);
        }
    }
}

namespace Google.Rpc
{
    /// <summary>A status with details for programs.</summary>
    public sealed partial class Status
    {
        /// <summary>The first detail of a type.</summary>
        /// <returns>Null when there is none.</returns>
        /// <exception cref="InvalidProtocolBufferException">It cannot be read.</exception>
        public T? GetDetail<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] T>()
            where T : class, IMessage<T>, new() => Details.FirstOrDefault(detail => detail.Is(new T().Descriptor))?.Unpack<T>();

        /// <summary>Adds a detail.</summary>
        /// <returns>This status.</returns>
        public Status WithDetail(IMessage detail)
        {
            Details.Add(Any.Pack(detail));
            return this;
        }
    }
}
#pragma warning restore IDE0130
