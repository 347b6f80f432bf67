import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { RaidStatusReply, ReplacementInfo } from '../../api/types';
import { Button } from '../../design/Controls';
import { Confirm } from '../../design/Dialog';
import { Icon } from '../../design/Icon';
import { Badge, Progress } from '../../design/Status';
import { Card, Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { dateTime, percent } from '../../logic/format';
import { moment, num } from '../../logic/numbers';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.storage;
const steps = ['confirm', 'awaiting-pull', 'removing', 'awaiting-disk', 'adding', 'rebuilding', 'checking', 'done'] as const;
const endings = ['done', 'cancelled', 'failed'];

/** True when nothing more comes of a replacement. */
export function isEnded(replacement: ReplacementInfo): boolean {
  return endings.includes(replacement.step ?? '');
}

/** A disk's replacement: the verdict with its proof, the step it is at, and what to do now. */
export function ReplacementCard({ replacement: at, status }: { replacement: ReplacementInfo; status: RaidStatusReply }) {
  const mayRun = useMay('run');
  const mayAdminister = useMay('administer');
  const [overwrites, setOverwrites] = useState(false);
  const confirm = useAction(() => call('Raid/ConfirmReplacement', {}));
  const cancel = useAction(() => call('Raid/CancelReplacement', {}));
  const step = at.step ?? '';
  const place = steps.indexOf(step as (typeof steps)[number]);
  const isOver = isEnded(at);
  const promised = moment(status.arrays?.find((array) => array.name === at.array)?.promisedUnixMs);

  // What waits to be taken, and has something on it that only its owner can give up.
  const found = step === 'awaiting-disk' ? status.disks?.find((disk) => disk.content && !disk.array && disk.serial !== at.oldSerial && (at.bay === undefined || disk.bay === at.bay)) : undefined;
  const tone = step === 'failed' ? 'bad' : step === 'done' ? 'good' : step === 'cancelled' ? 'quiet' : 'busy';
  return (
    <Card title={words.replacement(at.bay === undefined ? at.oldDevice ?? '' : words.bay(at.bay))} aside={<Badge tone={tone}>{words.steps[step] ?? step}</Badge>} class={isOver ? '' : 'is-urgent'}>
      {!isOver && (
        <ol class="steps is-long" aria-label={words.stepsLabel}>
          {steps.map((one, i) => (
            <li key={one} aria-current={i === place ? 'step' : undefined} class={i < place ? 'is-done' : ''}>
              {i < place ? <Icon name="check" size={16} /> : <span class="step-number">{i + 1}</span>} {words.steps[one]}
            </li>
          ))}
        </ol>
      )}
      {at.instruction && <p class="instruction">{at.instruction}</p>}
      {at.problem && <Problem error={at.problem} />}
      {at.progress !== undefined && <Progress share={at.progress} label={words.steps[step] ?? step} />}
      {!isOver && at.progress !== undefined && promised !== null && <p>{[percent(at.progress), words.promised(dateTime(promised))].join(' · ')}</p>}
      <details open={step === 'confirm'}>
        <summary>{at.verdict || words.proof}</summary>
        <ul class="proof">{(at.proof ?? []).map((line) => <li key={line}>{line}</li>)}</ul>
        <p class="hint">{words.oldDisk(at.oldModel ?? '', at.oldSerial ?? '')}</p>
        <ol class="history">{(at.history ?? []).map((event) => <li key={`${event.step}${event.timeUnixMs}`}>{dateTime(num(event.timeUnixMs))} {words.steps[event.step ?? ''] ?? event.step} {event.note}</li>)}</ol>
      </details>
      {(confirm.error ?? cancel.error) && <Problem error={confirm.error ?? cancel.error ?? ''} />}
      {mayRun && !isOver && (
        <div class="form-actions">
          {step === 'confirm' && <Button kind="primary" isBusy={confirm.isBusy} onClick={() => void confirm.run()}>{words.confirmReplacement}</Button>}
          {found && mayAdminister && <Button kind="danger" onClick={() => setOverwrites(true)}>{words.overwrite}</Button>}
          <Button isBusy={cancel.isBusy} onClick={() => void cancel.run()}>{words.cancelReplacement}</Button>
        </div>
      )}
      {overwrites && found && (
        <Confirm title={words.overwriteTitle} action={words.overwrite} isDangerous typed={found.serial ?? ''} run={() => call('Raid/OverwriteNewDisk', { serial: found.serial ?? '' })} onClose={() => setOverwrites(false)}>
          <p>{words.overwriteWhat}</p>
        </Confirm>
      )}
    </Card>
  );
}
