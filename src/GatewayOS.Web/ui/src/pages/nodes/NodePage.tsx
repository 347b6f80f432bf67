import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { NodeInfo, ProtectionMessage } from '../../api/types';
import { Button, ButtonLink } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Card, Empty, Facts, Loaded, PageHead, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { dateTime, duration, relative } from '../../logic/format';
import { isOpen } from '../../logic/jobs';
import { moment } from '../../logic/numbers';
import { go, href, type Route } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';
import { JobTable } from '../jobs/JobTable';
import { BackupCalendar } from './BackupCalendar';
import { NodePolicies } from './NodePolicies';
import { RestorePoints } from './RestorePoints';
import { Verdict } from './NodesPage';

const words = texts.nodes;
const jobsMost = 200;
const snapshotsMost = 1000;

/** One node: how it is protected, what runs, what was, and what can be done. */
export function NodePage({ name }: { name: string; route: Route }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes', 'jobs'], 15_000);
  return (
    <Loaded of={nodes} lines={8}>
      {(value) => {
        const node = value.nodes?.find((one) => one.name === name || one.id === name);
        return node ? <Known node={node} /> : (
          <>
            <PageHead title={name} back={{ href: '#/nodes', label: words.title }} />
            <Empty icon="nodes" title={words.noSuch(name)}>{words.noSuchWhy}</Empty>
          </>
        );
      }}
    </Loaded>
  );
}

function Known({ node }: { node: NodeInfo }) {
  const id = node.id ?? '';
  const jobs = useMethod('Jobs/ListJobs', { node: id, most: jobsMost }, ['jobs'], 5000);
  const snapshots = useMethod('Snapshots/List', { node: id, most: snapshotsMost }, ['jobs'], 60_000);
  const protection = useMethod('Jobs/ListProtection', {}, ['jobs', 'policies'], 30_000);
  const of = protection.value?.nodes?.find((one) => one.nodeId === id);
  const open = (jobs.value?.jobs ?? []).filter(isOpen);
  return (
    <>
      <PageHead title={node.name ?? ''} back={{ href: '#/nodes', label: words.title }} lead={<>{node.connected ? words.connected : words.away} · {node.platform || texts.figure.unknown} · {words.agentVersion(node.agentVersion || texts.figure.unknown)}</>}>
        <NodeActions node={node} policies={of?.policies ?? []} hasRestorePoints={(snapshots.value?.snapshots?.length ?? 0) > 0} />
      </PageHead>
      <div class="stack">
        <div class="grid two">
          <Protection node={node} of={of} readAtMs={protection.readAtMs} />
          <NodePolicies nodeId={id} />
        </div>
        {open.length > 0 && <Card title={texts.overview.running}>{open.map((job) => <JobProgress key={job.id} job={job} showNode={false} />)}</Card>}
        <Card title={words.calendar}>
          <Loaded of={snapshots}>{(points) => <BackupCalendar snapshots={points.snapshots ?? []} jobs={jobs.value?.jobs ?? []} />}</Loaded>
        </Card>
        <Card title={words.jobs}><Loaded of={jobs}>{(value) => <JobTable jobs={value.jobs ?? []} />}</Loaded></Card>
        <Card title={words.restorePoints}><Loaded of={snapshots}>{(value) => <RestorePoints nodeName={node.name ?? ''} snapshots={value.snapshots ?? []} reload={snapshots.reload} />}</Loaded></Card>
      </div>
    </>
  );
}

function NodeActions({ node, policies, hasRestorePoints }: { node: NodeInfo; policies: readonly string[]; hasRestorePoints: boolean }) {
  const mayRun = useMay('run');
  const mayRestore = useMay('restore');
  const mayAdminister = useMay('administer');
  const [asks, setAsks] = useState<'revoke' | 'remove' | null>(null);
  const name = node.name ?? '';
  const isRevoked = node.state === 'REVOKED';
  const backUp = useAction(async () => {
    // As its policies say; a node without one backs up what its agent's configuration names.
    for (const policy of policies.length > 0 ? policies : ['']) {
      await call('Jobs/OrderJob', { kind: 'backup', node: node.id ?? '', policy });
    }

    toast(texts.jobs.ordered(texts.jobs.kinds['backup'] ?? ''));
  });
  return (
    <>
      {mayAdminister && (isRevoked ? <Button kind="danger" onClick={() => setAsks('remove')}>{words.remove}</Button> : <Button onClick={() => setAsks('revoke')}>{words.revoke}</Button>)}
      {mayRestore && hasRestorePoints && <ButtonLink href={href(['restore', name])} icon="restore">{words.restore}</ButtonLink>}
      {mayRun && !isRevoked && <Button kind="primary" isBusy={backUp.isBusy} onClick={() => void backUp.run()}>{words.backUpNow}</Button>}
      {backUp.error && <Problem error={backUp.error} />}
      {asks === 'revoke' && (
        <Confirm title={words.revokeTitle(name)} action={words.revoke} isDangerous run={() => call('Management/RevokeNode', { node: node.id ?? '' })} onClose={() => setAsks(null)}>
          <p>{words.revokeWhat}</p>
        </Confirm>
      )}
      {asks === 'remove' && (
        <Confirm title={words.removeTitle(name)} action={words.remove} isDangerous typed={name} run={async () => (await call('Management/RemoveNode', { node: node.id ?? '' }), go('#/nodes'))} onClose={() => setAsks(null)}>
          <p>{words.removeWhat}</p>
        </Confirm>
      )}
    </>
  );
}

function Protection({ node, of, readAtMs }: { node: NodeInfo; of: ProtectionMessage | undefined; readAtMs: number }) {
  const now = useNow(5000);
  const last = moment(of?.lastSnapshotUnixMs);
  const expires = moment(node.certificateExpiresUnixMs);
  return (
    <Card title={words.protection} aside={<Verdict of={of} />}>
      {of?.reason && <p>{of.reason}</p>}
      <Facts
        rows={[
          [words.lastBackup, <Figure source={words.sources.lastBackup} atMs={readAtMs}>{last === null ? texts.time.never : `${relative(last, now)} (${dateTime(last)})`}</Figure>],
          [words.rpo, <Figure source={texts.overview.sources.rpo} atMs={readAtMs}>{of?.lastSnapshotId ? duration(of.rpoSeconds ?? 0) : null}</Figure>],
          [words.rto, <Figure source={texts.overview.sources.rto} atMs={moment(of?.drilledUnixMs) ?? undefined}>{of?.drillJobId ? duration(of.rtoSeconds ?? 0) : null}</Figure>],
          [words.certificate, expires === null ? texts.figure.unknown : words.certificateUntil(dateTime(expires))],
        ]}
      />
      {!of?.drillJobId && <p class="hint">{words.noDrill}</p>}
    </Card>
  );
}
