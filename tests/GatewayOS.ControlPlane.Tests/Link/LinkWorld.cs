using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Fleet;
using GatewayOS.ControlPlane.Link;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;

namespace GatewayOS.ControlPlane.Tests.Link;

/// <summary>Both ends of a link with their real state on disk, in one thread: every message is a step, and before each the connection may be cut.</summary>
internal sealed class LinkWorld : IAsyncDisposable
{
    public const string Serial = "c1";
    private const int StepsMax = 10_000;

    private readonly MemoryDirectory _directory = new();
    private readonly SqliteFleetDatabase _database;
    private AlertCentre _alerts;
    private CommandLedger _ledger;

    private LinkWorld()
    {
        _database = new SqliteFleetDatabase(_directory["fleet-there.db"]);
        Store = new FleetStore(_database, Clock);
        State = new StateDirectory(_directory["state"]);
        (_alerts, _ledger) = Open();
    }

    public SimulatedClock Clock { get; } = new(new DateTimeOffset(2026, 11, 27, 6, 0, 0, TimeSpan.Zero));

    public FleetStore Store { get; }

    public StateDirectory State { get; }

    public TestDeeds Deeds { get; } = new();

    public string ApplianceId { get; private set; } = "";

    public AlertCentre Alerts => _alerts;

    public CommandLedger Ledger => _ledger;

    /// <summary>Messages that were sent so far.</summary>
    public int Steps { get; private set; }

    public static async Task<LinkWorld> CreateAsync(bool worksWhileAway = false)
    {
        var world = new LinkWorld { WorksWhileAway = worksWhileAway };
        await FleetSchema.MigrateAsync(world._database, CancellationToken.None);
        string tenant = (await world.Store.AddTenantAsync("acme", CancellationToken.None))!;
        byte[] secret = RandomNumberGenerator.GetBytes(20);
        await world.Store.AddClaimAsync(new ClaimRow("code", tenant, "gw", "", "me", world.Clock.GetUtcNow() + TimeSpan.FromDays(1), ""), SHA256.HashData(secret), CancellationToken.None);
        world.ApplianceId = (await world.Store.ClaimAsync("code", secret, [1], "gw", [1], CancellationToken.None)).ApplianceId;
        await world.Store.AddCertificateAsync(Serial, world.ApplianceId, world.Clock.GetUtcNow() + TimeSpan.FromDays(30), CancellationToken.None);
        world.Membership().Join(new FleetMembership { Address = "here", ControlPlane = "there", Tenant = "acme", ApplianceId = world.ApplianceId, CaPem = "", KeyPem = "", CertificatePem = "", ResumeToken = [1] });
        return world;
    }

    /// <summary>True when the appliance deals with its commands as soon as the connection is cut, so that what it has not said of them comes again when they are done.</summary>
    public bool WorksWhileAway { get; init; }

    public FleetMembershipFile Membership() => new(State);

    public async Task<string> OrderAsync(FleetOrder order) =>
        (await Store.OrderAsync(Scope.Provider, ApplianceId, Api.Client.FleetKinds.Of(order), order, "me", TimeSpan.FromDays(1), CancellationToken.None))!.Id;

    public Task<string> OrderBackupAsync(string path) => OrderAsync(new FleetOrder { Job = new OrderJobRequest { Kind = "backup", Paths = { path } } });

    /// <summary>Connects again and again until nothing is left to say.</summary>
    /// <param name="isCut">Asked before each step, by its number.</param>
    public async Task SettleAsync(Func<int, bool> isCut)
    {
        while (!await ConnectAsync(isCut))
        {
            Assert.True(Steps < StepsMax, "The two ends never come to rest.");
        }
    }

    /// <summary>Connects once.</summary>
    /// <returns>False when the connection was cut.</returns>
    public async Task<bool> ConnectAsync(Func<int, bool> isCut)
    {
        var up = new Queue<ApplianceMessage>();
        var down = new Queue<ControlMessage>();
        var there = new LinkSession(Store, ApplianceId, Serial, message =>
        {
            down.Enqueue(message);
            return Task.CompletedTask;
        });
        var here = new LinkConversation(Membership(), _ledger, _alerts, new LinkHello { Name = "gw" }, Clock);
        up.Enqueue(here.Begin());
        for (bool isUpsTurn = true; ; isUpsTurn = !isUpsTurn)
        {
            if (up.Count + down.Count == 0)
            {
                await there.PumpAsync(CancellationToken.None);
                if (await WorkAsync())
                {
                    return false;
                }

                EnqueueDue(here, up);
                if (up.Count + down.Count == 0)
                {
                    return true;
                }
            }

            // Both ways get on, as they do on a wire.
            if (isCut(Steps++))
            {
                if (WorksWhileAway)
                {
                    await WorkAsync();
                }

                return false;
            }

            if (down.Count == 0 || (isUpsTurn && up.Count > 0))
            {
                await there.ReceiveAsync(ApplianceMessage.Parser.ParseFrom(up.Dequeue().ToByteArray()), CancellationToken.None);
                continue;
            }

            foreach (ApplianceMessage reply in here.Receive(ControlMessage.Parser.ParseFrom(down.Dequeue().ToByteArray())))
            {
                up.Enqueue(reply);
            }

            EnqueueDue(here, up);
        }
    }

    /// <summary>Lets the appliance deal with its commands. When it dies over one, it is started again.</summary>
    /// <returns>True when it died, and the connection with it.</returns>
    public async Task<bool> WorkAsync()
    {
        bool hasCrashed = false;
        while (true)
        {
            try
            {
                using var commands = new FleetCommands(_ledger, Deeds, Clock, NullLogger<FleetCommands>.Instance);
                await commands.RunOnceAsync(CancellationToken.None);
                return hasCrashed;
            }
            catch (CrashException)
            {
                hasCrashed = true;
                Restart();
            }
        }
    }

    /// <summary>Starts the appliance anew: what is not on its disk is gone.</summary>
    public void Restart()
    {
        _alerts.Dispose();
        _ledger.Dispose();
        (_alerts, _ledger) = Open();
    }

    public void Raise(string subject) => _alerts.Raise(new AlertEvent(AlertKind.JobFailed, AlertSeverity.Warning, subject, $"{subject} failed", "mend it"));

    /// <summary>Subjects of the alerts that have arrived, in their order.</summary>
    public async Task<IReadOnlyList<string>> AlertsThereAsync()
    {
        List<AlertRow> alerts = await Store.AlertsAsync(Scope.Provider, ApplianceId, CancellationToken.None);
        return [.. alerts.Select(alert => System.Text.Json.JsonDocument.Parse(alert.Document).RootElement.GetProperty("subject").GetString()!).Reverse()];
    }

    public async Task<CommandRow> CommandAsync(string id) => (await Store.FindCommandAsync(Scope.Provider, id, CancellationToken.None))!;

    public async ValueTask DisposeAsync()
    {
        _alerts.Dispose();
        _ledger.Dispose();
        await _database.DisposeAsync();
        _directory.Dispose();
    }

    private static void EnqueueDue(LinkConversation here, Queue<ApplianceMessage> up)
    {
        foreach (ApplianceMessage due in here.Due())
        {
            up.Enqueue(due);
        }

        if (here.IsStatusDue)
        {
            up.Enqueue(here.Tell(new FleetApplianceStatus { Name = "gw" }));
        }
    }

    private (AlertCentre Alerts, CommandLedger Ledger) Open() => (
        new AlertCentre(State.PathOf("alerts.db"), "gw", () => [new AlertSubscription(LinkConversation.Receiver, AlertSeverity.Info)], _ => { }, Clock),
        new CommandLedger(State.PathOf("fleet.db"), Clock));
}

/// <summary>The appliance dies here.</summary>
internal sealed class CrashException : Exception;

/// <summary>Notes what was done, and can crash right after it.</summary>
internal sealed class TestDeeds : IFleetDeeds
{
    /// <summary>What was done, in order.</summary>
    public List<string> Done { get; } = [];

    /// <summary>Commands whose effect is there: what an appliance's journals say after a crash.</summary>
    public HashSet<string> Effects { get; } = [];

    /// <summary>Says whether the appliance dies after the deed of a number, counted from 0.</summary>
    public Func<int, bool> CrashesAfter { get; set; } = _ => false;

    /// <summary>Why a command is refused; null when it is not.</summary>
    public Func<LedgerCommand, string?> Rule { get; set; } = _ => null;

    public Deed? Find(LedgerCommand command) => Effects.Contains(command.Who) ? new Deed(CommandState.Running, JobId: command.Id) : null;

    public Task<Deed> DoAsync(LedgerCommand command, CancellationToken cancellation)
    {
        Done.Add(command.Id);
        Effects.Add(command.Who);
        return CrashesAfter(Done.Count - 1) ? throw new CrashException() : Task.FromResult(new Deed(CommandState.Running, JobId: command.Id));
    }

    public Deed? Follow(LedgerCommand command) => new(CommandState.Done, "made", command.JobId);

    public string? Refusal(LedgerCommand command) => Rule(command);
}
