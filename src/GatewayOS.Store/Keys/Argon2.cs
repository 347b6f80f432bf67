using System.Runtime.InteropServices;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Keys;

/// <summary>What guessing one passphrase costs an attacker, and unlocking costs us.</summary>
/// <param name="MemoryKiB">Memory, in KiB: at least 8 for each lane, at most <see cref="MemoryKiBMax"/>.</param>
/// <param name="Iterations">Passes over the memory: 1 to <see cref="IterationsMax"/>.</param>
/// <param name="Lanes">Threads: 1 to <see cref="LanesMax"/>.</param>
public sealed record KdfCost(int MemoryKiB, int Iterations, int Lanes)
{
    /// <summary>Most memory a slot may ask for; a hostile slot must not take the appliance down.</summary>
    public const int MemoryKiBMax = 1 << 20;

    /// <summary>Most passes a slot may ask for.</summary>
    public const int IterationsMax = 64;

    /// <summary>Most lanes a slot may ask for.</summary>
    public const int LanesMax = 16;

    private const int MemoryKiBPerLaneMin = 8;

    /// <summary>RFC 9106 section 4, second recommended option, for machines that cannot spare 2 GiB: 64 MiB, 3 passes, 4 lanes.</summary>
    public static KdfCost Default { get; } = new(64 << 10, 3, 4);

    /// <summary>Every limit the cost breaks, in one sentence each; empty when there is none.</summary>
    public string Errors()
    {
        List<string> errors = [];
        if (Lanes is < 1 or > LanesMax)
        {
            errors.Add($"Argon2id lanes are {Lanes}; allowed are 1 to {LanesMax}.");
        }

        int memoryMin = MemoryKiBPerLaneMin * Math.Clamp(Lanes, 1, LanesMax);
        if (MemoryKiB < memoryMin || MemoryKiB > MemoryKiBMax)
        {
            errors.Add($"Argon2id memory is {MemoryKiB} KiB; allowed are {memoryMin} to {MemoryKiBMax}.");
        }

        if (Iterations is < 1 or > IterationsMax)
        {
            errors.Add($"Argon2id iterations are {Iterations}; allowed are 1 to {IterationsMax}.");
        }

        return string.Join(' ', errors);
    }
}

/// <summary>Argon2id (RFC 9106) through Debian's libargon2 (package libargon2-1).</summary>
public static unsafe partial class Argon2
{
    private const string Library = "libargon2.so.1";
    private const int MemoryAllocationError = -22;

    /// <summary>Stretches a secret.</summary>
    /// <param name="secret">Any length up to 1 MiB.</param>
    /// <param name="salt">At least 8 bytes.</param>
    /// <param name="cost">Cost within its limits.</param>
    /// <param name="output">At least 4 bytes.</param>
    /// <exception cref="ArgumentException">A limit is broken.</exception>
    /// <exception cref="StoreUnusableException">The memory is not there now; a retry may help.</exception>
    /// <exception cref="DllNotFoundException">The library is missing; the message names its Debian package.</exception>
    public static void Derive(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, KdfCost cost, Span<byte> output)
    {
        string errors = cost.Errors();
        if (errors.Length > 0)
        {
            throw new ArgumentException(errors, nameof(cost));
        }

        NativeCodec.Require(Library, nameof(argon2id_hash_raw), "libargon2-1");
        fixed (byte* secretAt = secret, saltAt = salt, outputAt = output)
        {
            int result = argon2id_hash_raw(
                (uint)cost.Iterations, (uint)cost.MemoryKiB, (uint)cost.Lanes, secretAt, (nuint)secret.Length, saltAt, (nuint)salt.Length, outputAt, (nuint)output.Length);
            switch (result)
            {
                case 0:
                    return;
                case MemoryAllocationError:
                    throw new StoreUnusableException($"Argon2id needs {cost.MemoryKiB} KiB of memory, which is not free now. A retry may help.");
                default:
                    throw new ArgumentException($"libargon2 refuses its input with code {result}.");
            }
        }
    }

    [LibraryImport(Library)]
    private static partial int argon2id_hash_raw(
        uint iterations, uint memoryKiB, uint lanes, byte* secret, nuint secretBytes, byte* salt, nuint saltBytes, byte* output, nuint outputBytes);
}
