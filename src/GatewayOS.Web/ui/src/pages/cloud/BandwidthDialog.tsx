import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import type { VaultInfo } from '../../api/types';
import { Button, submitting, TextArea } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { limitsOf, limitText } from '../../logic/bandwidth';
import { texts } from '../../texts';

const words = texts.cloud;

/** Changes how fast is sent to a vault, by the hour. */
export function BandwidthDialog({ vault, onClose }: { vault: VaultInfo; onClose: () => void }) {
  const [text, setText] = useState((vault.bandwidth ?? []).map(limitText).join('\n'));
  const { limits, wrong } = limitsOf(text);
  const save = useAction(async () => {
    await call('Vaults/SetBandwidth', { name: vault.name ?? '', limits });
    onClose();
  });
  return (
    <Dialog title={`${words.bandwidth} · ${vault.name}`} onClose={onClose}>
      <form onSubmit={submitting(() => void save.run())}>
        <TextArea label={words.bandwidth} hint={words.bandwidthHint} error={wrong.length > 0 ? words.bandwidthWrong(wrong.join(', ')) : undefined} value={text} onInput={setText} rows={4} />
        {save.error && <Problem error={save.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={save.isBusy} disabled={wrong.length > 0}>{words.save}</Button>
        </div>
      </form>
    </Dialog>
  );
}
