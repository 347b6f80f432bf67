using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Appliance.Drills;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Updates;

/// <summary>Proves that the system that runs can restore: files of the newest restore point are read back and hashed, or those of a backup made for that.</summary>
public static class RestoreProof
{
    /// <summary>Size of the sample, in files.</summary>
    public const int FilesMax = 20;

    private const int ProbeBytes = 256 * 1024;
    private const string ProbeDirectory = "update-probe";

    /// <summary>Proves it.</summary>
    /// <param name="open">Opens the store, for this alone.</param>
    /// <param name="state">Where a probe's file is put for a moment.</param>
    /// <param name="seed">Chooses the sample.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>What was restored, in a sentence.</returns>
    /// <exception cref="StoreDamagedException">Something cannot be restored.</exception>
    /// <exception cref="StoreIoException">The store cannot be read, or a probe not be written.</exception>
    /// <exception cref="StoreUnusableException">The store cannot be opened.</exception>
    public static string Run(Func<BackupStore> open, StateDirectory state, int seed, TimeProvider time, CancellationToken cancellation)
    {
        using BackupStore store = open();
        if (store.KnownSnapshots().LastOrDefault(static snapshot => snapshot.Draft.Counts is { Files: > 0, Bytes: > 0 }) is { } newest)
        {
            DrillFigures drill = RestoreDrill.Run(store, newest, FilesMax, seed, time, static _ => { }, cancellation);
            return string.Create(CultureInfo.InvariantCulture, $"{drill.Files} files, {drill.Bytes} bytes of restore point {newest.Id} were restored and hashed (SHA-256 {drill.Hash}).");
        }

        return Probe(store, state, seed, time, cancellation);
    }

    // On an empty store there is nothing real. The probe takes the same way there and back.
    private static string Probe(BackupStore store, StateDirectory state, int seed, TimeProvider time, CancellationToken cancellation)
    {
        string directory = state.PathOf(ProbeDirectory);
        SnapshotRecord? made = null;
        try
        {
            byte[] content = new byte[ProbeBytes];
            RandomNumberGenerator.Fill(content);
            Directory.CreateDirectory(directory);
            File.WriteAllBytes(Path.Join(directory, "probe"), content);
            var options = new BackupOptions { Sources = [Encoding.UTF8.GetBytes(directory)], Tags = ["probe"], Readers = 1, Workers = 1, ForceRead = true, Time = time };
            made = FileBackup.Run(store, options, new BackupProgress(), cancellation).Snapshot;
            DrillFigures drill = RestoreDrill.Run(store, made, FilesMax, seed, time, static _ => { }, cancellation);
            return drill.Bytes == ProbeBytes && drill.Hash == Convert.ToHexStringLower(SHA256.HashData(content))
                ? $"There is no restore point yet: a probe of {ProbeBytes} bytes was backed up, restored and hashed (SHA-256 {drill.Hash})."
                : throw new StoreDamagedException(made.Id, "The probe was restored other than it was backed up.");
        }
        finally
        {
            if (made is not null)
            {
                store.DeleteSnapshot(made);
            }

            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
