using System.Globalization;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>Where an audit is.</summary>
/// <param name="Began">When the present pass began.</param>
/// <param name="After">The last name that it has read; empty for none.</param>
/// <param name="WholeUntil">When the last pass began that has ended; null before the first has.</param>
public sealed record VaultAuditPlace(DateTimeOffset Began, string After, DateTimeOffset? WholeUntil);

/// <summary>Keeps an audit's place over restarts. One that is missing or damaged means that a pass begins anew.</summary>
/// <param name="directory">Where it lies.</param>
/// <param name="name">Its file.</param>
public sealed class VaultAuditNote(StateDirectory directory, string name)
{
    private const string Head = "gateway-vault-audit 1";
    private const int Lines = 4;

    /// <summary>Reads it; null when there is none.</summary>
    public VaultAuditPlace? Read()
    {
        string[] lines = directory.Read(name) is { } bytes ? Encoding.UTF8.GetString(bytes).Split('\n') : [];
        return lines.Length == Lines && lines[0] == Head && Time(lines[1]) is { } began ? new VaultAuditPlace(began, lines[2], Time(lines[3])) : null;
    }

    /// <summary>Makes it durable.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    public void Write(VaultAuditPlace place) => directory.Replace(name, Encoding.UTF8.GetBytes(string.Join('\n', (string[])[Head, Text(place.Began), place.After, Text(place.WholeUntil)])));

    private static string Text(DateTimeOffset? time) => time?.ToString("O", CultureInfo.InvariantCulture) ?? "";

    private static DateTimeOffset? Time(string text) =>
        DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out DateTimeOffset time) ? time : null;
}
