import { useState } from 'preact/hooks';
import { get, post, remove } from '../../api/client';
import { useResource } from '../../api/resource';
import type { CertificateDocument } from '../../api/types';
import { Button, submitting, TextArea } from '../../design/Controls';
import { Confirm, Dialog } from '../../design/Dialog';
import { Badge } from '../../design/Status';
import { Card, Facts, Loaded, Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { dateTime } from '../../logic/format';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.certificate;
const address = '/certificate';
const soonMs = 30 * 86_400_000;

/** The certificate that this page comes with, and how it gets another. */
export function CertificateCard() {
  const certificate = useResource<CertificateDocument>('certificate', (reading) => get(address, reading), [], 60_000);
  const mayAdminister = useMay('administer');
  const now = useNow(60_000);
  const [open, setOpen] = useState<'replace' | 'give-up' | null>(null);
  const close = () => {
    setOpen(null);
    void certificate.reload();
  };
  return (
    <Card title={words.title} aside={certificate.value && <Badge tone={certificate.value.endsUnixMs - now > soonMs ? 'good' : 'warn'}>{certificate.value.isReplaced ? words.owners : words.made}</Badge>}>
      <Loaded of={certificate}>
        {(value) => (
          <>
            <Facts
              rows={[
                [words.fingerprint, <code>{value.fingerprint}</code>],
                [words.subject, value.subject],
                [words.names, value.names.join(', ')],
                value.isReplaced && [words.issuer, value.issuer],
                [words.ends, dateTime(value.endsUnixMs)],
              ]}
            />
            <p class="hint">{value.isReplaced ? words.replacedWhy : words.madeWhy}</p>
            {mayAdminister && (
              <div class="form-actions">
                <Button onClick={() => setOpen('replace')}>{words.replace}</Button>
                {value.isReplaced && <Button kind="quiet" onClick={() => setOpen('give-up')}>{words.giveUp}</Button>}
              </div>
            )}
          </>
        )}
      </Loaded>
      {open === 'replace' && <ReplaceDialog onClose={close} />}
      {open === 'give-up' && <Confirm title={words.giveUpTitle} action={words.giveUp} isDangerous run={() => remove(address, {})} onClose={close}><p>{words.giveUpWhat}</p></Confirm>}
    </Card>
  );
}

function ReplaceDialog({ onClose }: { onClose: () => void }) {
  const [certificatePem, setCertificate] = useState('');
  const [keyPem, setKey] = useState('');
  const work = useAction(async () => {
    await post(address, { certificatePem, keyPem });
    onClose();
  });
  return (
    <Dialog title={words.replace} onClose={onClose}>
      <form onSubmit={submitting(() => void work.run())}>
        <p>{words.replaceWhat}</p>
        <PemField label={words.certificate} hint={words.certificateHint} value={certificatePem} onInput={setCertificate} />
        <PemField label={words.key} hint={words.keyHint} value={keyPem} onInput={setKey} />
        {work.error && <Problem error={work.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={work.isBusy} disabled={certificatePem.trim() === '' || keyPem.trim() === ''}>{words.replace}</Button>
        </div>
      </form>
    </Dialog>
  );
}

/** PEM from a file or the clipboard. */
function PemField({ label, hint, value, onInput }: { label: string; hint: string; value: string; onInput: (value: string) => void }) {
  return (
    <>
      <TextArea label={label} hint={hint} value={value} onInput={onInput} rows={4} placeholder="-----BEGIN …" />
      <input type="file" aria-label={words.file(label)} accept=".pem,.crt,.cer,.key" onChange={(event) => void event.currentTarget.files?.[0]?.text().then(onInput)} />
    </>
  );
}
