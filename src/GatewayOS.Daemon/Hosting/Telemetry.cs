using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Catalogue;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Observability;
using GatewayOS.Appliance.Power;
using GatewayOS.Appliance.Raid;
using GatewayOS.Appliance.Updates;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Store.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Metrics, traces and health. A listener of its own, without TLS and on the loopback unless told otherwise, serves <c>/metrics</c> (Prometheus),
/// <c>/healthz</c> and <c>/readyz</c>, and nothing else; the appliance's own port serves none of them. With <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> in the
/// environment, metrics and traces go there too (OTLP).
/// </summary>
internal sealed class Telemetry : IDisposable
{
    private const string OtlpVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const int AlertsCountedMax = 10_000;
    private static readonly TimeSpan s_stallMax = TimeSpan.FromMinutes(2);

    private readonly ApplianceHost _appliance;
    private readonly DataWorkers _workers;
    private readonly TimeProvider _time;
    private readonly ApplianceMetrics _metrics = new();
    private readonly MeterProvider _meters;
    private readonly TracerProvider? _traces;
    private readonly Lock _gate = new();
    private DataProgress _lastProgress;
    private long _lastProgressAt;

    public Telemetry(ApplianceHost appliance, ApplianceBody body, ApplianceArrays arrays, ApplianceUpdates updates, ApplianceTunnel tunnel, CatalogueFeed feed, DataWorkers workers, TimeProvider time)
    {
        (_appliance, _workers, _time) = (appliance, workers, time);
        _lastProgressAt = time.GetTimestamp();
        AddGauges(feed);
        AddJobGauges();
        AddVaultGauges();
        AddBodyGauges(body);
        AddArrayGauges(arrays.Watch);
        AddUpdateGauges(updates.Engine);
        AddTunnelGauges(tunnel.Tunnel);
        appliance.Sessions.Committed += _metrics.Count;
        bool sends = Environment.GetEnvironmentVariable(OtlpVariable) is { Length: > 0 };
        ResourceBuilder resource = ResourceBuilder.CreateDefault().AddService("gatewayd", serviceVersion: ProgramVersion.Text, serviceInstanceId: appliance.StoreId);
        MeterProviderBuilder meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource)
            .AddMeter(ApplianceMetrics.MeterName).AddMeter("System.Runtime").AddMeter("Microsoft.AspNetCore.Server.Kestrel").AddPrometheusExporter();
        _meters = (sends ? meters.AddOtlpExporter() : meters).Build();
        _traces = sends ? Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource("Microsoft.AspNetCore").AddOtlpExporter().Build() : null;
    }

    /// <summary>Adds the listener.</summary>
    public static void Listen(KestrelServerOptions kestrel, DaemonOptions options)
    {
        if (options.Metrics is { } address)
        {
            kestrel.Listen(address, endpoint =>
            {
                endpoint.Protocols = HttpProtocols.Http1;
                endpoint.Use(next => connection =>
                {
                    connection.Features.Set(new Listener());
                    return next(connection);
                });
            });
        }
    }

    /// <summary>Answers what comes in by the listener, and all of that.</summary>
    public void Map(WebApplication app)
    {
        app.UseWhen(context => context.Features.Get<Listener>() is not null && context.Request.Path == "/metrics", branch => branch.UseOpenTelemetryPrometheusScrapingEndpoint(_meters, null, null, null, null));
        app.Use((context, next) => context.Features.Get<Listener>() is null ? next(context) : context.Request.Path.Value switch
        {
            "/healthz" => AnswerAsync(context, IsStalled() ? "the data path does not get on" : null),
            "/readyz" => ReadyAsync(context),
            _ => AnswerMissing(context),
        });
    }

    public void Dispose()
    {
        _appliance.Sessions.Committed -= _metrics.Count;
        _meters.Dispose();
        _traces?.Dispose();
        _metrics.Dispose();
    }

    private static Task AnswerAsync(HttpContext context, string? problem)
    {
        context.Response.StatusCode = problem is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain";
        return context.Response.WriteAsync((problem ?? "ok") + "\n", context.RequestAborted);
    }

    private static Task AnswerMissing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private async Task ReadyAsync(HttpContext context)
    {
        string? problem = await _workers.RunAsync(() =>
        {
            try
            {
                using StoreLease lease = _appliance.Store.Lease();
                return lease.Store.AcceptsNodes ? null : "the store takes no nodes";
            }
            catch (Exception error) when (error is StoreIoException or StoreDamagedException or StoreUnusableException or IOException)
            {
                return error.Message;
            }
        }).ConfigureAwait(false);
        await AnswerAsync(context, problem ?? (IsStalled() ? "the data path does not get on" : null)).ConfigureAwait(false);
    }

    // Groups in hand of which none was finished for long.
    private bool IsStalled()
    {
        lock (_gate)
        {
            DataProgress now = _appliance.Sessions.Progress;
            if (now.InHand == 0 || now.Completed != _lastProgress.Completed)
            {
                (_lastProgress, _lastProgressAt) = (now, _time.GetTimestamp());
            }

            return _time.GetElapsedTime(_lastProgressAt) > s_stallMax;
        }
    }

    private void AddGauges(CatalogueFeed feed)
    {
        _metrics.Gauge("gateway.nodes", "{node}", "Nodes by state.", "state", () =>
        {
            IReadOnlyList<NodeRecord> nodes = _appliance.Registry.Nodes;
            return [("active", nodes.Count(node => node.State == NodeState.Active)), ("pending", nodes.Count(node => node.State == NodeState.Pending)), ("connected", _appliance.Connections.Count)];
        });
        _metrics.Gauge("gateway.runs", "{run}", "Backups in progress.", () => _appliance.Sessions.Current.Count(session => !session.IsCommitted));
        _metrics.Gauge("gateway.data.groups.completed", "{group}", "Groups of chunks received and stored since the start.", () => _appliance.Sessions.Progress.Completed);
        _metrics.Gauge("gateway.disk.free", "By", "Free on the store's disk.", () => Disk.AvailableFreeSpace);
        _metrics.Gauge("gateway.disk.size", "By", "Size of the store's disk.", () => Disk.TotalSize);
        _metrics.Gauge("gateway.catalogue.pending", "{snapshot}", "Snapshots that the catalogue does not cover yet.", () => feed.Pending);
        _metrics.Gauge("gateway.audit.records", "{record}", "Records in the audit log.", () => _appliance.Audit.Head.Count);
        _metrics.Gauge("gateway.alerts", "{alert}", "Alerts that stand, by severity.", "severity", () =>
        {
            IReadOnlyList<AlertRecord> alerts = _appliance.Alerts.List(withCleared: false, AlertsCountedMax);
            return Enum.GetValues<AlertSeverity>().Select(severity => (severity.ToString().ToLowerInvariant(), (long)alerts.Count(alert => alert.Event.Severity == severity)));
        });
        _metrics.Gauge("gateway.node.backup.time", "s", "When a node's newest snapshot was committed, seconds since 1970.", "node", () =>
        {
            using CatalogueReader reader = _appliance.Catalogue.OpenReader();
            return reader.Nodes().Select(node => (_appliance.Registry.Find(node.NodeId)?.Name ?? node.NodeId, node.LastFinished.ToUnixTimeSeconds())).ToArray();
        });
    }

    // What was not measured has no value.
    private void AddJobGauges()
    {
        _metrics.Gauge("gateway.jobs", "{job}", "Jobs on record, by state.", "state", () =>
        {
            IReadOnlyList<JobRecord> jobs = _appliance.Jobs.Jobs;
            return Enum.GetValues<JobState>().Select(state => (state.ToString().ToLowerInvariant(), (long)jobs.Count(job => job.State == state)));
        });
        _metrics.Gauge("gateway.node.rpo", "s", "Age of a node's newest whole snapshot.", "node", () => Measured(node => node.Rpo?.TotalSeconds));
        _metrics.Gauge("gateway.node.rto", "s", "Time to restore all of a node, predicted from its newest rehearsed restore.", "node", () => Measured(node => node.Drill?.Drill?.PredictedSeconds));
    }

    // Of vaults that were synced since the start. One whose first sync has not ended has no age.
    private void AddVaultGauges()
    {
        _metrics.Gauge("gateway.vault.rpo", "s", "How long ago a vault had everything that the store had.", "vault", () =>
            _appliance.Vaults.States.Where(vault => vault.Value.CompleteUntil is not null).Select(vault => (vault.Key, (long)Math.Ceiling((_time.GetUtcNow() - vault.Value.CompleteUntil!.Value).TotalSeconds))));
        _metrics.Gauge("gateway.vault.sent", "By", "Bytes put into a vault since the start.", "vault", () => _appliance.Vaults.States.Select(vault => (vault.Key, vault.Value.BytesPut)));
        _metrics.Gauge("gateway.vault.backlog", "{object}", "Objects of its present stage that a sync has still to put.", "vault", () => _appliance.Vaults.States.Select(vault => (vault.Key, vault.Value.ObjectsLeft)));
        _metrics.Gauge("gateway.vault.audit.age", "s", "How long ago began what audits have read back whole of a vault.", "vault", () =>
            _appliance.Vaults.States.Where(vault => vault.Value.AuditedUntil is not null).Select(vault => (vault.Key, (long)Math.Ceiling((_time.GetUtcNow() - vault.Value.AuditedUntil!.Value).TotalSeconds))));
        _metrics.Gauge("gateway.vault.audit.damaged", "{object}", "Objects of a vault that audits have found damaged since the start.", "vault", () => _appliance.Vaults.States.Select(vault => (vault.Key, vault.Value.Damaged)));
        _metrics.Gauge("gateway.vault.task.backlog", "{snapshot}", "Snapshots that a task of a vault has still to put there.", "task", () =>
            _appliance.Vaults.States.SelectMany(vault => vault.Value.Tasks.Select(task => ($"{vault.Key}/{task.Task.Name}", (long)task.Left))));
    }

    // A sensor that cannot be read has no value either.
    private void AddBodyGauges(ApplianceBody body)
    {
        _metrics.Gauge("gateway.temperature", "Cel", "Temperatures.", "sensor", () => Sensors(body, "temperature", reading => reading.Value));
        _metrics.Gauge("gateway.fan", "{revolution}/min", "Speeds of fans.", "sensor", () => Sensors(body, "fan", reading => reading.Value));
        _metrics.Gauge("gateway.supply.good", "1", "1 for a power supply that delivers, 0 for one that does not.", "sensor", () => Sensors(body, "psu", reading => reading.Verdict switch { Verdict.Good => 1, Verdict.Bad => 0, _ => null }));
        _metrics.Gauge("gateway.power.failures", "{failure}", "Power failures on record.", () => body.Power?.History().Count ?? 0);
    }

    private static IEnumerable<(string Sensor, long Value)> Sensors(ApplianceBody body, string kind, Func<SensorReading, double?> value) =>
        [.. body.Sensors.Where(reading => reading.Kind == kind).Select(reading => (reading.Name, Value: value(reading))).Where(one => one.Value is not null).Select(one => (one.Name, (long)Math.Round(one.Value!.Value)))];

    // An array of which something is not known has no value there.
    private void AddArrayGauges(RaidWatch watch)
    {
        _metrics.Gauge("gateway.array.degraded", "{disk}", "Slots of an array without a working disk.", "array", () => watch.Status.Arrays.Select(array => (array.Array.Name, (long)array.Missing.Count())));
        _metrics.Gauge("gateway.array.survives", "{disk}", "Further disks that may fail, whichever they are; -1 when too many have.", "array", () => watch.Status.Arrays.Where(array => array.Health.Survives is not null).Select(array => (array.Array.Name, (long)array.Health.Survives!)));
        _metrics.Gauge("gateway.array.mismatches", "{sector}", "Sectors that did not fit together in the last check.", "array", () => watch.Status.Arrays.Where(array => array.Array.Kernel is not null).Select(array => (array.Array.Name, array.Array.Kernel!.MismatchSectors)));
        _metrics.Gauge("gateway.array.sync.progress", "%", "How far a rebuild or check is.", "array", () => watch.Status.Arrays.Where(array => array.Health.Progress is not null).Select(array => (array.Array.Name, (long)(100 * array.Health.Progress!.Value))));
        _metrics.Gauge("gateway.disks", "{disk}", "Disks by state.", "state", () => Enum.GetValues<DiskState>().Select(state => (state.ToString().ToLowerInvariant(), (long)watch.Status.Disks.Count(disk => disk.Health.State == state))));
        _metrics.Gauge("gateway.disk.temperature", "Cel", "What a disk says of its temperature.", "disk", () => watch.Status.Disks.Where(disk => disk.Disk.Smart?.Celsius is not null).Select(disk => (disk.Disk.Serial, (long)disk.Disk.Smart!.Celsius!)));
    }

    // A slot of which the boot loader says nothing has no value.
    private void AddUpdateGauges(UpdateEngine updates)
    {
        _metrics.Gauge("gateway.updates", "{attempt}", "Attempts to update on record, by state.", "state", () => Enum.GetValues<UpdateState>().Select(state => (state.ToString().ToLowerInvariant(), (long)updates.Status.Attempts.Count(attempt => attempt.State == state))));
        _metrics.Gauge("gateway.update.progress", "%", "How far the installation of an update is.", "slot", () => updates.Status is { Progress: { } progress, Attempts: [.., { } last] } ? [(last.Slot, (long)progress.Percent)] : []);
        _metrics.Gauge("gateway.slot.good", "1", "1 for a slot that the boot loader may start, 0 for one that it may not.", "slot", () => updates.Status.Slots.Slots.Where(slot => slot.IsGood is not null).Select(slot => (slot.Name, slot.IsGood!.Value ? 1L : 0L)));
        _metrics.Gauge("gateway.slot.booted", "1", "1 for the slot that runs.", "slot", () => updates.Status.Slots.Slots.Select(slot => (slot.Name, slot.IsBooted ? 1L : 0L)));
    }

    // A tunnel that is off has no figures.
    private void AddTunnelGauges(WireGuardTunnel tunnel)
    {
        _metrics.Gauge("gateway.tunnel.state", "1", "1 for the state that the tunnel is in.", "state", () => Enum.GetValues<TunnelState>().Select(state => (state.ToString().ToLowerInvariant(), tunnel.Status.State == state ? 1L : 0L)));
        _metrics.Gauge("gateway.tunnel.received", "By", "Bytes received through the tunnel.", "device", () => Tunnel(tunnel, status => status.ReceivedBytes));
        _metrics.Gauge("gateway.tunnel.sent", "By", "Bytes sent through the tunnel.", "device", () => Tunnel(tunnel, status => status.SentBytes));
        _metrics.Gauge("gateway.tunnel.mtu", "By", "Largest packet that the routes into the tunnel allow.", "device", () => Tunnel(tunnel, status => status.MtuBytes));
        _metrics.Gauge("gateway.tunnel.handshake.age", "s", "Since the last handshake.", "device", () => Tunnel(tunnel, status => (long?)(_time.GetUtcNow() - status.Handshake)?.TotalSeconds));
        _metrics.Gauge("gateway.tunnel.probe", "us", "Round trip of the last probe that was answered.", "device", () => Tunnel(tunnel, status => status.ProbeUs));
        _metrics.Gauge("gateway.tunnel.loss", "%", "Lost probes of the last ones.", "device", () => Tunnel(tunnel, status => status.LossPercent));
    }

    private static IEnumerable<(string Device, long Value)> Tunnel(WireGuardTunnel tunnel, Func<TunnelStatus, long?> figure) =>
        tunnel.Status is { Engine: not null } status && figure(status) is { } value ? [(status.Device, value)] : [];

    private IEnumerable<(string Node, long Value)> Measured(Func<Protection, double?> figure)
    {
        try
        {
            return [.. _appliance.Protections().Select(node => (node.Node.Name, Value: figure(node))).Where(one => one.Value is not null).Select(one => (one.Name, (long)Math.Ceiling(one.Value!.Value)))];
        }
        catch (Exception error) when (error is StoreIoException or StoreDamagedException or StoreUnusableException)
        {
            return [];
        }
    }

    private DriveInfo Disk => new(_appliance.Options.StoreDirectory);

    // Marks connections of the listener.
    private sealed record Listener;
}
