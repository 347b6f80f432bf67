using Grpc.Core;
using Grpc.Health.V1;
using Microsoft.Extensions.Hosting;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Grpc.HealthCheck;

/// <summary>
/// The standard health service. The host says with <see cref="SetStatus"/> how each service is; the empty name stands for the server. Register it as
/// a singleton, so that all calls see the same. From the moment the host stops, what it serves is NOT_SERVING. Thread-safe.
/// </summary>
public class HealthServiceImpl : Health.V1.Health.HealthBase
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ServingStatus> _statuses = new(StringComparer.Ordinal);
    private readonly CancellationToken _stopping;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Makes one that knows no service yet.</summary>
    public HealthServiceImpl()
        : this(CancellationToken.None)
    {
    }

    /// <summary>Makes one whose watches end when the host stops, so that they do not hold it up.</summary>
    public HealthServiceImpl(IHostApplicationLifetime lifetime)
        : this(lifetime?.ApplicationStopping ?? throw new ArgumentNullException(nameof(lifetime)))
    {
    }

    private HealthServiceImpl(CancellationToken stopping) => _stopping = stopping;

    /// <summary>Says how a service is.</summary>
    /// <param name="service">Its name with the package; empty for the server as a whole.</param>
    /// <param name="status">Its status.</param>
    public void SetStatus(string service, ServingStatus status)
    {
        ArgumentNullException.ThrowIfNull(service);
        Change(() => _statuses[service] = status);
    }

    /// <summary>Forgets a service: it is unknown then.</summary>
    public void ClearStatus(string service)
    {
        ArgumentNullException.ThrowIfNull(service);
        Change(() => _statuses.Remove(service));
    }

    /// <summary>Forgets all services.</summary>
    public void ClearAll() => Change(_statuses.Clear);

    /// <inheritdoc/>
    public override Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        return Look(request.Service).Status is { } status
            ? Task.FromResult(new HealthCheckResponse { Status = status })
            : throw new RpcException(new Status(StatusCode.NotFound, $"The service '{request.Service}' is not known here."));
    }

    /// <inheritdoc/>
    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responseStream, ServerCallContext context)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(responseStream);
        ArgumentNullException.ThrowIfNull(context);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, _stopping);
        ServingStatus? told = null;
        while (true)
        {
            // A watcher that is slow misses what was in between, and nothing is kept for it.
            (ServingStatus? known, Task changed) = Look(request.Service);
            ServingStatus status = known ?? ServingStatus.ServiceUnknown;
            if (status != told)
            {
                await responseStream.WriteAsync(new HealthCheckResponse { Status = status }).ConfigureAwait(false);
                told = status;
            }

            if (_stopping.IsCancellationRequested)
            {
                throw new RpcException(new Status(StatusCode.Unavailable, "The server stops."));
            }

            try
            {
                await changed.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                // Once more, for the last word.
            }
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private (ServingStatus? Status, Task Changed) Look(string service)
    {
        lock (_gate)
        {
            ServingStatus? status = _statuses.TryGetValue(service, out ServingStatus known) ? known : null;
            return (status is not null && _stopping.IsCancellationRequested ? ServingStatus.NotServing : status, _changed.Task);
        }
    }

    private void Change(Action change)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            change();
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }
}
