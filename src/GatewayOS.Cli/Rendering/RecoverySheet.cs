using System.Text;
using QRCoder;

namespace GatewayOS.Cli.Rendering;

/// <summary>A recovery key to print: text and QR code.</summary>
internal static class RecoverySheet
{
    private const int ModulePixels = 8;
    private const int QuietModules = 4;

    /// <summary>The QR code in half blocks, two modules a character; light on dark terminals, with its quiet zone.</summary>
    public static string Blocks(string key)
    {
        List<System.Collections.BitArray> modules = Modules(key);
        int size = modules.Count;
        var text = new StringBuilder();
        for (int y = -QuietModules; y < size + QuietModules; y += 2)
        {
            text.Append("  ");
            for (int x = -QuietModules; x < size + QuietModules; x++)
            {
                text.Append((IsDark(modules, x, y), IsDark(modules, x, y + 1)) switch
                {
                    (true, true) => ' ',
                    (true, false) => '\u2584',
                    (false, true) => '\u2580',
                    _ => '\u2588',
                });
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    public static string Text(string storeId, string key) =>
        $"GatewayOS recovery key\n\nStore: {storeId}\n\n{key}\n\nWhoever has this key can read every backup in the store. Keep it under lock.\nTo use it: gatewayctl store snapshots --store DIR --recovery-key\n\n{Blocks(key)}";

    public static string Svg(string storeId, string key)
    {
        List<System.Collections.BitArray> modules = Modules(key);
        int size = (modules.Count + (2 * QuietModules)) * ModulePixels;
        int width = Math.Max(size, 900);
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{size + 180}\" font-family=\"monospace\" font-size=\"18\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.Append($"<text x=\"32\" y=\"40\" font-size=\"26\">GatewayOS recovery key</text>\n<text x=\"32\" y=\"72\">Store {storeId}</text>\n<text x=\"32\" y=\"104\">{key}</text>\n");
        svg.Append("<text x=\"32\" y=\"136\">Whoever has this key can read every backup in the store. Keep it under lock.</text>\n<path fill=\"#000\" d=\"");
        for (int y = 0; y < modules.Count; y++)
        {
            for (int x = 0; x < modules.Count; x++)
            {
                if (IsDark(modules, x, y))
                {
                    svg.Append($"M{(x + QuietModules) * ModulePixels} {160 + (y * ModulePixels)}h{ModulePixels}v{ModulePixels}h-{ModulePixels}z");
                }
            }
        }

        return svg.Append("\"/>\n</svg>\n").ToString();
    }

    private static List<System.Collections.BitArray> Modules(string key)
    {
        using QRCodeData data = QRCodeGenerator.GenerateQrCode(key, QRCodeGenerator.ECCLevel.M);

        // The library adds a quiet zone of four modules of its own; ours is drawn, so that one rule holds everywhere.
        List<System.Collections.BitArray> all = data.ModuleMatrix;
        return [.. all.Skip(QuietModules).Take(all.Count - (2 * QuietModules)).Select(row => new System.Collections.BitArray([.. Enumerable.Range(QuietModules, all.Count - (2 * QuietModules)).Select(x => row[x])]))];
    }

    private static bool IsDark(List<System.Collections.BitArray> modules, int x, int y) => y >= 0 && y < modules.Count && x >= 0 && x < modules.Count && modules[y][x];
}
