import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { SnapshotInfo } from '../../api/types';
import { Button, ButtonLink, Choice } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Badge } from '../../design/Status';
import { Empty } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, count, dateTime, shortId } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { href } from '../../shell/route';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.nodes;
const shownAtFirst = 20;
const lockSpans = [['604800', words.days(7)], ['2592000', words.days(30)], ['7776000', words.days(90)], ['31536000', words.days(365)]] as const;

/** A node's restore points, the newest first. */
export function RestorePoints({ nodeName, snapshots, reload }: { nodeName: string; snapshots: readonly SnapshotInfo[]; reload: () => Promise<void> }) {
  const mayRestore = useMay('restore');
  const mayRun = useMay('run');
  const [isAll, setAll] = useState(false);
  const [locking, setLocking] = useState<SnapshotInfo | null>(null);
  const [span, setSpan] = useState('2592000');
  if (snapshots.length === 0) {
    return <Empty icon="restore" title={words.noPoints}>{words.noPointsWhy}</Empty>;
  }

  const columns: Column<SnapshotInfo>[] = [
    { name: words.taken, cell: (point) => <strong>{dateTime(num(point.startedUnixMs))}</strong> },
    { name: words.holds, cell: (point) => words.filesAndBytes(count(num(point.files)), bytes(num(point.bytes))) },
    { name: words.isNew, isNumber: true, cell: (point) => bytes(num(point.newBytes)) },
    { name: words.madeBy, cell: (point) => point.policy || texts.figure.unknown },
    { name: words.condition, cell: (point) => <Condition point={point} /> },
    {
      name: words.actions,
      isUnnamed: true,
      cell: (point) => (
        <span class="row-actions">
          {mayRun && <Button kind="quiet" icon="lock" label={words.lockLabel(dateTime(num(point.startedUnixMs)))} onClick={() => setLocking(point)} />}
          {mayRestore && <ButtonLink kind="quiet" icon="restore" href={href(['restore', nodeName], { snapshot: point.id ?? '' })}>{words.open}</ButtonLink>}
        </span>
      ),
    },
  ];
  const shown = isAll ? snapshots : snapshots.slice(0, shownAtFirst);
  return (
    <>
      <Table label={words.restorePoints} columns={columns} rows={shown} keyOf={(point) => point.id ?? ''} />
      {shown.length < snapshots.length && <Button kind="quiet" onClick={() => setAll(true)}>{texts.overview.all(snapshots.length)}</Button>}
      {locking && (
        <Confirm
          title={words.lockTitle(dateTime(num(locking.startedUnixMs)))}
          action={words.lock}
          run={async () => {
            await call('Snapshots/Lock', { id: locking.id ?? '', durationSeconds: span });
            await reload();
          }}
          onClose={() => setLocking(null)}
        >
          <p>{words.lockWhat}</p>
          <p class="hint">{words.id} <code>{shortId(locking.id ?? '')}</code></p>
          <Choice label={words.lockFor} value={span} onChange={setSpan} options={lockSpans} />
        </Confirm>
      )}
    </>
  );
}

function Condition({ point }: { point: SnapshotInfo }) {
  const locked = moment(point.lockedUntilUnixMs);
  return (
    <span class="badges">
      {num(point.problems) > 0 ? <Badge tone="warn">{words.notWhole(num(point.problems))}</Badge> : <Badge tone="good">{words.whole}</Badge>}
      {locked !== null && <Badge tone="quiet">{words.lockedUntil(dateTime(locked))}</Badge>}
      {point.held && <Badge tone="warn">{words.held}</Badge>}
    </span>
  );
}
