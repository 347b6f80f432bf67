using GatewayOS.Benchmarks.Results;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Benchmarks.Stages;

/// <summary>The regular files of a directory, and a part of each stretch of them in memory.</summary>
internal sealed class SampledTree
{
    private const int SampleBytesMax = 256 * 1024 * 1024;
    private const int ReadBytes = 1024 * 1024;

    private readonly string _directory;

    /// <summary>Reads the directory twice: to know its size, and for the sample.</summary>
    /// <exception cref="BenchRefusedException">There is nothing in it.</exception>
    public SampledTree(string directory)
    {
        _directory = directory;
        Bytes = ReadAll();
        byte[] sample = new byte[Math.Min(SampleBytesMax, Bytes)];
        int kept = 0;
        long passed = 0;
        Read(read =>
        {
            passed += read.Length;
            int keep = (int)Math.Clamp((long)((double)passed / Bytes * sample.Length) - kept, 0, Math.Min(read.Length, sample.Length - kept));
            read[..keep].CopyTo(sample.AsSpan(kept));
            kept += keep;
        });
        Sample = kept > 0 ? sample.AsMemory(0, kept) : throw new BenchRefusedException($"{directory} holds no data; name another directory with --source.");
    }

    /// <summary>Bytes of all files.</summary>
    public long Bytes { get; }

    /// <summary>Up to 256 MiB, the same share of each stretch of the tree.</summary>
    public ReadOnlyMemory<byte> Sample { get; }

    /// <summary>Reads every file once.</summary>
    /// <returns>Bytes read.</returns>
    public long ReadAll()
    {
        long total = 0;
        Read(read => total += read.Length);
        return total;
    }

    // As a backup does: every regular file once, links not followed.
    private void Read(Action<ReadOnlySpan<byte>> action)
    {
        byte[] buffer = new byte[ReadBytes];
        var all = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };
        foreach (FileInfo file in new DirectoryInfo(_directory).EnumerateFiles("*", all))
        {
            try
            {
                using SafeFileHandle handle = File.OpenHandle(file.FullName);
                for (long at = 0; RandomAccess.Read(handle, buffer, at) is int read and > 0; at += read)
                {
                    action(buffer.AsSpan(0, read));
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // A backup passes it over too, and says so.
            }
        }
    }
}
