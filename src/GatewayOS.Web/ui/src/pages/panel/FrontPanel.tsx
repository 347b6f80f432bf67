import { useEffect, useState } from 'preact/hooks';
import type { PanelDocument } from '../../api/types';
import type { PanelLed } from '../../api/web';
import { isLit, periodMs } from '../../logic/leds';
import { columnsOf } from '../../logic/profile';
import { texts } from '../../texts';
import { PanelButton } from './PanelButton';

const words = texts.panel;

interface PanelProps {
  view: PanelDocument;
  atMs: number;
  moves: boolean;
  canPress: boolean;
  isPressing: boolean;
  onPress: (button: string, holdMs: number) => void;
}

/** The panel drawn from the profile: lamps, display, buttons and bays. */
export function FrontPanel({ view, atMs, moves, canPress, isPressing, onPress }: PanelProps) {
  const lit = useLit(view.leds, atMs, moves);
  const { title, bays, buttons } = view.drawing;
  const status = view.leds.filter((led) => !bays.some((bay) => bay.led === led.name));
  return (
    <section class="panel" aria-label={words.drawn(title)}>
      <div class="panel-left">
        <p class="panel-model">{title}</p>
        <div class="panel-leds" role="img" aria-label={words.lampsLit(status.filter((led) => lit.has(led.name)).map((led) => led.label).join(', '))}>
          {status.map((led) => (
            <span class="panel-led" key={led.name}><Lamp led={led} isOn={lit.has(led.name)} />{led.label}</span>
          ))}
        </div>
        {view.lines.length > 0 && (
          <pre class="panel-display" aria-label={words.display} role="status" aria-live="off">{view.lines.join('\n')}</pre>
        )}
        <div class="panel-buttons">
          {buttons.map((button) => (
            <PanelButton key={button.name} button={button} canPress={canPress && view.pressable.includes(button.name)} isPressing={isPressing} onPress={(holdMs) => onPress(button.name, holdMs)} />
          ))}
        </div>
      </div>
      <div class="panel-bays" style={{ gridTemplateColumns: `repeat(${columnsOf(bays.length)}, minmax(0, 1fr))` }} aria-hidden="true">
        {bays.map((bay) => {
          const led = view.leds.find((one) => one.name === bay.led);
          return (
            <div class="panel-bay" key={bay.no}>
              <span>{bay.label}</span>
              {led && <Lamp led={led} isOn={lit.has(led.name)} />}
            </div>
          );
        })}
      </div>
    </section>
  );
}

function Lamp({ led, isOn }: { led: PanelLed; isOn: boolean }) {
  return <i class={`lamp is-${led.colour}${isOn ? ' is-on' : ''}`} data-led={led.name} />;
}

/** Names of the LEDs that are lit now, by their patterns and phases; looked at before each frame, drawn only when one changes. */
function useLit(leds: readonly PanelLed[], atMs: number, moves: boolean): ReadonlySet<string> {
  const [lit, setLit] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    let frame = 0;
    let before: string | null = null;
    const look = () => {
      const sinceMs = moves ? Math.max(performance.now() - atMs, 0) : 0;
      // At rest a lamp that blinks is shown lit.
      const names = leds.filter((led) => (moves ? isLit(led, sinceMs) : periodMs(led) > 0 || led.isLit)).map((led) => led.name);
      if (names.join() !== before) {
        before = names.join();
        setLit(new Set(names));
      }

      if (moves) {
        frame = requestAnimationFrame(look);
      }
    };
    look();
    return () => cancelAnimationFrame(frame);
  }, [leds, atMs, moves]);
  return lit;
}
