import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { SnapshotInfo } from '../../api/types';
import { Button, Check, Choice, submitting, TextField } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Loaded, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { dateTime } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.restore;

/** Orders a restore to a node: what, where to, and whether it is read back. */
export function RestoreDialog({ node, point, paths, onClose }: { node: string; point: SnapshotInfo; paths: readonly string[]; onClose: () => void }) {
  const nodes = useMethod('Management/ListNodes', {}, ['nodes']);
  const [to, setTo] = useState('');
  const [target, setTarget] = useState('/var/tmp/restored');
  const [verify, setVerify] = useState(true);
  const work = useAction(async (chosen: string) => {
    // The root stands for everything, which the order says by naming nothing.
    await call('Jobs/OrderRestore', { snapshot: point.id ?? '', node: chosen, paths: paths.includes('/') ? [] : [...paths], target, verify });
    toast(texts.jobs.ordered(texts.jobs.kinds['restore'] ?? ''));
    onClose();
  });
  return (
    <Dialog title={words.dialogTitle} onClose={onClose}>
      <Loaded of={nodes} lines={3}>
        {(value) => {
          const able = (value.nodes ?? []).filter((one) => one.state === 'ACTIVE');
          const chosen = to || (able.find((one) => one.name === node)?.name ?? able[0]?.name ?? '');
          return able.length === 0 ? <p>{words.noTarget}</p> : (
            <form onSubmit={submitting(() => void work.run(chosen))}>
              <p>{words.dialogLead(node, dateTime(num(point.startedUnixMs)))}</p>
              <ul class="paths">{paths.map((path) => <li key={path}><code>{path}</code></li>)}</ul>
              <Choice label={words.toNode} value={chosen} onChange={setTo} options={able.map((one) => [one.name ?? '', one.connected ? one.name ?? '' : words.awayNode(one.name ?? '')] as const)} />
              <TextField label={words.target} hint={words.targetHint} value={target} onInput={setTarget} required mono error={target !== '' && !target.startsWith('/') ? words.notAbsolute : undefined} />
              <Check label={words.verify} checked={verify} onChange={setVerify} />
              {work.error && <Problem error={work.error} />}
              <div class="dialog-actions">
                <Button onClick={onClose}>{texts.actions.cancel}</Button>
                <Button submits kind="primary" isBusy={work.isBusy} disabled={!target.startsWith('/')}>{words.order}</Button>
              </div>
            </form>
          );
        }}
      </Loaded>
    </Dialog>
  );
}
