import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { Button, Check, Choice, submitting, TextArea, TextField } from '../../design/Controls';
import { Dialog } from '../../design/Dialog';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { limitsOf } from '../../logic/bandwidth';
import { texts } from '../../texts';

const words = texts.cloud;
const empty = { name: '', directory: '', endpoint: '', bucket: '', prefix: '', region: '', accessKey: '', secretKey: '', serverEncryption: '', kmsKey: '', packClass: '', lockDays: '0', bandwidth: '', caPem: '', hostStyle: false };

type Fields = typeof empty;

/** Makes a vault known; the appliance reaches it before it counts. */
export function AddVaultDialog({ onClose }: { onClose: () => void }) {
  const [kind, setKind] = useState('bucket');
  const [fields, setFields] = useState<Fields>(empty);
  const set = <K extends keyof Fields>(field: K) => (value: Fields[K]) => setFields((old) => ({ ...old, [field]: value }));
  const { limits, wrong } = limitsOf(fields.bandwidth);
  const add = useAction(async () => {
    const { name, directory, lockDays, bandwidth: _, ...bucket } = fields;
    await call('Vaults/Add', kind === 'directory' ? { name, directory } : { name, bucket: { ...bucket, lockDays: Number(lockDays), bandwidth: limits } });
    onClose();
  });
  return (
    <Dialog title={words.add} onClose={onClose}>
      <form onSubmit={submitting(() => void add.run())}>
        <Choice label={words.kind} value={kind} onChange={setKind} options={[['bucket', words.bucket], ['directory', words.directory]]} />
        <TextField label={words.name} hint={words.nameHint} value={fields.name} onInput={set('name')} required isFocused />
        {kind === 'directory' ? (
          <TextField label={words.path} hint={words.pathHint} value={fields.directory} onInput={set('directory')} required mono />
        ) : (
          <>
            <TextField label={words.endpoint} value={fields.endpoint} onInput={set('endpoint')} placeholder="https://s3.example.org" required mono />
            <TextField label={words.bucketName} hint={words.bucketHint} value={fields.bucket} onInput={set('bucket')} required mono />
            <TextField label={words.accessKey} value={fields.accessKey} onInput={set('accessKey')} required mono />
            <TextField label={words.secretKey} hint={words.keyHint} type="password" value={fields.secretKey} onInput={set('secretKey')} required autocomplete="new-password" />
            <details>
              <summary>{words.more}</summary>
              <TextField label={words.prefix} value={fields.prefix} onInput={set('prefix')} mono />
              <TextField label={words.region} value={fields.region} onInput={set('region')} placeholder="us-east-1" mono />
              <Check label={words.hostStyle} checked={fields.hostStyle} onChange={set('hostStyle')} />
              <Choice label={words.encryption} value={fields.serverEncryption} onChange={set('serverEncryption')} options={words.encryptions} />
              {fields.serverEncryption === 'aws:kms' && <TextField label={words.kmsKey} value={fields.kmsKey} onInput={set('kmsKey')} mono />}
              <TextField label={words.packClass} value={fields.packClass} onInput={set('packClass')} placeholder={words.classDefault} />
              <TextField label={words.lockField} hint={words.lockHint} type="number" value={fields.lockDays} onInput={set('lockDays')} />
              <TextArea label={words.bandwidth} hint={words.bandwidthHint} error={wrong.length > 0 ? words.bandwidthWrong(wrong.join(', ')) : undefined} value={fields.bandwidth} onInput={set('bandwidth')} rows={2} />
              <TextArea label={words.ca} value={fields.caPem} onInput={set('caPem')} rows={3} />
            </details>
          </>
        )}
        {add.error && <Problem error={add.error} />}
        <div class="dialog-actions">
          <span class="hint">{words.tried}</span>
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={add.isBusy} disabled={wrong.length > 0}>{words.add}</Button>
        </div>
      </form>
    </Dialog>
  );
}
