import { useMethod } from '../../api/resource';
import type { SnapshotInfo } from '../../api/types';
import { ButtonLink, Choice } from '../../design/Controls';
import { Card, Empty, Loaded, PageHead } from '../../design/Surface';
import { isOpen } from '../../logic/jobs';
import { go, href, type Route } from '../../shell/route';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';
import { JobTable } from '../jobs/JobTable';
import { Browser } from './Browser';
import { Search } from './Search';
import { Timeline } from './Timeline';
import './restore.css';

const words = texts.restore;
const snapshotsMost = 1000;
const jobsMost = 200;

/** Chooses a node and a time, looks into the restore point, takes files out of it or sends them to a node. */
export function RestorePage({ route, name }: { route: Route; name?: string }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes']);
  const find = route.query.get('find') ?? '';
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div class="stack">
        <Search key={find} pattern={find} node={name ?? ''} />
        {find === '' && (
          <Loaded of={nodes}>
            {(value) => {
              const names = (value.nodes ?? []).filter((node) => (node.snapshots ?? '0') !== '0').map((node) => node.name ?? '');
              if (names.length === 0 && name === undefined) {
                return <Card><Empty icon="restore" title={words.nothing} action={<ButtonLink href="#/nodes" kind="primary">{texts.nav.nodes}</ButtonLink>}>{words.nothingWhy}</Empty></Card>;
              }

              const chosen = name ?? names[0] ?? '';
              return <OfNode key={chosen} node={chosen} names={names.includes(chosen) ? names : [chosen, ...names]} route={route} />;
            }}
          </Loaded>
        )}
        <Restores />
      </div>
    </>
  );
}

function OfNode({ node, names, route }: { node: string; names: readonly string[]; route: Route }) {
  const snapshots = useMethod('Snapshots/List', { node, most: snapshotsMost }, ['jobs']);
  return (
    <>
      <Card title={words.when}>
        <Choice label={words.node} value={node} onChange={(value) => go(href(['restore', value]))} options={names.map((name) => [name, name] as const)} />
        <Loaded of={snapshots} lines={2}>
          {(value) => {
            const points = value.snapshots ?? [];
            const chosen = pick(points, route.query.get('snapshot') ?? '');
            return chosen === undefined ? (
              <Empty icon="restore" title={texts.nodes.noPoints}>{texts.nodes.noPointsWhy}</Empty>
            ) : (
              <Timeline points={points} chosen={chosen} onChoose={(point) => go(href(['restore', node], { snapshot: point.id ?? '', path: route.query.get('path') ?? '' }))} />
            );
          }}
        </Loaded>
      </Card>
      {snapshots.value && <Inside node={node} points={snapshots.value.snapshots ?? []} route={route} />}
    </>
  );
}

function Inside({ node, points, route }: { node: string; points: readonly SnapshotInfo[]; route: Route }) {
  const chosen = pick(points, route.query.get('snapshot') ?? '');
  return chosen === undefined ? null : <Browser key={chosen.id} node={node} point={chosen} points={points} path={route.query.get('path') || '/'} compareWith={route.query.get('compare') ?? ''} />;
}

function pick(points: readonly SnapshotInfo[], id: string): SnapshotInfo | undefined {
  return (id !== '' ? points.find((point) => point.id?.startsWith(id)) : undefined) ?? points[0];
}

function Restores() {
  const jobs = useMethod('Jobs/ListJobs', { most: jobsMost }, ['jobs'], 3000);
  const restores = (jobs.value?.jobs ?? []).filter((job) => job.kind === 'restore');
  return restores.length === 0 ? null : (
    <Card title={words.restores}>
      {restores.filter(isOpen).map((job) => <JobProgress key={job.id} job={job} />)}
      {restores.some((job) => !isOpen(job)) && <JobTable jobs={restores} showNode />}
    </Card>
  );
}
