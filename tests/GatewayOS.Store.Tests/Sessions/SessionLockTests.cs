using System.Diagnostics;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Sessions;

public sealed class SessionLockTests : IDisposable
{
    private static readonly SessionInfo s_info = new("test", 1, "host", DateTimeOffset.UnixEpoch);

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_session_lives_until_it_is_disposed()
    {
        SessionLock session = Begin(_test.Posix);
        Assert.Equal([session.Name], SessionLock.Living(new PosixDisk(_test.Root)));
        Assert.Equal(s_info, SessionLock.Describe(_test.Posix, session.Name));
        session.Dispose();
        Assert.Empty(SessionLock.Living(_test.Posix));
        Assert.False(SessionLock.IsLiving(_test.Posix, session.Name));
        Assert.DoesNotContain(_test.Files("locks"), path => path.EndsWith(".session", StringComparison.Ordinal));
    }

    [Fact]
    public void The_file_of_a_dead_session_is_recognised_and_deleted()
    {
        string path = _test.PathOf("locks/0123.session");
        File.WriteAllText(path, "half a descr");
        Assert.False(SessionLock.IsLiving(_test.Posix, "0123"));
        Assert.Null(SessionLock.Describe(_test.Posix, "0123"));
        Assert.Empty(SessionLock.Living(_test.Posix));
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Another_process_sees_the_lock_and_its_death_frees_it()
    {
        string path = _test.PathOf("locks/4567.session");
        using Process holder = Process.Start(new ProcessStartInfo("flock", [path, "cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        holder.StandardInput.Write("held\n");
        holder.StandardInput.Flush();
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        Assert.Equal(["4567"], SessionLock.Living(_test.Posix));
        holder.StandardInput.Close();
        Assert.True(holder.WaitForExit(10_000));
        Assert.Empty(SessionLock.Living(_test.Posix));

        using SessionLock session = Begin(_test.Posix);
        using Process tried = Process.Start("flock", ["--nonblock", _test.PathOf($"locks/{session.Name}.session"), "true"]);
        Assert.True(tried.WaitForExit(10_000));
        Assert.Equal(1, tried.ExitCode);
    }

    [Fact]
    public void A_name_deleted_between_creating_and_locking_is_given_up_for_another()
    {
        var disk = new ProbeDisk(_test.Posix);
        string? taken = null;
        disk.After = (call, path) =>
        {
            if (call == DiskCall.TryLock && taken is null)
            {
                taken = path;
                File.Delete(_test.PathOf(path));
            }
        };
        using SessionLock session = Begin(disk);
        Assert.NotEqual(taken, $"locks/{session.Name}.session");
        Assert.Equal([session.Name], SessionLock.Living(_test.Posix));
    }

    // Whoever tidies up looks at the file before its maker locks it, and deletes it after: the maker must not believe in its session then.
    [Fact]
    public void Tidying_up_never_deletes_the_file_of_a_session_that_begins_meanwhile()
    {
        var disk = new ProbeDisk(_test.Posix);
        SessionLock? begun = null;
        disk.Before = (call, path) =>
        {
            if (call == DiskCall.Delete && path.EndsWith(".session", StringComparison.Ordinal) && begun is null)
            {
                byte[] name = Convert.FromHexString(Path.GetFileNameWithoutExtension(path));
                begun = SessionLock.Begin(_test.Posix, s_info, name.AsSpan().SequenceEqual(s_fixed) ? FixedThenRandom() : RandomName);
            }
        };
        File.WriteAllText(_test.PathOf($"locks/{Convert.ToHexStringLower(s_fixed)}.session"), "");
        SessionLock.Living(disk);
        Assert.NotNull(begun);
        Assert.Equal([begun.Name], SessionLock.Living(_test.Posix));
        begun.Dispose();
    }

    private static readonly byte[] s_fixed = [.. Enumerable.Range(0, 16).Select(value => (byte)value)];

    private static SessionLock Begin(IStoreDisk disk) => SessionLock.Begin(disk, s_info, RandomName);

    private static void RandomName(Span<byte> name) => System.Security.Cryptography.RandomNumberGenerator.Fill(name);

    private static Packs.EntropySource FixedThenRandom()
    {
        bool first = true;
        return name =>
        {
            if (first)
            {
                s_fixed.CopyTo(name);
            }
            else
            {
                RandomName(name);
            }

            first = false;
        };
    }
}
