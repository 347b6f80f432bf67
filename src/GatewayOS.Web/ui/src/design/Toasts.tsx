import { useEffect, useState } from 'preact/hooks';
import { Icon } from './Icon';

interface Toast {
  id: number;
  text: string;
}

const shownMs = 6000;
const mostShown = 4;

let next = 0;
let toasts: readonly Toast[] = [];
const watchers = new Set<(toasts: readonly Toast[]) => void>();

function set(value: readonly Toast[]): void {
  toasts = value;
  watchers.forEach((watcher) => watcher(value));
}

/** Says for a few seconds that something was done. What went wrong stays on the page instead. */
export function toast(text: string): void {
  const id = next++;
  set([...toasts, { id, text }].slice(-mostShown));
  setTimeout(() => set(toasts.filter((one) => one.id !== id)), shownMs);
}

/** Where toasts appear. */
export function Toasts() {
  const [shown, setShown] = useState(toasts);
  useEffect(() => {
    watchers.add(setShown);
    return () => void watchers.delete(setShown);
  }, []);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <div class="toast" key={one.id}>
          <Icon name="check" /> {one.text}
        </div>
      ))}
    </div>
  );
}
