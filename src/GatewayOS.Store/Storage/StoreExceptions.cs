namespace GatewayOS.Store.Storage;

/// <summary>Why an I/O operation failed, as far as the remedy differs.</summary>
public enum StoreIoFailure
{
    /// <summary>Anything else the device or file system reports (EIO and kin); a retry may help after the cause is mended.</summary>
    Device,

    /// <summary>No space or quota left.</summary>
    DiskFull,

    /// <summary>No permission, or a read-only file system.</summary>
    Permission,

    /// <summary>The file is not there.</summary>
    Missing,

    /// <summary>The file is already there.</summary>
    Exists,
}

/// <summary>An I/O operation on the store failed. Nothing that was committed before is affected.</summary>
public sealed class StoreIoException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">The class of the failure.</param>
    /// <param name="path">The file, as the user knows it.</param>
    /// <param name="message">What was tried and what the system said.</param>
    /// <param name="inner">The cause, if any.</param>
    public StoreIoException(StoreIoFailure failure, string path, string message, Exception? inner = null)
        : base(message, inner)
    {
        Failure = failure;
        Path = path;
    }

    /// <summary>The class of the failure.</summary>
    public StoreIoFailure Failure { get; }

    /// <summary>The file or directory.</summary>
    public string Path { get; }
}

/// <summary>The store cannot be used as asked: not a store, wrong key, already there, in use. Nothing was changed.</summary>
public sealed class StoreUnusableException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">What is wrong and the remedy.</param>
    /// <param name="inner">The cause, if any.</param>
    public StoreUnusableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>Stored bytes are not what was written. Reading on elsewhere is possible; a retry does not help.</summary>
public sealed class StoreDamagedException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="what">The damaged object, for instance a pack's file name.</param>
    /// <param name="message">What was found.</param>
    public StoreDamagedException(string what, string message)
        : base(message)
    {
        What = what;
    }

    /// <summary>The damaged object.</summary>
    public string What { get; }
}
