import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { useMethod } from '../../api/resource';
import type { UserInfo } from '../../api/types';
import { Button, Choice, submitting, TextField } from '../../design/Controls';
import { Confirm, Dialog } from '../../design/Dialog';
import { Badge } from '../../design/Status';
import { Card, Empty, Facts, Loaded, PageHead, Problem } from '../../design/Surface';
import { Table, type Column } from '../../design/Table';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { useNow } from '../../design/useNow';
import { dateTime, relative } from '../../logic/format';
import { moment } from '../../logic/numbers';
import { roles } from '../../logic/roles';
import { useMay, useSessionState } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.users;
export const roleOptions = roles.map((role) => [role, texts.roles[role] ?? role] as const);

/** Accounts and their roles. */
export function UsersPage() {
  const users = useMethod('Accounts/ListUsers', {}, ['accounts'], 60_000);
  const mayAdminister = useMay('administer');
  const [dialog, setDialog] = useState<{ kind: 'add' } | { kind: 'change' | 'remove'; user: UserInfo } | null>(null);
  const close = () => {
    setDialog(null);
    void users.reload();
  };
  const add = mayAdminister && <Button kind="primary" icon="plus" onClick={() => setDialog({ kind: 'add' })}>{words.add}</Button>;
  return (
    <>
      <PageHead title={words.title} lead={words.lead}>{add}</PageHead>
      <div class="stack">
        <Card>
          <Loaded of={users}>
            {(value) => ((value.users?.length ?? 0) === 0 ? <Empty icon="users" title={words.none} action={add}>{words.noneWhy}</Empty> : (
              <UserTable users={value.users ?? []} onChange={(user) => setDialog({ kind: 'change', user })} onRemove={(user) => setDialog({ kind: 'remove', user })} />
            ))}
          </Loaded>
        </Card>
        <Card title={words.rolesTitle}><Facts rows={roleOptions.map(([role, label]) => [label, texts.roleMeanings[role]] as const)} /></Card>
      </div>
      {dialog?.kind === 'add' && <AddDialog onClose={close} />}
      {dialog?.kind === 'change' && <ChangeDialog user={dialog.user} onClose={close} />}
      {dialog?.kind === 'remove' && (
        <Confirm title={words.removeTitle(dialog.user.name ?? '')} action={words.remove} isDangerous run={() => call('Accounts/RemoveUser', { user: dialog.user.name ?? '' })} onClose={close}>
          <p>{words.removeWhat}</p>
        </Confirm>
      )}
    </>
  );
}

function UserTable({ users, onChange, onRemove }: { users: readonly UserInfo[]; onChange: (user: UserInfo) => void; onRemove: (user: UserInfo) => void }) {
  const now = useNow(5000);
  const mayAdminister = useMay('administer');
  const { session } = useSessionState();
  const columns: Column<UserInfo>[] = [
    { name: words.account, cell: (user) => <><strong>{user.name}</strong>{user.name === session.account && <small> {words.you}</small>}</> },
    { name: words.role, cell: (user) => texts.roles[user.role ?? ''] ?? user.role },
    { name: words.secondFactor, cell: (user) => <Badge tone={user.hasSecondFactor ? 'good' : 'quiet'}>{user.hasSecondFactor ? texts.account.on : texts.account.off}</Badge> },
    { name: words.lastLogin, cell: (user) => { const at = moment(user.lastLoginUnixMs); return at === null ? texts.time.never : relative(at, now); } },
    { name: words.state, cell: (user) => { const until = moment(user.lockedUntilUnixMs); return until !== null && until > now ? <Badge tone="bad">{words.locked(dateTime(until))}</Badge> : (user.failures ?? 0) > 0 ? <Badge tone="warn">{words.failures(user.failures ?? 0)}</Badge> : <Badge tone="good">{words.open}</Badge>; } },
    { name: texts.nodes.actions, isUnnamed: true, cell: (user) => mayAdminister && <span class="row-actions"><Button kind="quiet" onClick={() => onChange(user)}>{words.change}</Button>{user.name !== session.account && <Button kind="quiet" icon="close" label={words.removeTitle(user.name ?? '')} onClick={() => onRemove(user)} />}</span> },
  ];
  return <Table label={words.title} columns={columns} rows={users} keyOf={(user) => user.name ?? ''} />;
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const [user, setUser] = useState('');
  const [role, setRole] = useState('viewer');
  const [password, setPassword] = useState('');
  const work = useAction(async () => {
    await call('Accounts/AddUser', { user: user.trim(), role, password });
    toast(words.added(user.trim()));
    onClose();
  });
  return (
    <Dialog title={words.add} onClose={onClose}>
      <form onSubmit={submitting(() => void work.run())}>
        <TextField label={words.account} value={user} onInput={setUser} required isFocused />
        <Choice label={words.role} hint={texts.roleMeanings[role]} value={role} onChange={setRole} options={roleOptions} />
        <TextField label={words.firstPassword} hint={words.firstPasswordHint} type="password" autocomplete="new-password" value={password} onInput={setPassword} required />
        {work.error && <Problem error={work.error} />}
        <div class="dialog-actions">
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={work.isBusy}>{words.add}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function ChangeDialog({ user, onClose }: { user: UserInfo; onClose: () => void }) {
  const name = user.name ?? '';
  const [role, setRole] = useState(user.role ?? 'viewer');
  const [password, setPassword] = useState('');
  const isLocked = (user.failures ?? 0) > 0 || moment(user.lockedUntilUnixMs) !== null;
  const work = useAction(async () => {
    if (role !== user.role) {
      await call('Accounts/SetRole', { user: name, role });
    }

    if (password !== '') {
      await call('Accounts/SetPassword', { user: name, password });
    }

    toast(words.changed(name));
    onClose();
  });
  const unlock = useAction(async () => {
    await call('Accounts/Unlock', { user: name });
    onClose();
  });
  const removeFactor = useAction(async () => {
    await call('Accounts/RemoveSecondFactor', { user: name });
    toast(words.factorRemoved(name));
    onClose();
  });
  const error = work.error ?? unlock.error ?? removeFactor.error;
  return (
    <Dialog title={words.changeTitle(name)} onClose={onClose}>
      <form onSubmit={submitting(() => void work.run())}>
        <Choice label={words.role} hint={texts.roleMeanings[role]} value={role} onChange={setRole} options={roleOptions} />
        <TextField label={words.newPassword} hint={words.newPasswordHint} type="password" autocomplete="new-password" value={password} onInput={setPassword} />
        {error && <Problem error={error} />}
        <div class="dialog-actions">
          {user.hasSecondFactor && <Button isBusy={removeFactor.isBusy} onClick={() => void removeFactor.run()}>{words.removeFactor}</Button>}
          {isLocked && <Button isBusy={unlock.isBusy} onClick={() => void unlock.run()}>{words.unlock}</Button>}
          <Button onClick={onClose}>{texts.actions.cancel}</Button>
          <Button submits kind="primary" isBusy={work.isBusy} disabled={role === user.role && password === ''}>{words.save}</Button>
        </div>
      </form>
    </Dialog>
  );
}
