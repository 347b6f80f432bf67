import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call, type Reading } from './client';
import { applianceNow } from './clock';
import { onChange, type Topic } from './events';
import type { MethodName, ReplyOf, RequestOf } from './methods';

/** Something of the appliance that is shown, kept fresh. */
export interface Resource<T> {
  /** The newest that was read; null before the first answer. What was read stays while it is asked for anew and when that fails. */
  value: T | null;
  /** Why the newest question failed; null when it did not. */
  error: ApiError | null;
  /** When the value was read, by the appliance's clock. */
  readAtMs: number;
  /** Asks anew. */
  reload: () => Promise<void>;
}

/** At most one question in so many milliseconds follows from changes, however fast they come. */
const settleMs = 250;

/**
 * Reads something and reads it again when it changes.
 * @param key Stands for what is read: another key reads anew.
 * @param read Reads it; told whether the page asks by itself, which does not count as a sign of somebody being there.
 * @param topics What it depends on.
 * @param everyMs Also reads it so often; 0 for never.
 */
export function useResource<T>(key: string, read: (reading: Reading) => Promise<T>, topics: readonly Topic[] = [], everyMs = 0): Resource<T> {
  const [state, setState] = useState<{ key: string; value: T | null; error: ApiError | null; readAtMs: number }>({ key, value: null, error: null, readAtMs: 0 });
  const reader = useRef(read);
  reader.current = read;

  const load = useCallback(
    async (signal: AbortSignal, isBackground: boolean) => {
      try {
        const value = await reader.current({ signal, isBackground });
        if (!signal.aborted) {
          setState({ key, value, error: null, readAtMs: applianceNow() });
        }
      } catch (error) {
        if (!signal.aborted) {
          const known = error instanceof ApiError ? error : new ApiError(0, 'UNREACHABLE', String(error));
          setState((old) => ({ ...(old.key === key ? old : { value: null, readAtMs: 0 }), key, error: known }));
        }
      }
    },
    [key],
  );

  const lifetime = useRef<AbortSignal | null>(null);
  const topicList = topics.join();
  useEffect(() => {
    const ender = new AbortController();
    lifetime.current = ender.signal;
    void load(ender.signal, false);
    let settle: ReturnType<typeof setTimeout> | undefined;
    const stop = onChange((changed) => {
      if (settle === undefined && topicList.split(',').some((topic) => changed.has(topic as Topic))) {
        settle = setTimeout(() => {
          settle = undefined;
          void load(ender.signal, true);
        }, settleMs);
      }
    });
    const interval = everyMs > 0 ? setInterval(() => void load(ender.signal, true), everyMs) : undefined;
    return () => {
      ender.abort();
      clearTimeout(settle);
      clearInterval(interval);
      stop();
    };
  }, [load, topicList, everyMs]);

  const reload = useCallback(async () => {
    if (lifetime.current !== null) {
      await load(lifetime.current, false);
    }
  }, [load]);

  // A value of another key is nobody's: it is not shown for even one frame.
  return state.key === key ? { value: state.value, error: state.error, readAtMs: state.readAtMs, reload } : { value: null, error: null, readAtMs: 0, reload };
}

/** A method's reply, kept fresh. */
export function useMethod<M extends MethodName>(method: M, request: RequestOf<M>, topics: readonly Topic[] = [], everyMs = 0): Resource<ReplyOf<M>> {
  return useResource(`${method} ${JSON.stringify(request)}`, (reading) => call(method, request, reading), topics, everyMs);
}
