import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api/client';

/** Something that a person sets off: whether it is at work, and why it was refused. */
export interface Action<A extends unknown[]> {
  run: (...args: A) => Promise<void>;
  isBusy: boolean;
  error: ApiError | null;
  clear: () => void;
}

/** Makes an action of a function. Only the newest version of the function is run, and never twice at a time. */
export function useAction<A extends unknown[]>(work: (...args: A) => Promise<unknown>): Action<A> {
  const [state, setState] = useState<{ isBusy: boolean; error: ApiError | null }>({ isBusy: false, error: null });
  const newest = useRef(work);
  newest.current = work;
  const busy = useRef(false);
  const isThere = useRef(true);
  useEffect(() => {
    isThere.current = true;
    return () => {
      isThere.current = false;
    };
  }, []);

  const run = useCallback(async (...args: A) => {
    if (busy.current) {
      return;
    }

    busy.current = true;
    setState({ isBusy: true, error: null });
    let error: ApiError | null = null;
    try {
      await newest.current(...args);
    } catch (caught) {
      error = caught instanceof ApiError ? caught : new ApiError(0, 'FAILED', String(caught));
    } finally {
      busy.current = false;
      if (isThere.current) {
        setState({ isBusy: false, error });
      }
    }
  }, []);

  const clear = useCallback(() => setState({ isBusy: false, error: null }), []);
  return { run, ...state, clear };
}
