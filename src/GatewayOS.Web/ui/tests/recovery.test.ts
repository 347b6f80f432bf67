import { describe, expect, it } from 'vitest';
import { recoverySteps, stepOf, toneOfRecovery } from '../src/logic/recovery';
import { toneOfTunnel } from '../src/logic/tunnel';

describe('what would be left', () => {
  it('counts steps, and knows none where none is known', () => {
    expect(recoverySteps.map(stepOf)).toEqual([1, 2, 3, 4]);
    expect([stepOf('none'), stepOf('unknown'), stepOf('better-than-ever')]).toEqual([0, null, null]);
  });

  it('is not painted good when it is unknown', () => {
    expect(['none', 'local', 'copied', 'unknown', 'better-than-ever'].map(toneOfRecovery)).toEqual(['bad', 'warn', 'good', 'unknown', 'unknown']);
    expect(['UP', 'up', 'down', 'OFF', undefined].map(toneOfTunnel)).toEqual(['good', 'good', 'bad', 'quiet', 'unknown']);
  });
});
