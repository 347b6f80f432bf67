using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Cloud.Vault;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>The vaults that the appliance keeps up to date: which there are, how they stand, and which are to be.</summary>
internal sealed class VaultsService(ApplianceHost appliance, DataWorkers workers, ILogger<VaultsService> logger) : Vaults.VaultsBase
{
    // Two who add the same name at once must not write each other's keys.
    private static readonly SemaphoreSlim s_changing = new(1);

    private readonly VaultSecrets _secrets = new(appliance.State);

    private VaultFile KnownVaults => appliance.Vaults.List;

    public override Task<ListVaultsReply> List(ListVaultsRequest request, ServerCallContext context) =>
        AskAsync(() => new ListVaultsReply { Vaults = { KnownVaults.Read().Select(vault => VaultMessages.Of(vault.Key, vault.Value, appliance.Vaults)) } });

    public override Task<VaultInfo> Add(AddVaultRequest request, ServerCallContext context) => ChangeAsync(context, $"added the vault {request.Name}", async () =>
    {
        KnownVaults.RequireFree(request.Name);
        try
        {
            VaultPlace place = PlaceOf(request);
            await VaultProbe.HasStoreAsync(place, appliance.Time, context.CancellationToken).ConfigureAwait(false);
            KnownVaults.Add(request.Name, place);
            return VaultMessages.Of(request.Name, place, appliance.Vaults);
        }
        catch
        {
            _secrets.Forget(request.Name);
            throw;
        }
    });

    public override Task<VaultInfo> Remove(VaultRequest request, ServerCallContext context) => ChangeAsync(context, $"removed the vault {request.Name}", () =>
    {
        if (appliance.Jobs.Jobs.Any(job => job is { Kind: JobKind.Vault, IsEnded: false }))
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, "The vaults are being brought up to date. Wait until that is done, or cancel it, then try again."));
        }

        VaultPlace place = KnownVaults.Read().TryGetValue(request.Name, out VaultPlace? known) ? known : throw new VaultException(VaultFailure.Missing, $"There is no vault '{request.Name}'.");
        KnownVaults.Remove(request.Name);
        appliance.Vaults.Forget(request.Name);
        _secrets.Forget(request.Name);
        return Task.FromResult(new VaultInfo { Name = request.Name, Place = place.ToString() });
    });

    public override Task<VaultInfo> SetBandwidth(SetVaultBandwidthRequest request, ServerCallContext context) => ChangeAsync(context, $"set the bandwidth of the vault {request.Name}", () =>
    {
        BandwidthWindow[] windows = WindowsOf(request.Limits);
        VaultPlace changed = KnownVaults.Change(request.Name, place => Valid(place.Bucket is not null
            ? place with { Bandwidth = windows }
            : throw new VaultException(VaultFailure.Invalid, $"{place} is a directory: only what is sent to a bucket is held back.")));
        return Task.FromResult(VaultMessages.Of(request.Name, changed, appliance.Vaults));
    });

    private static VaultPlace Valid(VaultPlace place) => place.Validate() is { Count: > 0 } errors ? throw new VaultException(VaultFailure.Invalid, string.Join(' ', errors)) : place;

    private static BandwidthWindow[] WindowsOf(IEnumerable<VaultBandwidthLimit> limits) => [.. limits.Select(limit => new BandwidthWindow(TimeOf(limit.From), TimeOf(limit.To), limit.BytesPerSecond))];

    private static TimeOnly TimeOf(string text) => TimeOnly.TryParseExact(text, VaultMessages.TimeForm, CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly time)
        ? time
        : throw new VaultException(VaultFailure.Invalid, $"'{text}' is no time of day; it goes like 08:00.");

    private static string? OrNull(string text) => text.Length > 0 ? text : null;

    // Whoever could put a line's end into a key could put another setting into its file.
    private static void RequireKey(string what, string key)
    {
        if (key.Length is 0 or > VaultSecrets.KeyLengthMax || key.Any(letter => letter is < '!' or > '~'))
        {
            throw new VaultException(VaultFailure.Invalid, $"The {what} is no such: 1 to {VaultSecrets.KeyLengthMax} ASCII characters without spaces.");
        }
    }

    private static StatusCode CodeOf(VaultException error) => error.Failure switch
    {
        VaultFailure.Invalid => StatusCode.InvalidArgument,
        VaultFailure.Missing => StatusCode.NotFound,
        _ when error.IsPassing => StatusCode.Unavailable,
        _ => StatusCode.FailedPrecondition,
    };

    private VaultPlace PlaceOf(AddVaultRequest request) => request.PlaceCase switch
    {
        AddVaultRequest.PlaceOneofCase.Directory when Path.IsPathFullyQualified(request.Directory) => Valid(new VaultPlace { Directory = Path.GetFullPath(request.Directory) }),
        AddVaultRequest.PlaceOneofCase.Directory => throw new VaultException(VaultFailure.Invalid, $"'{request.Directory}' is no full path of a directory; it goes like /mnt/usb."),
        AddVaultRequest.PlaceOneofCase.Bucket => BucketOf(request.Name, request.Bucket),
        _ => throw new VaultException(VaultFailure.Invalid, "Say where the vault is: a directory, or a bucket."),
    };

    private VaultPlace BucketOf(string name, BucketPlace bucket)
    {
        var settings = new S3Settings
        {
            Endpoint = bucket.Endpoint,
            Bucket = bucket.Bucket,
            Prefix = bucket.Prefix,
            Region = OrNull(bucket.Region) ?? S3Settings.RegionDefault,
            PathStyle = !bucket.HostStyle,
            Encryption = OrNull(bucket.ServerEncryption),
            KmsKey = OrNull(bucket.KmsKey),
            PackClass = OrNull(bucket.PackClass),
            LockDays = bucket.LockDays,
        };
        VaultPlace place = Valid(new VaultPlace { Bucket = settings, Bandwidth = WindowsOf(bucket.Bandwidth) });
        if (bucket.CaPem.Length > VaultSecrets.CertificatesLengthMax)
        {
            throw new VaultException(VaultFailure.Invalid, $"The certificates are longer than {VaultSecrets.CertificatesLengthMax} characters.");
        }

        if (bucket.AccessKey.Length + bucket.SecretKey.Length > 0)
        {
            RequireKey("access key", bucket.AccessKey);
            RequireKey("secret key", bucket.SecretKey);
            settings = settings with { CredentialsFile = _secrets.KeepKey(name, bucket.AccessKey, bucket.SecretKey) };
        }

        return place with { Bucket = bucket.CaPem.Length > 0 ? settings with { CaFile = _secrets.KeepCertificates(name, bucket.CaPem) } : settings };
    }

    private async Task<VaultInfo> ChangeAsync(ServerCallContext context, string what, Func<Task<VaultInfo>> change)
    {
        await s_changing.WaitAsync(context.CancellationToken).ConfigureAwait(false);
        try
        {
            VaultInfo changed = await (await workers.RunAsync(change).ConfigureAwait(false)).ConfigureAwait(false);
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, what);
            return changed;
        }
        catch (VaultException error)
        {
            throw new RpcException(new Status(CodeOf(error), error.Message));
        }
        catch (StoreIoException error)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, error.Message));
        }
        finally
        {
            s_changing.Release();
        }
    }

    private async Task<T> AskAsync<T>(Func<T> question)
    {
        try
        {
            return await workers.RunAsync(question).ConfigureAwait(false);
        }
        catch (VaultException error)
        {
            throw new RpcException(new Status(CodeOf(error), error.Message));
        }
    }
}
