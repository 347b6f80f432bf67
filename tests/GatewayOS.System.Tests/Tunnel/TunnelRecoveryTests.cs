using System.Globalization;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Tunnel;

/// <summary>A vault behind a tunnel whose link is cut in every way, and a fresh machine after the appliance has gone.</summary>
[Collection(TunnelGroup.Name)]
public sealed class TunnelRecoveryTests(TunnelWorld world, ITestOutputHelper output)
{
    private const int Cuts = 10;
    private const int FileBytes = 1_000_000;
    private const int Files = 40;
    private const int RateBytesPerSecond = 4_000_000;
    private static readonly TimeSpan s_cut = TimeSpan.FromSeconds(2);

    [Fact]
    public void A_fresh_machine_restores_what_was_synced_through_a_tunnel_that_was_cut_ten_times()
    {
        using var scratch = new ScratchDirectory("tunnel");
        MakeSource(scratch["source"]);
        world.Mend();
        string bucket = world.MakeBucket();
        string recovery;
        using (Appliance appliance = world.StartAppliance(scratch, TunnelWorld.Gate))
        {
            appliance.Enroll("node1").Run("backup", scratch["source"]).Expect(0);
            recovery = appliance.StoreVerb("key", "recovery", "--json").Expect(0).Json.GetProperty("recoveryKey").GetString()!;
            world.Relay.BytesPerSecond = RateBytesPerSecond;
            appliance.Operator("vault", "add", "cloud", $"s3://{bucket}", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials, "--via-tunnel").Expect(0);
            long open = world.Site.PacketsSent("open");
            SyncThroughCuts(appliance);
            Assert.Equal(open, world.Site.PacketsSent("open"));
            appliance.Operator("vault", "verify", "--vault", "cloud", "--keyless", "--read-data", "--quiet").Expect(0);
            TunnelWorld.AwaitState(appliance, "up");
        }

        Directory.Delete(scratch["appliance"], recursive: true);
        Directory.Delete(scratch["site"], recursive: true);
        RestoreFresh(scratch, bucket, recovery);
    }

    private void SyncThroughCuts(Appliance appliance)
    {
        long begun = world.Relay.PassedBytes;
        Task<ProgramRun> sync = Task.Factory.StartNew(() => appliance.Operator("job", "run", "vault", "--follow", "--quiet", "--json"), TaskCreationOptions.LongRunning);
        for (int cut = 0; cut < Cuts; cut++)
        {
            long due = begun + ((cut + 1L) * Files * FileBytes / (Cuts + 2));
            Until.Holds(() => world.Relay.PassedBytes >= due, () => $"cut {cut} comes: {world.Relay.PassedBytes - begun} bytes have passed, the sync {(sync.IsCompleted ? $"ended: {sync.Result.Output}{sync.Result.Errors}" : "runs")}");
            Assert.False(sync.IsCompleted, "the sync ended before all cuts were made");
            Cut(cut);
        }

        world.Relay.BytesPerSecond = 0;
        ProgramRun run = sync.Result.Expect(0);
        Assert.Equal("done", run.Json.GetProperty("job").GetProperty("state").GetString());
        output.WriteLine($"{Cuts} cuts; {world.Relay.PassedBytes - begun} bytes passed through the net");
    }

    // A silent net, a cable out, another address of this end, another address as the other end sees it.
    private void Cut(int number)
    {
        string site = world.Site.Name;
        switch (number % 4)
        {
            case 0:
                world.Relay.IsCut = true;
                Wait();
                world.Relay.IsCut = false;
                break;
            case 1:
                Shell.Run($"ip -n {site} link set uplink down");
                Wait();
                Shell.Run($"ip -n {site} link set uplink up");
                break;
            case 2:
                string next = string.Create(CultureInfo.InvariantCulture, $"198.51.100.{100 + number}/24");
                Shell.Run($"ip -n {site} address flush dev uplink");
                Wait();
                Shell.Run($"ip -n {site} address add {next} dev uplink");
                break;
            default:
                world.Relay.ChangeSource();
                break;
        }
    }

    // How long the link is away; nothing is asserted of it.
    private static void Wait()
    {
        using var pause = new ManualResetEventSlim();
        pause.Wait(s_cut);
    }

    private void RestoreFresh(ScratchDirectory scratch, string bucket, string recovery)
    {
        world.Mend();
        Dictionary<string, string> machine = TunnelWorld.Machine(scratch, "fresh");
        machine["GATEWAY_RECOVERY_KEY"] = recovery;
        File.WriteAllText(scratch["fresh.conf"], world.Config(TunnelWorld.Device("f"), "10.77.0.3", TunnelWorld.Gate.Replace("198.51.100", "198.51.101", StringComparison.Ordinal)));
        using var tunnel = new BuiltProgram("gatewayctl", ["tunnel", "run", "--config", scratch["fresh.conf"]], machine, world.Fresh);
        tunnel.WaitFor("public key ");
        world.Admit(tunnel.Log.Split("public key ")[1].Split('.')[0], "10.77.0.3");
        tunnel.WaitFor("The tunnel is up");
        Ctl("vault", "add", "old", $"s3://{bucket}", "--endpoint", world.S3.Endpoint, "--credentials", world.Credentials, "--via-tunnel");
        Ctl("vault", "attach", "--vault", "old", "--store", scratch["new-store"], "--recovery-key");
        Ctl("store", "restore", "latest", "--store", scratch["new-store"], "--recovery-key", "--target", scratch["out"], "--quiet");
        Assert.Equal("", Shell.Differences(scratch["source"], scratch["out"] + scratch["source"]));

        void Ctl(params string[] arguments)
        {
            using var program = new BuiltProgram("gatewayctl", arguments, machine, world.Fresh);
            program.Wait().Expect(0);
        }
    }

    private static void MakeSource(string path)
    {
        Directory.CreateDirectory(Path.Join(path, "inner"));
        var random = new Random(Files);
        for (int i = 0; i < Files; i++)
        {
            byte[] content = new byte[FileBytes];
            random.NextBytes(content);
            File.WriteAllBytes(Path.Join(path, "inner", $"file{i}"), content);
        }

        Shell.Run($"cd '{path}' && ln -s inner/file1 link && ln inner/file2 hard && mkfifo pipe && setfattr -n user.of -v someone inner/file3 && chmod 640 inner/file4 && touch -d 2001-02-03T04:05:06.789Z inner/file5");
    }
}
