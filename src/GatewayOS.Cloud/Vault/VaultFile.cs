using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Store;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>Where a vault is. One of the two is given.</summary>
/// <param name="Bandwidth">How fast is sent to a bucket, by the hour; null or empty for no limit.</param>
public sealed record VaultPlace(IReadOnlyList<BandwidthWindow>? Bandwidth = null)
{
    /// <summary>A directory.</summary>
    public string? Directory { get; init; }

    /// <summary>A bucket.</summary>
    public S3Settings? Bucket { get; init; }

    /// <summary>How fast is sent to a bucket, by the hour; empty for no limit.</summary>
    public IReadOnlyList<BandwidthWindow> Bandwidth { get; init; } = Bandwidth ?? [];

    /// <summary>Days within which an appliance reads all of it back once; 0 for never, null for <see cref="VaultAuditOptions.PeriodDaysDefault"/>.</summary>
    public int? AuditDays { get; init; }

    /// <summary>What it is filled by: nothing as long as there is no task. Null for everything.</summary>
    public IReadOnlyList<VaultTask>? Tasks { get; init; }

    /// <summary>What storage classes cost here, by name; null for <see cref="ClassPrice.AmazonUsEast1"/>.</summary>
    public IReadOnlyDictionary<string, ClassPrice>? Prices { get; init; }

    /// <summary>What storage classes cost here: <see cref="Prices"/>, or Amazon's list.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, ClassPrice> PricesInUse => Prices ?? ClassPrice.AmazonUsEast1;

    /// <summary>True when every snapshot is to be there.</summary>
    [JsonIgnore]
    public bool GetsEverything => Tasks is null || Tasks.Any(task => task.SendsAll);

    /// <summary>Checks it; every error at once.</summary>
    /// <returns>The errors; empty when valid.</returns>
    public IReadOnlyList<string> Validate() =>
    [
        .. PlaceErrors(),
        .. Bandwidth.Where(window => window.BytesPerSecond < BandwidthWindow.BytesPerSecondMin)
            .Select(window => $"A limit of {window.BytesPerSecond} bytes a second is below {BandwidthWindow.BytesPerSecondMin}."),
        .. AuditDays is null or (>= 0 and <= VaultAuditOptions.PeriodDaysMax) ? (string[])[] : [$"A vault is read back within 1 to {VaultAuditOptions.PeriodDaysMax} days, or 0 for never, and not within {AuditDays}."],
        .. TaskErrors(),
    ];

    /// <summary>Opens it.</summary>
    /// <param name="time">Clock.</param>
    /// <param name="retry">How long a vault that cannot be reached is tried again.</param>
    /// <param name="asOf">Shows it as it was then; null for now. A directory keeps no past.</param>
    /// <exception cref="VaultException">It makes no sense, or is not there.</exception>
    public RetryingMedium Open(TimeProvider time, RetryPolicy retry, DateTimeOffset? asOf = null)
    {
        if (Validate() is { Count: > 0 } errors)
        {
            throw new VaultException(VaultFailure.Invalid, string.Join(' ', errors));
        }

        if (Bucket is { } bucket)
        {
            return new RetryingMedium(new S3Medium(bucket, time, asOf, Bandwidth.Count > 0 ? new BandwidthSchedule(Bandwidth, time) : null), retry, time);
        }

        return asOf is null
            ? new RetryingMedium(new DirectoryMedium(new PosixDisk(Directory!)), retry, time)
            : throw new VaultException(VaultFailure.Invalid, $"{Directory} is a directory: it keeps no past to show.");
    }

    /// <summary>In words.</summary>
    public override string ToString() => Bucket is { } bucket ? $"s3://{bucket.Bucket}{(bucket.Prefix.Length > 0 ? "/" + bucket.Prefix : "")} at {bucket.Endpoint}" : Directory ?? "";

    internal IReadOnlyList<string> TaskErrors() =>
    [
        .. (Tasks ?? []).SelectMany(task => task.Validate()),
        .. Tasks is { Count: > VaultTask.TasksMax } ? (string[])[$"A vault has at most {VaultTask.TasksMax} tasks."] : [],
    ];

    private IReadOnlyList<string> PlaceErrors() => (Directory, Bucket) switch
    {
        ({ } directory, null) => System.IO.Directory.Exists(directory) ? [] : [$"There is no directory {directory}. Mount the disk, or make it."],
        (null, { } bucket) => bucket.Validate(),
        _ => ["A vault is either a directory or a bucket."],
    };
}

/// <summary>
/// The vaults that this machine knows, in a small JSON file of its own, and beside it their ledgers. Holds no secret: access keys stand in files that it names, or in the environment.
/// </summary>
public sealed class VaultFile
{
    /// <summary>Names another file.</summary>
    public const string PathVariable = "GATEWAY_VAULTS";

    private const int VaultsMax = 100;

    /// <summary>Uses a file.</summary>
    /// <param name="path">The file; it need not exist.</param>
    public VaultFile(string path) => Location = Path.GetFullPath(path);

    /// <summary>The machine's file (<see cref="StateDirectory.PathOfMachine"/>).</summary>
    public static VaultFile OfMachine => new(StateDirectory.PathOfMachine("vaults.json", PathVariable));

    /// <summary>Where it is.</summary>
    public string Location { get; }

    /// <summary>All vaults, by name.</summary>
    /// <exception cref="VaultException">The file is damaged or cannot be read.</exception>
    public SortedDictionary<string, VaultPlace> Read()
    {
        try
        {
            SortedDictionary<string, VaultPlace>? rows = File.Exists(Location) ? JsonSerializer.Deserialize(File.ReadAllBytes(Location), VaultJson.Default.SortedDictionaryStringVaultPlace) : null;
            return rows is null ? new SortedDictionary<string, VaultPlace>(StringComparer.Ordinal) : new SortedDictionary<string, VaultPlace>(rows, StringComparer.Ordinal);
        }
        catch (Exception error) when (error is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new VaultException(VaultFailure.Invalid, $"The list of vaults {Location} cannot be read: {error.Message} Mend or remove it, and add the vaults again; nothing in them is lost.", error);
        }
    }

    /// <summary>Adds a vault.</summary>
    /// <param name="name">What to call it: letters, digits, dots, hyphens and underscores.</param>
    /// <param name="place">Where it is.</param>
    /// <exception cref="VaultException">The name is taken or unusable.</exception>
    /// <exception cref="StoreIoException">The file cannot be written; the old one stands.</exception>
    public void Add(string name, VaultPlace place)
    {
        SortedDictionary<string, VaultPlace> all = Read();
        RequireFree(name, all);
        all.Add(name, place);
        Write(all);
    }

    /// <summary>Requires that a vault of this name can be added.</summary>
    /// <exception cref="VaultException">The name is taken or unusable, or there are too many vaults.</exception>
    public void RequireFree(string name) => RequireFree(name, Read());

    /// <summary>Says otherwise of a vault where it is or how it is used.</summary>
    /// <returns>What is said of it now.</returns>
    /// <exception cref="VaultException">There is none of that name.</exception>
    /// <exception cref="StoreIoException">The file cannot be written; the old one stands.</exception>
    public VaultPlace Change(string name, Func<VaultPlace, VaultPlace> change)
    {
        SortedDictionary<string, VaultPlace> all = Read();
        VaultPlace place = change(Known(name, all));
        if (place.TaskErrors() is { Count: > 0 } errors)
        {
            throw new VaultException(VaultFailure.Invalid, string.Join(' ', errors));
        }

        all[name] = place;
        Write(all);
        return place;
    }

    /// <summary>Forgets a vault and its ledger. What is in it stays.</summary>
    /// <exception cref="VaultException">There is none of that name; a path is none.</exception>
    public VaultPlace Remove(string name)
    {
        SortedDictionary<string, VaultPlace> all = Read();
        VaultPlace place = Known(name, all);
        using IDisposable held = Hold(name);
        all.Remove(name);
        Write(all);
        ForgetState(name);
        return place;
    }

    /// <summary>Finds a vault: by its name, or a directory by its path.</summary>
    /// <param name="name">The name; null when only one is known.</param>
    /// <exception cref="VaultException">There is none of that name, or several to choose from.</exception>
    public VaultPlace Find(string? name)
    {
        if (name is not null && name.Contains('/'))
        {
            return new VaultPlace { Directory = Path.GetFullPath(name) };
        }

        SortedDictionary<string, VaultPlace> all = Read();
        return name is not null ? Known(name, all) : all.Count == 1 ? all.Values.First() : throw Unsaid(all);
    }

    /// <summary>Finds a vault that is on the list.</summary>
    /// <param name="name">Its name; null when only one is known.</param>
    /// <returns>Its name, and where it is.</returns>
    /// <exception cref="VaultException">There is none of that name, or several to choose from.</exception>
    public (string Name, VaultPlace Place) Named(string? name)
    {
        SortedDictionary<string, VaultPlace> all = Read();
        string known = name ?? (all.Count == 1 ? all.Keys.First() : throw Unsaid(all));
        return (known, Known(known, all));
    }

    /// <summary>The ledger of a vault.</summary>
    /// <param name="name">Its name or path; null when only one is known.</param>
    public VaultLedger Ledger(string? name) => VaultLedger.Open(State, StateName(name, "ledger"));

    /// <summary>What a vault is to have.</summary>
    /// <param name="name">Its name or path; null when only one is known.</param>
    /// <param name="open">Opens the store with a key; asked only when the vault has tasks.</param>
    public VaultScope Scope(string? name, Func<BackupStore> open) =>
        Find(Canonical(name)).Tasks is { } tasks ? VaultScope.Of(tasks, open, new VaultScopeNote(State, StateName(name, "scope"))) : VaultScope.Everything;

    /// <summary>How far audits of a vault have come.</summary>
    /// <param name="name">Its name or path; null when only one is known.</param>
    public VaultAuditNote AuditNote(string? name) => new(State, StateName(name, "audit"));

    /// <summary>Keeps others of this machine from changing a vault, until it is disposed: two at once would take each other's work for damage.</summary>
    /// <param name="name">Its name or path; null when only one is known.</param>
    /// <exception cref="VaultException">Somebody does so now.</exception>
    /// <exception cref="StoreIoException">The directory of the list cannot be written.</exception>
    public IDisposable Hold(string? name) => new PosixDisk(State.Location).TryLock(StateName(name, "lock"))
        ?? throw new VaultException(VaultFailure.Unreachable, $"Another sync, heal or gc of the vault {name ?? Named(null).Name} runs on this machine. Wait until it has ended, then try again.");

    private StateDirectory State => new(Path.GetDirectoryName(Location)!);

    private static string KnownWords(SortedDictionary<string, VaultPlace> all) => all.Count == 0 ? "'gatewayctl vault add' makes one known." : $"Known are: {string.Join(", ", all.Keys)}.";

    private static VaultException Unsaid(SortedDictionary<string, VaultPlace> all) => new(VaultFailure.Invalid, $"Say which vault with --vault NAME. {KnownWords(all)}");

    private static VaultPlace Known(string name, SortedDictionary<string, VaultPlace> all) =>
        all.GetValueOrDefault(name) ?? throw new VaultException(VaultFailure.Invalid, $"There is no vault '{name}'. {KnownWords(all)} A directory is named by a path with a slash.");

    private void RequireFree(string name, SortedDictionary<string, VaultPlace> all)
    {
        if (!VaultTask.IsName(name))
        {
            throw new VaultException(VaultFailure.Invalid, $"'{name}' cannot be a vault's name: 1 to {VaultTask.NameLengthMax} letters, digits, dots, hyphens and underscores.");
        }

        if (all.TryGetValue(name, out VaultPlace? known))
        {
            throw new VaultException(VaultFailure.Invalid, $"There is a vault {name} already: {known}. Choose another name, or 'gatewayctl vault remove {name}' first.");
        }

        if (all.Count >= VaultsMax)
        {
            throw new VaultException(VaultFailure.Invalid, $"{Location} holds {VaultsMax} vaults already.");
        }
    }

    // The path of a directory that is on the list means that vault, with its tasks and its ledger.
    private string? Canonical(string? name) =>
        name is not null && name.Contains('/') ? Read().FirstOrDefault(vault => vault.Value.Directory == Path.GetFullPath(name)).Key ?? Path.GetFullPath(name) : name;

    private void ForgetState(string name)
    {
        foreach (string kind in (string[])["ledger", "scope", "audit", "lock"])
        {
            File.Delete(State.PathOf(StateName(name, kind)));
        }
    }

    // A path is no file name: its slashes become what no vault's name has.
    private string StateName(string? name, string kind)
    {
        string known = Canonical(name) ?? Named(null).Name;
        return known.Contains('/') ? $"vault{known.Replace('/', '+')}.{kind}" : $"vault-{known}.{kind}";
    }

    private void Write(SortedDictionary<string, VaultPlace> all)
    {
        try
        {
            State.Replace(Path.GetFileName(Location), JsonSerializer.SerializeToUtf8Bytes(all, VaultJson.Default.SortedDictionaryStringVaultPlace));
        }
        catch (Exception error) when (error is UnauthorizedAccessException || (error is IOException && error is not StoreIoException))
        {
            throw new StoreIoException(StoreIoFailure.Permission, Location, $"Cannot write {Location}: {error.Message} Name another file with {PathVariable}.", error);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(SortedDictionary<string, VaultPlace>))]
internal sealed partial class VaultJson : JsonSerializerContext;
