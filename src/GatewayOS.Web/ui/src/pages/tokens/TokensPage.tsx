import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { ApiTokenInfo } from '../../api/types';
import { Button, Choice, submitting, TextField } from '../../design/Controls';
import { CopyText } from '../../design/CopyText';
import { Confirm, Dialog } from '../../design/Dialog';
import { Card, Empty, Loaded, PageHead, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { dateTime, relative } from '../../logic/format';
import { num } from '../../logic/numbers';
import { useMay } from '../../shell/session';
import { texts } from '../../texts';
import { roleOptions } from '../users/UsersPage';

const words = texts.tokens;
const lifetimes = [['604800', texts.nodes.days(7)], ['2592000', texts.nodes.days(30)], ['7776000', texts.nodes.days(90)], ['31536000', texts.nodes.days(365)]] as const;

/** Tokens by which programs use the API. */
export function TokensPage() {
  const tokens = useMethod('Accounts/ListApiTokens', {}, ['accounts'], 60_000);
  const mayAdminister = useMay('administer');
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<ApiTokenInfo | null>(null);
  const now = useNow(5000);
  const close = () => {
    setMaking(false);
    setRevoking(null);
    void tokens.reload();
  };
  const make = mayAdminister && <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>{words.make}</Button>;
  const columns: Column<ApiTokenInfo>[] = [
    { name: words.note, cell: (token) => <strong>{token.note || words.noNote}</strong> },
    { name: words.id, cell: (token) => <code>{token.id}</code> },
    { name: texts.users.role, cell: (token) => texts.roles[token.role ?? ''] ?? token.role },
    { name: words.maker, cell: (token) => `${token.maker}, ${dateTime(num(token.createdUnixMs))}` },
    { name: words.expires, cell: (token) => relative(num(token.expiresUnixMs), now) },
    { name: texts.nodes.actions, isUnnamed: true, cell: (token) => mayAdminister && <Button kind="quiet" onClick={() => setRevoking(token)}>{words.revoke}</Button> },
  ];
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>{make}</PageHead>
      <Card>
        <Loaded of={tokens}>
          {(value) => ((value.tokens?.length ?? 0) === 0 ? <Empty icon="tokens" title={words.none} action={make}>{words.noneWhy}</Empty> : <Table label={words.title} columns={columns} rows={value.tokens ?? []} keyOf={(token) => token.id ?? ''} />)}
        </Loaded>
      </Card>
      {isMaking && <MakeDialog onClose={close} />}
      {revoking && (
        <Confirm title={words.revokeTitle(revoking.note || revoking.id || '')} action={words.revoke} isDangerous run={() => call('Accounts/RevokeApiToken', { id: revoking.id ?? '' })} onClose={close}>
          <p>{words.revokeWhat}</p>
        </Confirm>
      )}
    </>
  );
}

function MakeDialog({ onClose }: { onClose: () => void }) {
  const [note, setNote] = useState('');
  const [role, setRole] = useState('viewer');
  const [lifetimeSeconds, setLifetime] = useState('7776000');
  const [token, setToken] = useState<string | null>(null);
  const work = useAction(async () => setToken((await call('Accounts/CreateApiToken', { role, lifetimeSeconds, note })).token ?? ''));
  return (
    <Dialog title={words.make} onClose={onClose}>
      {token === null ? (
        <form onSubmit={submitting(() => void work.run())}>
          <TextField label={words.note} hint={words.noteHint} value={note} onInput={setNote} required isFocused />
          <Choice label={texts.users.role} hint={texts.roleMeanings[role]} value={role} onChange={setRole} options={roleOptions} />
          <Choice label={words.lifetime} value={lifetimeSeconds} onChange={setLifetime} options={lifetimes} />
          {work.error && <Problem error={work.error} />}
          <div class="dialog-actions">
            <Button onClick={onClose}>{texts.actions.cancel}</Button>
            <Button submits kind="primary" isBusy={work.isBusy}>{words.make}</Button>
          </div>
        </form>
      ) : (
        <>
          <p>{words.once}</p>
          <CopyText text={token} label={words.token} />
          <p class="hint">{words.use}</p>
          <div class="dialog-actions"><Button kind="primary" onClick={onClose}>{texts.actions.close}</Button></div>
        </>
      )}
    </Dialog>
  );
}
