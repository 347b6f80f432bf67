import { useState } from 'preact/hooks';
import { post } from '../src/api/client';
import { Button, submitting, TextField } from '../src/design/Controls';
import { Icon } from '../src/design/Icon';
import { Problem } from '../src/design/Surface';
import { useAction } from '../src/design/useAction';
import type { Self } from './api';
import { words } from './texts';

/** Lets somebody in who has a token. The browser keeps it where no script reads it. */
export function SignIn({ wasIn, onSignedIn }: { wasIn: boolean; onSignedIn: (self: Self) => void }) {
  const [token, setToken] = useState('');
  const work = useAction(async () => onSignedIn(await post<Self>('/session', { token })));
  return (
    <main class="door">
      <div class="door-card">
        <p class="brand"><Icon name="shield" size={28} /> {words.name}</p>
        <h1>{words.signIn.title}</h1>
        {wasIn && <p class="note">{words.signIn.ended}</p>}
        <form onSubmit={submitting(() => void work.run())}>
          <TextField label={words.signIn.token} hint={words.signIn.tokenHint} type="password" value={token} onInput={setToken} autocomplete="off" required isFocused mono />
          {work.error && <Problem error={work.error} />}
          <Button submits kind="primary" isBusy={work.isBusy}>{words.signIn.action}</Button>
        </form>
      </div>
    </main>
  );
}
