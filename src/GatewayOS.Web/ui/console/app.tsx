import { useEffect, useState } from 'preact/hooks';
import { ApiError, get, onSignedOut, takeSession } from '../src/api/client';
import { Button } from '../src/design/Controls';
import { messageOf, Problem } from '../src/design/Surface';
import { texts } from '../src/texts';
import type { Self } from './api';
import { SelfContext } from './self';
import { Shell } from './Shell';
import { SignIn } from './SignIn';
import { words } from './texts';

type Stage = { at: 'asking' } | { at: 'failed'; error: ApiError } | { at: 'out'; wasIn: boolean } | { at: 'in'; self: Self };

/** Asks who is there: somebody with a token, or nobody. */
export function App() {
  const [stage, setStage] = useState<Stage>({ at: 'asking' });
  const take = (self: Self | null) => {
    takeSession(self === null ? null : {});
    setStage(self === null ? { at: 'out', wasIn: false } : { at: 'in', self });
  };
  const ask = async () => {
    setStage({ at: 'asking' });
    try {
      take(await get<Self>('/session'));
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(0, '', String(error));
      setStage(known.status === 401 ? { at: 'out', wasIn: false } : { at: 'failed', error: known });
    }
  };

  useEffect(() => {
    onSignedOut(() => {
      takeSession(null);
      setStage({ at: 'out', wasIn: true });
    });
    void ask();
  }, []);

  switch (stage.at) {
    case 'asking':
      return <p class="unseen" role="status">{texts.loading}</p>;
    case 'failed':
      return (
        <main class="door">
          <h1>{words.name}</h1>
          <Problem error={messageOf(stage.error)} />
          <Button kind="primary" onClick={() => void ask()}>{texts.actions.tryAgain}</Button>
        </main>
      );
    case 'out':
      return <SignIn wasIn={stage.wasIn} onSignedIn={take} />;
    case 'in':
      return (
        <SelfContext.Provider value={stage.self}>
          <Shell onSignedOut={() => take(null)} />
        </SelfContext.Provider>
      );
  }
}
