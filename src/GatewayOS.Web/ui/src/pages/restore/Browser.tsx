import { useEffect, useState } from 'preact/hooks';
import { downloadAddress, get } from '../../api/client';
import { useResource } from '../../api/resource';
import type { BrowseDocument, SnapshotInfo } from '../../api/types';
import type { BrowseEntry } from '../../api/web';
import { Button, ButtonLink } from '../../design/Controls';
import { Icon, type IconName } from '../../design/Icon';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, dateTime } from '../../logic/format';
import { join, pathAddress, trail } from '../../logic/paths';
import { href } from '../../shell/route';
import { texts } from '../../texts';
import { CompareCard } from './CompareCard';
import { RestoreDialog } from './RestoreDialog';
import { VersionsDialog } from './VersionsDialog';

const words = texts.restore;
const icons: Record<string, IconName> = { directory: 'folder', file: 'file', symlink: 'link' };

interface BrowserProps {
  node: string;
  point: SnapshotInfo;
  points: readonly SnapshotInfo[];
  path: string;
  compareWith: string;
}

/** What is in a directory of a restore point. */
export function Browser({ node, point, points, path, compareWith }: BrowserProps) {
  const snapshot = point.id ?? '';
  const address = `/browse?${new URLSearchParams({ snapshot, ...(path === '/' ? {} : { path64: pathAddress(path) }) })}`;
  const listing = useResource(address, (reading) => get<BrowseDocument>(address, reading));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [restoring, setRestoring] = useState<readonly string[] | null>(null);
  const [versionsOf, setVersionsOf] = useState<string | null>(null);
  useEffect(() => setChosen(new Set()), [path]);
  const to = (where: string) => href(['restore', node], { snapshot, path: where });
  return (
    <>
      <Card
        title={words.browse}
        aside={
          <div class="actions">
            <ButtonLink icon="download" href={downloadAddress(snapshot, pathAddress(path), 'zip')} download>{words.downloadFolder}</ButtonLink>
            <Button kind="primary" icon="restore" onClick={() => setRestoring(chosen.size > 0 ? [...chosen] : [path])}>{chosen.size > 0 ? words.restoreChosen(chosen.size) : words.restoreFolder}</Button>
          </div>
        }
      >
        <nav class="trail" aria-label={words.trail}>
          {trail(path).map((step, i, all) => (i === all.length - 1 ? <span key={step.path} aria-current="page">{step.name}</span> : <a key={step.path} href={to(step.path)}>{step.name}</a>))}
        </nav>
        <Loaded of={listing}>
          {(value) => (
            <Entries key={address} address={address} first={value} path={path} snapshot={snapshot} to={to} chosen={chosen} setChosen={setChosen} onVersions={setVersionsOf} />
          )}
        </Loaded>
      </Card>
      <CompareCard node={node} point={point} points={points} path={path} withId={compareWith} />
      {restoring && <RestoreDialog node={node} point={point} paths={restoring} onClose={() => setRestoring(null)} />}
      {versionsOf !== null && <VersionsDialog node={node} path={versionsOf} onClose={() => setVersionsOf(null)} />}
    </>
  );
}

interface EntriesProps {
  address: string;
  first: BrowseDocument;
  path: string;
  snapshot: string;
  to: (path: string) => string;
  chosen: ReadonlySet<string>;
  setChosen: (chosen: ReadonlySet<string>) => void;
  onVersions: (path: string) => void;
}

function Entries({ address, first, path, snapshot, to, chosen, setChosen, onVersions }: EntriesProps) {
  const [more, setMore] = useState<readonly BrowseDocument[]>([]);
  const pages = [first, ...more];
  const entries = pages.flatMap((page) => page.entries);
  const next = pages.at(-1)?.next;
  if (entries.length === 0) {
    return <Empty icon="folder" title={words.emptyFolder}>{words.emptyFolderWhy}</Empty>;
  }

  const toggle = (where: string) => {
    const changed = new Set(chosen);
    if (!changed.delete(where)) {
      changed.add(where);
    }

    setChosen(changed);
  };
  const columns: Column<BrowseEntry>[] = [
    { name: words.choose, isUnnamed: true, cell: (entry) => <input type="checkbox" aria-label={words.chooseOne(entry.name)} checked={chosen.has(join(path, entry.name))} onChange={() => toggle(join(path, entry.name))} /> },
    { name: words.name, cell: (entry) => <EntryName entry={entry} target={to(join(path, entry.name))} /> },
    { name: words.size, isNumber: true, cell: (entry) => (entry.kind === 'directory' ? '' : bytes(entry.size ?? 0)) },
    { name: words.modified, cell: (entry) => dateTime(entry.modifiedUnixMs) },
    {
      name: texts.nodes.actions,
      isUnnamed: true,
      cell: (entry) => {
        const where = join(path, entry.name);
        return (
          <span class="row-actions">
            {entry.kind === 'file' && <Button kind="quiet" icon="clock" label={words.versionsOf(entry.name)} onClick={() => onVersions(where)} />}
            {(entry.kind === 'file' || entry.kind === 'directory') && (
              <a class="button quiet" href={downloadAddress(snapshot, pathAddress(where), entry.kind === 'file' ? 'file' : 'zip')} download="" aria-label={words.downloadOne(entry.name)} title={words.downloadOne(entry.name)}>
                <Icon name="download" size={18} />
              </a>
            )}
          </span>
        );
      },
    },
  ];
  return (
    <>
      <Table label={words.browse} columns={columns} rows={entries} keyOf={(entry) => entry.name64} />
      {next && <Button onClick={() => void get<BrowseDocument>(`${address}&after64=${encodeURIComponent(next)}`).then((page) => setMore([...more, page]))}>{words.more}</Button>}
    </>
  );
}

function EntryName({ entry, target }: { entry: BrowseEntry; target: string }) {
  return (
    <span class="entry">
      <Icon name={icons[entry.kind] ?? 'file'} size={18} />
      {entry.kind === 'directory' ? <a href={target}>{entry.name}</a> : <span>{entry.name}{entry.link && <small> → {entry.link}</small>}</span>}
      {entry.isIncomplete && <Badge tone="warn">{words.incomplete}</Badge>}
    </span>
  );
}
