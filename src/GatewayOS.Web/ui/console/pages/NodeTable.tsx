import { useState } from 'preact/hooks';
import { Button, Choice, submitting } from '../../src/design/Controls';
import { Dialog } from '../../src/design/Dialog';
import { Figure } from '../../src/design/Figure';
import { Badge } from '../../src/design/Status';
import { Problem } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { useAction } from '../../src/design/useAction';
import { bytes, duration } from '../../src/logic/format';
import { moment, num } from '../../src/logic/numbers';
import { toneOf } from '../../src/logic/verdict';
import { href } from '../../src/shell/route';
import { texts } from '../../src/texts';
import { useFleet } from '../api';
import { order } from '../orders';
import { useIsProvider, useMay } from '../self';
import { words } from '../texts';
import type { FleetNode } from '../types';

/** Nodes with how they are protected, why not, and the first thing that helps. */
export function NodeTable({ nodes, withAppliance }: { nodes: readonly FleetNode[]; withAppliance: boolean }) {
  const mayRun = useMay('run');
  const isProvider = useIsProvider();
  const [following, setFollowing] = useState<FleetNode | null>(null);
  const columns: Column<FleetNode>[] = [
    { name: words.protection.protection, cell: (node) => <Badge tone={toneOf(node.protection?.verdict)}>{texts.nodes.states[node.protection?.verdict ?? ''] ?? node.protection?.verdict}</Badge> },
    { name: words.protection.node, cell: (node) => <strong><span class={node.connected ? 'dot is-on' : 'dot'} aria-hidden="true" />{node.protection?.nodeName}</strong> },
    ...(withAppliance ? [{ name: words.appliance, cell: (node: FleetNode) => <><a href={href(['appliances', node.applianceId ?? ''])}>{node.applianceName}</a> <small>{[isProvider ? node.tenant : '', node.site].filter(Boolean).join(' · ')}</small></> }] : []),
    { name: words.protection.why, cell: (node) => <span class="trouble">{node.protection?.reason}{node.remedy && <small>{node.remedy}</small>}</span> },
    { name: words.protection.rpo, isNumber: true, cell: (node) => <Told node={node}>{node.protection?.lastSnapshotId ? duration(node.protection.rpoSeconds ?? 0) : null}</Told> },
    { name: words.protection.rto, isNumber: true, cell: (node) => <Told node={node}>{node.protection?.drillJobId ? duration(node.protection.rtoSeconds ?? 0) : null}</Told> },
    { name: words.protection.stored, isNumber: true, cell: (node) => <Told node={node}>{bytes(num(node.protection?.storedBytes))}</Told> },
    { name: words.protection.perMonth, isNumber: true, cell: (node) => <Told node={node}>{node.vaultPerMonth === undefined ? null : node.vaultPerMonth.toFixed(2)}</Told> },
    { name: texts.nodes.actions, isUnnamed: true, cell: (node) => mayRun && <Remedy node={node} onFollow={() => setFollowing(node)} /> },
  ];
  return (
    <>
      <Table label={words.protection.title} columns={columns} rows={nodes} keyOf={(node) => `${node.applianceId}/${node.protection?.nodeId}`} />
      {following && <FollowDialog node={following} onClose={() => setFollowing(null)} />}
    </>
  );
}

function Told({ node, children }: { node: FleetNode; children: string | null }) {
  return <Figure source={words.protection.source(node.applianceName ?? '')} atMs={moment(node.measuredUnixMs)}>{children}</Figure>;
}

// One press: a node that follows no policy is given one, any other is backed up.
function Remedy({ node, onFollow }: { node: FleetNode; onFollow: () => void }) {
  const policies = node.protection?.policies ?? [];
  const backUp = useAction(async () => {
    for (const policy of policies) {
      await order(node.applianceId ?? '', node.applianceName ?? '', 'backup', { job: { kind: 'backup', node: node.protection?.nodeId ?? '', policy } });
    }
  });
  if (policies.length === 0) {
    return <Button kind="primary" onClick={onFollow}>{words.protection.follow}</Button>;
  }

  return (
    <>
      <Button kind={node.protection?.verdict === 'protected' ? 'quiet' : 'primary'} isBusy={backUp.isBusy} onClick={() => void backUp.run()}>{words.protection.backUp}</Button>
      {backUp.error && <Problem error={backUp.error} />}
    </>
  );
}

function FollowDialog({ node, onClose }: { node: FleetNode; onClose: () => void }) {
  const appliances = useFleet('ListAppliances', {});
  const policies = appliances.value?.appliances?.find((one) => one.id === node.applianceId)?.status?.policies ?? [];
  const [chosen, setChosen] = useState('');
  const name = chosen || policies[0]?.name || '';
  const work = useAction(async () => {
    await order(node.applianceId ?? '', node.applianceName ?? '', 'assign-policy', { assignPolicy: { name, node: node.protection?.nodeId ?? '' } });
    onClose();
  });
  return (
    <Dialog title={words.protection.followTitle(node.protection?.nodeName ?? '')} onClose={onClose}>
      <form onSubmit={submitting(() => void work.run())}>
        <p>{policies.length > 0 ? words.protection.followWhat : words.protection.noPolicies}</p>
        {policies.length > 0 && <Choice label={words.protection.policy} value={name} onChange={setChosen} options={policies.map((policy) => [policy.name ?? '', policy.name ?? ''] as const)} />}
        {work.error && <Problem error={work.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={work.isBusy} disabled={policies.length === 0}>{words.protection.assign}</Button>
        </div>
      </form>
    </Dialog>
  );
}
