import { useState } from 'preact/hooks';
import { downloadAddress } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { FoundVersion } from '../../api/types';
import { Button, submitting, TextField } from '../../design/Controls';
import { Icon } from '../../design/Icon';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { bytes, dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { pathAddress, splitLast } from '../../logic/paths';
import { go, href } from '../../shell/route';
import { texts } from '../../texts';

const words = texts.restore;
const limit = 500;
const nanosecondsPerMs = 1_000_000;

/** Looks for a name in all restore points of all nodes, and shows every version. */
export function Search({ pattern, node }: { pattern: string; node: string }) {
  const [typed, setTyped] = useState(pattern);
  const back = href(node === '' ? ['restore'] : ['restore', node]);
  return (
    <Card>
      <form class="search" role="search" onSubmit={submitting(() => go(typed.trim() === '' ? back : href(node === '' ? ['restore'] : ['restore', node], { find: typed.trim() })))}>
        <TextField label={words.search} hint={words.searchHint} type="search" value={typed} onInput={setTyped} placeholder="budget*.xlsx" />
        <Button submits kind="primary" icon="search">{words.searchAction}</Button>
      </form>
      {pattern !== '' && (
        <>
          <p class="split"><strong>{words.foundFor(pattern)}</strong><a href={back}>{words.backToBrowse}</a></p>
          <Found pattern={pattern} />
        </>
      )}
    </Card>
  );
}

function Found({ pattern }: { pattern: string }) {
  const found = useMethod('Catalogue/Find', { pattern, limit });
  return (
    <Loaded of={found}>
      {(value) => (
        <>
          {(value.pendingSnapshots ?? 0) > 0 && <p class="note">{words.pending(value.pendingSnapshots ?? 0)}</p>}
          {(value.versions?.length ?? 0) === 0 ? <Empty icon="search" title={words.notFound}>{words.notFoundWhy}</Empty> : <VersionTable versions={value.versions ?? []} />}
          {value.truncated && <p class="note">{words.truncated(limit)}</p>}
        </>
      )}
    </Loaded>
  );
}

/** Versions of files, with where each is and how to get it. */
export function VersionTable({ versions, showPath = true }: { versions: readonly FoundVersion[]; showPath?: boolean }) {
  const columns: Column<FoundVersion>[] = [
    ...(showPath ? [{ name: words.file, cell: (one: FoundVersion) => <PathOf one={one} /> }] : []),
    { name: words.modified, cell: (one) => dateTime(num(one.modifiedNs) / nanosecondsPerMs) },
    { name: words.size, isNumber: true, cell: (one) => bytes(num(one.sizeBytes)) },
    { name: words.inPoints, cell: (one) => <>{words.fromTo(dateTime(num(one.firstUnixMs)), dateTime(num(one.lastUnixMs)), num(one.snapshots))} {one.current && <Badge tone="good">{words.current}</Badge>}</> },
    {
      name: texts.nodes.actions,
      isUnnamed: true,
      cell: (one) => (
        <span class="row-actions">
          <a class="button quiet" href={href(['restore', one.nodeName || one.nodeId || ''], { snapshot: one.lastSnapshot ?? '', path: splitLast(one.path ?? '').directory })}>{words.openFolder}</a>
          {one.type === 'file' && (
            <a class="button quiet" download="" href={downloadAddress(one.lastSnapshot ?? '', pathAddress(one.path ?? ''), 'file')} aria-label={words.downloadOne(splitLast(one.path ?? '').name)} title={words.downloadOne(splitLast(one.path ?? '').name)}>
              <Icon name="download" size={18} />
            </a>
          )}
        </span>
      ),
    },
  ];
  return <Table label={words.versions} columns={columns} rows={versions} keyOf={(one) => `${one.nodeId} ${one.path} ${one.firstSnapshot}`} />;
}

function PathOf({ one }: { one: FoundVersion }) {
  const { directory, name } = splitLast(one.path ?? '');
  return (
    <span class="found">
      <strong>{name}</strong>
      <small>{one.nodeName || words.removedNode} · {directory}</small>
    </span>
  );
}
