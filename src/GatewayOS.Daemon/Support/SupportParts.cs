using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using GatewayOS.Api;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Daemon.Services;
using GatewayOS.Store;
using GatewayOS.Store.Tuning;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Daemon.Support;

/// <summary>A file of a bundle.</summary>
/// <param name="Name">Its name.</param>
/// <param name="What">What is in it, in a sentence.</param>
/// <param name="Content">UTF-8.</param>
/// <param name="IsCut">True when there was more.</param>
internal sealed record SupportPart(string Name, string What, byte[] Content, bool IsCut);

/// <summary>What a bundle holds: mostly what the API tells, which holds no secret. What cannot be made tells why instead; a bundle is wanted most when something is broken.</summary>
internal sealed class SupportParts(ApplianceHost appliance, IServiceProvider services, LogTail log)
{
    /// <summary>Longest file, in bytes.</summary>
    public const int FileBytesMax = 2 * 1024 * 1024;

    private const int JobsMax = 500;
    private const int AuditMax = 1000;

    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default.WithIndentation());
    private static readonly string[] s_kernelFiles = ["/etc/os-release", "/proc/version", "/proc/uptime", "/proc/loadavg", "/proc/meminfo", "/proc/mdstat"];

    /// <summary>Makes all.</summary>
    /// <param name="context">The call that asks.</param>
    public async Task<IReadOnlyList<SupportPart>> MakeAsync(ServerCallContext context)
    {
        var scrubber = SecretScrubber.Of(appliance.State, appliance.Vaults.List, appliance.StoreKey);
        var parts = new List<SupportPart>();
        foreach ((string name, string what, Func<Task<string>> make) in All(context))
        {
            context.CancellationToken.ThrowIfCancellationRequested();
            parts.Add(Part(name, what, scrubber.Scrub(await TextAsync(make).ConfigureAwait(false))));
        }

        return parts;
    }

    private static SupportPart Part(string name, string what, string text)
    {
        byte[] content = Encoding.UTF8.GetBytes(text);
        return content.Length <= FileBytesMax
            ? new SupportPart(name, what, content, IsCut: false)
            : new SupportPart(name, what, [.. content.AsSpan(0, FileBytesMax), .. "\n(cut off here)\n"u8], IsCut: true);
    }

    private static async Task<string> TextAsync(Func<Task<string>> make)
    {
        try
        {
            return await make().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not (OperationCanceledException or OutOfMemoryException))
        {
            return $"This could not be made: {(error is RpcException rpc ? rpc.Status.Detail : error.Message)}\n";
        }
    }

    private static async Task<string> JsonAsync<T>(Task<T> reply)
        where T : IMessage => s_formatter.Format(await reply.ConfigureAwait(false)) + "\n";

    private IEnumerable<(string Name, string What, Func<Task<string>> Make)> All(ServerCallContext context)
    {
        ManagementService management = Service<ManagementService>();
        JobService jobs = Service<JobService>();
        HardwareService hardware = Service<HardwareService>();
        return
        [
            ("about.txt", "Version, model, clock and how gatewayd was started.", () => Task.FromResult(About())),
            ("status.json", "The appliance as a whole, with its warnings.", () => JsonAsync(management.GetStatus(new GetStatusRequest(), context))),
            ("nodes.json", "Nodes: names, versions, when they were last seen.", () => JsonAsync(management.ListNodes(new ListNodesRequest(), context))),
            ("protection.json", "How each node is protected.", () => JsonAsync(jobs.ListProtection(new ListProtectionRequest(), context))),
            ("jobs.json", $"The last {JobsMax} jobs.", () => JsonAsync(jobs.ListJobs(new ListJobsRequest { Most = JobsMax }, context))),
            ("alerts.json", "Alerts, also those that are over.", () => JsonAsync(Service<AlertsService>().List(new ListAlertsRequest { WithCleared = true }, context))),
            ("audit.json", $"The last {AuditMax} records of the audit log.", () => JsonAsync(Service<AuditService>().List(new ListAuditRequest { Count = AuditMax }, context))),
            ("policies.json", "Policies, as they were written.", () => JsonAsync(Service<PolicyService>().ListPolicies(new ListPoliciesRequest(), context))),
            ("accounts.json", "Names and roles of accounts.", () => JsonAsync(Service<AccountsService>().ListUsers(new ListUsersRequest(), context))),
            ("profile.json", "The hardware profile.", () => Task.FromResult(appliance.Profile.ToJson() + "\n")),
            ("sensors.json", "What the sensors say.", () => JsonAsync(hardware.GetSensors(new GetSensorsRequest(), context))),
            ("power.json", "Power failures.", () => JsonAsync(Service<PowerService>().ListFailures(new ListFailuresRequest(), context))),
            ("raid.json", "Arrays and disks, with what disks say of themselves (SMART).", () => JsonAsync(Service<RaidService>().GetStatus(new GetRaidStatusRequest(), context))),
            ("vaults.json", "Vaults: where they are and how they stand.", () => JsonAsync(Service<VaultsService>().List(new ListVaultsRequest(), context))),
            ("tunnel.json", "The tunnel: how it is, and its configuration without keys.", () => JsonAsync(Service<TunnelService>().GetStatus(new GetTunnelStatusRequest(), context))),
            ("store.txt", "Figures of the store.", () => services.GetRequiredService<DataWorkers>().RunAsync(StoreFigures)),
            ("configuration.txt", "Who is told of alerts, without passwords and secrets; how the store is tuned.", () => Task.FromResult(Configuration())),
            ("system.txt", "The operating system: version, memory, load, md arrays, disks.", () => Task.FromResult(OperatingSystemText())),
            ("log.txt", $"The last {LogTail.LinesMax} lines of gatewayd's log.", () => Task.FromResult(LogText())),
        ];
    }

    private T Service<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>() => ActivatorUtilities.CreateInstance<T>(services);

    private string About()
    {
        DaemonOptions options = appliance.Options;
        return Lines(
            [
                $"version       {ProgramVersion.Text}",
                $"name          {appliance.Name}",
                $"model         {appliance.Profile.Model}, {(appliance.IsOwnMachine ? "this machine's" : "chosen by hand")}",
                $"now           {appliance.Time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss'Z'}, in {appliance.Time.LocalTimeZone.Id}",
                $"started       {appliance.Started:yyyy-MM-dd'T'HH:mm:ss'Z'}",
                $"runs on       {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}",
                $"state         {options.StateDirectory}",
                $"store         {options.StoreDirectory}",
                $"store's key   {appliance.StoreKey.How}",
                $"listens on    {options.Listen}, page {options.Web?.ToString() ?? "off"}, metrics {options.Metrics?.ToString() ?? "off"}",
                $"memory        {Environment.WorkingSet} bytes, {GC.GetTotalMemory(forceFullCollection: false)} of them the collector's",
            ]);
    }

    private string StoreFigures()
    {
        using StoreLease lease = appliance.Store.Lease();
        StoreStatistics figures = lease.Store.Statistics();
        return Lines(
            [
                $"id            {appliance.StoreId}",
                $"snapshots     {figures.Snapshots}",
                $"logical       {figures.LogicalBytes} bytes",
                $"unique        {figures.UniqueBytes} bytes",
                $"stored        {figures.StoredBytes} bytes in {figures.Packs} packs",
                $"chunks        {figures.DataChunks} of data, {figures.TreeChunks} of trees",
                $"index         {figures.IndexSegments} segments, {figures.IndexBytes} bytes",
                .. lease.Store.Warnings.Select(warning => (FormattableString)$"warning       {warning}"),
            ]);
    }

    private string Configuration()
    {
        StoreTuning tuning = TuningFile.OfMachine.Read(appliance.Options.StoreDirectory);
        MailSettings? mail = appliance.Delivery.Mail;
        return Lines(
            [
                mail is null ? $"mail          none" : (FormattableString)$"mail          by {mail.Host}:{mail.Port} ({mail.Security}), {(mail.User is null ? "without" : "with")} login, from {mail.From} to {string.Join(", ", mail.To)}, from {mail.Least} on",
                .. appliance.Delivery.Hooks.Select(hook => (FormattableString)$"webhook       {hook.Name} at {hook.Url.GetLeftPart(UriPartial.Authority)}, from {hook.Least} on"),
                .. PipelineTuning.Keys.Select(key => (FormattableString)$"tuning        {key.Name} = {key.Get(tuning.Effective)}{(tuning.Pinned.ContainsKey(key.Name) ? ", pinned" : "")}"),
                $"measured      {tuning.MeasuredUtc?.ToString("O", CultureInfo.InvariantCulture) ?? "never"}",
            ]);
    }

    private string OperatingSystemText()
    {
        var text = new StringBuilder();
        foreach (string file in s_kernelFiles.Where(File.Exists))
        {
            text.Append(CultureInfo.InvariantCulture, $"--- {file}\n{File.ReadAllText(file)}\n");
        }

        foreach (string directory in (string[])[appliance.Options.StateDirectory, appliance.Options.StoreDirectory])
        {
            var disk = new DriveInfo(directory);
            text.Append(CultureInfo.InvariantCulture, $"--- {directory}\n{disk.DriveFormat}, {disk.AvailableFreeSpace} of {disk.TotalSize} bytes free\n");
        }

        return text.ToString();
    }

    private string LogText() => string.Concat(log.Lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.FromUnixTimeMilliseconds(line.AtUnixMs):yyyy-MM-dd'T'HH:mm:ss'Z'} {line.Level} {line.Source}: {line.Text}\n")));

    private static string Lines(IEnumerable<FormattableString> lines) => string.Concat(lines.Select(line => line.ToString(CultureInfo.InvariantCulture) + "\n"));
}
