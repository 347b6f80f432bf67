/** How good something is. */
export type Tone = 'good' | 'warn' | 'bad' | 'unknown' | 'busy' | 'quiet';

const levels: Record<string, Tone> = { ok: 'good', warning: 'warn', critical: 'bad', unknown: 'unknown' };

const words: Record<string, Tone> = {
  // jobs
  done: 'good', warned: 'warn', failed: 'bad', cancelled: 'quiet', queued: 'quiet', running: 'busy',
  // protection
  protected: 'good', late: 'warn', unprotected: 'bad',
  // alerts
  info: 'quiet', warning: 'warn', critical: 'bad',
  // arrays and disks
  optimal: 'good', checking: 'busy', rebuilding: 'busy', mismatch: 'warn', degraded: 'bad', good: 'good', watch: 'warn', failing: 'bad',
  'in-sync': 'good', spare: 'quiet', faulty: 'bad', absent: 'quiet',
  // nodes
  active: 'good', pending: 'warn', revoked: 'bad',
  // audit
  asked: 'quiet',
};

/** The tone of a verdict's level. One that this page does not know is unknown, not good. */
export function toneOfLevel(level: string): Tone {
  return levels[level] ?? 'unknown';
}

/** The tone of a word of the API; unknown for one that is not known here. */
export function toneOf(word: string | undefined): Tone {
  return words[(word ?? '').toLowerCase()] ?? 'unknown';
}

/** How full a disk is. */
export function toneOfFill(share: number): Tone {
  return share >= 0.95 ? 'bad' : share >= 0.85 ? 'warn' : 'good';
}
