using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>The tunnel's configuration on disk: <c>tunnel.conf</c> in the state directory, in the syntax of <see cref="WgQuickText"/>, 0600, for it may hold preshared keys. The private key lies beside it.</summary>
/// <param name="state">The directory.</param>
public sealed class TunnelFile(StateDirectory state)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "tunnel.conf";

    /// <summary>This end's key.</summary>
    public TunnelKey Key { get; } = new(state);

    /// <summary>Where it is.</summary>
    public string Location => state.PathOf(FileName);

    /// <summary>Reads it; null when there is none.</summary>
    /// <exception cref="TunnelException">It is damaged; every error is in the message.</exception>
    public TunnelConfig? Read()
    {
        if (state.Read(FileName) is not { } text)
        {
            return null;
        }

        TunnelReadResult read = WgQuickText.Read(Encoding.UTF8.GetString(text));
        return read.Config ?? throw new TunnelException($"{Location} cannot be used: {string.Join(' ', read.Errors)} Correct it, or set the tunnel anew with 'gatewayctl tunnel set'.");
    }

    /// <summary>Keeps a configuration, and the private key that came with it, if any.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    public void Keep(TunnelConfig config, string? privateKey)
    {
        if (privateKey is not null)
        {
            Key.Keep(privateKey);
        }

        state.Replace(FileName, Encoding.UTF8.GetBytes(WgQuickText.Write(config, withSecrets: true)));
    }
}
