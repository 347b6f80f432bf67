import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { NodeInfo, ProtectionMessage } from '../../api/types';
import { Button, TextField } from '../../design/Controls';
import { Figure } from '../../design/Figure';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { count, duration, relative } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import { href, replace, type Route } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { EnrolDialog } from './EnrolDialog';
import './nodes.css';

const words = texts.nodes;

// With so many a person reads them all faster than typing.
const filterFrom = 8;

/** All nodes, those that wait for approval first. */
export function NodesPage({ route }: { route: Route }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes', 'jobs'], 30_000);
  const protection = useMethod('Jobs/ListProtection', {}, ['nodes', 'jobs', 'policies'], 30_000);
  const mayAdminister = useMay('administer');
  const isEnrolling = route.query.get('enrol') === '1' && mayAdminister;
  const setEnrolling = (value: boolean) => replace(href(['nodes'], { enrol: value ? '1' : '' }));
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>
        {mayAdminister && <Button kind="primary" icon="plus" onClick={() => setEnrolling(true)}>{words.enrol}</Button>}
      </PageHead>
      <Loaded of={nodes}>
        {(value) => {
          const all = value.nodes ?? [];
          const pending = all.filter((node) => (node.state ?? 'PENDING') === 'PENDING');
          const known = all.filter((node) => (node.state ?? 'PENDING') !== 'PENDING');
          return (
            <div class="stack">
              {pending.length > 0 && <Card title={words.pending}>{pending.map((node) => <PendingNode key={node.id} node={node} />)}</Card>}
              <Card title={words.count(known.length, value.nodesMax ?? 0)}>
                {known.length === 0 ? (
                  <Empty icon="nodes" title={words.none} action={mayAdminister && <Button kind="primary" icon="plus" onClick={() => setEnrolling(true)}>{words.enrol}</Button>}>{words.noneWhy}</Empty>
                ) : (
                  <NodeTable nodes={known} protection={protection.value?.nodes ?? []} readAtMs={nodes.readAtMs} />
                )}
              </Card>
            </div>
          );
        }}
      </Loaded>
      {isEnrolling && <EnrolDialog onClose={() => setEnrolling(false)} />}
    </>
  );
}

function NodeTable({ nodes, protection, readAtMs }: { nodes: readonly NodeInfo[]; protection: readonly ProtectionMessage[]; readAtMs: number }) {
  const now = useNow(5000);
  const [filter, setFilter] = useState('');
  const of = (node: NodeInfo) => protection.find((one) => one.nodeId === node.id);
  const columns: Column<NodeInfo>[] = [
    { name: words.node, cell: (node) => <a class="name" href={href(['nodes', node.name ?? ''])}><span class={node.connected ? 'dot is-on' : 'dot'} aria-hidden="true" />{node.name}</a> },
    { name: words.agent, cell: (node) => (node.state === 'REVOKED' ? <Badge tone="bad">{words.states['revoked']}</Badge> : node.connected ? words.connected : <Figure source={words.sources.seen} atMs={readAtMs}>{moment(node.lastSeenUnixMs) === null ? words.neverSeen : words.seen(relative(num(node.lastSeenUnixMs), now))}</Figure>) },
    { name: words.protection, cell: (node) => <Verdict of={of(node)} /> },
    { name: words.lastBackup, cell: (node) => <Figure source={words.sources.lastBackup} atMs={readAtMs}>{moment(node.lastBackupUnixMs) === null ? texts.time.never : relative(num(node.lastBackupUnixMs), now)}</Figure> },
    { name: words.rpo, isNumber: true, cell: (node) => <Figure source={texts.overview.sources.rpo} atMs={readAtMs}>{of(node)?.lastSnapshotId ? duration(of(node)?.rpoSeconds ?? 0) : null}</Figure> },
    { name: words.rto, isNumber: true, cell: (node) => <Figure source={texts.overview.sources.rto} atMs={moment(of(node)?.drilledUnixMs) ?? undefined}>{of(node)?.drillJobId ? duration(of(node)?.rtoSeconds ?? 0) : null}</Figure> },
    { name: words.restorePoints, isNumber: true, cell: (node) => count(num(node.snapshots)) },
  ];
  const sought = filter.trim().toLowerCase();
  const rows = nodes.filter((node) => `${node.name} ${node.platform} ${words.states[of(node)?.verdict ?? '']}`.toLowerCase().includes(sought)).sort((left, right) => rank(of(left)) - rank(of(right)) || (left.name ?? '').localeCompare(right.name ?? ''));
  return (
    <>
      {nodes.length > filterFrom && <TextField label={words.filter} type="search" value={filter} onInput={setFilter} />}
      {rows.length === 0 ? <p class="hint">{words.noMatch}</p> : <Table label={words.title} columns={columns} rows={rows} keyOf={(node) => node.id ?? ''} />}
    </>
  );
}

// What needs somebody comes first.
const verdicts = ['unprotected', 'late', 'protected'];

function rank(protection: ProtectionMessage | undefined): number {
  return verdicts.indexOf(protection?.verdict ?? '');
}

/** How a node is protected, with the reason beside it. */
export function Verdict({ of }: { of: ProtectionMessage | undefined }) {
  return of === undefined ? <Badge tone="unknown">{texts.figure.unknown}</Badge> : <Badge tone={toneOf(of.verdict)}>{words.states[of.verdict ?? ''] ?? of.verdict}</Badge>;
}

function PendingNode({ node }: { node: NodeInfo }) {
  const mayRun = useMay('run');
  const mayAdminister = useMay('administer');
  const approve = useAction(async () => {
    await call('Management/ApproveNode', { node: node.id ?? '' });
    toast(words.approved(node.name ?? ''));
  });
  const reject = useAction(() => call('Management/RevokeNode', { node: node.id ?? '' }));
  return (
    <div class="pending">
      <div>
        <strong>{node.name}</strong> <span class="hint">{node.platform}</span>
        <p class="hint">{words.compare} <code>{node.code}</code></p>
      </div>
      <div class="actions">
        {mayAdminister && <Button isBusy={reject.isBusy} onClick={() => void reject.run()}>{words.reject}</Button>}
        {mayRun && <Button kind="primary" isBusy={approve.isBusy} onClick={() => void approve.run()}>{words.approve}</Button>}
      </div>
      {(approve.error ?? reject.error) && <Problem error={approve.error ?? reject.error ?? ''} />}
    </div>
  );
}
