using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>
/// Which machine backs up straight into a vault: the object <c>writer.json</c>. It carries the writer's ID, and a turn that is new in each session and kept on the machine. Another ID is another machine's; another turn
/// is that of a copy of this machine, or this machine was set back to an earlier time. Both are refused until somebody says that this one is to go on.
/// </summary>
/// <param name="medium">The vault; borrowed.</param>
/// <param name="id">This machine's ID.</param>
/// <param name="state">Where it keeps its turns.</param>
/// <param name="time">Clock for the note's time, which is for people.</param>
public sealed class DirectWriter(IVaultMedium medium, Guid id, StateDirectory state, TimeProvider time)
{
    /// <summary>The object's name.</summary>
    public const string ObjectName = "writer.json";

    private const string TurnFile = "vault.turn";
    private const int TurnBytes = 16;
    private const int NoteBytesMax = 64 * 1024;

    private string _turn = "";

    /// <summary>Reads who writes to a vault.</summary>
    /// <returns>Null when no machine backs up straight into it.</returns>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    /// <exception cref="StoreUnusableException">The note makes no sense.</exception>
    public static DirectWriterNote? Read(IVaultMedium medium, CancellationToken cancellation) => ReadAsync(medium, cancellation).GetAwaiter().GetResult();

    /// <summary>Takes the next turn.</summary>
    /// <param name="takeOver">True takes the vault from whoever had it.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StoreUnusableException">The vault is another machine's.</exception>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    public void Claim(bool takeOver, CancellationToken cancellation)
    {
        DirectWriterNote? there = takeOver ? null : Read(medium, cancellation);
        string[] mine = System.Text.Encoding.ASCII.GetString(state.Read(TurnFile) ?? []).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (there is not null)
        {
            RefuseOther(there);
            if (!mine.Contains(there.Turn))
            {
                throw new StoreUnusableException($"{medium.Location} was written to at {there.Time:yyyy-MM-dd HH:mm} UTC under this machine's name, and not by it: the machine was copied, or set back to an earlier time. {Remedy}");
            }
        }

        // Both turns count until the new one is in the vault for certain.
        _turn = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TurnBytes));
        Keep(there is null ? _turn : $"{_turn}\n{there.Turn}");
        using var content = new SealedContent();
        content.Load(JsonSerializer.SerializeToUtf8Bytes(new DirectWriterNote(id, Environment.MachineName, _turn, time.GetUtcNow()), DirectJson.Default.DirectWriterNote));
        medium.PutAsync(ObjectName, content, cancellation).GetAwaiter().GetResult();
        Keep(_turn);
    }

    /// <summary>Requires that nobody has taken the vault since <see cref="Claim"/>.</summary>
    /// <exception cref="StoreUnusableException">Somebody has.</exception>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    public void Confirm(CancellationToken cancellation)
    {
        DirectWriterNote? there = Read(medium, cancellation);
        if (there?.Turn == _turn)
        {
            return;
        }

        if (there is not null)
        {
            RefuseOther(there);
        }

        throw new StoreUnusableException($"Somebody has taken {medium.Location} over meanwhile. No snapshot was put there. {Remedy}");
    }

    private const string Remedy = "Each machine needs a vault of its own. If this one is to go on with it and no other, run 'gateway-agent vault take-over'.";

    private void RefuseOther(DirectWriterNote there)
    {
        if (there.Writer != id)
        {
            throw new StoreUnusableException($"{medium.Location} is the vault of another machine: {there.Host} wrote to it last, at {there.Time:yyyy-MM-dd HH:mm} UTC. {Remedy}");
        }
    }

    private void Keep(string turns) => state.Replace(TurnFile, System.Text.Encoding.ASCII.GetBytes(turns));

    private static async Task<DirectWriterNote?> ReadAsync(IVaultMedium medium, CancellationToken cancellation)
    {
        VaultObject? found = null;
        await foreach (VaultObject there in medium.ListAsync(ObjectName, cancellation).ConfigureAwait(false))
        {
            found = there.Name == ObjectName ? there : found;
        }

        if (found is null)
        {
            return null;
        }

        byte[] bytes = new byte[(int)Math.Min(found.LengthBytes, NoteBytesMax)];
        int read = await medium.ReadAsync(found, 0, bytes, cancellation).ConfigureAwait(false);
        try
        {
            return JsonSerializer.Deserialize(bytes.AsSpan(0, read), DirectJson.Default.DirectWriterNote) ?? throw new JsonException("It is empty.");
        }
        catch (JsonException error)
        {
            throw new StoreUnusableException($"{ObjectName} in {medium.Location} makes no sense: {error.Message} It says which machine backs up there. If this one does and no other, run 'gateway-agent vault take-over'.", error);
        }
    }
}

/// <summary>Who writes to a vault.</summary>
/// <param name="Writer">The machine's ID, made when the vault was set up there.</param>
/// <param name="Host">Its name, for people.</param>
/// <param name="Turn">Differs in each session.</param>
/// <param name="Time">When the session began, for people.</param>
public sealed record DirectWriterNote(Guid Writer, string Host, string Turn, DateTimeOffset Time);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(DirectWriterNote))]
internal sealed partial class DirectJson : JsonSerializerContext;
