import { useEffect, useRef, useState } from 'preact/hooks';
import type { PanelButton as ButtonOfPanel } from '../../api/web';
import { Icon, type IconName } from '../../design/Icon';
import { duration } from '../../logic/format';
import { texts } from '../../texts';

const words = texts.panel;
const signs: Record<string, string> = { up: '▲', down: '▼', enter: '↵', back: '↩' };
const icons: Record<string, IconName> = { power: 'power', identify: 'sun' };
const shownEveryMs = 50;
// No finger is faster, and what is shorter the panel takes for a bouncing contact.
const shortestMs = 100;
const longestMs = 30_000;

interface PanelButtonProps {
  button: ButtonOfPanel;
  canPress: boolean;
  isPressing: boolean;
  onPress: (holdMs: number) => void;
}

/** A button of the virtual panel. It is pressed for as long as it is held, by mouse, finger, space or enter; the appliance then holds its button for as long. */
export function PanelButton({ button, canPress, isPressing, onPress }: PanelButtonProps) {
  const since = useRef<number | null>(null);
  const [heldMs, setHeldMs] = useState<number | null>(null);
  const longest = Math.max(0, ...button.holdsMs);
  useEffect(() => {
    if (heldMs === null) {
      return undefined;
    }

    const timer = setInterval(() => since.current !== null && setHeldMs(performance.now() - since.current), shownEveryMs);
    return () => clearInterval(timer);
  }, [heldMs === null]);

  const begin = () => {
    if (canPress && !isPressing && since.current === null) {
      since.current = performance.now();
      setHeldMs(0);
    }
  };
  const cancel = () => {
    since.current = null;
    setHeldMs(null);
  };
  const end = () => {
    if (since.current !== null) {
      const held = Math.min(Math.max(Math.round(performance.now() - since.current), shortestMs), longestMs);
      cancel();
      onPress(held);
    }
  };
  const isKey = (event: KeyboardEvent) => event.key === ' ' || event.key === 'Enter';
  const icon = icons[button.name];
  const label = words.buttons[button.name] ?? button.name;
  return (
    <button
      type="button"
      class="panel-button"
      disabled={!canPress}
      aria-label={longest > 0 ? words.buttonHold(label, button.holdsMs.map((ms) => duration(ms / 1000)).join(', ')) : label}
      onPointerDown={(event) => (event.currentTarget.setPointerCapture(event.pointerId), begin())}
      onPointerUp={end}
      onPointerCancel={cancel}
      onBlur={cancel}
      onKeyDown={(event) => isKey(event) && (event.preventDefault(), !event.repeat && begin())}
      onKeyUp={(event) => isKey(event) && (event.preventDefault(), end())}
      onContextMenu={(event) => event.preventDefault()}
    >
      <span class="panel-button-sign" aria-hidden="true">{icon ? <Icon name={icon} size={18} /> : signs[button.name] ?? ''}</span>
      <span class="panel-button-name" aria-hidden="true">{heldMs === null ? label : duration(heldMs / 1000)}</span>
      {heldMs !== null && longest > 0 && <span class="panel-button-hold" style={{ width: `${Math.min(heldMs / longest, 1) * 100}%` }} aria-hidden="true" />}
    </button>
  );
}
