import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { SlotInfo, UpdateAttemptInfo, UpdateStatusReply } from '../../api/types';
import { Button, Check, Choice, submitting } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Figure } from '../../design/Figure';
import { Badge, Progress } from '../../design/Status';
import { Card, Empty, Facts, Loaded, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { dateTime, percent } from '../../logic/format';
import { num } from '../../logic/numbers';
import { base64Of, piecesOf, toneOf } from '../../logic/updates';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.updates;

/** Slots, what is being installed, and what came of every attempt. */
export function UpdateCard() {
  const status = useMethod('Updates/GetStatus', {}, ['alerts'], 3000);
  const mayAdminister = useMay('administer');
  const [isOpen, setOpen] = useState(false);
  const value = status.value;
  const mayInstall = value !== null && !value.problem && !value.progress;
  return (
    <Card title={words.title} aside={mayAdminister && <Button disabled={!mayInstall} onClick={() => setOpen(true)}>{words.install}</Button>}>
      <p class="hint">{words.lead}</p>
      <Loaded of={status}>
        {(reply) => (
          <>
            <Facts
              rows={[
                [words.running, <Figure source={words.sources.slots} atMs={status.readAtMs}>{reply.running}</Figure>],
                !!reply.compatible && [words.compatible, <code>{reply.compatible}</code>],
                !!reply.problem && [words.unknown, reply.problem],
              ]}
            />
            {(reply.slots?.length ?? 0) > 0 && <Slots reply={reply} />}
            {reply.progress && (
              <>
                <p>{words.installing(reply.progress.step ?? '')} <Figure source={words.sources.progress}>{percent((reply.progress.percent ?? 0) / 100)}</Figure></p>
                <Progress share={(reply.progress.percent ?? 0) / 100} label={words.title} />
              </>
            )}
            {reply.note && <p class="note">{reply.note}</p>}
            <History attempts={reply.attempts ?? []} />
          </>
        )}
      </Loaded>
      {isOpen && value !== null && <InstallDialog sticks={(value.sticks ?? []).map((stick) => stick.name ?? '')} onClose={() => (setOpen(false), void status.reload())} />}
    </Card>
  );
}

function Slots({ reply }: { reply: UpdateStatusReply }) {
  const columns: Column<SlotInfo>[] = [
    { name: words.slot, cell: (slot) => <><strong>{slot.bootName}</strong> <small>{[slot.isBooted && words.runs, slot.name === reply.primary && words.next].filter((word) => word).join(', ')}</small></> },
    { name: words.holds, cell: (slot) => <>{slot.version || words.asDelivered}{slot.version && !slot.isWhole && <small> {words.notWhole}</small>}</> },
    { name: words.state, cell: (slot) => <Badge tone={slot.isGood === undefined ? 'unknown' : slot.isGood ? 'good' : 'bad'}>{slot.isGood === undefined ? words.unseen : slot.isGood ? words.good : words.bad}</Badge> },
  ];
  return <Table label={words.title} columns={columns} rows={reply.slots ?? []} keyOf={(slot) => slot.name ?? ''} />;
}

function History({ attempts }: { attempts: UpdateAttemptInfo[] }) {
  const columns: Column<UpdateAttemptInfo>[] = [
    { name: words.when, cell: (attempt) => dateTime(num(attempt.begunUnixMs)) },
    { name: words.version, cell: (attempt) => attempt.version || texts.figure.unknown },
    { name: words.outcome, cell: (attempt) => <Badge tone={toneOf(attempt.state ?? '')}>{words.states[attempt.state ?? ''] ?? attempt.state}</Badge> },
    { name: words.reason, cell: (attempt) => attempt.reason || <span class="unseen">–</span> },
    { name: words.by, cell: (attempt) => <>{attempt.by} <small>{attempt.origin}</small></> },
  ];
  return attempts.length === 0 ? <Empty icon="unknown" title={words.history}>{words.none}</Empty> : <Table label={words.history} columns={columns} rows={[...attempts].reverse()} keyOf={(attempt) => String(attempt.number ?? 0)} />;
}

function InstallDialog({ sticks, onClose }: { sticks: string[]; onClose: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [stick, setStick] = useState('');
  const [allowDowngrade, setDowngrade] = useState(false);
  const [restart, setRestart] = useState(true);
  const [sent, setSent] = useState<number | null>(null);
  const install = useAction(async () => {
    const upload = stick === '' && file !== null ? await send(file, setSent) : '';
    const attempt = await call('Updates/Install', { upload, stick, allowDowngrade, restart });
    toast(words.ordered(attempt.version ?? ''));
    onClose();
  });
  return (
    <Dialog title={words.install} onClose={onClose}>
      <form onSubmit={submitting(() => void install.run())}>
        {sticks.length > 0 && <Choice label={words.stick} value={stick} onChange={setStick} options={[['', words.noStick], ...sticks.map((name) => [name, name] as const)]} />}
        {stick === '' && (
          <>
            <p class="hint">{words.fileHint}</p>
            <input type="file" aria-label={words.file} accept=".raucb" onChange={(event) => setFile(event.currentTarget.files?.[0] ?? null)} />
          </>
        )}
        <Check label={words.restart} checked={restart} onChange={setRestart} />
        <Check label={words.downgrade} checked={allowDowngrade} onChange={setDowngrade} />
        {sent !== null && install.isBusy && <Progress share={sent} label={words.sending} />}
        {install.error && <Problem error={install.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={install.isBusy} disabled={stick === '' && file === null}>{words.install}</Button>
        </div>
      </form>
    </Dialog>
  );
}

// Piece by piece: the appliance writes each to its disk, and neither side holds the whole.
async function send(file: File, told: (share: number) => void): Promise<string> {
  const upload = (await call('Updates/BeginUpload', { name: file.name, bytes: String(file.size) })).upload ?? '';
  for (const { from, to } of piecesOf(file.size)) {
    await call('Updates/PutPiece', { upload, offset: String(from), content: base64Of(new Uint8Array(await file.slice(from, to).arrayBuffer())) });
    told(to / file.size);
  }

  return upload;
}
