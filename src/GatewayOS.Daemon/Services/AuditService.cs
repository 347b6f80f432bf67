using GatewayOS.Api;
using GatewayOS.Appliance.Audit;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Chained;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Shows and checks the audit log.</summary>
internal sealed class AuditService(ApplianceHost appliance, DataWorkers workers) : Api.AuditLog.AuditLogBase
{
    private const int CountDefault = 100;
    private const int CountMax = 1000;

    public override async Task<ListAuditReply> List(ListAuditRequest request, ServerCallContext context)
    {
        int count = request.Count == 0 ? CountDefault : Math.Clamp(request.Count, 1, CountMax);
        IReadOnlyList<(long Sequence, AuditRecord Record)> records = await workers.RunAsync(() => appliance.Audit.Last(request.After, count)).ConfigureAwait(false);
        return new ListAuditReply
        {
            Entries =
            {
                records.Select(entry => new AuditEntry
                {
                    Sequence = entry.Sequence,
                    TimeUnixMs = entry.Record.Time.ToUnixTimeMilliseconds(),
                    Who = entry.Record.Who,
                    Method = entry.Record.Method,
                    Target = entry.Record.Target,
                    Outcome = entry.Record.Outcome.ToString().ToLowerInvariant(),
                    Detail = entry.Record.Detail,
                    Asked = entry.Record.Asked,
                }),
            },
        };
    }

    public override async Task<VerifyAuditReply> Verify(VerifyAuditRequest request, ServerCallContext context)
    {
        ChainedReport report = await workers.RunAsync(appliance.Audit.Verify).ConfigureAwait(false);
        return new VerifyAuditReply
        {
            Count = report.Count,
            Last = report.Last,
            Findings = { report.Findings.Select(finding => new AuditFinding { Segment = finding.Segment, Sequence = finding.Sequence, Detail = finding.Detail }) },
        };
    }
}
