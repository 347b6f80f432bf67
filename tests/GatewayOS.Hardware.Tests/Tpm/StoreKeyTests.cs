using GatewayOS.Appliance.Keys;
using GatewayOS.Hardware.Tpm;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Hardware.Tests.Tpm;

/// <summary>Where the store's key is kept, on a disk that loses what it may at a power cut, with a real TPM emulator.</summary>
public sealed class StoreKeyTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("store-key");
    private readonly SoftwareTpm _tpm;
    private readonly TpmSealer _sealer;
    private readonly byte[] _key = KeyFile.Generate();
    private readonly byte[] _newKey = KeyFile.Generate();
    private SimulatedDisk _disk = new(1);

    public StoreKeyTests()
    {
        _tpm = new SoftwareTpm(_scratch);
        _sealer = new TpmSealer(_tpm.Configuration);
    }

    public void Dispose()
    {
        _tpm.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_new_key_is_sealed_and_never_stands_in_a_file()
    {
        Assert.Null(Keeper().Load());
        Assert.Equal(KeyPlace.Sealed, Keeper().Keep([.. _key]).Place);
        Assert.Equal(_key, Loaded());
        Assert.Equal([StoreKeyKeeper.SealedFile], Keys());
    }

    [Fact]
    public void Without_a_tpm_it_is_a_file_and_says_so()
    {
        StoreKey made = Keeper(sealer: null).Keep([.. _key]);
        Assert.Equal(KeyPlace.File, made.Place);
        Assert.Contains("who gets that disk can read the backups", made.How, StringComparison.Ordinal);
        Assert.Equal(_key, Keeper(sealer: null).Load()!.Secret.Content);
        Assert.Equal(_key, _disk.ReadAll(StoreKeyKeeper.PlainFile));
    }

    [Fact]
    public void A_key_file_is_moved_in_when_a_tpm_is_found()
    {
        _disk.Place(StoreKeyKeeper.PlainFile, _key);
        Assert.Equal(_key, Loaded());
        Assert.Equal([StoreKeyKeeper.SealedFile], Keys());
    }

    // Every change the move makes is the last one before the power goes, with whatever the disk may lose then; after it the key is there, and the next start brings the move to its end.
    [Fact]
    public void A_power_cut_at_any_step_of_the_move_leaves_a_usable_key()
    {
        int steps = 0;
        for (bool isDone = false; !isDone; steps++)
        {
            for (int seed = 0; seed < 4; seed++)
            {
                _disk = new SimulatedDisk(seed);
                _disk.Place(StoreKeyKeeper.PlainFile, _key);
                isDone = !CutDuring(() => Keeper().Load(), steps);
                Assert.Equal(_key, Loaded());
                Assert.Equal([StoreKeyKeeper.SealedFile], Keys());
            }
        }

        Assert.InRange(steps, 8, 20);
    }

    [Fact]
    public void A_power_cut_while_a_new_key_takes_an_old_ones_place_leaves_one_of_them()
    {
        bool wasCut = true;
        for (int step = 0; wasCut; step++)
        {
            for (int seed = 0; seed < 4; seed++)
            {
                _disk = new SimulatedDisk(seed);
                Keeper().Keep([.. _key]);
                wasCut = CutDuring(() => Keeper().Keep([.. _newKey]), step);
                byte[] left = Loaded();
                Assert.True(left.AsSpan().SequenceEqual(_newKey) || (wasCut && left.AsSpan().SequenceEqual(_key)));
            }
        }
    }

    [Theory]
    [InlineData(RunningFault.NoSpace)]
    [InlineData(RunningFault.IoError)]
    public void A_disk_that_refuses_leaves_the_file_as_it_was(RunningFault fault)
    {
        for (int step = 0; step < 12; step++)
        {
            _disk = new SimulatedDisk(1);
            _disk.Place(StoreKeyKeeper.PlainFile, _key);
            _disk.Arm(new ArmedFault(fault, null, step));
            try
            {
                Assert.Equal(_key, Loaded());
            }
            catch (StoreIoException)
            {
                // What cannot be read at all now is read at the next start.
            }

            _disk.Disarm();
            Assert.Equal(_key, Loaded());
        }
    }

    [Fact]
    public void Another_tpm_is_refused_with_the_remedy_and_changes_nothing()
    {
        Keeper().Keep([.. _key]);
        byte[] before = _disk.ReadAll(StoreKeyKeeper.SealedFile);
        _tpm.Replace();
        string problem = Assert.Throws<StoreUnusableException>(() => Keeper().Load()).Message;
        Assert.Contains("another TPM", problem, StringComparison.Ordinal);
        Assert.Contains("gatewayd unlock", problem, StringComparison.Ordinal);
        Assert.Equal(before, _disk.ReadAll(StoreKeyKeeper.SealedFile));
        Assert.Equal(KeyPlace.Sealed, Keeper().Keep([.. _newKey]).Place);
        Assert.Equal(_newKey, Loaded());
    }

    [Fact]
    public void A_tpm_that_was_turned_off_is_refused_with_the_remedy()
    {
        Keeper().Keep([.. _key]);
        Assert.Contains("Turn it on", Assert.Throws<StoreUnusableException>(() => Keeper(sealer: null).Load()).Message, StringComparison.Ordinal);
        _tpm.Stop();
        Assert.Contains("cannot be reached", Assert.Throws<StoreUnusableException>(() => Keeper().Load()).Message, StringComparison.Ordinal);
        _tpm.Start();
        Assert.Equal(_key, Loaded());
    }

    [Fact]
    public void A_flipped_bit_is_refused_with_the_remedy()
    {
        Keeper().Keep([.. _key]);
        _disk.FlipBit(StoreKeyKeeper.SealedFile, 800);
        Assert.Contains("damaged", Assert.Throws<StoreUnusableException>(() => Keeper().Load()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tpm_that_does_not_answer_leaves_the_file_and_is_said()
    {
        _disk.Place(StoreKeyKeeper.PlainFile, _key);
        _tpm.Stop();
        StoreKey found = Keeper().Load()!;
        Assert.Equal(KeyPlace.File, found.Place);
        Assert.Contains("does not seal it", found.Note, StringComparison.Ordinal);
        Assert.Equal(_key, _disk.ReadAll(StoreKeyKeeper.PlainFile));
        Assert.Equal(KeyPlace.File, Keeper().Keep([.. _newKey]).Place);
        Assert.Equal(_newKey, _disk.ReadAll(StoreKeyKeeper.PlainFile));
    }

    // Somebody put a copy of the key back, because the board was replaced.
    [Fact]
    public void A_key_file_that_opens_the_store_takes_the_place_of_what_cannot_be_unsealed()
    {
        Keeper().Keep([.. _key]);
        _tpm.Replace();
        _disk.Place(StoreKeyKeeper.PlainFile, _key);
        Assert.Equal(_key, Loaded());
        Assert.Equal([StoreKeyKeeper.SealedFile], Keys());
    }

    [Fact]
    public void A_key_file_that_opens_nothing_takes_no_place_and_stays()
    {
        Keeper().Keep([.. _key]);
        _disk.Place(StoreKeyKeeper.PlainFile, "not it"u8.ToArray());
        StoreKey found = Keeper(opens: key => key.AsSpan().SequenceEqual(_key)).Load()!;
        Assert.Equal(_key, found.Secret.Content);
        Assert.Contains("is no key of the store", found.Note, StringComparison.Ordinal);
        Assert.Equal("not it"u8, _disk.ReadAll(StoreKeyKeeper.PlainFile));

        _disk.Remove(StoreKeyKeeper.SealedFile);
        Assert.Equal(KeyPlace.File, Keeper(opens: _ => false).Load()!.Place);
        Assert.Equal("not it"u8, _disk.ReadAll(StoreKeyKeeper.PlainFile));
    }

    [Fact]
    public void Two_programs_do_not_change_it_at_once()
    {
        Keeper().Keep([.. _key]);
        using IStoreLock held = _disk.NewProcess("other").TryLock("store.key.lock")!;
        Assert.Throws<StoreUnusableException>(() => Keeper().Load());
    }

    [Fact]
    public void Wiped_it_is_gone_in_every_form()
    {
        var state = new StateDirectory(_scratch["state"]);
        foreach (string name in (string[])[StoreKeyKeeper.PlainFile, StoreKeyKeeper.SealedFile, "store.key.new", "store.key.leaving"])
        {
            state.Replace(name, _key);
        }

        // Whoever holds the file open sees what is on the disk under it.
        using var blob = new FileStream(_scratch["state/store.key.sealed"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        StoreKeyKeeper.Wipe(state.Location);
        Assert.Empty(Directory.GetFiles(state.Location));
        byte[] left = new byte[_key.Length];
        blob.ReadExactly(left);
        Assert.NotEqual(_key, left);
    }

    private StoreKeyKeeper Keeper() => Keeper(_sealer);

    private StoreKeyKeeper Keeper(TpmSealer? sealer) => new(_disk.NewProcess(), sealer, _ => true);

    private StoreKeyKeeper Keeper(Func<byte[], bool> opens) => new(_disk.NewProcess(), _sealer, opens);

    private byte[] Loaded() => Keeper().Load()!.Secret.Content;

    private IEnumerable<string> Keys() => _disk.Files().Where(name => !name.EndsWith(".lock", StringComparison.Ordinal));

    // True when the power went before it ended; the disk is then as it is when the power is back.
    private bool CutDuring(Action work, int step)
    {
        _disk.Arm(new ArmedFault(RunningFault.PowerCut, null, step));
        try
        {
            work();
            _disk.Disarm();
            return false;
        }
        catch (PowerCutException)
        {
            _disk = _disk.Crash();
            return true;
        }
    }
}
