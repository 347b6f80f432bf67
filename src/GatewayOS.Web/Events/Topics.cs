using System.Text.Json;

namespace GatewayOS.Web.Events;

/// <summary>What something has changed of. In lower case these are the topics of an event.</summary>
[Flags]
internal enum Topics
{
    None = 0,
    Jobs = 1,
    Alerts = 2,
    Nodes = 4,
    Policies = 8,
    Raid = 16,
    Panel = 32,
    Accounts = 64,
}

/// <summary>An event.</summary>
/// <param name="Topics">What has changed.</param>
internal sealed record ChangeDocument(IReadOnlyList<string> Topics)
{
    /// <summary>All topics there are.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<Topics>().Where(topic => topic != Events.Topics.None).Select(topic => topic.ToString().ToLowerInvariant())];

    /// <summary>The event of some topics, as JSON.</summary>
    public static string ToJson(Topics topics) => JsonSerializer.Serialize(
        new ChangeDocument([.. Enum.GetValues<Topics>().Where(topic => topic != Events.Topics.None && topics.HasFlag(topic)).Select(topic => topic.ToString().ToLowerInvariant())]), WebJson.Default.ChangeDocument);
}
