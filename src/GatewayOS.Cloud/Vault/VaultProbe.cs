namespace GatewayOS.Cloud.Vault;

/// <summary>Looks whether a vault can be reached, before it counts as one: a mistake shows now, not in the night of the first sync.</summary>
public static class VaultProbe
{
    private const int AttemptsMax = 2;

    /// <summary>Looks.</summary>
    /// <param name="place">Where it is said to be.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>True when there is a store in it.</returns>
    /// <exception cref="VaultException">It cannot be reached, or makes no sense.</exception>
    public static async Task<bool> HasStoreAsync(VaultPlace place, TimeProvider time, CancellationToken cancellation)
    {
        using RetryingMedium medium = place.Open(time, new RetryPolicy { AttemptsMax = AttemptsMax });
        bool has = false;
        await foreach (VaultObject _ in medium.ListAsync("config.json", cancellation).ConfigureAwait(false))
        {
            has = true;
        }

        return has;
    }
}
