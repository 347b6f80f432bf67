import { useState } from 'preact/hooks';
import { Button } from '../../src/design/Controls';
import { Confirm } from '../../src/design/Dialog';
import { Badge } from '../../src/design/Status';
import { Card, Empty, Facts, Loaded, PageHead, Problem } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { bytes, dateTime } from '../../src/logic/format';
import { moment, num } from '../../src/logic/numbers';
import { costOf } from '../../src/logic/vaults';
import { toneOf } from '../../src/logic/verdict';
import { JobTable } from '../../src/pages/jobs/JobTable';
import { alertOf, type AlertDocument } from '../alert';
import { fleet, useFleet } from '../api';
import { useMay } from '../self';
import { words } from '../texts';
import type { FleetAlertInfo, FleetAppliance, VaultInfo } from '../types';
import { ApplianceState, DiskUse, Told } from './AppliancesPage';
import { CommandTable } from './CommandsPage';
import { NodeTable } from './NodeTable';

/** One appliance: how it is, its nodes, its jobs, its alerts, and what was ordered of it. */
export function AppliancePage({ name }: { name: string }) {
  const appliances = useFleet('ListAppliances', {});
  const mayAdminister = useMay('administer');
  const [isRevoking, setRevoking] = useState(false);
  const back = { href: '#/appliances', label: words.appliances.title };
  return (
    <Loaded of={appliances}>
      {(value) => {
        const one = value.appliances?.find((known) => known.id === name);
        if (one === undefined) {
          return <PageHead title={words.appliances.noSuch(name)} lead={words.appliances.noSuchWhy} back={back} />;
        }

        return (
          <>
            <PageHead title={one.name ?? ''} lead={[one.tenant, one.site].filter(Boolean).join(' · ')} back={back}>
              {mayAdminister && one.state !== 'revoked' && <Button kind="danger" onClick={() => setRevoking(true)}>{words.appliances.revoke}</Button>}
            </PageHead>
            <Parts of={one} />
            {isRevoking && (
              <Confirm
                title={words.appliances.revokeTitle(one.name ?? '')}
                action={words.appliances.revoke}
                isDangerous
                typed={one.name ?? ''}
                run={() => fleet('RevokeAppliance', { appliance: one.id ?? '' })}
                onClose={() => (setRevoking(false), void appliances.reload())}
              >
                <p>{words.appliances.revokeWhat}</p>
              </Confirm>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function Parts({ of }: { of: FleetAppliance }) {
  const nodes = useFleet('ListNodes', {});
  const alerts = useFleet('ListAlerts', { appliance: of.id ?? '' });
  const commands = useFleet('ListCommands', { appliance: of.id ?? '' });
  const expires = moment(of.certificateExpiresUnixMs);
  return (
    <div class="stack">
      {of.state === 'doubled' && <Problem error={words.appliances.doubledWhy} />}
      <Card title={words.appliances.facts}>
        <Facts
          rows={[
            [words.appliances.state, <ApplianceState of={of} />],
            [words.appliances.id, <code>{of.id}</code>],
            [words.appliances.model, <Told of={of}>{of.status?.model ?? null}</Told>],
            [words.appliances.version, <Told of={of}>{of.status?.version ?? null}</Told>],
            [words.appliances.disk, <DiskUse of={of} />],
            expires !== null && [words.appliances.certificate, words.appliances.certificateUntil(dateTime(expires))],
            [words.appliances.policies, (of.status?.policies ?? []).map((policy) => `${policy.name} (${words.appliances.policyVersion(policy.version ?? 0)})`).join(', ') || words.appliances.noPolicies],
          ]}
        />
      </Card>
      <Card title={words.appliances.nodes}>
        <Loaded of={nodes}>
          {(value) => {
            const own = (value.nodes ?? []).filter((node) => node.applianceId === of.id);
            return own.length === 0 ? <Empty icon="nodes" title={words.protection.none}>{words.protection.noneWhy}</Empty> : <NodeTable nodes={own} withAppliance={false} />;
          }}
        </Loaded>
      </Card>
      <Card title={words.appliances.vaults} aside={<span class="hint">{words.appliances.costNote}</span>}><VaultTable of={of} /></Card>
      <Card title={words.commands.title}>
        <Loaded of={commands}>{(value) => <CommandTable commands={value.commands ?? []} withAppliance={false} onChanged={commands.reload} />}</Loaded>
      </Card>
      <Card title={words.appliances.told}>
        <Loaded of={alerts}>{(value) => <AlertTable alerts={value.alerts ?? []} />}</Loaded>
      </Card>
      <Card title={words.appliances.jobs}><JobTable jobs={[...(of.status?.jobs ?? [])].reverse()} showNode /></Card>
    </div>
  );
}

function VaultTable({ of }: { of: FleetAppliance }) {
  const vaults = of.status?.vaults ?? [];
  if (vaults.length === 0) {
    return <Empty icon="cloud" title={words.appliances.noVaults}>{words.appliances.noVaultsWhy}</Empty>;
  }

  const columns: Column<VaultInfo>[] = [
    { name: words.appliances.name, cell: (vault) => <strong>{vault.name}</strong> },
    { name: words.appliances.vaultPlace, cell: (vault) => <>{vault.place}{vault.problem && <Problem error={vault.problem} />}</> },
    { name: words.appliances.vaultComplete, cell: (vault) => <Told of={of}>{moment(vault.completeUntilUnixMs) === null ? null : dateTime(num(vault.completeUntilUnixMs))}</Told> },
    { name: words.appliances.vaultSize, isNumber: true, cell: (vault) => <Told of={of}>{costOf(vault) === null ? null : bytes((vault.classes ?? []).reduce((sum, use) => sum + num(use.bytes), 0))}</Told> },
    { name: words.appliances.perMonth, isNumber: true, cell: (vault) => <Told of={of}>{monthly(vault)}</Told> },
  ];
  return <Table label={words.appliances.vaults} columns={columns} rows={vaults} keyOf={(vault) => vault.name ?? ''} />;
}

// Null where not all of it has a price.
function monthly(vault: VaultInfo): string | null {
  const cost = costOf(vault);
  return cost === null || cost.unpriced.length > 0 ? null : cost.perMonth.toFixed(2);
}

function AlertTable({ alerts }: { alerts: readonly FleetAlertInfo[] }) {
  if (alerts.length === 0) {
    return <Empty icon="alerts" title={words.appliances.noAlerts}>{words.appliances.noAlertsWhy}</Empty>;
  }

  const rows = alerts.map((alert) => ({ key: alert.alert?.key ?? '', receivedMs: num(alert.receivedUnixMs), document: alertOf(alert.alert?.document ?? '') }));
  const columns: Column<{ key: string; receivedMs: number; document: AlertDocument }>[] = [
    { name: words.alerts.severity, cell: ({ document }) => <Badge tone={document.what === 'cleared' ? 'good' : toneOf(document.severity)}>{document.what === 'cleared' ? words.alerts.whats['cleared'] : document.severity}</Badge> },
    { name: words.alerts.alert, cell: ({ document }) => <span class="trouble">{document.summary}<small>{document.subject}</small></span> },
    { name: words.alerts.when, cell: ({ document, receivedMs }) => dateTime(Date.parse(document.time) || receivedMs) },
    { name: words.alerts.remedy, cell: ({ document }) => (document.what === 'cleared' ? '' : document.remedy) },
  ];
  return <Table label={words.appliances.told} columns={columns} rows={rows} keyOf={(row) => row.key} />;
}
