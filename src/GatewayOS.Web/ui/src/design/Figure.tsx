import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { applianceNow } from '../api/clock';
import { relative } from '../logic/format';
import { texts } from '../texts';

const gapPx = 8;

/**
 * A figure that tells on hover and focus where it comes from and how old it is. Without a value it looks unknown.
 * @param source Who measured it, and how.
 * @param atMs When; null when nobody knows.
 */
export function Figure({ children, source, atMs }: { children?: ComponentChildren; source: string; atMs?: number | null }) {
  const isUnknown = children === null || children === undefined;
  const age = atMs === undefined ? '' : atMs === null ? texts.figure.ageUnknown : texts.figure.age(relative(atMs, applianceNow()));
  const told = [source, age].filter((part) => part !== '').join(' ');
  return (
    <span class={isUnknown ? 'figure is-unknown' : 'figure'} tabIndex={0} data-source={told}>
      {isUnknown ? texts.figure.unknown : children}
      <span class="unseen"> ({told})</span>
    </span>
  );
}

/** Shows the source of whichever figure is pointed at or focused. One for the whole page, so that no table cuts it off. */
export function FigureSources() {
  const [shown, setShown] = useState<{ text: string; left: number; top: number; isBelow: boolean } | null>(null);
  useEffect(() => {
    const show = (event: Event) => {
      const figure = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-source]') : null;
      if (figure === null) {
        setShown(null);
        return;
      }

      const box = figure.getBoundingClientRect();
      const isBelow = box.top < 90;
      setShown({
        text: figure.dataset['source'] ?? '',
        left: Math.min(Math.max(box.left + box.width / 2, 150), window.innerWidth - 150),
        top: isBelow ? box.bottom + gapPx : box.top - gapPx,
        isBelow,
      });
    };
    const hide = () => setShown(null);
    const escape = (event: KeyboardEvent) => event.key === 'Escape' && hide();
    document.addEventListener('pointerover', show);
    document.addEventListener('focusin', show);
    document.addEventListener('focusout', hide);
    document.addEventListener('scroll', hide, true);
    document.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerover', show);
      document.removeEventListener('focusin', show);
      document.removeEventListener('focusout', hide);
      document.removeEventListener('scroll', hide, true);
      document.removeEventListener('keydown', escape);
    };
  }, []);
  return shown && (
    <div class={shown.isBelow ? 'tip is-below' : 'tip'} style={{ left: `${shown.left}px`, top: `${shown.top}px` }} aria-hidden="true">
      {shown.text}
    </div>
  );
}
