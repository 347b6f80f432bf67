namespace GatewayOS.Store.Hashing;

/// <summary>Which message word each of the seven rounds feeds to each mixing step (BLAKE3 paper, table 2 applied repeatedly), in the forms the kernels want.</summary>
internal static class Blake3Schedule
{
    /// <summary>Entries of a table: seven rounds of sixteen words.</summary>
    public const int Entries = 7 * 16;

    private static ReadOnlySpan<ushort> VectorOffsets64 =>
    [
        0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640, 704, 768, 832, 896, 960,
        128, 384, 192, 640, 448, 0, 256, 832, 64, 704, 768, 320, 576, 896, 960, 512,
        192, 256, 640, 768, 832, 128, 448, 896, 384, 320, 576, 0, 704, 960, 512, 64,
        640, 448, 768, 576, 896, 192, 832, 960, 256, 0, 704, 128, 320, 512, 64, 384,
        768, 832, 576, 704, 960, 640, 896, 512, 448, 128, 320, 192, 0, 64, 384, 256,
        576, 896, 704, 320, 512, 768, 960, 64, 832, 192, 0, 640, 128, 384, 256, 448,
        704, 960, 320, 0, 64, 576, 512, 384, 896, 640, 128, 768, 192, 256, 448, 832,
    ];

    private static ReadOnlySpan<ushort> VectorOffsets32 =>
    [
        0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 480,
        64, 192, 96, 320, 224, 0, 128, 416, 32, 352, 384, 160, 288, 448, 480, 256,
        96, 128, 320, 384, 416, 64, 224, 448, 192, 160, 288, 0, 352, 480, 256, 32,
        320, 224, 384, 288, 448, 96, 416, 480, 128, 0, 352, 64, 160, 256, 32, 192,
        384, 416, 288, 352, 480, 320, 448, 256, 224, 64, 160, 96, 0, 32, 192, 128,
        288, 448, 352, 160, 256, 384, 480, 32, 416, 96, 0, 320, 64, 192, 128, 224,
        352, 480, 160, 0, 32, 288, 256, 192, 448, 320, 64, 384, 96, 128, 224, 416,
    ];

    private static ReadOnlySpan<ushort> VectorOffsets16 =>
    [
        0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240,
        32, 96, 48, 160, 112, 0, 64, 208, 16, 176, 192, 80, 144, 224, 240, 128,
        48, 64, 160, 192, 208, 32, 112, 224, 96, 80, 144, 0, 176, 240, 128, 16,
        160, 112, 192, 144, 224, 48, 208, 240, 64, 0, 176, 32, 80, 128, 16, 96,
        192, 208, 144, 176, 240, 160, 224, 128, 112, 32, 80, 48, 0, 16, 96, 64,
        144, 224, 176, 80, 128, 192, 240, 16, 208, 48, 0, 160, 32, 96, 64, 112,
        176, 240, 80, 0, 16, 144, 128, 96, 224, 160, 32, 192, 48, 64, 112, 208,
    ];

    /// <summary>Byte offsets of the words' vectors, 16 a round, for vectors of 16, 32 or 64 bytes.</summary>
    public static ReadOnlySpan<ushort> VectorOffsets(int vectorBytes) => vectorBytes switch
    {
        64 => VectorOffsets64,
        32 => VectorOffsets32,
        _ => VectorOffsets16,
    };

    /// <summary>
    /// Words for the one-node kernel, 16 a round as four vectors: first and second words of the four columns, then of the four diagonals.
    /// Lane j of a diagonal step works on diagonal j−1, because that kernel leaves row 1, the last one ready, where it is.
    /// </summary>
    public static ReadOnlySpan<uint> RowWords =>
    [
        0, 2, 4, 6, 1, 3, 5, 7, 14, 8, 10, 12, 15, 9, 11, 13,
        2, 3, 7, 4, 6, 10, 0, 13, 15, 1, 12, 9, 8, 11, 5, 14,
        3, 10, 13, 7, 4, 12, 2, 14, 8, 6, 9, 11, 1, 5, 0, 15,
        10, 12, 14, 13, 7, 9, 3, 15, 1, 4, 11, 5, 6, 0, 2, 8,
        12, 9, 15, 14, 13, 11, 10, 8, 6, 7, 5, 0, 4, 2, 3, 1,
        9, 11, 8, 15, 14, 5, 12, 1, 4, 13, 0, 2, 7, 3, 10, 6,
        11, 5, 1, 8, 15, 0, 9, 6, 7, 14, 2, 3, 13, 10, 12, 4,
    ];
}
