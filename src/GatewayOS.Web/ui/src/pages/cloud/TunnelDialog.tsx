import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { Button, submitting, TextArea } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { texts } from '../../texts';

const words = texts.tunnel;
const example = '[Interface]\nAddress = 10.8.0.2/32\n\n[Peer]\nPublicKey = …\nAllowedIPs = 10.8.0.0/24\nEndpoint = vpn.example.org:51820';

/** Takes a configuration as providers hand it out; every mistake in it is named at once. */
export function TunnelDialog({ config, onClose }: { config: string; onClose: () => void }) {
  const [text, setText] = useState(config);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const save = useAction(async () => {
    const reply = await call('Tunnel/Set', { config: text });
    setProblems(reply.problems ?? []);
    if ((reply.problems ?? []).length === 0) {
      (reply.notes ?? []).forEach(toast);
      onClose();
    }
  });
  return (
    <Dialog title={config === '' ? words.set : words.change} onClose={onClose}>
      <form onSubmit={submitting(() => void save.run())}>
        <TextArea label={words.config} hint={words.configHint} value={text} onInput={setText} rows={12} placeholder={example} />
        {config !== '' && <p class="hint">{words.configKept}</p>}
        {save.error && <Problem error={save.error} />}
        {problems.length > 0 && (
          <div role="alert">
            <p class="field-error">{words.problems}</p>
            <ul>{problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
          </div>
        )}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={save.isBusy}>{words.save}</Button>
        </div>
      </form>
    </Dialog>
  );
}
