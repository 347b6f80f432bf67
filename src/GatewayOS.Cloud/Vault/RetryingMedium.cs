using System.Runtime.CompilerServices;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>How long a vault that cannot be reached is tried again.</summary>
public sealed record RetryPolicy
{
    /// <summary>How often the same is tried in all. With the pauses below some eight minutes of a link that is down.</summary>
    public int AttemptsMax { get; init; } = 20;

    /// <summary>Pause before the second attempt, in milliseconds; it doubles each time.</summary>
    public int PauseMs { get; init; } = 250;

    /// <summary>Longest pause, in milliseconds.</summary>
    public int PauseMsMax { get; init; } = 30_000;

    /// <summary>How long after the first failure the last attempt begins: a service that hangs needs the whole of its time for each.</summary>
    public TimeSpan TroubleMax { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Chooses each pause between half and all of its length, so that many who lost the same link do not come back at once.</summary>
    public int Seed { get; init; }
}

/// <summary>A medium that tries again what failed for a passing reason, with growing pauses. Counts what it waits for, so that it can be seen.</summary>
/// <param name="inner">The medium; owned.</param>
/// <param name="policy">How long.</param>
/// <param name="time">Clock for the pauses.</param>
public sealed class RetryingMedium(IVaultMedium inner, RetryPolicy policy, TimeProvider time) : IVaultMedium
{
    private readonly Random _random = new(policy.Seed);
    private long _retries;

    /// <inheritdoc/>
    public string Location => inner.Location;

    /// <inheritdoc/>
    public int LockDays => inner.LockDays;

    /// <summary>Attempts so far that were not the first.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    /// <summary>Why the last attempt failed that was tried again; null when none did.</summary>
    public string? LastTrouble { get; private set; }

    /// <inheritdoc/>
    public async IAsyncEnumerable<VaultObject> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        // A listing that breaks begins again: what was shown already is passed over.
        var shown = new HashSet<string>(StringComparer.Ordinal);
        long? failed = null;
        for (int attempt = 1; ; attempt++)
        {
            VaultException? trouble = null;
            IAsyncEnumerator<VaultObject> objects = inner.ListAsync(prefix, cancellation).GetAsyncEnumerator(cancellation);
            await using (objects.ConfigureAwait(false))
            {
                while (true)
                {
                    try
                    {
                        if (!await objects.MoveNextAsync().ConfigureAwait(false))
                        {
                            yield break;
                        }
                    }
                    catch (VaultException error) when (IsWorthAnother(error, attempt, ref failed))
                    {
                        trouble = error;
                        break;
                    }

                    failed = null;
                    if (shown.Add(objects.Current.Name))
                    {
                        yield return objects.Current;
                    }
                }
            }

            await PauseAsync(attempt, trouble, cancellation).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation) => Try(() => inner.PutAsync(name, content, cancellation), cancellation);

    /// <inheritdoc/>
    public Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation) =>
        Try(() => inner.ReadAsync(source, offsetBytes, buffer, cancellation), cancellation);

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellation) => Try(() => Valued(inner.DeleteAsync(name, cancellation)), cancellation);

    /// <inheritdoc/>
    public Task PurgeAsync(string name, CancellationToken cancellation) => Try(() => Valued(inner.PurgeAsync(name, cancellation)), cancellation);

    /// <inheritdoc/>
    public Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation) => Try(() => inner.ExtendLockAsync(locked, cancellation), cancellation);

    /// <inheritdoc/>
    public Task TidyAsync(CancellationToken cancellation) => Try(() => Valued(inner.TidyAsync(cancellation)), cancellation);

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    private static async Task<bool> Valued(Task task)
    {
        await task.ConfigureAwait(false);
        return true;
    }

    private bool IsWorthAnother(VaultException error, int attempt, ref long? failed)
    {
        failed ??= time.GetTimestamp();
        return error.IsPassing && attempt < policy.AttemptsMax && time.GetElapsedTime(failed.Value) < policy.TroubleMax;
    }

    private async Task<T> Try<T>(Func<Task<T>> action, CancellationToken cancellation)
    {
        long? failed = null;
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return await action().ConfigureAwait(false);
            }
            catch (VaultException error) when (IsWorthAnother(error, attempt, ref failed))
            {
                await PauseAsync(attempt, error, cancellation).ConfigureAwait(false);
            }
        }
    }

    private Task PauseAsync(int attempt, VaultException? trouble, CancellationToken cancellation)
    {
        Interlocked.Increment(ref _retries);
        LastTrouble = trouble?.Message;
        double fullMs = Math.Min(policy.PauseMsMax, policy.PauseMs * Math.Pow(2, attempt - 1));
        double share;
        lock (_random)
        {
            share = 0.5 + (_random.NextDouble() / 2);
        }

        return Task.Delay(TimeSpan.FromMilliseconds(fullMs * share), time, cancellation);
    }
}
