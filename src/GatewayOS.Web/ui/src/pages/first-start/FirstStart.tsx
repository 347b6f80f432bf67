import { useState } from 'preact/hooks';
import { post } from '../../api/client';
import type { ClaimedDocument, SetupDocument, SetupStateDocument } from '../../api/types';
import type { Session } from '../../api/web';
import { Button, Check, submitting, Suggested, TextField } from '../../design/Controls';
import { Icon } from '../../design/Icon';
import { QrCode } from '../../design/QrCode';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { ownZone, zoneNames } from '../../logic/zones';
import { texts } from '../../texts';
import './first-start.css';

const words = texts.firstStart;
const passwordLeast = 12;

/** Makes an appliance somebody's: claim code, administrator, name and time, recovery key. */
export function FirstStart({ setup, onDone }: { setup: SetupStateDocument; onDone: (session: Session) => void }) {
  const [setupToken, setToken] = useState('');
  const [done, setDone] = useState<Session | null>(null);
  const step = done ? 2 : setupToken === '' ? 0 : 1;
  const finish = (result: Session) => (result.recoveryKey ? setDone(result) : onDone(result));
  return (
    <main class="door">
      <div class="door-card is-wide">
        <p class="brand"><Icon name="shield" size={28} /> {texts.app.name}</p>
        <ol class="steps" aria-label={words.steps}>
          {words.stepNames.map((name, i) => (
            <li key={name} aria-current={i === step ? 'step' : undefined} class={i < step ? 'is-done' : ''}>
              {i < step ? <Icon name="check" size={16} /> : <span class="step-number">{i + 1}</span>} {name}
            </li>
          ))}
        </ol>
        {step === 0 && <Claim setup={setup} onClaimed={setToken} />}
        {step === 1 && <Administrator setup={setup} setupToken={setupToken} onDone={finish} />}
        {done && <Recovery recoveryKey={done.recoveryKey ?? ''} onDone={() => onDone(done)} />}
      </div>
    </main>
  );
}

function Claim({ setup, onClaimed }: { setup: SetupStateDocument; onClaimed: (token: string) => void }) {
  const [claimCode, setCode] = useState('');
  const work = useAction(async () => onClaimed((await post<ClaimedDocument>('/setup/claim', { claimCode: claimCode.trim() })).setupToken));
  return (
    <form onSubmit={submitting(() => void work.run())}>
      <h1>{words.claimTitle([setup.applianceName, setup.model].filter((part) => part).join(', '))}</h1>
      <p class="lead">{words.claimLead}</p>
      <TextField label={words.claimCode} hint={words.claimHint} value={claimCode} onInput={setCode} required isFocused mono />
      {work.error && <Problem error={work.error} />}
      <Button submits kind="primary" isBusy={work.isBusy}>{texts.actions.next}</Button>
      {setup.fingerprint && (
        <p class="fingerprint">
          {texts.signIn.fingerprint} <code>{setup.fingerprint}</code>
        </p>
      )}
    </form>
  );
}

function Administrator({ setup, setupToken, onDone }: { setup: SetupStateDocument; setupToken: string; onDone: (result: Session) => void }) {
  const [order, setOrder] = useState<SetupDocument>({ setupToken, account: 'admin', password: '', applianceName: setup.applianceName, zone: ownZone() });
  const [again, setAgain] = useState('');
  const [shown, setShown] = useState(false);
  const work = useAction(async () => {
    setShown(true);
    if (problems.length === 0) {
      onDone(await post<Session>('/setup', order));
    }
  });
  const set = (field: keyof SetupDocument) => (value: string) => setOrder({ ...order, [field]: value });
  const tooShort = order.password.length < passwordLeast ? words.passwordShort(passwordLeast) : undefined;
  const differs = again !== order.password ? words.passwordDiffers : undefined;
  const problems = [tooShort, differs].filter((problem) => problem !== undefined);
  return (
    <form onSubmit={submitting(() => void work.run())}>
      <h1>{words.accountTitle}</h1>
      <p class="lead">{words.accountLead}</p>
      <TextField label={texts.signIn.account} value={order.account} onInput={set('account')} autocomplete="username" required isFocused />
      <TextField label={texts.signIn.password} type="password" hint={words.passwordHint(passwordLeast)} error={shown ? tooShort : undefined} value={order.password} onInput={set('password')} autocomplete="new-password" required />
      <TextField label={words.passwordAgain} type="password" error={shown ? differs : undefined} value={again} onInput={setAgain} autocomplete="new-password" required />
      <TextField label={texts.settings.name} hint={texts.settings.nameHint} value={order.applianceName ?? ''} onInput={set('applianceName')} required />
      <Suggested label={texts.settings.zone} hint={texts.settings.zoneHint} value={order.zone ?? ''} onInput={set('zone')} options={zoneNames()} />
      {work.error && <Problem error={work.error} />}
      <Button submits kind="primary" isBusy={work.isBusy}>{words.create}</Button>
    </form>
  );
}

function Recovery({ recoveryKey, onDone }: { recoveryKey: string; onDone: () => void }) {
  const [isKept, setKept] = useState(false);
  return (
    <div>
      <h1>{words.recoveryTitle}</h1>
      <p class="lead">{words.recoveryLead}</p>
      <div class="recovery">
        <QrCode text={recoveryKey} label={words.recoveryQr} />
        <code>{recoveryKey}</code>
      </div>
      <div class="stack">
        <Button onClick={() => print()}>{words.print}</Button>
        <Check label={words.kept} checked={isKept} onChange={setKept} />
        <Button kind="primary" disabled={!isKept} onClick={onDone}>{words.finish}</Button>
      </div>
    </div>
  );
}
