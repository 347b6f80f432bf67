using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Operators;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.Pages;
using GatewayOS.Store.Storage;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;

namespace GatewayOS.ControlPlane.Tests.Operators;

/// <summary>Tenant by call, whole: every method is called with the token of another tenant, of every role, of a dead one and of nobody.</summary>
public sealed class TenantIsolationTests : IAsyncLifetime
{
    private const string Secret = "acme-secret-name";

    private readonly MemoryDirectory _scratch = new();
    private SqliteFleetDatabase _database = null!;
    private FleetStore _store = null!;
    private FleetAuthority _authority = null!;
    private FleetService _service = null!;
    private FleetGate _gate = null!;
    private string _acme = "";
    private string _other = "";
    private string _appliance = "";
    private string _command = "";
    private string _token = "";

    public static TheoryData<string> Methods => [.. Fleet.Descriptor.Methods.Select(method => method.Name)];

    public async Task InitializeAsync()
    {
        _database = new SqliteFleetDatabase(_scratch["fleet.db"]);
        await FleetSchema.MigrateAsync(_database, CancellationToken.None);
        _store = new FleetStore(_database, TimeProvider.System);
        var options = new ControlOptions { StateDirectory = _scratch.Path, Listen = new System.Net.IPEndPoint(0, 0), Name = "test" };
        _authority = new FleetAuthority(new StateDirectory(_scratch["state"]), _store, options, TimeProvider.System);
        _service = new FleetService(_store, _authority, TimeProvider.System, NullLogger<FleetService>.Instance);
        _gate = new FleetGate(_store, NullLogger<FleetGate>.Instance);
        _acme = (await _store.AddTenantAsync("acme", CancellationToken.None))!;
        _other = (await _store.AddTenantAsync("other", CancellationToken.None))!;
        byte[] secret = RandomNumberGenerator.GetBytes(20);
        await _store.AddClaimAsync(new ClaimRow("claim", _acme, Secret, Secret, Secret, TimeProvider.System.GetUtcNow() + TimeSpan.FromDays(1), ""), SHA256.HashData(secret), CancellationToken.None);
        _appliance = (await _store.ClaimAsync("claim", secret, [1], Secret, [1], CancellationToken.None)).ApplianceId;
        await _store.AttendAsync(_appliance, "c1", [1], [2], "s", CancellationToken.None);
        await _store.SaveStatusAsync(
            _appliance, "s",
            new FleetApplianceStatus { Name = Secret, Nodes = { new FleetNodeStatus { Protection = new ProtectionMessage { NodeName = Secret, Verdict = "late" } } }, Jobs = { new JobMessage { Id = Secret } } }, CancellationToken.None);
        await _store.AddAlertAsync(_appliance, "key", System.Text.Encoding.UTF8.GetBytes(Secret), CancellationToken.None);
        _command = (await _store.OrderAsync(Scope.Provider, _appliance, Secret, Backup(), Secret, TimeSpan.FromDays(1), CancellationToken.None))!.Id;
        _token = EnrolmentToken.Parse(await TokenAsync(_acme, "viewer", note: Secret)).Id;
    }

    public async Task DisposeAsync()
    {
        _authority.Dispose();
        await _database.DisposeAsync();
        _scratch.Dispose();
    }

    [Fact]
    public void The_table_has_every_method_and_no_other() => Assert.Equal(Fleet.Descriptor.Methods.Select(method => method.Name).Order(StringComparer.Ordinal), FleetAccess.Methods.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task What_is_another_tenants_does_not_exist(string method)
    {
        string before = await FactsAsync();
        IMessage request = RequestFor(method);
        (StatusCode status, IMessage? reply) = await CallAsync(method, request, await TokenAsync(_other, "administrator"));
        string told = reply is null ? "" : reply.ToString()!;
        Assert.DoesNotContain(Secret, told, StringComparison.Ordinal);
        Assert.DoesNotContain(_appliance, told, StringComparison.Ordinal);
        Assert.DoesNotContain(_acme, told, StringComparison.Ordinal);
        if (Names(request))
        {
            Assert.True(status is StatusCode.NotFound or StatusCode.PermissionDenied, $"{method} answers {status} to who names what is another tenant's.");
        }

        Assert.Equal(before, await FactsAsync());
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Roles_may_what_the_table_says_and_not_more(string method)
    {
        foreach ((string name, FleetRole role) in FleetAccess.RoleNames)
        {
            (StatusCode status, _) = await CallAsync(method, RequestFor(method), await TokenAsync(_acme, name));
            FleetMethodAccess access = FleetAccess.Of(method);
            bool may = (access.Roles & role) != FleetRole.None && !access.ProviderOnly && (method != "OrderCommand" || (FleetOrders.Of(Backup())!.Value.Roles & role) != FleetRole.None);
            Assert.True(may == (status != StatusCode.PermissionDenied), $"{name} gets {status} from {method}.");
            Assert.NotEqual(StatusCode.Unauthenticated, status);
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Nobody_comes_in_without_a_living_token(string method)
    {
        string revoked = await TokenAsync("", "administrator");
        await _store.RevokeTokenAsync(Scope.Provider, EnrolmentToken.Parse(revoked).Id, CancellationToken.None);
        string expired = await TokenAsync("", "administrator", valid: TimeSpan.FromSeconds(-1));
        string foreign = EnrolmentToken.Create(new byte[32]).ToText();
        foreach (string? token in (string?[])[null, "nonsense", revoked, expired, foreign])
        {
            Assert.Equal(StatusCode.Unauthenticated, (await CallAsync(method, RequestFor(method), token)).Status);
        }
    }

    [Fact]
    public async Task A_change_is_on_record_with_its_outcome()
    {
        string token = await TokenAsync(_acme, "administrator", note: "vera");
        await CallAsync("CreateClaim", new CreateClaimRequest { Name = "new" }, token);
        await CallAsync("RevokeToken", new FleetTokenRequest { Id = "none" }, token);
        List<AuditRow> records = await _store.AuditAsync(new Scope(_acme), CancellationToken.None);
        Assert.Contains(records, record => record is { Outcome: "done", Method: "gatewayos.v1.Fleet/CreateClaim" } && record.Who.Contains("vera", StringComparison.Ordinal));
        Assert.Contains(records, record => record is { Outcome: "failed", Method: "gatewayos.v1.Fleet/RevokeToken" } && record.Detail.Contains("NotFound", StringComparison.Ordinal));
    }

    private static FleetOrder Backup() => new() { Job = new OrderJobRequest { Kind = "backup", Node = "n" } };

    // What a request has to name of the tenant's. A new method needs its line here.
    private IMessage RequestFor(string method) => method switch
    {
        "GetSelf" => new GetSelfRequest(),
        "ListAppliances" => new ListFleetAppliancesRequest(),
        "RevokeAppliance" => new FleetApplianceRequest { Appliance = _appliance },
        "ListNodes" => new ListFleetNodesRequest(),
        "ListJobs" => new ListFleetJobsRequest(),
        "ListAlerts" => new ListFleetAlertsRequest(),
        "OrderCommand" => new OrderFleetCommandRequest { Appliance = _appliance, Order = Backup() },
        "GetCommand" or "CancelCommand" => new FleetCommandRequest { Id = _command },
        "ListCommands" => new ListFleetCommandsRequest(),
        "CreateClaim" => new CreateClaimRequest { Tenant = _acme, Name = "n" },
        "ListClaims" => new ListClaimsRequest(),
        "CreateToken" => new CreateFleetTokenRequest { Tenant = _acme, Role = "viewer" },
        "ListTokens" => new ListFleetTokensRequest(),
        "RevokeToken" => new FleetTokenRequest { Id = _token },
        "AddTenant" => new AddTenantRequest { Name = "acme" },
        "ListTenants" => new ListTenantsRequest(),
        "ListAudit" => new ListFleetAuditRequest(),
        _ => throw new InvalidOperationException($"{method} is new: say here how it is called."),
    };

    private bool Names(IMessage request) => ((string[])[_appliance, _command, _token, _acme]).Any(name => request.ToString()!.Contains(name, StringComparison.Ordinal));

    // What acme has, and how it is.
    private async Task<string> FactsAsync()
    {
        var scope = new Scope(_acme);
        IEnumerable<string> facts =
        [
            .. (await _store.AppliancesAsync(scope, CancellationToken.None)).Select(appliance => $"{appliance.Id} {appliance.State}"),
            .. (await _store.CommandsAsync(scope, "", CancellationToken.None)).Select(command => $"{command.Id} {command.State}"),
            .. (await _store.ClaimsAsync(scope, CancellationToken.None)).Select(claim => claim.Id),
            .. (await _store.TokensAsync(scope, CancellationToken.None)).Select(token => $"{token.Id} {token.Revoked}"),
        ];
        return string.Join('\n', facts);
    }

    private async Task<string> TokenAsync(string tenant, string role, string note = "", TimeSpan? valid = null)
    {
        var token = EnrolmentToken.Create(_authority.KeyHash);
        await _store.AddTokenAsync(new TokenRow(token.Id, tenant, role, note, SHA256.HashData(token.Secret), TimeProvider.System.GetUtcNow() + (valid ?? TimeSpan.FromDays(1)), Revoked: false), CancellationToken.None);
        return token.ToText();
    }

    // Through the gate and into the service, as the server does it.
    private async Task<(StatusCode Status, IMessage? Reply)> CallAsync(string method, IMessage request, string? token)
    {
        var binder = new CallBinder(_gate, method, request, new TestCallContext($"{Fleet.Descriptor.FullName}/{method}", token));
        Fleet.BindService(binder, _service);
        try
        {
            return (StatusCode.OK, await binder.Reply!);
        }
        catch (RpcException error)
        {
            return (error.StatusCode, null);
        }
    }

    private sealed class CallBinder(FleetGate gate, string name, IMessage request, ServerCallContext context) : ServiceBinderBase
    {
        public Task<IMessage>? Reply { get; private set; }

        public override void AddMethod<TRequest, TResponse>(Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (method.Name == name)
            {
                Reply = CallAsync((TRequest)request, handler!);
            }
        }

        private async Task<IMessage> CallAsync<TRequest, TResponse>(TRequest asked, UnaryServerMethod<TRequest, TResponse> handler)
            where TRequest : class
            where TResponse : class
            => (IMessage)await gate.UnaryServerHandler(asked, context, handler);
    }

    private sealed class TestCallContext(string method, string? token) : LocalCallContext(method, "test", CancellationToken.None, token is null ? [] : new Metadata { { "authorization", $"Bearer {token}" } });
}
