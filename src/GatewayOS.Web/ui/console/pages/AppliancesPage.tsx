import { useState } from 'preact/hooks';
import { Button } from '../../src/design/Controls';
import { Figure } from '../../src/design/Figure';
import { Badge, Meter } from '../../src/design/Status';
import { Card, Empty, Loaded, PageHead } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { useNow } from '../../src/design/useNow';
import { bytes, dateTime, relative } from '../../src/logic/format';
import { moment, num } from '../../src/logic/numbers';
import { toneOfFill, type Tone } from '../../src/logic/verdict';
import { href } from '../../src/shell/route';
import { texts } from '../../src/texts';
import { useFleet } from '../api';
import { useIsProvider, useMay } from '../self';
import { words } from '../texts';
import type { ClaimInfo, FleetAppliance } from '../types';
import { ClaimDialog } from './ClaimDialog';

/** All appliances, and the claim codes that wait for one. */
export function AppliancesPage() {
  const appliances = useFleet('ListAppliances', {});
  const mayAdminister = useMay('administer');
  const [isAdding, setAdding] = useState(false);
  const add = mayAdminister && <Button kind="primary" icon="plus" onClick={() => setAdding(true)}>{words.appliances.add}</Button>;
  return (
    <>
      <PageHead title={words.appliances.title} lead={words.appliances.lead}>{add}</PageHead>
      <div class="stack">
        <Card>
          <Loaded of={appliances}>
            {(value) => ((value.appliances?.length ?? 0) === 0 ? <Empty icon="storage" title={words.appliances.none} action={add}>{words.appliances.noneWhy}</Empty> : <ApplianceTable appliances={value.appliances ?? []} />)}
          </Loaded>
        </Card>
        {mayAdminister && <OpenClaims />}
      </div>
      {isAdding && <ClaimDialog onClose={() => setAdding(false)} />}
    </>
  );
}

function ApplianceTable({ appliances }: { appliances: readonly FleetAppliance[] }) {
  const isProvider = useIsProvider();
  const now = useNow(5000);
  const columns: Column<FleetAppliance>[] = [
    { name: words.appliances.name, cell: (one) => <><a class="name" href={href(['appliances', one.id ?? ''])}>{one.name}</a> <small>{[isProvider ? one.tenant : '', one.site].filter(Boolean).join(' · ')}</small></> },
    { name: words.appliances.state, cell: (one) => <ApplianceState of={one} /> },
    { name: words.appliances.nodes, cell: (one) => <NodeCount of={one} /> },
    { name: words.appliances.disk, cell: (one) => <DiskUse of={one} /> },
    { name: words.appliances.perMonth, isNumber: true, cell: (one) => <Told of={one}>{one.vaultPerMonth === undefined ? null : one.vaultPerMonth.toFixed(2)}</Told> },
    { name: words.appliances.alerts, isNumber: true, cell: (one) => <Told of={one}>{one.status === undefined ? null : String(one.status.alertsStanding ?? 0)}</Told> },
    { name: words.appliances.version, cell: (one) => <Told of={one}>{one.status?.version ?? null}</Told> },
    { name: words.appliances.seen, cell: (one) => (moment(one.lastSeenUnixMs) === null ? texts.time.never : relative(num(one.lastSeenUnixMs), now)) },
  ];
  return <Table label={words.appliances.title} columns={columns} rows={appliances} keyOf={(one) => one.id ?? ''} />;
}

/** Whether an appliance is heard. */
export function ApplianceState({ of }: { of: FleetAppliance }) {
  const state = of.state === 'active' && !of.connected ? 'away' : (of.state ?? '');
  const tones: Record<string, Tone> = { active: 'good', away: 'bad', doubled: 'bad', revoked: 'quiet', left: 'quiet' };
  return <Badge tone={tones[state] ?? 'unknown'}>{words.appliances.states[state] ?? state}</Badge>;
}

/** A figure that the appliance told; unknown until it has told one. */
export function Told({ of, children }: { of: FleetAppliance; children: string | null }) {
  return <Figure source={words.protection.source(of.name ?? '')} atMs={moment(of.status?.measuredUnixMs)}>{children}</Figure>;
}

/** How full its store is. */
export function DiskUse({ of }: { of: FleetAppliance }) {
  const all = num(of.status?.diskBytes);
  const share = all > 0 ? num(of.status?.diskUsedBytes) / all : 0;
  return (
    <>
      <Told of={of}>{all > 0 ? `${bytes(num(of.status?.diskUsedBytes))} / ${bytes(all)}` : null}</Told>
      {all > 0 && <Meter share={share} tone={toneOfFill(share)} label={words.appliances.disk} />}
    </>
  );
}

function NodeCount({ of }: { of: FleetAppliance }) {
  const nodes = of.status?.nodes ?? [];
  return <Told of={of}>{of.status === undefined ? null : words.appliances.unprotected(nodes.filter((node) => node.protection?.verdict !== 'protected').length, nodes.length)}</Told>;
}

function OpenClaims() {
  const claims = useFleet('ListClaims', {});
  const now = useNow(60_000);
  const open = (claims.value?.claims ?? []).filter((claim) => !claim.usedBy && num(claim.expiresUnixMs) > now);
  const columns: Column<ClaimInfo>[] = [
    { name: words.access.id, cell: (claim) => <code>{claim.id}</code> },
    { name: words.tenant, cell: (claim) => claim.tenant },
    { name: words.site, cell: (claim) => claim.site },
    { name: words.appliances.claimName, cell: (claim) => claim.name },
    { name: words.appliances.expires, cell: (claim) => dateTime(num(claim.expiresUnixMs)) },
    { name: words.appliances.by, cell: (claim) => claim.createdBy },
  ];
  return open.length === 0 ? null : <Card title={words.appliances.open}><Table label={words.appliances.open} columns={columns} rows={open} keyOf={(claim) => claim.id ?? ''} /></Card>;
}
