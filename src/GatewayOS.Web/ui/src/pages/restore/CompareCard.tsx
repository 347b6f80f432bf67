import { get } from '../../api/client';
import { useResource } from '../../api/resource';
import type { CompareDocument, SnapshotInfo } from '../../api/types';
import type { ComparedEntry } from '../../api/web';
import { Choice } from '../../design/Controls';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { join, pathAddress } from '../../logic/paths';
import type { Tone } from '../../logic/verdict';
import { href, replace } from '../../shell/route';
import { texts } from '../../texts';

const words = texts.restore;
const tones: Record<string, Tone> = { added: 'good', removed: 'bad', changed: 'warn' };

/** What changed in a directory between two restore points. */
export function CompareCard({ node, point, points, path, withId }: { node: string; point: SnapshotInfo; points: readonly SnapshotInfo[]; path: string; withId: string }) {
  const others = points.filter((one) => one.id !== point.id);
  if (others.length === 0) {
    return null;
  }

  const choose = (compare: string) => replace(href(['restore', node], { snapshot: point.id ?? '', path, compare }));
  return (
    <Card title={words.compare}>
      <Choice label={words.compareWith} value={withId} onChange={choose} options={[['', words.nothingToCompare] as const, ...others.map((one) => [one.id ?? '', dateTime(num(one.startedUnixMs))] as const)]} />
      {withId !== '' && <Compared node={node} left={withId} right={point.id ?? ''} path={path} />}
    </Card>
  );
}

function Compared({ node, left, right, path }: { node: string; left: string; right: string; path: string }) {
  const address = `/compare?${new URLSearchParams({ left, right, ...(path === '/' ? {} : { path64: pathAddress(path) }) })}`;
  const compared = useResource(address, (reading) => get<CompareDocument>(address, reading));
  const columns: Column<ComparedEntry>[] = [
    { name: words.name, cell: (entry) => (entry.kind === 'directory' ? <a href={href(['restore', node], { snapshot: right, path: join(path, entry.name), compare: left })}>{entry.name}</a> : entry.name) },
    { name: words.change, cell: (entry) => <Badge tone={tones[entry.change] ?? 'unknown'}>{words.changes[entry.change] ?? entry.change}</Badge> },
    { name: words.before, isNumber: true, cell: (entry) => (entry.leftSize === undefined ? '–' : bytes(entry.leftSize)) },
    { name: words.after, isNumber: true, cell: (entry) => (entry.rightSize === undefined ? '–' : bytes(entry.rightSize)) },
  ];
  return (
    <Loaded of={compared}>
      {(value) => (value.entries.length === 0 ? <Empty icon="check" title={words.same}>{words.sameWhy}</Empty> : (
        <>
          <Table label={words.compare} columns={columns} rows={value.entries} keyOf={(entry) => entry.name64} />
          {value.isTruncated && <p class="note">{words.moreChanged}</p>}
        </>
      ))}
    </Loaded>
  );
}
