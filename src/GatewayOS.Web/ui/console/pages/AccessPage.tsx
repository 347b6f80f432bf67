import { useState } from 'preact/hooks';
import { Button, Choice, submitting, TextField } from '../../src/design/Controls';
import { CopyText } from '../../src/design/CopyText';
import { Confirm, Dialog } from '../../src/design/Dialog';
import { Badge } from '../../src/design/Status';
import { Card, Empty, Loaded, PageHead, Problem } from '../../src/design/Surface';
import { Table, type Column } from '../../src/design/Table';
import { useAction } from '../../src/design/useAction';
import { useNow } from '../../src/design/useNow';
import { relative } from '../../src/logic/format';
import { num } from '../../src/logic/numbers';
import { texts } from '../../src/texts';
import { fleet, useFleet } from '../api';
import { useIsProvider } from '../self';
import { words } from '../texts';
import type { FleetTokenInfo, TenantInfo } from '../types';

const roles = ['viewer', 'operator', 'restore-operator', 'administrator'].map((role) => [role, texts.roles[role] ?? role] as const);
const lifetimes = [['604800', texts.nodes.days(7)], ['2592000', texts.nodes.days(30)], ['7776000', texts.nodes.days(90)], ['31536000', texts.nodes.days(365)]] as const;

/** Who may what: tokens, and for the provider the tenants. */
export function AccessPage() {
  return (
    <>
      <PageHead title={words.access.title} lead={words.access.lead} />
      <div class="stack">
        <TokensCard />
        {useIsProvider() && <TenantsCard />}
      </div>
    </>
  );
}

function TokensCard() {
  const tokens = useFleet('ListTokens', {});
  const isProvider = useIsProvider();
  const now = useNow(5000);
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<FleetTokenInfo | null>(null);
  const close = () => {
    setMaking(false);
    setRevoking(null);
    void tokens.reload();
  };
  const columns: Column<FleetTokenInfo>[] = [
    { name: words.access.note, cell: (token) => <strong>{token.note || texts.tokens.noNote}</strong> },
    { name: words.access.id, cell: (token) => <code>{token.id}</code> },
    ...(isProvider ? [{ name: words.tenant, cell: (token: FleetTokenInfo) => token.tenant || words.provider }] : []),
    { name: words.access.role, cell: (token) => texts.roles[token.role ?? ''] ?? token.role },
    { name: words.access.expires, cell: (token) => (token.revoked ? <Badge tone="quiet">{words.access.revoked}</Badge> : relative(num(token.expiresUnixMs), now)) },
    { name: texts.nodes.actions, isUnnamed: true, cell: (token) => !token.revoked && <Button kind="quiet" onClick={() => setRevoking(token)}>{words.access.revoke}</Button> },
  ];
  return (
    <Card title={words.access.tokens} aside={<Button kind="primary" icon="plus" onClick={() => setMaking(true)}>{words.access.make}</Button>}>
      <Loaded of={tokens}>{(value) => <Table label={words.access.tokens} columns={columns} rows={value.tokens ?? []} keyOf={(token) => token.id ?? ''} />}</Loaded>
      {isMaking && <TokenDialog onClose={close} />}
      {revoking && (
        <Confirm title={words.access.revokeTitle(revoking.note || revoking.id || '')} action={words.access.revoke} isDangerous run={() => fleet('RevokeToken', { id: revoking.id ?? '' })} onClose={close}>
          <p>{words.access.revokeWhat}</p>
        </Confirm>
      )}
    </Card>
  );
}

function TokenDialog({ onClose }: { onClose: () => void }) {
  const isProvider = useIsProvider();
  const tenants = useFleet('ListTenants', {});
  const [tenant, setTenant] = useState('');
  const [note, setNote] = useState('');
  const [role, setRole] = useState('viewer');
  const [validSeconds, setValid] = useState('7776000');
  const [token, setToken] = useState<string | null>(null);
  const work = useAction(async () => setToken((await fleet('CreateToken', { tenant, role, note, validSeconds })).token ?? ''));
  return (
    <Dialog title={words.access.make} onClose={onClose}>
      {token === null ? (
        <form onSubmit={submitting(() => void work.run())}>
          <TextField label={words.access.note} hint={words.access.noteHint} value={note} onInput={setNote} required isFocused />
          {isProvider && <Choice label={words.tenant} value={tenant} onChange={setTenant} options={[['', words.access.ofProvider] as const, ...(tenants.value?.tenants ?? []).map((one) => [one.name ?? '', one.name ?? ''] as const)]} />}
          <Choice label={words.access.role} hint={texts.roleMeanings[role]} value={role} onChange={setRole} options={roles} />
          <Choice label={words.access.lifetime} value={validSeconds} onChange={setValid} options={lifetimes} />
          {work.error && <Problem error={work.error} />}
          <div class="dialog-actions">
            <Button onClick={onClose}>{texts.actions.cancel}</Button>
            <Button submits kind="primary" isBusy={work.isBusy}>{words.access.make}</Button>
          </div>
        </form>
      ) : (
        <>
          <CopyText text={token} label={words.access.token} />
          <p class="hint">{words.access.once}</p>
          <div class="dialog-actions"><Button kind="primary" onClick={onClose}>{texts.actions.close}</Button></div>
        </>
      )}
    </Dialog>
  );
}

function TenantsCard() {
  const tenants = useFleet('ListTenants', {});
  const [name, setName] = useState('');
  const add = useAction(async () => {
    await fleet('AddTenant', { name });
    setName('');
    await tenants.reload();
  });
  const columns: Column<TenantInfo>[] = [
    { name: words.access.tenantName, cell: (tenant) => <strong>{tenant.name}</strong> },
    { name: words.access.id, cell: (tenant) => <code>{tenant.id}</code> },
  ];
  return (
    <Card title={words.access.tenants}>
      <Loaded of={tenants}>
        {(value) => ((value.tenants?.length ?? 0) === 0 ? <Empty icon="users" title={words.access.noTenants}>{words.access.noTenantsWhy}</Empty> : <Table label={words.access.tenants} columns={columns} rows={value.tenants ?? []} keyOf={(tenant) => tenant.id ?? ''} />)}
      </Loaded>
      <form class="filters" onSubmit={submitting(() => void add.run())}>
        <TextField label={words.access.tenantName} value={name} onInput={setName} required />
        <Button submits icon="plus" isBusy={add.isBusy}>{words.access.addTenant}</Button>
      </form>
      {add.error && <Problem error={add.error} />}
    </Card>
  );
}
