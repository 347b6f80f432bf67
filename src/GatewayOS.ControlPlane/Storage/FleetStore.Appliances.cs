using System.Data.Common;
using System.Security.Cryptography;
using GatewayOS.Api;
using Google.Protobuf;

namespace GatewayOS.ControlPlane.Storage;

/// <content>Claim codes, appliances and their certificates.</content>
internal sealed partial class FleetStore
{
    /// <summary>How often an appliance says how it is.</summary>
    public static readonly TimeSpan StatusInterval = TimeSpan.FromSeconds(30);

    private const int ConnectedIntervals = 3;
    private const string ClaimColumns = "id, tenant, name, site, created_by, expires, used_by";
    private const string ApplianceColumns =
        "id, tenant, name, site, state, last_seen, session, status, (SELECT MAX(expires) FROM certificate WHERE certificate.appliance = appliance.id AND certificate.state = 'active')";

    /// <summary>Keeps a new claim code.</summary>
    /// <returns>False when there is no such tenant.</returns>
    public Task<bool> AddClaimAsync(ClaimRow claim, byte[] secretHash, CancellationToken cancellation) => database.TransactAsync(
        async transaction => await transaction.RunAsync(
            "INSERT INTO claim SELECT $1, id, $3, $4, $5, $6, $7, $8, '', NULL FROM tenant WHERE id = $2",
            claim.Id, claim.Tenant, claim.Name, claim.Site, secretHash, claim.CreatedBy, Now, Ms(claim.Expires)).ConfigureAwait(false) == 1,
        cancellation);

    /// <summary>The claim codes that are seen, newest first.</summary>
    public Task<List<ClaimRow>> ClaimsAsync(Scope scope, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync($"SELECT {ClaimColumns} FROM claim WHERE {InScope} ORDER BY created DESC LIMIT {ListedMax}", Claim, scope.Tenant), cancellation);

    /// <summary>Takes an appliance into the fleet. The key that used a code may ask again until its appliance has been heard: the answer may have been lost.</summary>
    /// <param name="claimId">The code's ID.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="keyHash">SHA-256 of the appliance's key.</param>
    /// <param name="ownName">What the appliance calls itself.</param>
    /// <param name="resume">The first resume token.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<(ClaimOutcome Outcome, string ApplianceId, string Tenant)> ClaimAsync(string claimId, byte[] secret, byte[] keyHash, string ownName, byte[] resume, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            // Written to first, so that two who use it at once come one after the other.
            var code = await transaction.FirstAsync(
                "UPDATE claim SET used_by = used_by WHERE id = $1 RETURNING secret_hash, used_key, used_by, expires, tenant, name, site",
                row => new { Hash = row.GetFieldValue<byte[]>(0), Key = Bytes(row, 1), UsedBy = row.GetString(2), Expires = row.GetInt64(3), Tenant = row.GetString(4), Name = row.GetString(5), Site = row.GetString(6) },
                claimId).ConfigureAwait(false);
            if (code is null || !CryptographicOperations.FixedTimeEquals(code.Hash, SHA256.HashData(secret)))
            {
                return (ClaimOutcome.Unknown, "", "");
            }

            if (code.Key is not null)
            {
                int again = code.Key.AsSpan().SequenceEqual(keyHash)
                    ? await transaction.RunAsync("UPDATE appliance SET resume_current = $2 WHERE id = $1 AND last_seen = 0 AND state = 'active'", code.UsedBy, resume).ConfigureAwait(false)
                    : 0;
                return again == 1 ? (ClaimOutcome.Taken, code.UsedBy, code.Tenant) : (ClaimOutcome.Used, "", "");
            }

            if (code.Expires <= Now)
            {
                return (ClaimOutcome.Expired, "", "");
            }

            string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            string name = code.Name.Length > 0 ? code.Name : ownName;
            bool isTaken = (await transaction.AllAsync("SELECT id FROM appliance WHERE tenant = $1 AND name = $2", row => row.GetString(0), code.Tenant, name).ConfigureAwait(false)).Count > 0;
            await transaction.RunAsync(
                "INSERT INTO appliance VALUES ($1, $2, $3, $4, 'active', $5, 0, '', $6, $7, 0, NULL)", id, code.Tenant, isTaken ? $"{name}-{id[..4]}" : name, code.Site, Now, resume, Array.Empty<byte>()).ConfigureAwait(false);
            await transaction.RunAsync("UPDATE claim SET used_by = $2, used_key = $3 WHERE id = $1", claimId, id, keyHash).ConfigureAwait(false);
            await NoteAsync(transaction, code.Tenant, $"claim:{claimId}", "gatewayos.v1.FleetEnrolment/Claim", $"appliance:{id}", "done", name).ConfigureAwait(false);
            return (ClaimOutcome.Taken, id, code.Tenant);
        },
        cancellation);

    /// <summary>Keeps a certificate that was given out.</summary>
    public Task AddCertificateAsync(string serial, string applianceId, DateTimeOffset expires, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.RunAsync("INSERT INTO certificate VALUES ($1, $2, $3, $4, 'active')", serial, applianceId, Now, Ms(expires)), cancellation);

    /// <summary>Says whether the holder of a certificate may act.</summary>
    /// <returns>Null when it may; else why not.</returns>
    public Task<string?> ProblemOfAsync(string serial, string applianceId, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            string[]? states = await transaction.FirstAsync(
                "SELECT certificate.state, appliance.state, appliance.tenant FROM certificate JOIN appliance ON appliance.id = certificate.appliance WHERE serial = $1 AND appliance.id = $2",
                row => (string[])[row.GetString(0), row.GetString(1), row.GetString(2)], serial, applianceId).ConfigureAwait(false);
            string? problem = states switch
            {
                null => "The certificate is of no appliance of this fleet.",
                [_, ApplianceRow.Doubled, _] => "Two appliances have used this identity, so none is heard. Find out which is the right one, revoke this identity, and join with a new claim code.",
                [_, ApplianceRow.Revoked, _] => "The appliance was revoked. Join with a new claim code.",
                [_, ApplianceRow.Left, _] => "The appliance has left the fleet. Join with a new claim code.",
                ["superseded", _, _] => "The certificate was replaced by a newer one, so whoever has it now should not. If the appliance's state was put back, join with a new claim code.",
                ["active", _, _] => null,
                _ => "The certificate was revoked.",
            };
            if (problem is not null && states is not null)
            {
                await NoteAsync(transaction, states[2], $"appliance:{applianceId}", "gatewayos.v1.FleetLink/Attend", $"certificate:{serial}", "failed", problem).ConfigureAwait(false);
            }

            return problem;
        },
        cancellation);

    /// <summary>Hears an appliance. From here on another stream of it is none, and older certificates than the one it uses are replaced ones.</summary>
    /// <param name="applianceId">Which.</param>
    /// <param name="serial">The certificate it uses.</param>
    /// <param name="presented">The resume token it presents.</param>
    /// <param name="next">The one it is given.</param>
    /// <param name="session">Names the stream.</param>
    /// <param name="cancellation">Gives up.</param>
    public Task<AttendOutcome> AttendAsync(string applianceId, string serial, byte[] presented, byte[] next, string session, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            var known = await transaction.FirstAsync(
                "UPDATE appliance SET last_seen = $2 WHERE id = $1 AND state = 'active' RETURNING resume_current, resume_next, tenant",
                row => new { Current = row.GetFieldValue<byte[]>(0), Next = row.GetFieldValue<byte[]>(1), Tenant = row.GetString(2) }, applianceId, Now).ConfigureAwait(false);
            if (known is null)
            {
                return AttendOutcome.Refused;
            }

            transaction.Signals.Add(applianceId);
            bool isKnown = CryptographicOperations.FixedTimeEquals(presented, known.Current) || (known.Next.Length > 0 && CryptographicOperations.FixedTimeEquals(presented, known.Next));
            if (!isKnown)
            {
                await transaction.RunAsync("UPDATE appliance SET state = 'doubled', session = '' WHERE id = $1", applianceId).ConfigureAwait(false);
                await NoteAsync(
                    transaction, known.Tenant, $"appliance:{applianceId}", "gatewayos.v1.FleetLink/Attend", $"certificate:{serial}", "failed",
                    "Its resume token is an old one: another has used its identity since, or its state was put back.").ConfigureAwait(false);
                return AttendOutcome.Doubled;
            }

            await transaction.RunAsync("UPDATE appliance SET resume_current = $2, resume_next = $3, session = $4 WHERE id = $1", applianceId, presented, next, session).ConfigureAwait(false);
            await transaction.RunAsync(
                "UPDATE certificate SET state = 'superseded' WHERE appliance = $1 AND state = 'active' AND issued < (SELECT issued FROM certificate WHERE serial = $2)", applianceId, serial).ConfigureAwait(false);
            return AttendOutcome.Welcome;
        },
        cancellation);

    /// <summary>Notes that the appliance has stored the resume token it was given: the one before is an old one now.</summary>
    public Task ConfirmAsync(string applianceId, string session, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.RunAsync(
            "UPDATE appliance SET resume_current = resume_next, resume_next = $3 WHERE id = $1 AND session = $2 AND resume_next <> $3", applianceId, session, Array.Empty<byte>()),
        cancellation);

    /// <summary>Notes that a stream has ended.</summary>
    public Task LeaveAsync(string applianceId, string session, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.RunAsync("UPDATE appliance SET session = '' WHERE id = $1 AND session = $2", applianceId, session), cancellation);

    /// <summary>Keeps how an appliance is.</summary>
    /// <returns>False when the stream is not heard any more.</returns>
    public Task<bool> SaveStatusAsync(string applianceId, string session, FleetApplianceStatus status, CancellationToken cancellation) => database.TransactAsync(
        async transaction => await transaction.RunAsync("UPDATE appliance SET status = $3, last_seen = $4 WHERE id = $1 AND session = $2", applianceId, session, status.ToByteArray(), Now).ConfigureAwait(false) == 1,
        cancellation);

    /// <summary>The appliances that are seen, by name.</summary>
    public Task<List<ApplianceRow>> AppliancesAsync(Scope scope, CancellationToken cancellation) => database.TransactAsync(
        transaction => transaction.AllAsync($"SELECT {ApplianceColumns} FROM appliance WHERE {InScope} ORDER BY name, id", Appliance, scope.Tenant), cancellation);

    /// <summary>Finds an appliance by ID or name.</summary>
    /// <returns>Null when there is none that is seen, or several of that name.</returns>
    public Task<ApplianceRow?> FindApplianceAsync(Scope scope, string idOrName, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            List<ApplianceRow> found = await transaction.AllAsync($"SELECT {ApplianceColumns} FROM appliance WHERE {InScope} AND (id = $2 OR name = $2)", Appliance, scope.Tenant, idOrName).ConfigureAwait(false);
            return found.Find(appliance => appliance.Id == idOrName) ?? (found.Count == 1 ? found[0] : null);
        },
        cancellation);

    /// <summary>Revokes an appliance: its certificates serve no more, its stream is cut, and what it has not begun is called off.</summary>
    /// <returns>False when there is none that is seen.</returns>
    public Task<bool> RevokeAsync(Scope scope, string applianceId, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            if (await transaction.RunAsync($"UPDATE appliance SET state = 'revoked', session = '' WHERE {InScope} AND id = $2", scope.Tenant, applianceId).ConfigureAwait(false) != 1)
            {
                return false;
            }

            await EndAsync(transaction, applianceId, "The appliance was revoked.").ConfigureAwait(false);
            return true;
        },
        cancellation);

    /// <summary>Lets an appliance go that leaves by its own operators' word: what a revocation does, said otherwise.</summary>
    public Task DepartAsync(string applianceId, CancellationToken cancellation) => database.TransactAsync(
        async transaction =>
        {
            string[]? gone = await transaction.FirstAsync(
                "UPDATE appliance SET state = 'left', session = '' WHERE id = $1 AND state = 'active' RETURNING tenant, name", row => (string[])[row.GetString(0), row.GetString(1)], applianceId).ConfigureAwait(false);
            if (gone is not null)
            {
                await EndAsync(transaction, applianceId, "The appliance has left the fleet.").ConfigureAwait(false);
                await NoteAsync(transaction, gone[0], $"appliance:{applianceId}", "gatewayos.v1.FleetLink/Leave", $"appliance:{applianceId}", "done", gone[1]).ConfigureAwait(false);
            }

            return true;
        },
        cancellation);

    // Its certificates serve no more, its stream is cut, and what it has not got is called off.
    private async Task EndAsync(FleetTransaction transaction, string applianceId, string why)
    {
        await transaction.RunAsync("UPDATE certificate SET state = 'revoked' WHERE appliance = $1", applianceId).ConfigureAwait(false);
        await transaction.RunAsync("UPDATE command SET state = 'cancelled', changed = $2, detail = $3 WHERE appliance = $1 AND state = 'queued'", applianceId, Now, why).ConfigureAwait(false);
        transaction.Signals.Add(applianceId);
    }

    private static ClaimRow Claim(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), At(row.GetInt64(5)), row.GetString(6));

    // A stream whose instance died says nothing more: who is silent for some intervals is not there.
    private ApplianceRow Appliance(DbDataReader row)
    {
        long seen = row.GetInt64(5);
        bool isConnected = row.GetString(6).Length > 0 && Now - seen < ConnectedIntervals * (long)StatusInterval.TotalMilliseconds;
        return new ApplianceRow(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), seen == 0 ? null : At(seen), isConnected,
            row.IsDBNull(8) ? null : At(row.GetInt64(8)), Bytes(row, 7) is { } status ? FleetApplianceStatus.Parser.ParseFrom(status) : null);
    }
}
