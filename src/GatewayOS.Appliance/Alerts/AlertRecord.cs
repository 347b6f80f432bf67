namespace GatewayOS.Appliance.Alerts;

/// <summary>An alert, as it is kept.</summary>
public sealed record AlertRecord
{
    /// <summary>Its number.</summary>
    public required long Id { get; init; }

    /// <summary>What was raised last.</summary>
    public required AlertEvent Event { get; init; }

    /// <summary>When it was first raised.</summary>
    public required DateTimeOffset First { get; init; }

    /// <summary>When it was last raised.</summary>
    public required DateTimeOffset Last { get; init; }

    /// <summary>How often it was raised.</summary>
    public required long Count { get; init; }

    /// <summary>Who has acknowledged it; null when nobody has.</summary>
    public string? AcknowledgedBy { get; init; }

    /// <summary>When that was.</summary>
    public DateTimeOffset? Acknowledged { get; init; }

    /// <summary>When the reason was gone; null while it stands.</summary>
    public DateTimeOffset? Cleared { get; init; }
}

/// <summary>A message to a receiver.</summary>
/// <param name="Id">Its number; a receiver gets its messages in this order.</param>
/// <param name="AlertId">The alert.</param>
/// <param name="Receiver">Name of the receiver.</param>
/// <param name="Key">The same however often it is sent: by it a receiver knows a repetition after a crash.</param>
/// <param name="Body">The JSON document.</param>
/// <param name="Attempts">How often it was tried in vain.</param>
/// <param name="Delivered">When the receiver took it; null while it waits.</param>
/// <param name="Problem">Why it was not taken the last time.</param>
public sealed record AlertMessage(long Id, long AlertId, string Receiver, string Key, byte[] Body, int Attempts, DateTimeOffset? Delivered, string? Problem);
