import { useState } from 'preact/hooks';
import { call, get, post, remove } from '../../api/client';
import type { SecondFactorOffer } from '../../api/types';
import type { Session } from '../../api/web';
import { Button, submitting, TextField } from '../../design/Controls';
import { CopyText } from '../../design/CopyText';
import { QrCode } from '../../design/QrCode';
import { Badge } from '../../design/Status';
import { Card, Facts, PageHead, Problem } from '../../design/Surface';
import { toast } from '../../design/Toasts';
import { useAction } from '../../design/useAction';
import { duration } from '../../logic/format';
import { useSessionState } from '../../shell/session';
import { texts } from '../../texts';

const words = texts.account;

/** The account of whoever is signed in: password and second factor. */
export function AccountPage() {
  const { session } = useSessionState();
  return (
    <>
      <PageHead title={words.title} lead={words.lead} />
      <div class="grid two">
        <Card title={words.who}>
          <Facts
            rows={[
              [texts.signIn.account, session.account],
              [texts.users.role, texts.roles[session.role] ?? session.role],
              [words.idle, duration(session.idleSeconds)],
            ]}
          />
          <p class="hint">{texts.roleMeanings[session.role]}</p>
        </Card>
        <Card title={words.secondFactor} aside={<Badge tone={session.hasSecondFactor ? 'good' : 'warn'}>{session.hasSecondFactor ? words.on : words.off}</Badge>}>
          {session.hasSecondFactor ? <RemoveFactor /> : <AddFactor />}
        </Card>
        <Card title={words.password}>
          <ChangePassword />
        </Card>
      </div>
    </>
  );
}

function ChangePassword() {
  const { update } = useSessionState();
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const work = useAction(async () => {
    if (password === again) {
      await call('Accounts/ChangeOwnPassword', { oldPassword: old, newPassword: password });
      toast(words.passwordChanged);
      update(null);
    }
  });
  return (
    <form onSubmit={submitting(() => void work.run())}>
      <p class="hint">{words.passwordEnds}</p>
      <TextField label={words.oldPassword} type="password" value={old} onInput={setOld} autocomplete="current-password" required />
      <TextField label={words.newPassword} type="password" value={password} onInput={setPassword} autocomplete="new-password" required />
      <TextField label={texts.firstStart.passwordAgain} type="password" value={again} onInput={setAgain} error={again !== '' && again !== password ? texts.firstStart.passwordDiffers : undefined} autocomplete="new-password" required />
      {work.error && <Problem error={work.error} />}
      <Button submits kind="primary" isBusy={work.isBusy} disabled={password === '' || password !== again}>{words.change}</Button>
    </form>
  );
}

function AddFactor() {
  const { update } = useSessionState();
  const [begun, setBegun] = useState<SecondFactorOffer | null>(null);
  const [code, setCode] = useState('');
  const begin = useAction(async () => setBegun(await post('/session/second-factor', {})));
  const confirm = useAction(async () => {
    await post('/session/second-factor', { code: code.replaceAll(' ', '') });
    update(await get<Session>('/session'));
    toast(words.factorAdded);
  });
  if (begun === null) {
    return (
      <>
        <p>{words.factorWhy}</p>
        {begin.error && <Problem error={begin.error} />}
        <Button kind="primary" isBusy={begin.isBusy} onClick={() => void begin.run()}>{words.factorAdd}</Button>
      </>
    );
  }

  return (
    <form onSubmit={submitting(() => void confirm.run())}>
      <p>{words.factorScan}</p>
      <QrCode text={begun.uri} label={words.factorQr} />
      <CopyText text={begun.secret} label={words.factorSecret} />
      <TextField label={texts.signIn.code} value={code} onInput={setCode} autocomplete="one-time-code" inputMode="numeric" required mono />
      {confirm.error && <Problem error={confirm.error} />}
      <Button submits kind="primary" isBusy={confirm.isBusy}>{words.factorConfirm}</Button>
    </form>
  );
}

function RemoveFactor() {
  const { update } = useSessionState();
  const [code, setCode] = useState('');
  const work = useAction(async () => {
    await remove('/session/second-factor', { code: code.replaceAll(' ', '') });
    update(await get<Session>('/session'));
    toast(words.factorRemoved);
  });
  return (
    <form onSubmit={submitting(() => void work.run())}>
      <p>{words.factorIs}</p>
      <TextField label={texts.signIn.code} value={code} onInput={setCode} autocomplete="one-time-code" inputMode="numeric" required mono />
      {work.error && <Problem error={work.error} />}
      <Button submits kind="danger" isBusy={work.isBusy}>{words.factorRemove}</Button>
    </form>
  );
}
