import { call } from '../../api/client';
import type { ArrayInfo, MemberInfo, MissingInfo } from '../../api/types';
import { Button } from '../../design/Controls';
import { Figure } from '../../design/Figure';
import { Badge, Progress } from '../../design/Status';
import { Card, Facts, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { bytes, count, dateTime, duration, percent, rate, relative } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { toneOf } from '../../logic/verdict';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.storage;

/** One array: how it is, what it survives, what it is doing and until when. */
export function ArrayCard({ array, readAtMs, source, isReplacing }: { array: ArrayInfo; readAtMs: number | null; source: string; isReplacing: boolean }) {
  const now = useNow(5000);
  const mayRun = useMay('run');
  const isWorking = array.progress !== undefined;
  const check = useAction((stop: boolean) => call('Raid/Check', { array: array.name ?? '', stop }));
  const replace = useAction((slot: MissingInfo) => call('Raid/Replace', slot.bay === undefined ? { disk: slot.serial ?? '' } : { bay: slot.bay }));
  const told = words.sources.array(source);
  const next = moment(array.nextCheckUnixMs);
  const ended = moment(array.checkEndedUnixMs);
  const promised = moment(array.promisedUnixMs);
  const columns: Column<MemberInfo>[] = [
    { name: words.slot, cell: (member) => (member.slot === -1 ? '–' : member.slot ?? 0) },
    { name: words.disk, cell: (member) => <>{member.device} <small><code>{member.serial}</code></small></> },
    { name: words.state, cell: (member) => <Badge tone={toneOf(member.state)}>{words.memberStates[member.state ?? ''] ?? member.state}</Badge> },
    { name: words.readErrors, isNumber: true, cell: (member) => count(num(member.readErrors)) },
  ];
  return (
    <Card title={`${array.name} · ${array.level}`} aside={<Badge tone={toneOf(array.state)}>{words.states[array.state ?? ''] ?? array.state}</Badge>}>
      {array.note && <p>{array.note}</p>}
      {(array.disagreements ?? []).map((one) => <p class="note" key={one}>{one}</p>)}
      {isWorking && (
        <div class="stack tight">
          <Progress share={array.progress ?? null} label={array.name ?? ''} />
          <p>
            {[percent(array.progress ?? 0), array.bytesPerSecond !== undefined && rate(num(array.bytesPerSecond)), array.leftSeconds !== undefined && texts.jobs.left(duration(array.leftSeconds)), promised !== null && words.promised(dateTime(promised)), array.rateReason].filter((part) => typeof part === 'string' && part !== '').join(' · ')}
          </p>
        </div>
      )}
      <Facts
        rows={[
          [words.survives, <Figure source={told} atMs={readAtMs}>{array.survives === undefined ? null : array.survives < 0 ? words.lost : words.failures(array.survives)}</Figure>],
          [words.size, bytes(num(array.sizeBytes))],
          [words.lastCheck, ended === null ? texts.time.never : relative(ended, now)],
          [words.nextCheck, array.checkWaits || (next === null ? texts.figure.unknown : dateTime(next))],
          num(array.mismatchSectors) > 0 && [words.mismatch, count(num(array.mismatchSectors))],
        ]}
      />
      <Table label={words.members} columns={columns} rows={array.members ?? []} keyOf={(member) => member.device ?? ''} />
      {(array.missing ?? []).map((one) => (
        <div class="note actions" key={one.slot ?? 0}>
          <span>{words.missing(one.slot ?? 0, one.serial ?? '', one.bay)}</span>
          {mayRun && !isReplacing && (one.serial || one.bay !== undefined) && <Button isBusy={replace.isBusy} onClick={() => void replace.run(one)}>{words.putInNew}</Button>}
        </div>
      ))}
      {replace.error && <Problem error={replace.error} />}
      {mayRun && (
        <div class="form-actions">
          {array.state === 'checking' ? <Button isBusy={check.isBusy} onClick={() => void check.run(true)}>{words.stopCheck}</Button> : <Button isBusy={check.isBusy} disabled={isWorking} onClick={() => void check.run(false)}>{words.check}</Button>}
        </div>
      )}
      {check.error && <Problem error={check.error} />}
    </Card>
  );
}
