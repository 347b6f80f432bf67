import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useResource } from '../../api/resource';
import type { AuditEntry, VerifyAuditReply } from '../../api/types';
import { Button, TextField } from '../../design/Controls';
import { Badge } from '../../design/Status';
import { Card, Empty, Loaded, PageHead, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useAction } from '../../design/useAction';
import { count, dateTimeSeconds } from '../../logic/format';
import { num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import { texts } from '../../texts';

const words = texts.audit;
const countFirst = 100;
const countMost = 1000;

/** Who changed what, and whether the record of it is whole. */
export function AuditPage() {
  const [most, setMost] = useState(countFirst);
  const [filter, setFilter] = useState('');
  const log = useResource(`audit ${most}`, (reading) => call('AuditLog/List', { count: most }, reading), ['accounts', 'policies', 'nodes', 'jobs']);
  const matches = (entry: AuditEntry) => [entry.who, entry.method, entry.target, entry.outcome, entry.detail].some((part) => part?.toLowerCase().includes(filter.trim().toLowerCase()));
  const columns: Column<AuditEntry>[] = [
    { name: words.number, isNumber: true, cell: (entry) => entry.sequence ?? '0' },
    { name: words.when, isOneLine: true, cell: (entry) => dateTimeSeconds(num(entry.timeUnixMs)) },
    { name: words.who, cell: (entry) => <code>{entry.who}</code> },
    { name: words.what, cell: (entry) => <>{shortMethod(entry.method ?? '')} {entry.target && <code>{entry.target}</code>}</> },
    { name: words.outcome, isOneLine: true, cell: (entry) => <Badge tone={toneOf(entry.outcome)}>{words.outcomes[entry.outcome ?? ''] ?? entry.outcome}</Badge> },
    { name: words.detail, cell: (entry) => entry.detail || <span class="unseen">–</span> },
  ];
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div class="stack">
        <VerifyCard />
        <Card title={words.entries}>
          <TextField label={words.filter} type="search" value={filter} onInput={setFilter} />
          <Loaded of={log}>
            {(value) => {
              const entries = [...(value.entries ?? [])].reverse();
              const shown = entries.filter(matches);
              return (
                <>
                  {entries.length === 0 ? <Empty icon="audit" title={words.none}>{words.noneWhy}</Empty> : shown.length === 0 ? <p class="hint">{words.noMatch}</p> : <Table label={words.entries} columns={columns} rows={shown} keyOf={(entry) => entry.sequence ?? '0'} />}
                  {entries.length >= most && most < countMost && <Button onClick={() => setMost(countMost)}>{words.more(countMost)}</Button>}
                </>
              );
            }}
          </Loaded>
        </Card>
      </div>
    </>
  );
}

function VerifyCard() {
  const [reply, setReply] = useState<VerifyAuditReply | null>(null);
  const verify = useAction(async () => setReply(await call('AuditLog/Verify', {})));
  const findings = reply?.findings ?? [];
  return (
    <Card title={words.verifyTitle} aside={<Button kind="primary" icon="shield" isBusy={verify.isBusy} onClick={() => void verify.run()}>{words.verify}</Button>}>
      {verify.error && <Problem error={verify.error} />}
      {reply === null ? <p class="hint">{words.verifyWhy}</p> : findings.length === 0 ? (
        <p role="status"><Badge tone="good">{words.whole}</Badge> {words.verified(count(num(reply.count)))} <code class="hash">{reply.last}</code></p>
      ) : (
        <div role="status">
          <Badge tone="bad">{words.broken(findings.length)}</Badge>
          <ul>{findings.map((finding) => <li key={`${finding.segment}${finding.sequence}${finding.detail}`}>{finding.segment}, {finding.sequence}: {finding.detail}</li>)}</ul>
        </div>
      )}
    </Card>
  );
}

// The package says nothing to people.
function shortMethod(method: string): string {
  return method.replace(/^.*?gatewayos\.v1\./, '').replace('/', ' · ');
}
