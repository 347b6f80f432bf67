import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import { Button, Choice, submitting, TextField } from '../../design/Controls';
import { CopyText } from '../../design/CopyText';
import { Dialog } from '../../design/Dialog';
import { Icon } from '../../design/Icon';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.nodes;
const lifetimes = [['3600', words.hours(1)], ['86400', words.hours(24)], ['604800', words.days(7)]] as const;

/** Makes a token, shows the command that uses it, and says when the node is there. */
export function EnrolDialog({ onClose }: { onClose: () => void }) {
  const [note, setNote] = useState('');
  const [lifetime, setLifetime] = useState('3600');
  const [made, setMade] = useState<{ token: string; expiresMs: number; before: ReadonlySet<string> } | null>(null);
  const nodes = useMethod('Management/ListNodes', {}, ['nodes'], 3000);
  const work = useAction(async () => {
    const reply = await call('Management/CreateToken', { lifetimeSeconds: lifetime, note });
    const before = new Set((nodes.value?.nodes ?? []).map((node) => node.id ?? ''));
    setMade({ token: reply.token ?? '', expiresMs: num(reply.expiresUnixMs), before });
  });
  const arrived = made && nodes.value?.nodes?.filter((node) => !made.before.has(node.id ?? ''));
  return (
    <Dialog title={words.enrolTitle} onClose={onClose}>
      {made === null ? (
        <form onSubmit={submitting(() => void work.run())}>
          <p>{words.enrolLead}</p>
          <TextField label={words.note} hint={words.noteHint} value={note} onInput={setNote} isFocused />
          <Choice label={words.lifetime} value={lifetime} onChange={setLifetime} options={lifetimes} />
          {work.error && <Problem error={work.error} />}
          <div class="dialog-actions">
            <Button onClick={onClose}>{texts.actions.cancel}</Button>
            <Button submits kind="primary" isBusy={work.isBusy}>{words.makeToken}</Button>
          </div>
        </form>
      ) : (
        <div class="stack">
          <p>{words.runThis}</p>
          <CopyText text={`gateway-agent enroll --gateway ${location.hostname} --token ${made.token}`} label={words.command} />
          <p class="hint">{words.once(dateTime(made.expiresMs))}</p>
          <p>{words.thenService}</p>
          <CopyText text="systemctl enable --now gateway-agent" label={words.command} />
          <p class="arrival" role="status">
            {arrived && arrived.length > 0 ? <><Icon name="check" /> {words.arrived(arrived.map((node) => node.name).join(', '))}</> : <><span class="spinner" aria-hidden="true" /> {words.awaits}</>}
          </p>
          <div class="dialog-actions">
            <Button kind="primary" onClick={onClose}>{texts.actions.close}</Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
