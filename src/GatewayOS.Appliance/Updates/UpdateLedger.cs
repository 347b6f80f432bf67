using System.Text.Json;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Updates;

/// <summary>Every attempt to update, with what came of it: one small file, replaced whole before anything that it tells of is done. Answers from memory. Thread-safe.</summary>
public sealed class UpdateLedger
{
    /// <summary>The file, in the state directory.</summary>
    public const string FileName = "updates.json";

    /// <summary>Attempts kept; the oldest give way.</summary>
    public const int AttemptsMax = 200;

    private readonly StateDirectory _state;
    private readonly Lock _gate = new();
    private List<UpdateAttempt> _attempts;

    /// <summary>Opens the ledger.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public UpdateLedger(StateDirectory state)
    {
        _state = state;
        try
        {
            _attempts = state.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, UpdateJson.Default.ListUpdateAttempt) ?? [] : [];
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} It says what came of updates. Correct it, or delete it: then the system that runs counts as good.", error);
        }
    }

    /// <summary>The attempts, oldest first.</summary>
    public IReadOnlyList<UpdateAttempt> Attempts => Volatile.Read(ref _attempts);

    /// <summary>The attempt of which something is still to come; null when there is none.</summary>
    public UpdateAttempt? Open => Attempts is [.., { IsEnded: false } last] ? last : null;

    /// <summary>Adds an attempt, or puts it in the place of the one with its number. Durable when it returns.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    public void Put(UpdateAttempt attempt)
    {
        lock (_gate)
        {
            List<UpdateAttempt> next = [.. _attempts.Where(known => known.Number != attempt.Number).Append(attempt).TakeLast(AttemptsMax)];
            _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(next, UpdateJson.Default.ListUpdateAttempt));
            Volatile.Write(ref _attempts, next);
        }
    }

    /// <summary>The number of the attempt to come.</summary>
    public int NextNumber => Attempts is [.., { } last] ? last.Number + 1 : 1;
}
