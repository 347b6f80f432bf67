import type { Tone } from './verdict';

/** The steps up from a store that is on the appliance alone. */
export const recoverySteps = ['local', 'copied', 'locked', 'rehearsed'] as const;

const tones: Record<string, Tone> = { none: 'bad', local: 'warn', copied: 'good', locked: 'good', rehearsed: 'good' };

/** How many steps are reached; null when that is not known. */
export function stepOf(level: string): number | null {
  return level === 'none' ? 0 : recoverySteps.findIndex((step) => step === level) + 1 || null;
}

/** What a level is painted in. One that this page does not know is unknown, not good. */
export function toneOfRecovery(level: string): Tone {
  return tones[level] ?? 'unknown';
}
