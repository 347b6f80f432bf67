using GatewayOS.Api;
using GatewayOS.Appliance.Raid;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>What operators see and do of arrays and disks.</summary>
internal sealed class RaidService(ApplianceArrays arrays, DataWorkers workers, ILogger<RaidService> logger) : Raid.RaidBase
{
    public override Task<RaidStatusReply> GetStatus(GetRaidStatusRequest request, ServerCallContext context) => Task.FromResult(RaidMessages.Of(arrays.Watch.Status, arrays.Lights));

    public override async Task<DiskHistoryReply> GetDiskHistory(DiskHistoryRequest request, ServerCallContext context)
    {
        IReadOnlyList<SmartSample> samples = await workers.RunAsync(() => arrays.History.Of(request.Serial)).ConfigureAwait(false);
        return new DiskHistoryReply { Samples = { samples.Select(RaidMessages.Of) } };
    }

    public override async Task<ReplacementInfo> Replace(ReplaceDiskRequest request, ServerCallContext context)
    {
        string by = Caller.Of(context).Who;
        var wish = new ReplacementWish { Bay = request.HasBay ? request.Bay : null, Disk = request.Disk, IsConfirmed = request.Confirmed, AcceptsRisk = request.AcceptRisk, By = by };
        ReplacementAnswer answer = await workers.RunAsync(() => arrays.Watch.Replace(wish)).ConfigureAwait(false);
        if (answer.Replacement is not { } replacement)
        {
            throw Refuse(string.Join('\n', [answer.Refusal, .. answer.Verdict?.Proof ?? []]));
        }

        DaemonLog.OperatorActed(logger, by, $"replaces the disk {replacement.OldSerial} of {replacement.ArrayName}");
        return RaidMessages.Of(replacement, arrays.Watch.Status);
    }

    public override Task<ReplacementInfo> ConfirmReplacement(ReplacementRequest request, ServerCallContext context) => Change(context, "confirmed the disk to replace", arrays.Watch.Confirm);

    public override Task<ReplacementInfo> CancelReplacement(ReplacementRequest request, ServerCallContext context) => Change(context, "called the disk's replacement off", arrays.Watch.CancelReplacement);

    public override Task<ReplacementInfo> OverwriteNewDisk(OverwriteNewDiskRequest request, ServerCallContext context) =>
        Change(context, $"gave up what is on the disk {request.Serial}", by => arrays.Watch.Overwrite(request.Serial, by));

    public override async Task<RaidStatusReply> Check(CheckArrayRequest request, ServerCallContext context)
    {
        RaidAnswer answer = await workers.RunAsync(() => arrays.Watch.Check(request.Array, request.Stop)).ConfigureAwait(false);
        if (!answer.IsDone)
        {
            throw Refuse(answer.Problem);
        }

        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, request.Stop ? "stopped a check" : "began a check");
        return RaidMessages.Of(arrays.Watch.Status, arrays.Lights);
    }

    private async Task<ReplacementInfo> Change(ServerCallContext context, string what, Func<string, RaidAnswer> change)
    {
        string by = Caller.Of(context).Who;
        RaidAnswer answer = await workers.RunAsync(() => change(by)).ConfigureAwait(false);
        if (!answer.IsDone)
        {
            throw Refuse(answer.Problem);
        }

        DaemonLog.OperatorActed(logger, by, what);
        RaidStatus status = arrays.Watch.Status;
        return RaidMessages.Of(status.Replacement!, status);
    }

    private static RpcException Refuse(string why) => new(new Status(StatusCode.FailedPrecondition, why));
}
