namespace GatewayOS.Hardware.Tpm;

/// <summary>What is asked of a TPM, as TPM2B_PUBLIC (TPM 2.0 Library, part 2). Never changed: the storage key follows from its template.</summary>
internal static class TpmTemplates
{
    /// <summary>
    /// The storage key: ECC P-256 and AES-128-CFB, the template H-2 of the TCG's TPM v2.0 Provisioning Guidance, as systemd and others use it. Attributes: fixedTPM, fixedParent, sensitiveDataOrigin,
    /// userWithAuth, noDA, restricted, decrypt.
    /// </summary>
    public static byte[] StorageKey { get; } =
    [
        0x00, 0x5a, // 90 bytes
        0x00, 0x23, // TPM_ALG_ECC
        0x00, 0x0b, // its name by SHA-256
        0x00, 0x03, 0x04, 0x72,
        0x00, 0x00, // no policy
        0x00, 0x06, 0x00, 0x80, 0x00, 0x43, // AES, 128, CFB
        0x00, 0x10, // no scheme
        0x00, 0x03, // P-256
        0x00, 0x10, // no key derivation
        0x00, 0x20, .. new byte[32],
        0x00, 0x20, .. new byte[32],
    ];

    /// <summary>
    /// Sealed data. Attributes: fixedTPM, fixedParent, userWithAuth, noDA: no password and so no guessing of one, and no policy, so that a new kernel or firmware changes nothing.
    /// </summary>
    public static byte[] SealedData { get; } =
    [
        0x00, 0x0e, // 14 bytes
        0x00, 0x08, // TPM_ALG_KEYEDHASH
        0x00, 0x0b, // its name by SHA-256
        0x00, 0x00, 0x04, 0x52,
        0x00, 0x00, // no policy
        0x00, 0x10, // no scheme: sealed data
        0x00, 0x00,
    ];
}
