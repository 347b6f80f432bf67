import { useState } from 'preact/hooks';
import { call, collect } from '../../api/client';
import type { SupportFile } from '../../api/types';
import { Button, submitting, TextField } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Card, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { bytes } from '../../logic/format';
import { num } from '../../logic/numbers';
import { texts } from '../../texts';

const words = texts.support;

/** The support bundle: shown before it is made, encrypted to a passphrase, then saved by the browser. */
export function SupportCard({ name }: { name: string }) {
  const [files, setFiles] = useState<SupportFile[] | null>(null);
  const preview = useAction(async () => setFiles((await call('Support/Preview', {})).files ?? []));
  return (
    <Card title={words.title} aside={<Button isBusy={preview.isBusy} onClick={() => void preview.run()}>{words.show}</Button>}>
      <p class="hint">{words.lead}</p>
      {preview.error && <Problem error={preview.error} />}
      {files !== null && <SupportDialog name={name} files={files} onClose={() => setFiles(null)} />}
    </Card>
  );
}

function SupportDialog({ name, files, onClose }: { name: string; files: SupportFile[]; onClose: () => void }) {
  const [passphrase, setPassphrase] = useState('');
  const [again, setAgain] = useState('');
  const make = useAction(async () => {
    const parts = await collect('Support/Make', { passphrase });
    save(parts.map((part) => bytesOf(part.content ?? '')), `${name}.support`);
    toast(words.made);
    onClose();
  });
  const columns: Column<SupportFile>[] = [
    { name: words.file, cell: (file) => <code>{file.name}</code> },
    { name: words.size, isNumber: true, cell: (file) => bytes(num(file.bytes)) },
    { name: words.what, cell: (file) => <>{file.what}{file.isCut && <strong> {words.cut}</strong>}</> },
  ];
  const differs = again !== '' && again !== passphrase;
  return (
    <Dialog title={words.title} onClose={onClose}>
      <form onSubmit={submitting(() => void make.run())}>
        <Table label={words.title} columns={columns} rows={files} keyOf={(file) => file.name ?? ''} />
        <p class="hint">{words.noSecrets}</p>
        <TextField label={words.passphrase} hint={words.passphraseHint} type="password" autocomplete="new-password" value={passphrase} onInput={setPassphrase} required />
        <TextField label={words.again} type="password" autocomplete="new-password" value={again} onInput={setAgain} error={differs ? words.differs : undefined} required />
        {make.error && <Problem error={make.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" icon="download" isBusy={make.isBusy} disabled={again !== passphrase}>{words.make}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

// The browser takes it from memory: nothing is left of it on the appliance.
function save(parts: Uint8Array<ArrayBuffer>[], name: string): void {
  const address = URL.createObjectURL(new Blob(parts, { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}
