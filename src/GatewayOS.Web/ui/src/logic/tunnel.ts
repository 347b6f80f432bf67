import type { Tone } from './verdict';

/** How good it is that the tunnel is in a state, by its name in the API or the overview's word. */
export function toneOfTunnel(state: string | undefined): Tone {
  return ({ UP: 'good', DEGRADED: 'warn', DOWN: 'bad', CONNECTING: 'busy', OFF: 'quiet' } as Record<string, Tone>)[(state ?? '').toUpperCase()] ?? 'unknown';
}
