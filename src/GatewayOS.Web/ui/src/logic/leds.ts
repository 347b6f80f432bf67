import type { PanelLed } from '../api/web';

/** How long an LED's pattern takes, ms; 0 for one that does not blink. */
export function periodMs(led: PanelLed): number {
  return led.stepsMs.reduce((sum, step) => sum + step, 0);
}

/**
 * Whether an LED is lit some time after the appliance told of it: its steps alternate, lit first, and the phase says how far into them it was then.
 * @param led The LED.
 * @param sinceMs How long ago it was told of, ms.
 */
export function isLit(led: PanelLed, sinceMs: number): boolean {
  const period = periodMs(led);
  if (period <= 0) {
    return led.isLit;
  }

  let into = (led.phaseMs + sinceMs) % period;
  for (let i = 0; i < led.stepsMs.length; i++) {
    const step = led.stepsMs[i] ?? 0;
    if (into < step) {
      return i % 2 === 0;
    }

    into -= step;
  }

  return false;
}

/** What an LED shows, in words for those who do not see it: lit, dark, or how it blinks. */
export function inWords(led: PanelLed, words: { on: string; off: string; blinks: (periodMs: number) => string }): string {
  const period = periodMs(led);
  return period > 0 ? words.blinks(period) : led.isLit ? words.on : words.off;
}
