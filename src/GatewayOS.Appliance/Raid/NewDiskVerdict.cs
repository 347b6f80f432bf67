namespace GatewayOS.Appliance.Raid;

/// <summary>Whether a disk can take a place in an array. The names are part of the API.</summary>
public enum NewDiskAnswer
{
    /// <summary>It can.</summary>
    Good,

    /// <summary>It is too small.</summary>
    TooSmall,

    /// <summary>Something is on it that would be lost.</summary>
    NotEmpty,

    /// <summary>It is mounted, or belongs to an array already.</summary>
    InUse,

    /// <summary>It is the disk that was to be replaced.</summary>
    SameDisk,

    /// <summary>It is likely to fail.</summary>
    Failing,
}

/// <summary>A verdict on a new disk. Pure.</summary>
/// <param name="Answer">The verdict.</param>
/// <param name="Sentence">In words, with what to do.</param>
public sealed record NewDiskVerdict(NewDiskAnswer Answer, string Sentence)
{
    /// <summary>Judges.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="health">The verdict on its health.</param>
    /// <param name="bytesMin">Bytes it needs to have.</param>
    /// <param name="oldSerial">Serial number of the disk that it replaces.</param>
    /// <param name="mayOverwrite">Serial number of a disk whose content an operator has given up; empty for none.</param>
    /// <param name="isMember">True when it belongs to an array.</param>
    public static NewDiskVerdict Of(DiskReading disk, DiskHealth health, long bytesMin, string oldSerial, string mayOverwrite, bool isMember)
    {
        string who = $"The disk {disk.Serial} ({disk.Device})";
        return disk switch
        {
            _ when disk.Serial.Length == 0 => new(NewDiskAnswer.InUse, $"{who} has no serial number by which it could be told from others. Take another."),
            _ when disk.Serial == oldSerial => new(NewDiskAnswer.SameDisk, $"{who} is the one that is to be replaced. Put in another."),
            _ when isMember || disk.IsInUse => new(NewDiskAnswer.InUse, $"{who} is in use. Put in another."),
            _ when disk.SizeBytes < bytesMin => new(NewDiskAnswer.TooSmall, $"{who} is too small: it has {disk.SizeBytes} bytes and needs {bytesMin}. Put in a larger one."),
            _ when health.State == DiskState.Failing => new(NewDiskAnswer.Failing, $"{who} is likely to fail: {health.Evidence[0]} Put in another."),
            _ when disk.Content.Length > 0 && disk.Serial != mayOverwrite =>
                new(NewDiskAnswer.NotEmpty, $"{who} is not empty: it has {disk.Content}. Put in an empty one, or give its content up with 'gatewayctl raid replace --overwrite {disk.Serial}'."),
            _ => new(NewDiskAnswer.Good, $"{who} fits."),
        };
    }
}
