import { useCallback, useEffect, useState } from 'preact/hooks';
import { ApiError, get, onSignedOut, takeSession } from './api/client';
import type { SetupStateDocument } from './api/types';
import type { Session } from './api/web';
import { Button } from './design/Controls';
import { messageOf, Problem } from './design/Surface';
import { FirstStart } from './pages/first-start/FirstStart';
import { SignIn } from './pages/sign-in/SignIn';
import { SessionContext } from './shell/session';
import { Shell } from './shell/Shell';
import { texts } from './texts';

type Stage = { at: 'asking' } | { at: 'failed'; error: ApiError } | { at: 'setup'; setup: SetupStateDocument } | { at: 'signIn'; setup: SetupStateDocument | null; wasSignedIn: boolean } | { at: 'in'; session: Session };

/** Asks who is there: an appliance nobody has claimed, nobody signed in, or somebody. */
export function App() {
  const [stage, setStage] = useState<Stage>({ at: 'asking' });

  const take = useCallback((session: Session | null) => {
    takeSession(session);
    setStage(session ? { at: 'in', session } : { at: 'signIn', setup: null, wasSignedIn: false });
  }, []);

  const ask = useCallback(async () => {
    setStage({ at: 'asking' });
    try {
      take(await get<Session>('/session'));
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) {
        setStage({ at: 'failed', error: error instanceof ApiError ? error : new ApiError(0, '', String(error)) });
        return;
      }

      const setup = await get<SetupStateDocument>('/setup').catch(() => null);
      setStage(setup?.needed ? { at: 'setup', setup } : { at: 'signIn', setup, wasSignedIn: false });
    }
  }, [take]);

  useEffect(() => {
    onSignedOut(() => {
      takeSession(null);
      setStage({ at: 'signIn', setup: null, wasSignedIn: true });
    });
    void ask();
  }, [ask]);

  switch (stage.at) {
    case 'asking':
      return <p class="unseen" role="status">{texts.loading}</p>;
    case 'failed':
      return (
        <main class="door">
          <h1>{texts.app.name}</h1>
          <Problem error={messageOf(stage.error)} />
          <Button kind="primary" onClick={() => void ask()}>{texts.actions.tryAgain}</Button>
        </main>
      );
    case 'setup':
      return <FirstStart setup={stage.setup} onDone={take} />;
    case 'signIn':
      return <SignIn setup={stage.setup} wasSignedIn={stage.wasSignedIn} onSignedIn={take} />;
    case 'in':
      return (
        <SessionContext.Provider value={{ session: stage.session, update: take }}>
          <Shell />
        </SessionContext.Provider>
      );
  }
}
