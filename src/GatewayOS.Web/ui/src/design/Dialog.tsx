import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { texts } from '../texts';
import { Button, submitting, TextField } from './Controls';
import { Problem } from './Surface';
import { useAction } from './useAction';

/** A dialog over the page. Escape closes it; the focus stays within and goes back afterwards. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={(event) => (event.preventDefault(), onClose())}>
      <div class="dialog-head">
        <h2 id={id}>{title}</h2>
        <Button kind="quiet" icon="close" label={texts.actions.close} onClick={onClose} />
      </div>
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  action: string;
  isDangerous?: boolean;
  /** A word to be typed before it can be done. */
  typed?: string;
  run: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something is done, says what it comes to, and stays when it was refused. */
export function Confirm({ title, children, action, isDangerous = false, typed, run, onClose }: ConfirmProps) {
  const [word, setWord] = useState('');
  const work = useAction(async () => {
    await run();
    onClose();
  });
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={submitting(() => void work.run())}>
        {children}
        {typed !== undefined && <TextField label={texts.actions.typeToConfirm(typed)} value={word} onInput={setWord} isFocused />}
        {work.error && <Problem error={work.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind={isDangerous ? 'danger' : 'primary'} isBusy={work.isBusy} disabled={typed !== undefined && word !== typed}>{action}</Button>
        </div>
      </form>
    </Dialog>
  );
}
