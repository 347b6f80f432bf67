import type { ComponentChildren } from 'preact';
import type { Tone } from '../logic/verdict';
import { percent } from '../logic/format';
import { Icon, type IconName } from './Icon';

export const toneIcons: Record<Tone, IconName> = { good: 'check', warn: 'warn', bad: 'bad', unknown: 'unknown', busy: 'clock', quiet: 'clock' };

/** A state in a word: by colour, by sign and by the word itself. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge tone-${tone}`}>
      {tone !== 'quiet' && <Icon name={toneIcons[tone]} size={14} />}
      {children}
    </span>
  );
}

/** How far something is. Null: it is at work, and nobody knows how far. */
export function Progress({ share, label }: { share: number | null; label: string }) {
  const known = share === null ? {} : { 'aria-valuenow': Math.round(share * 100), 'aria-valuemin': 0, 'aria-valuemax': 100, 'aria-valuetext': percent(share) };
  return (
    <div class="progress" role="progressbar" aria-label={label} {...known}>
      <div class={share === null ? 'progress-bar is-unknown' : 'progress-bar'} style={{ width: share === null ? '30%' : `${share * 100}%` }} />
    </div>
  );
}

/** How much of a whole is used. */
export function Meter({ share, tone, label }: { share: number; tone: Tone; label: string }) {
  return (
    <div class={`meter tone-${tone}`} role="meter" aria-label={label} aria-valuenow={Math.round(share * 100)} aria-valuemin={0} aria-valuemax={100} aria-valuetext={percent(share)}>
      <div class="meter-bar" style={{ width: `${Math.min(Math.max(share, 0), 1) * 100}%` }} />
    </div>
  );
}
