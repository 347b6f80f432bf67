import { eventsAddress } from './client';

/** What may change on the appliance. */
export type Topic = 'jobs' | 'alerts' | 'nodes' | 'policies' | 'raid' | 'panel' | 'accounts';

type Listener = (topics: ReadonlySet<Topic>) => void;

const retryFirstMs = 1000;
const retryMostMs = 30_000;
const allTopics: readonly Topic[] = ['jobs', 'alerts', 'nodes', 'policies', 'raid', 'panel', 'accounts'];

const listeners = new Set<Listener>();
const watchers = new Set<(isConnected: boolean) => void>();
let source: EventSource | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
let retryMs = retryFirstMs;
let isConnected = true;

function tell(topics: readonly Topic[]): void {
  const set = new Set(topics);
  listeners.forEach((listener) => listener(set));
}

function setConnected(value: boolean): void {
  if (isConnected !== value) {
    isConnected = value;
    watchers.forEach((watcher) => watcher(value));
  }
}

function connect(): void {
  const opened = new EventSource(eventsAddress);
  let wasOpen = false;
  source = opened;
  opened.onopen = () => {
    // What changed while nobody listened is not told again: everything on the page is asked for anew.
    if (!isConnected) {
      tell(allTopics);
    }

    wasOpen = true;
    retryMs = retryFirstMs;
    setConnected(true);
  };
  opened.addEventListener('change', (event) => {
    const data = JSON.parse((event as MessageEvent<string>).data) as { topics?: Topic[] };
    tell(data.topics ?? allTopics);
  });
  opened.onerror = () => {
    opened.close();
    setConnected(false);
    timer = setTimeout(connect, wasOpen ? retryFirstMs : retryMs);
    retryMs = Math.min(retryMs * 2, retryMostMs);
  };
}

/** Begins to listen for changes; ends with the session. */
export function startEvents(): () => void {
  connect();
  return () => {
    clearTimeout(timer);
    source?.close();
    source = null;
    setConnected(true);
  };
}

/** Hears of changes until the returned function is called. */
export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hears whether the appliance can be reached. */
export function onConnection(watcher: (isConnected: boolean) => void): () => void {
  watchers.add(watcher);
  watcher(isConnected);
  return () => watchers.delete(watcher);
}
