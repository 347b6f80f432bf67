using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>What every place for a vault must do alike.</summary>
public abstract class VaultMediumConformance
{
    protected abstract IVaultMedium Medium { get; }

    [Fact]
    public async Task What_is_put_reads_back_at_any_range()
    {
        VaultObject put = await PutAsync("packs/0a/one", Bytes(1, 100_000));
        Assert.Equal(100_000, put.LengthBytes);
        VaultObject listed = Assert.Single(await ListAsync("packs/0a/one"));
        Assert.Equal((put.LengthBytes, put.Tag), (listed.LengthBytes, listed.Tag));
        byte[] content = Bytes(1, 100_000);
        foreach ((int offset, int length) in ((int, int)[])[(0, 100_000), (0, 1), (99_999, 1), (777, 4096), (99_000, 5000)])
        {
            byte[] buffer = new byte[length];
            int expected = Math.Min(length, content.Length - offset);
            Assert.Equal(expected, await Medium.ReadAsync(listed, offset, buffer, CancellationToken.None));
            Assert.Equal(content.AsSpan(offset, expected), buffer.AsSpan(0, expected));
        }
    }

    [Fact]
    public async Task An_object_of_several_parts_is_whole()
    {
        byte[] content = Bytes(2, (40 * 1024 * 1024) + 12_345);
        VaultObject put = await PutAsync("index/large", content);
        byte[] buffer = new byte[content.Length];
        Assert.Equal(content.Length, await Medium.ReadAsync(put, 0, buffer, CancellationToken.None));
        Assert.True(content.AsSpan().SequenceEqual(buffer));
        VaultObject listed = Assert.Single(await ListAsync("index/large"));
        Assert.Equal((put.LengthBytes, put.Tag), (listed.LengthBytes, listed.Tag));
    }

    [Fact]
    public async Task An_empty_object_is_an_object()
    {
        await PutAsync("keys/empty", []);
        Assert.Equal(0, Assert.Single(await ListAsync("keys/empty")).LengthBytes);
    }

    [Fact]
    public async Task A_put_replaces_the_whole_object()
    {
        await PutAsync("keys/again", Bytes(3, 1000));
        VaultObject second = await PutAsync("keys/again", Bytes(4, 10));
        byte[] buffer = new byte[1000];
        Assert.Equal(10, await Medium.ReadAsync(Assert.Single(await ListAsync("keys/again")), 0, buffer, CancellationToken.None));
        Assert.Equal(Bytes(4, 10), buffer[..10]);
        Assert.Equal(10, second.LengthBytes);
    }

    [Fact]
    public async Task A_listing_shows_what_begins_so_and_nothing_else()
    {
        string[] names = ["list/a/1", "list/a/2", "list/ab/1", "list/b", "lis"];
        foreach (string name in names)
        {
            await PutAsync(name, [1]);
        }

        Assert.Equal(["list/a/1", "list/a/2", "list/ab/1"], await NamesAsync("list/a"));
        Assert.Equal(["list/a/1", "list/a/2"], await NamesAsync("list/a/"));
        Assert.Equal(["list/b"], await NamesAsync("list/b"));
        Assert.Empty(await NamesAsync("list/c"));
        Assert.Empty(await NamesAsync("nowhere/"));
    }

    [Fact]
    public async Task What_is_not_there_is_missing()
    {
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => Medium.ReadAsync(new VaultObject("packs/none", 10, ""), 0, new byte[10], CancellationToken.None));
        Assert.Equal(VaultFailure.Missing, error.Failure);
        Assert.False(error.IsPassing);
    }

    [Fact]
    public async Task A_deleted_object_is_gone_and_deleting_it_again_is_fine()
    {
        await PutAsync("keys/gone", [1]);
        await Medium.DeleteAsync("keys/gone", CancellationToken.None);
        await Medium.DeleteAsync("keys/gone", CancellationToken.None);
        Assert.Empty(await NamesAsync("keys/gone"));
    }

    [Fact]
    public async Task A_put_that_fails_midway_leaves_what_was_there()
    {
        await PutAsync("keys/kept", [1, 2, 3]);
        await Assert.ThrowsAnyAsync<IOException>(() => Medium.PutAsync("keys/kept", new BreakingContent(30 * 1024 * 1024, breaksAt: 20 * 1024 * 1024), CancellationToken.None));
        await Assert.ThrowsAnyAsync<IOException>(() => Medium.PutAsync("keys/never", new BreakingContent(30 * 1024 * 1024, breaksAt: 20 * 1024 * 1024), CancellationToken.None));
        byte[] buffer = new byte[3];
        await Medium.ReadAsync(Assert.Single(await ListAsync("keys/kept")), 0, buffer, CancellationToken.None);
        Assert.Equal([1, 2, 3], buffer);
        Assert.Empty(await NamesAsync("keys/never"));
        await Medium.TidyAsync(CancellationToken.None);
        Assert.Single(await NamesAsync("keys/kept"));
    }

    protected async Task<VaultObject> PutAsync(string name, byte[] content)
    {
        using var source = new SealedContent();
        source.Load(content);
        return await Medium.PutAsync(name, source, CancellationToken.None);
    }

    protected async Task<List<VaultObject>> ListAsync(string prefix)
    {
        var found = new List<VaultObject>();
        await foreach (VaultObject entry in Medium.ListAsync(prefix, CancellationToken.None))
        {
            found.Add(entry);
        }

        return found;
    }

    protected static byte[] Bytes(int seed, int length)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    protected async Task<string[]> NamesAsync(string prefix) => [.. (await ListAsync(prefix)).Select(entry => entry.Name).Order(StringComparer.Ordinal)];
}
