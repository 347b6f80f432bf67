-- What both databases understand: times are milliseconds since 1970 UTC, 0 for never; truth is 0 or 1; an empty tenant is the provider.

-- The authority that certifies this fleet, by its key's SHA-256: the key itself is never here.
CREATE TABLE authority (key_hash BYTEA PRIMARY KEY);

CREATE TABLE tenant (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created BIGINT NOT NULL);

CREATE TABLE token (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, role TEXT NOT NULL, note TEXT NOT NULL, secret_hash BYTEA NOT NULL, created BIGINT NOT NULL, expires BIGINT NOT NULL, revoked BIGINT NOT NULL);

CREATE TABLE claim (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenant (id), name TEXT NOT NULL, site TEXT NOT NULL, secret_hash BYTEA NOT NULL, created_by TEXT NOT NULL, created BIGINT NOT NULL,
    expires BIGINT NOT NULL, used_by TEXT NOT NULL, used_key BYTEA);

-- resume_next is what the last welcome gave out and nobody has confirmed yet; session is the stream that is heard, instance the one that holds it.
CREATE TABLE appliance (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL REFERENCES tenant (id), name TEXT NOT NULL, site TEXT NOT NULL, state TEXT NOT NULL, enrolled BIGINT NOT NULL, last_seen BIGINT NOT NULL,
    session TEXT NOT NULL, resume_current BYTEA NOT NULL, resume_next BYTEA NOT NULL, command_sequence BIGINT NOT NULL, status BYTEA);
CREATE INDEX appliance_tenant ON appliance (tenant, name);

CREATE TABLE certificate (serial TEXT PRIMARY KEY, appliance TEXT NOT NULL REFERENCES appliance (id), issued BIGINT NOT NULL, expires BIGINT NOT NULL, state TEXT NOT NULL);
CREATE INDEX certificate_appliance ON certificate (appliance, issued);

CREATE TABLE command (
    id TEXT PRIMARY KEY, appliance TEXT NOT NULL REFERENCES appliance (id), tenant TEXT NOT NULL, sequence BIGINT NOT NULL, kind TEXT NOT NULL, fleet_order BYTEA NOT NULL,
    ordered_by TEXT NOT NULL, ordered BIGINT NOT NULL, expires BIGINT NOT NULL, state TEXT NOT NULL, revision BIGINT NOT NULL, changed BIGINT NOT NULL, detail TEXT NOT NULL,
    job_id TEXT NOT NULL, reply BYTEA, UNIQUE (appliance, sequence));
CREATE INDEX command_tenant ON command (tenant, ordered);
CREATE INDEX command_queued ON command (expires) WHERE state = 'queued';

CREATE TABLE alert (appliance TEXT NOT NULL REFERENCES appliance (id), alert_key TEXT NOT NULL, tenant TEXT NOT NULL, number BIGINT NOT NULL, received BIGINT NOT NULL, document BYTEA NOT NULL,
    PRIMARY KEY (appliance, alert_key), UNIQUE (appliance, number));
CREATE INDEX alert_tenant ON alert (tenant, received);

CREATE TABLE audit (
    id TEXT PRIMARY KEY, tenant TEXT NOT NULL, time BIGINT NOT NULL, who TEXT NOT NULL, method TEXT NOT NULL, target TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX audit_tenant ON audit (tenant, id);
