import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { Button, submitting, Suggested, TextField } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { zoneNames } from '../../logic/zones';
import { texts } from '../../texts';

const words = texts.settings;

/** Sets the appliance's name and time zone. */
export function SettingsDialog({ nameBefore, zoneBefore, onClose }: { nameBefore: string; zoneBefore: string; onClose: () => void }) {
  const [name, setName] = useState(nameBefore);
  const [zone, setZone] = useState(zoneBefore);
  const save = useAction(async () => {
    await call('Management/SetSettings', { name, zone });
    toast(words.changed);
    onClose();
  });
  return (
    <Dialog title={words.change} onClose={onClose}>
      <form onSubmit={submitting(() => void save.run())}>
        <TextField label={words.name} hint={words.nameHint} value={name} onInput={setName} required isFocused />
        <Suggested label={words.zone} hint={words.zoneHint} value={zone} onInput={setZone} options={zoneNames()} />
        {name !== nameBefore && <p class="hint">{words.certificate}</p>}
        {save.error && <Problem error={save.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={save.isBusy}>{texts.users.save}</Button>
        </div>
      </form>
    </Dialog>
  );
}
