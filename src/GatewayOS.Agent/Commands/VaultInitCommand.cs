using System.CommandLine;
using System.Globalization;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Direct;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Commands;

/// <summary><c>vault init</c>: from now on this machine backs up straight into a vault.</summary>
internal static class VaultInitCommand
{
    private const string BucketScheme = "s3://";
    private const string RecoveryKeyVariable = "GATEWAY_RECOVERY_KEY";
    private const string CacheDefault = "vault-cache";

    private static readonly Argument<string> s_place = new("PLACE") { Description = "A directory on another disk, or s3://BUCKET/PREFIX. Each machine needs one of its own" };
    private static readonly Option<string?> s_endpoint = new("--endpoint") { Description = "Address of the S3 service, for instance https://s3.example.org", HelpName = "URL" };
    private static readonly Option<string> s_region = new("--region") { Description = "Region of the bucket", HelpName = "NAME", DefaultValueFactory = _ => S3Settings.RegionDefault };
    private static readonly Option<bool> s_hostStyle = new("--host-style") { Description = "The bucket's name goes into the host name, not into the path" };
    private static readonly Option<string?> s_ca = new("--ca") { Description = "PEM file with the certificates to trust instead of the system's", HelpName = "FILE" };
    private static readonly Option<string?> s_credentials = new("--credentials") { Description = "File with aws_access_key_id = … and aws_secret_access_key = …; without it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used", HelpName = "FILE" };
    private static readonly Option<string?> s_encryption = new("--server-encryption") { Description = "What the service encrypts with beside: AES256 or aws:kms", HelpName = "KIND" };
    private static readonly Option<string?> s_kmsKey = new("--kms-key") { Description = "Key for aws:kms", HelpName = "ID" };
    private static readonly Option<string?> s_class = new("--pack-class") { Description = "Storage class of packs, as the service calls it", HelpName = "CLASS" };
    private static readonly Option<int> s_lockDays = new("--lock-days") { Description = "Lock every object in compliance mode for so many days, again and again while it is needed: nobody can delete it before. The bucket must have object lock", HelpName = "DAYS" };
    private static readonly Option<string[]> s_bandwidth = new("--bandwidth") { Description = "How much is sent in a second, always or in a part of the day, as 2M or 08:00-18:00=2M; may be repeated", HelpName = "LIMIT" };
    private static readonly Option<string?> s_cache = new("--cache") { Description = $"Directory for the index, snapshot records and packs that wait to be sent; '{CacheDefault}' in the agent's directory unless given", HelpName = "DIR" };
    private static readonly Option<string> s_staging = new("--staging") { Description = "Most room that packs take in the cache before they are sent; at least 640M", HelpName = "SIZE", DefaultValueFactory = _ => "1G" };
    private static readonly Option<bool> s_takeOver = new("--take-over") { Description = $"The place holds a store already and this machine is to go on with it, and no other: asks for its recovery key (or {RecoveryKeyVariable})" };

    public static Command Build() => AgentCommand.Make(
        "init",
        "Make a store in an empty place and back up there from now on; shows the recovery key once",
        [s_place, s_endpoint, s_region, s_hostStyle, s_ca, s_credentials, s_encryption, s_kmsKey, s_class, s_lockDays, s_bandwidth, s_cache, s_staging, s_takeOver],
        Run);

    private static int Run(AgentContext context)
    {
        ParseResult arguments = context.Arguments;
        AgentState state = context.State;
        if (state.Vault.Config is { } known)
        {
            throw new AgentException($"This machine backs up to {known.Place} already. 'gateway-agent vault remove' forgets that; what is in it stays.");
        }

        if (state.Enrolled is { } enrolled)
        {
            throw new AgentException($"This machine is enrolled at {enrolled.Gateway}. Run 'gateway-agent forget' first, or use another --state.");
        }

        var config = new DirectConfig(Place(arguments), Guid.NewGuid(), Path.GetFullPath(arguments.GetValue(s_cache) ?? Path.Join(state.Location, CacheDefault)), Staging(arguments));
        using RetryingMedium medium = VaultAccess.OpenMedium(context.State, config);
        bool takeOver = arguments.GetValue(s_takeOver);
        bool holdsStore = DirectVault.HoldsStore(medium, context.Cancellation);
        if (holdsStore && !takeOver)
        {
            DirectWriterNote? writer = DirectWriter.Read(medium, context.Cancellation);
            throw new AgentException($"There is a store in {config.Place} already{(writer is null ? "" : $"; {writer.Host} backs up there")}. Each machine needs a place of its own. If this machine is to go on with that store, and no other, use --take-over.");
        }

        string? recovery = holdsStore ? TakeOver(context, config, medium, out string storeId) : Make(context, config, medium, out storeId);
        state.Vault.Save(config);
        context.Out.WriteLine($"{(holdsStore ? "Took over" : "Made")} store {storeId} in {config.Place}.");
        if (recovery is not null)
        {
            context.Out.WriteLine();
            context.Out.WriteLine($"Recovery key: {recovery}");
            context.Out.WriteLine("It is shown this once. Write it down and keep it away from this machine: with it and the vault alone, any Linux machine restores everything;");
            context.Out.WriteLine($"without it, everything is lost with {state.Vault.KeyPath}.");
            context.Out.WriteLine();
        }

        context.Out.WriteLine($"Next: 'gateway-agent backup PATH...' makes a backup; 'systemctl enable --now gateway-agent-backup.timer' makes one every day of what stands under \"sources\" in {Path.Join(state.Location, AgentState.ConfigFile)}.");
        context.WriteJson(new VaultInitJson(true, config.Place.ToString(), storeId, state.Vault.KeyPath, config.Cache, holdsStore, recovery), AgentOutputJson.Default.VaultInitJson);
        return AgentCommand.Good;
    }

    private static string Make(AgentContext context, DirectConfig config, IVaultMedium medium, out string storeId)
    {
        StoreSecret key = context.State.Vault.MakeKey();
        var recovery = StoreSecret.Recovery.Generate();
        DirectVault.Make(medium, key, recovery, VaultAccess.Writer(context.State, config, medium), new StoreOptions(), VaultAccess.Options(config) with { TakeOver = true }, context.Cancellation);
        using BackupStore made = VaultAccess.OpenForReading(context.State, medium, "init", context.Cancellation);
        storeId = made.StoreId;
        return recovery.Text;
    }

    // With this machine's own key when an init was cut off after the store was made; nobody has seen its recovery key then.
    private static string? TakeOver(AgentContext context, DirectConfig config, IVaultMedium medium, out string storeId)
    {
        DirectState state = context.State.Vault;
        string? typed = Environment.GetEnvironmentVariable(RecoveryKeyVariable) is { Length: > 0 } named ? named : state.Key is null ? Ask() : null;
        StoreSecret secret = typed is null ? state.Key! : new StoreSecret.Recovery(typed);
        using DirectVault vault = DirectVault.Open(medium, secret, VaultAccess.Writer(context.State, config, medium), VaultAccess.Options(config) with { TakeOver = true }, context.Cancellation);
        storeId = vault.Store.StoreId;
        string? recovery = null;
        if (typed is null)
        {
            var made = StoreSecret.Recovery.Generate();
            vault.Store.AddKeySlot(made, "recovery key");
            recovery = made.Text;
        }
        else
        {
            vault.Store.AddKeySlot(state.MakeKey(), Environment.MachineName);
        }

        vault.Finish();
        return recovery;
    }

    private static string Ask()
    {
        if (Console.IsInputRedirected)
        {
            throw new InvalidJobException($"The store's recovery key is needed: set {RecoveryKeyVariable}, or run this on a terminal.");
        }

        Console.Error.Write("Recovery key of the store: ");
        return Console.ReadLine() ?? "";
    }

    private static long Staging(ParseResult arguments)
    {
        string text = arguments.GetValue(s_staging)!;
        const long leastBytes = 640L << 20;
        return Sizes.TryParse(text, out long bytes) && bytes >= leastBytes ? bytes : throw new InvalidJobException($"--staging '{text}' is no size of at least 640M; it goes like 1G.");
    }

    private static VaultPlace Place(ParseResult arguments)
    {
        string place = arguments.GetValue(s_place)!;
        if (!place.StartsWith(BucketScheme, StringComparison.Ordinal))
        {
            Option[] misplaced = [.. ((Option[])[s_endpoint, s_hostStyle, s_ca, s_credentials, s_encryption, s_kmsKey, s_class, s_lockDays, s_bandwidth]).Where(option => arguments.GetResult(option) is { Implicit: false })];
            return misplaced.Length == 0
                ? new VaultPlace { Directory = Path.GetFullPath(place) }
                : throw new InvalidJobException($"{string.Join(", ", misplaced.Select(option => option.Name))} goes with a bucket; '{place}' is a directory. A bucket is written s3://BUCKET/PREFIX.");
        }

        string[] parts = place[BucketScheme.Length..].TrimEnd('/').Split('/', 2);
        return new VaultPlace
        {
            Bandwidth = [.. (arguments.GetValue(s_bandwidth) ?? []).Select(Window)],
            Bucket = new S3Settings
            {
                Endpoint = arguments.GetValue(s_endpoint) ?? throw new InvalidJobException("A bucket needs --endpoint URL."),
                Bucket = parts[0],
                Prefix = parts.Length > 1 ? parts[1] : "",
                Region = arguments.GetValue(s_region)!,
                PathStyle = !arguments.GetValue(s_hostStyle),
                CaFile = Full(arguments.GetValue(s_ca)),
                CredentialsFile = Full(arguments.GetValue(s_credentials)),
                Encryption = arguments.GetValue(s_encryption),
                KmsKey = arguments.GetValue(s_kmsKey),
                PackClass = arguments.GetValue(s_class),
                LockDays = arguments.GetValue(s_lockDays),
            },
        };
    }

    private static BandwidthWindow Window(string text)
    {
        string[] parts = text.Split('=', 2);
        string[] hours = parts.Length == 2 ? parts[0].Split('-') : ["00:00", "00:00"];
        return hours.Length == 2 && Time(hours[0]) is { } from && Time(hours[1]) is { } to && Sizes.TryParse(parts[^1], out long bytes)
            ? new BandwidthWindow(from, to, bytes)
            : throw new InvalidJobException($"'{text}' is no limit; it goes like 2M or 08:00-18:00=2M.");
    }

    private static TimeOnly? Time(string text) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time) ? time : null;

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
