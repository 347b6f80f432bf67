import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Session } from '../api/web';
import { may, type Right } from '../logic/roles';

/** The session of whoever is signed in, and how to take over a changed one. */
export interface SessionState {
  session: Session;
  update: (session: Session | null) => void;
}

export const SessionContext = createContext<SessionState | null>(null);

/** The session. Only for what is shown to somebody who is signed in. */
export function useSessionState(): SessionState {
  const state = useContext(SessionContext);
  if (state === null) {
    throw new Error('Nobody is signed in.');
  }

  return state;
}

/** Whether whoever is signed in has a right. */
export function useMay(right: Right): boolean {
  return may(useSessionState().session.role, right);
}
