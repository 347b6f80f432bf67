using GatewayOS.Backup.Files;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>The comparison of two snapshots names exactly what was done between them.</summary>
public sealed class DiffTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Every_kind_of_difference_once_and_in_order()
    {
        _rig.Shell("mkdir -p d/same gone/deep; echo 1 > d/content; echo 2 > d/meta; echo 3 > d/type; echo 4 > d/same/f; echo 5 > gone/deep/f; ln -s a d/link; touch -d @1000000000 d d/same");
        SnapshotRecord before = _rig.Backup();
        _rig.Shell("echo changed > d/content; chmod 0600 d/meta; rm d/type; mkdir d/type; rm -r gone; mkdir -p new/deep; echo 6 > new/deep/f; ln -sf b d/link; touch -d @1000000000 d");
        SnapshotRecord after = _rig.Backup();
        using ChunkReader reader = _rig.Store.OpenReader();
        string[] found = [.. SnapshotDiff.Compare(reader, before, after).Where(entry => entry.Path.StartsWith(_rig.Source + "/", StringComparison.Ordinal)).Select(entry => $"{entry.Kind} {entry.Path[(_rig.Source.Length + 1)..]}")];
        Assert.Equal(
            ["Modified d/content", "Modified d/link", "Metadata d/meta", "Type d/type", "Removed gone", "Removed gone/deep", "Removed gone/deep/f", "Added new", "Added new/deep", "Added new/deep/f"],
            found);
        Assert.Empty(SnapshotDiff.Compare(reader, after, after));
    }
}
