import { useState } from 'preact/hooks';
import { ApiError, post } from '../../api/client';
import type { SetupStateDocument } from '../../api/types';
import type { Session } from '../../api/web';
import { Button, submitting, TextField } from '../../design/Controls';
import { Icon } from '../../design/Icon';
import { Problem } from '../../design/Surface';
import { useAction } from '../../design/useAction';
import { duration } from '../../logic/format';
import { texts } from '../../texts';

const words = texts.signIn;

/** Lets somebody in, with a second factor where the account has one. */
export function SignIn({ setup, wasSignedIn, onSignedIn }: { setup: SetupStateDocument | null; wasSignedIn: boolean; onSignedIn: (session: Session) => void }) {
  const [account, setAccount] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [asksCode, setAsksCode] = useState(false);
  const work = useAction(async () => {
    try {
      onSignedIn(await post<Session>('/session', { account, password, ...(asksCode ? { code: code.replaceAll(' ', '') } : {}) }));
    } catch (error) {
      if (error instanceof ApiError && error.code === 'SECOND_FACTOR_REQUIRED' && !asksCode) {
        setAsksCode(true);
        return;
      }

      throw error;
    }
  });
  return (
    <main class="door">
      <div class="door-card">
        <p class="brand"><Icon name="shield" size={28} /> {texts.app.name}</p>
        <h1>{words.title(setup?.applianceName ?? '')}</h1>
        {wasSignedIn && <p class="note">{words.ended}</p>}
        <form onSubmit={submitting(() => void work.run())}>
          {asksCode ? (
            <TextField label={words.code} hint={words.codeHint} value={code} onInput={setCode} autocomplete="one-time-code" inputMode="numeric" required isFocused mono />
          ) : (
            <>
              <TextField label={words.account} value={account} onInput={setAccount} autocomplete="username" required isFocused />
              <TextField label={words.password} type="password" value={password} onInput={setPassword} autocomplete="current-password" required />
            </>
          )}
          {work.error && <Problem error={refused(work.error, asksCode)} />}
          <Button submits kind="primary" isBusy={work.isBusy}>{words.action}</Button>
          {asksCode && <Button kind="quiet" onClick={() => (setAsksCode(false), setCode(''), work.clear())}>{words.another}</Button>}
        </form>
        {setup?.fingerprint && (
          <p class="fingerprint">
            {words.fingerprint} <code>{setup.fingerprint}</code>
          </p>
        )}
      </div>
    </main>
  );
}

function refused(error: ApiError, asksCode: boolean): ApiError | string {
  if (error.status === 429) {
    return words.tooMany(error.retryAfterSeconds === null ? '' : duration(error.retryAfterSeconds));
  }

  if (error.status !== 401) {
    return error;
  }

  return asksCode ? words.wrongCode : words.wrong;
}
