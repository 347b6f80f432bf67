using System.CommandLine;
using System.Globalization;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault add</c>: makes a vault known to this machine.</summary>
internal static class VaultAddCommand
{
    private const string BucketScheme = "s3://";

    private static readonly Argument<string> s_name = new("NAME") { Description = "What to call it" };
    private static readonly Argument<string> s_place = new("PLACE") { Description = "A directory, or s3://BUCKET or s3://BUCKET/PREFIX" };
    private static readonly Option<string?> s_endpoint = new("--endpoint") { Description = "Address of the S3 service, for instance https://s3.example.org", HelpName = "URL" };
    private static readonly Option<string> s_region = new("--region") { Description = "Region of the bucket", HelpName = "NAME", DefaultValueFactory = _ => S3Settings.RegionDefault };
    private static readonly Option<bool> s_hostStyle = new("--host-style") { Description = "The bucket's name goes into the host name, not into the path" };
    private static readonly Option<string?> s_ca = new("--ca") { Description = "PEM file with the certificates to trust instead of the system's", HelpName = "FILE" };
    private static readonly Option<string?> s_credentials = new("--credentials") { Description = "File with aws_access_key_id = … and aws_secret_access_key = …; without it AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are used", HelpName = "FILE" };
    private static readonly Option<string?> s_encryption = new("--server-encryption") { Description = "What the service encrypts with beside: AES256 or aws:kms", HelpName = "KIND" };
    private static readonly Option<string?> s_kmsKey = new("--kms-key") { Description = "Key for aws:kms", HelpName = "ID" };
    private static readonly Option<string?> s_class = new("--pack-class") { Description = "Storage class of packs, as the service calls it", HelpName = "CLASS" };
    private static readonly Option<int> s_lockDays = new("--lock-days") { Description = "Lock every object in compliance mode for so many days, again and again while the store has it: nobody can delete it before. The bucket must have object lock", HelpName = "DAYS" };
    private static readonly Option<bool> s_viaTunnel = new("--via-tunnel") { Description = "Reach it through this machine's tunnel and never otherwise: without the tunnel a sync fails" };
    private static readonly Option<string[]> s_bandwidth = new("--bandwidth") { Description = "How much is sent in a second, always or in a part of the day, as 2M or 08:00-18:00=2M; may be repeated", HelpName = "LIMIT" };
    private static readonly Option<int> s_auditDays = new("--audit-days") { Description = "Days within which an appliance reads all of it back once, for which a service may charge; 0 for never", HelpName = "DAYS", DefaultValueFactory = _ => VaultAuditOptions.PeriodDaysDefault };
    private static readonly Option<bool> s_byTasks = new("--by-tasks") { Description = "Put nothing there but what 'vault task add' says; without it the vault gets everything" };

    public static Command Build() => Verb.Make(
        "add",
        "Make a vault known: a directory on another disk, or a bucket",
        [s_name, s_place, s_endpoint, s_region, s_hostStyle, s_ca, s_credentials, s_encryption, s_kmsKey, s_class, s_lockDays, s_viaTunnel, s_bandwidth, s_auditDays, s_byTasks],
        Run);

    private static int Run(VerbContext context)
    {
        string name = context.Arguments.GetValue(s_name)!;
        VaultPlace place = Place(context.Arguments);
        place = place with { AuditDays = context.Arguments.GetValue(s_auditDays), Tasks = context.Arguments.GetValue(s_byTasks) ? [] : null };
        bool hasStore = VaultProbe.HasStoreAsync(place, TimeProvider.System, context.Cancellation).GetAwaiter().GetResult();
        VaultFile.OfMachine.Add(name, place);
        context.Out.WriteLine($"Added the vault {name}: {place}. {(hasStore ? "It has a store in it." : place.Tasks is null ? "It is empty; 'gatewayctl vault sync' fills it." : "It is empty; 'gatewayctl vault task add' says with what it is filled.")}");
        context.WriteJson(new VaultChangeJson(true, name, place.ToString()), VaultJson.Default.VaultChangeJson);
        return ExitCode.Good;
    }

    private static VaultPlace Place(ParseResult arguments)
    {
        string place = arguments.GetValue(s_place)!;
        if (!place.StartsWith(BucketScheme, StringComparison.Ordinal))
        {
            Option[] misplaced = [.. ((Option[])[s_endpoint, s_hostStyle, s_ca, s_credentials, s_encryption, s_kmsKey, s_class, s_lockDays, s_viaTunnel, s_bandwidth]).Where(option => arguments.GetResult(option) is { Implicit: false })];
            return misplaced.Length == 0
                ? new VaultPlace { Directory = Path.GetFullPath(place) }
                : throw new UsageException($"{string.Join(", ", misplaced.Select(option => option.Name))} goes with a bucket; '{place}' is a directory. A bucket is written s3://BUCKET/PREFIX.");
        }

        string[] parts = place[BucketScheme.Length..].TrimEnd('/').Split('/', 2);
        return new VaultPlace
        {
            Bandwidth = [.. (arguments.GetValue(s_bandwidth) ?? []).Select(Window)],
            Bucket = new S3Settings
            {
                Endpoint = arguments.GetValue(s_endpoint) ?? throw new UsageException("A bucket needs --endpoint URL."),
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
                ViaTunnel = arguments.GetValue(s_viaTunnel),
            },
        };
    }

    private static BandwidthWindow Window(string text)
    {
        string[] parts = text.Split('=', 2);
        string[] hours = parts.Length == 2 ? parts[0].Split('-') : ["00:00", "00:00"];
        return hours.Length == 2 && Time(hours[0]) is { } from && Time(hours[1]) is { } to && Sizes.TryParse(parts[^1], out long bytes)
            ? new BandwidthWindow(from, to, bytes)
            : throw new UsageException($"'{text}' is no limit; it goes like 2M or 08:00-18:00=2M.");
    }

    private static TimeOnly? Time(string text) => TimeOnly.TryParseExact(text, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time) ? time : null;

    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);
}
