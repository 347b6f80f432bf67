using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Updates;

/// <summary>The image's boot loader backend, by which RAUC and the image's units say which slot starts, on a GRUB environment block in a file.</summary>
public sealed class BootSlotsTests : IDisposable
{
    private const int SectorBytes = 512;
    private const int BlockBytes = 1024;

    private readonly ScratchDirectory _scratch = new("boot-slots");

    public BootSlotsTests() => Write("ORDER=A B\nA_OK=1\nA_TRY=1\nA_SURE=1\nB_OK=1\nB_TRY=0\nB_SURE=1\n");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_new_slot_is_first_and_on_trial_until_it_is_called_good()
    {
        Run("set-primary B");
        Assert.Equal("B", Run("get-primary"));
        Assert.Contains("B state=good trial=yes attempts=0", Run("list"), StringComparison.Ordinal);
        Assert.Contains("order=B A", Run("list"), StringComparison.Ordinal);
        Run("set-state B good");
        Assert.Contains("B state=good trial=no", Run("list"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_bad_slot_is_passed_over_and_its_reason_is_kept()
    {
        Run("set-state A bad 'it was tampered with'");
        Assert.Equal("bad", Run("get-state A"));
        Assert.Equal("B", Run("get-primary"));
        Assert.Contains("A state=bad trial=yes attempts=0 why=it was tampered with", Run("list"), StringComparison.Ordinal);
        Run("set-primary A");
        Assert.Contains("A state=good trial=yes attempts=0 why=\n", Run("list"), StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_gets_to_systemd_has_used_no_attempt_up()
    {
        Assert.Contains("A state=good trial=no attempts=1", Run("list"), StringComparison.Ordinal);
        Run("reached A");
        Assert.Contains("A state=good trial=no attempts=0", Run("list"), StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_counts_is_in_one_sector_of_a_block_that_is_written_in_place()
    {
        string before = Shell.Run($"stat -c %i '{_scratch["grubenv"]}'");
        Run("set-primary B");
        Run("set-state A bad 'some reason'");
        byte[] block = File.ReadAllBytes(_scratch["grubenv"]);
        Assert.Equal(BlockBytes, block.Length);
        Assert.StartsWith("# GRUB Environment Block\n", File.ReadAllText(_scratch["grubenv"]), StringComparison.Ordinal);
        Assert.All(block[(SectorBytes - 1)..], one => Assert.Equal((byte)'#', one));
        Assert.Equal(before, Shell.Run($"stat -c %i '{_scratch["grubenv"]}'"));
    }

    [Fact]
    public void A_block_that_was_lost_is_made_anew_by_the_next_word()
    {
        File.WriteAllBytes(_scratch["grubenv"], new byte[BlockBytes]);
        Run("set-primary B");
        Assert.Equal("B", Run("get-primary"));
        Assert.Equal("good", Run("get-state A"));
    }

    [Theory]
    [InlineData("set-state C good")]
    [InlineData("set-state A excellent")]
    [InlineData("explode A")]
    public void Nonsense_is_refused_and_changes_nothing(string command)
    {
        byte[] before = File.ReadAllBytes(_scratch["grubenv"]);
        Assert.Throws<InvalidOperationException>(() => Run(command));
        Assert.Equal(before, File.ReadAllBytes(_scratch["grubenv"]));
    }

    private void Write(string variables) => File.WriteAllText(_scratch["grubenv"], ("# GRUB Environment Block\n" + variables).PadRight(BlockBytes, '#'));

    private string Run(string command) => Shell.Run($"GATEWAY_BOOT_ENV='{_scratch["grubenv"]}' '{Gatewayctl.Root}/image/root/usr/lib/gatewayos/boot-slots' {command}").TrimEnd('\n');
}
