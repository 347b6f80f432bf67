import { get } from '../../api/client';
import { useResource } from '../../api/resource';
import type { Overview, OverviewNode } from '../../api/web';
import { ButtonLink } from '../../design/Controls';
import { Figure } from '../../design/Figure';
import { Icon, type IconName } from '../../design/Icon';
import { Badge, Progress } from '../../design/Status';
import { Card, Empty, Loaded } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useNow } from '../../design/useNow';
import { duration, relative } from '../../logic/format';
import { toneOf, toneOfLevel } from '../../logic/verdict';
import { href } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { JobProgress } from '../jobs/JobProgress';
import { Figures } from './Figures';
import { RecoveryCard } from './RecoveryCard';
import { ThroughputChart } from './ThroughputChart';
import './overview.css';

const words = texts.overview;
const refreshMs = 10_000;
const topNodes = 12;

const verdictIcons: Record<string, IconName> = { good: 'shield', warn: 'warn', bad: 'bad', unknown: 'unknown' };

/** One verdict, and what it rests on. */
export function OverviewPage() {
  const overview = useResource('overview', (reading) => get<Overview>('/overview', reading), ['jobs', 'alerts', 'nodes', 'policies', 'raid'], refreshMs);
  return (
    <Loaded of={overview} lines={8}>
      {(value) => (
        <>
          <Verdict value={value} />
          <Figures value={value} />
          <div class="grid main-aside">
            <div class="stack">
              <Nodes value={value} />
              <Card title={words.throughput}>
                {value.throughput.days.length > 0 ? <ThroughputChart days={value.throughput.days} /> : <p class="hint">{words.noThroughput}</p>}
              </Card>
            </div>
            <div class="stack">
              <Running value={value} />
              <OpenAlerts value={value} />
              <RecoveryCard value={value} />
              <Arrays value={value} />
            </div>
          </div>
        </>
      )}
    </Loaded>
  );
}

function Verdict({ value }: { value: Overview }) {
  const now = useNow();
  const { level, text, remedy, page } = value.verdict;
  const tone = toneOfLevel(level);
  return (
    <section class={`verdict tone-${tone}`} aria-label={words.verdict}>
      <div class="verdict-sign"><Icon name={verdictIcons[tone] ?? 'unknown'} size={40} /></div>
      <div class="verdict-text">
        <h1 tabIndex={-1}>{text}</h1>
        {remedy && <p>{remedy}</p>}
        <p class="verdict-age">{words.judged(relative(value.atUnixMs, now))}</p>
      </div>
      {page && level !== 'ok' && <ButtonLink href={`#/${page.replace(/^[#/]+/, '')}`} kind="primary">{words.show}</ButtonLink>}
    </section>
  );
}

function Nodes({ value }: { value: Overview }) {
  const now = useNow(5000);
  const mayAdminister = useMay('administer');
  const nodes = [...value.nodes].sort((left, right) => weight(right) - weight(left) || left.name.localeCompare(right.name));
  const source = words.sources;
  const columns: Column<OverviewNode>[] = [
    { name: words.node, cell: (node) => <a class="name" href={href(['nodes', node.name])}><span class={node.isConnected ? 'dot is-on' : 'dot'} aria-hidden="true" />{node.name}<span class="unseen"> ({node.isConnected ? texts.nodes.connected : texts.nodes.away})</span></a> },
    { name: words.state, cell: (node) => <Badge tone={toneOf(node.protection ?? node.state)}>{texts.nodes.states[node.protection ?? node.state] ?? node.state}</Badge> },
    { name: words.lastBackup, cell: (node) => <Figure source={source.lastBackup} atMs={value.storeAtUnixMs ?? null}>{node.lastBackupUnixMs === undefined ? texts.time.never : relative(node.lastBackupUnixMs, now)}</Figure> },
    { name: words.rpo, isNumber: true, cell: (node) => <Figure source={source.rpo} atMs={value.storeAtUnixMs ?? null}>{node.rpoSeconds === undefined ? null : duration(node.rpoSeconds)}</Figure> },
    { name: words.rto, isNumber: true, cell: (node) => <Figure source={source.rto} atMs={node.rehearsedUnixMs ?? null}>{node.rtoSeconds === undefined ? null : duration(node.rtoSeconds)}</Figure> },
  ];
  return (
    <Card title={words.nodes} aside={nodes.length > 0 && <a href="#/nodes">{words.all(nodes.length)}</a>}>
      {nodes.length === 0 ? (
        <Empty icon="nodes" title={words.noNodes} action={mayAdminister && <ButtonLink href="#/nodes?enrol=1" kind="primary" icon="plus">{texts.nodes.enrol}</ButtonLink>}>{words.noNodesWhy}</Empty>
      ) : (
        <>
          <Table label={words.nodes} columns={columns} rows={nodes.slice(0, topNodes)} keyOf={(node) => node.id} />
          {nodes.filter((node) => needsSomebody(node) && node.reason).slice(0, 3).map((node) => <p class="node-problem" key={node.id}><Icon name="warn" size={16} /> <span><strong>{node.name}</strong>: {node.reason}</span></p>)}
        </>
      )}
    </Card>
  );
}

// What needs somebody comes first.
function weight(node: OverviewNode): number {
  return { bad: 3, warn: 2, unknown: 1, busy: 0, quiet: 0, good: 0 }[toneOf(node.protection ?? node.state)];
}

function needsSomebody(node: OverviewNode): boolean {
  return node.protection !== undefined && node.protection !== 'protected';
}

function Running({ value }: { value: Overview }) {
  const jobs = value.jobs;
  return (
    <Card title={words.running}>
      {jobs.length === 0 ? <p class="hint">{words.nothingRuns}</p> : jobs.map((job) => <JobProgress key={job.id} job={job} />)}
    </Card>
  );
}

function OpenAlerts({ value }: { value: Overview }) {
  const now = useNow(5000);
  const alerts = value.alerts;
  return (
    <Card title={words.alerts} aside={alerts.length > 0 && <a href="#/alerts">{words.all(alerts.length)}</a>}>
      {alerts.length === 0 ? <p class="hint">{words.noAlerts}</p> : (
        <ul class="plain-list">
          {alerts.slice(0, 5).map((alert) => (
            <li key={alert.id}>
              <a href={href(['alerts'], { show: String(alert.id) })} class="alert-line">
                <span class={`tone-${toneOf(alert.severity)}`}><Icon name={toneOf(alert.severity) === 'quiet' ? 'unknown' : 'warn'} size={18} /></span>
                <span><span class="unseen">{texts.alerts.severities[alert.severity] ?? alert.severity}: </span>{alert.text} <small>{relative(alert.sinceUnixMs, now)}</small></span>
              </a>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Arrays({ value }: { value: Overview }) {
  const arrays = value.arrays;
  return (
    <Card title={words.arrays} aside={<a href="#/storage">{texts.nav.storage}</a>}>
      {arrays.length === 0 ? (
        <p class="hint">{words.noArrays[value.subsystems.raid] ?? words.noArrays['unknown']}</p>
      ) : arrays.map((array) => (
        <div class="array-line" key={array.name}>
          <strong>{array.name}</strong> <span class="hint">{array.level}</span>
          <Badge tone={toneOf(array.state)}>{texts.storage.states[array.state] ?? array.state}</Badge>
          {array.progress !== undefined && <Progress share={array.progress} label={array.name} />}
        </div>
      ))}
    </Card>
  );
}
