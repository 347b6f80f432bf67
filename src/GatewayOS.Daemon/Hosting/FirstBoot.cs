using System.Security.Cryptography;
using System.Text;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Provision;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Follows a provisioning file while the appliance is nobody's: whoever can plug a stick in stands before it, as with the claim code on the display. The file is copied
/// into the state directory first and wiped there last, so that a power cut, a stick that is pulled or a control plane that is away only make it later.
/// </summary>
internal sealed class FirstBoot(ApplianceHost appliance, FleetLinkWorker link, TimeProvider time, ILogger<FirstBoot> logger) : BackgroundService
{
    private const string DoneFile = "provisioned";
    private const string Who = "provisioning file";

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private string _lastProblem = "";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(s_interval, time);
        do
        {
            try
            {
                if (Find() is { } content && await FollowAsync(content, stoppingToken).ConfigureAwait(false))
                {
                    End(content);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Say(error.Message);
            }
        }
        while (IsWaiting && await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    // Once somebody has it, only what was begun is brought to its end.
    private bool IsWaiting => IsNobodys || File.Exists(appliance.State.PathOf(ProvisionFile.FileName));

    private bool IsNobodys => appliance.Accounts.Accounts.Count == 0 && !appliance.Registry.HasOperators;

    private byte[]? Find()
    {
        if (appliance.State.Read(ProvisionFile.FileName) is { } begun)
        {
            return begun;
        }

        if (!IsNobodys || BundleShelf.FilesOf(BundleShelf.StickDirectory, ProvisionFile.FileName) is not [{ Length: <= ProvisionFile.BytesMax } stick, ..])
        {
            return null;
        }

        byte[] content = File.ReadAllBytes(stick.FullName);
        if (appliance.State.Read(DoneFile) is { } done && done.AsSpan().SequenceEqual(HashOf(content)))
        {
            return null;
        }

        appliance.State.Replace(ProvisionFile.FileName, content);
        return content;
    }

    // True when there is no more to be done with it.
    private async Task<bool> FollowAsync(byte[] content, CancellationToken cancellation)
    {
        (ProvisionFile? file, IReadOnlyList<string> problems) = ProvisionFile.Parse(content);
        if (file is null)
        {
            Say($"{ProvisionFile.FileName} is not followed. {string.Join(' ', problems)}");
            return true;
        }

        appliance.Settings.Set(file.Name, file.Zone);
        if (file.Administrator is { } administrator && IsNobodys)
        {
            AccountResult<AccountRecord> added = appliance.Accounts.Add(administrator.Name, Role.Administrator, ProvisionFile.ReadHash(administrator.PasswordHash)!);
            Note("administrator", administrator.Name, added.Refusal is null ? null : added.Message);
        }

        return file.ControlPlane is not { } fleet || appliance.Membership.Current is not null || await JoinAsync(fleet, cancellation).ConfigureAwait(false);
    }

    private async Task<bool> JoinAsync(ProvisionedFleet fleet, CancellationToken cancellation)
    {
        try
        {
            FleetMembership membership = await FleetIdentity.JoinAsync(appliance.State, fleet.Address, fleet.Claim, link.Self, time, cancellation).ConfigureAwait(false);
            appliance.Membership.Join(membership);
            FleetIdentity.EndClaim(appliance.State);
            Note("join fleet", $"{membership.ControlPlane} at {membership.Address}", problem: null);
            return true;
        }
        catch (RpcException error) when (error.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded && !cancellation.IsCancellationRequested)
        {
            Say($"The control plane {fleet.Address} cannot be reached: {error.Status.Detail} It is tried again.");
            return false;
        }
        catch (RpcException error) when (!cancellation.IsCancellationRequested)
        {
            Note("join fleet", fleet.Address, error.Status.Detail);
            return true;
        }
        catch (FormatException error)
        {
            Note("join fleet", fleet.Address, error.Message);
            return true;
        }
    }

    private void End(byte[] content)
    {
        appliance.State.Replace(DoneFile, HashOf(content));
        FileWipe.Remove(appliance.State.PathOf(ProvisionFile.FileName));
    }

    private void Note(string what, string target, string? problem)
    {
        appliance.Audit.Note(Who, what, target, problem is null ? AuditOutcome.Done : AuditOutcome.Failed, problem ?? "");
        DaemonLog.Background(logger, problem is null ? $"As the provisioning file says: {what}, {target}." : $"The provisioning file asks for what fails: {what}, {target}: {problem}");
    }

    private void Say(string problem)
    {
        if (problem != _lastProblem)
        {
            _lastProblem = problem;
            DaemonLog.Background(logger, problem);
        }
    }

    private static byte[] HashOf(byte[] content) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(content)));
}
